"""Messages: English for programs, the user's language on the terminal; values are never templates."""

from __future__ import annotations

import copy
import csv
import json
import logging
import pickle
import sqlite3
from pathlib import Path

import pytest

from tests.conftest import MakeVideo
from vidkit.cli import main
from vidkit.core import setup_logging
from vidkit.core.units import format_count, parse_size
from vidkit.errors import ConfigError, DuplicateError, MediaError, VidkitError
from vidkit.messages import Message, either, message, translated

HOSTILE = ("{0}", "{x.__class__}", "{error}", "{", "}}", "%s", "{path!r:>1000000}")


@pytest.mark.parametrize("name", HOSTILE)
def test_a_value_is_never_a_template(name: str, chinese: None) -> None:
    error = ConfigError("{path}: no such file", path=name)
    assert (str(error), translated(error)) == (f"{name}: no such file", f"{name}：没有这个文件")
    outer = MediaError("{path} cannot be decoded: {error}", path=name, error=error)
    assert str(outer) == f"{name} cannot be decoded: {name}: no such file"
    assert translated(outer) == f"无法解码 {name}：{name}：没有这个文件"


@pytest.mark.parametrize("text", [*HOSTILE, "{path}: no such file", ""])
def test_a_text_without_values_is_not_formatted(text: str, chinese: None) -> None:
    assert str(VidkitError(text)) == text
    assert "no such" not in translated(VidkitError(text)) or text == translated(text)


def test_a_message_is_english_for_everything_that_reads_it(chinese: None) -> None:
    error = ConfigError("{path}: no such file", path="a")
    plain = "a: no such file"
    assert isinstance(str(error), Message)
    assert (str(error), f"{error}", "%s" % error, json.loads(json.dumps(str(error)))) == (plain,) * 4  # noqa: UP031
    assert {str(error): 1}[plain] == 1
    assert sqlite3.connect(":memory:").execute("SELECT ?", (str(error),)).fetchone() == (plain,)


def test_a_message_keeps_its_values_in_a_copy_and_on_the_way_to_another_process(chinese: None) -> None:
    inner = ConfigError("{path}: no such file", path="b")
    error = MediaError("{path} cannot be decoded: {error}", path="a", error=inner)
    for there in (pickle.loads(pickle.dumps(error)), copy.deepcopy(error), pickle.loads(pickle.dumps(str(error)))):
        assert (str(there), translated(there)) == (str(error), "无法解码 a：b：没有这个文件")
    duplicate = pickle.loads(pickle.dumps(DuplicateError("https://a/1.mp4", "v1")))
    assert (duplicate.kept, duplicate.version) == ("https://a/1.mp4", "v1")
    assert translated(duplicate) == "它与 https://a/1.mp4 的内容相同"


def test_what_has_no_translation_stays_as_it_is(chinese: None) -> None:
    assert translated(message("a {thing} of nobody", thing="word")) == "a word of nobody"
    assert translated(OSError(2, "No such file or directory")) == "[Errno 2] No such file or directory"


def test_counts_and_choices_are_translated_where_they_stand(chinese: None) -> None:
    assert [translated(format_count(count, "video")) for count in (1, 2)] == ["1 个视频", "2 个视频"]
    assert [str(format_count(count, "copy", "copies")) for count in (1, 2)] == ["1 copy", "2 copies"]
    assert (str(either(["a", "b", "c"])), translated(either(["a", "b", "c"]))) == ("a, b or c", "a, b 或 c")
    with pytest.raises(ValueError, match="'x' is not a size") as caught:
        parse_size("x")
    assert translated(caught.value).startswith("'x' 不是大小")


def test_the_terminal_shows_a_warning_in_the_users_language_and_the_log_file_in_english(
    chinese: None, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    setup_logging(tmp_path / "log")
    log = logging.getLogger("vidkit.test")
    log.warning("%s is skipped: %s", "{0}%s", ConfigError("{path}: no such file", path="a\n{0}"))
    log.warning("%s", ConfigError("{path}: no such file", path="a"))
    log.error("a mistake in vidkit, please report it: %r", ValueError("%d"))
    setup_logging(None)
    assert capsys.readouterr().err.splitlines() == [
        "警告: 已跳过 {0}%s：a {0}：没有这个文件",
        "警告: a：没有这个文件",
        "错误: vidkit 内部错误，请报告：ValueError('%d')",
    ]
    written = (tmp_path / "log").read_text(encoding="utf-8")
    assert "WARNING vidkit.test: {0}%s is skipped: a {0}: no such file" in written
    assert written.isascii()


@pytest.mark.slow
def test_a_run_says_its_failures_in_chinese_and_writes_them_in_english(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], chinese: None
) -> None:
    video = make_video("fine.mp4", shots=1, size="64x64")
    rows = ["url", str(video), "/nowhere/{0}.mp4", "ftp://x/{x.__class__}.mp4", str(Path("broken.mp4").absolute())]
    Path("broken.mp4").write_bytes(b"no video")
    Path("rows.csv").write_text("\n".join(rows), encoding="utf-8")

    def run(folder: str) -> tuple[list[str], list[dict[str, str]]]:
        monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", folder)
        monkeypatch.setenv("VIDKIT_LIBRARY_PATH", f"{folder}.db")
        assert main(["process", "--csv", "rows.csv", "--describe", "none"]) == 1
        with Path(folder, "failures.csv").open(encoding="utf-8", newline="") as file:
            return capfd.readouterr().err.splitlines(), list(csv.DictReader(file))

    lines, failures = run("chinese")
    assert "失败：第 3 行：/nowhere/{0}.mp4：没有这个文件" in lines
    assert any(line.startswith("失败：第 4 行：ftp://x/{x.__class__}.mp4：vidkit 可获取 http://") for line in lines)
    assert any(line.startswith("失败：第 5 行：") and "不是可播放的视频" in line for line in lines)
    assert lines[-1].startswith("已处理 1 个，失败 3 个（见 chinese/failures.csv），")
    monkeypatch.setenv("VIDKIT_LANG", "en")
    from vidkit import language

    language._catalog.cache_clear()
    assert run("english")[1] == failures
    assert [row["failed_reason"].isascii() for row in failures] == [True, True, True]


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["process", "--csv", "{0}.csv"], "错误: {0}.csv：没有这个文件"),
        (["process", "--urls", "a.mp4", "--config", "{x}.ini"], "错误: {x}.ini：没有这个文件。`vidkit init`"),
        (["search", "x"], "错误: 还没有视频库："),
        (["search", "x", "--min-duration", "{0}"], "错误: --min-duration: '{0}' 不是时长：请写成 90、5:30"),
        (["probe", "{0}.mp4"], "失败：无法读取 {0}.mp4：没有这个文件或文件夹"),
    ],
)  # fmt: skip
def test_a_command_that_fails_says_why_in_chinese(
    words: list[str], line: str, chinese: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) != 0
    assert line in capsys.readouterr().err
