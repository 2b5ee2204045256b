from __future__ import annotations

import pytest

from vidkit.core.terminal import cut, width_of, wrap


@pytest.mark.parametrize(
    ("text", "columns"),
    [("plain", 5), ("日本語", 6), ("é", 1), ("e\N{COMBINING ACUTE ACCENT}", 1), ("한국어.mp4", 10), ("", 0)],
)
def test_the_width_of_a_text_is_the_columns_that_it_takes_on_a_terminal(text: str, columns: int) -> None:
    assert width_of(text) == columns


def test_a_text_is_cut_to_columns_not_to_characters() -> None:
    assert cut("a long name.mp4", 10) == "a long ..."
    assert cut("日本語の名前", 12) == "日本語の名前"
    assert cut("日本語の名前", 11) == "日本語の..."
    assert [width_of(cut("日本語の名前", columns)) for columns in range(6)] == [0, 1, 2, 3, 3, 5]


def test_a_line_is_wrapped_at_spaces() -> None:
    line = "video.mp4  0:10  640x360  12 scenes  1 clip"
    assert wrap(line, 44) == line
    assert wrap(line, 30) == "video.mp4  0:10  640x360  12\n    scenes  1 clip"


def test_a_url_is_never_broken_so_that_it_can_be_copied() -> None:
    url = "https://example.com/a/very/long/path/video.mp4"
    assert wrap(f"failed: line 3: {url}: gone", 30).split("\n")[1:] == [f"    {url}:", "    gone"]


def test_no_line_begins_with_a_chinese_comma_or_ends_with_an_opening_bracket() -> None:
    text = "视频网址、网页、存储桶中的对象（s3://bucket/list.csv），（文件夹），或“本地文件”。" * 3
    for columns in range(20, 60):
        lines = wrap(text, columns, indent="").split("\n")
        assert "".join(lines) == text
        assert not [line for line in lines if line[0] in "、，。）”" or line[-1] in "（“"]
        assert all(width_of(line) <= max(columns, width_of("（s3://bucket/list.csv），")) for line in lines)


def test_a_word_of_narrow_letters_is_not_broken() -> None:
    assert wrap("Здравствуйте, Żółć 视频", 22, indent="") == "Здравствуйте, Żółć 视\n频"
    assert wrap("视频 Здравствуйте, Żółć", 20, indent="") == "视频 Здравствуйте,\nŻółć"


def test_a_line_may_end_between_wide_characters() -> None:
    lines = wrap("失敗" + "長い名前" * 12 + ".mp4 done", 30).split("\n")
    assert all(width_of(line) <= 30 for line in lines)
    assert "".join(line.strip() for line in lines).replace("done", "") == "失敗" + "長い名前" * 12 + ".mp4"
