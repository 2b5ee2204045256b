"""CSVs as people have them: each row becomes a video, is skipped, or says why it is neither."""

from __future__ import annotations

import codecs
import csv
import io
import os
import shutil
import subprocess
import time
import tracemalloc
from datetime import datetime, timezone
from pathlib import Path

import pytest

from vidkit.core.units import parse_date
from vidkit.errors import ConfigError
from vidkit.rows import BadRow, Filters, IgnoredRow, Row, read_video_metadata_from_csv
from vidkit.rows.filters import read_filters

BASE = "https://mybucket.online/vids/"
HEADER = "file_name,file_size,last_modified,public_url"


def read(content: str | bytes, base_url: str | None = None) -> list[Row | BadRow | IgnoredRow]:
    data = content if isinstance(content, bytes) else content.encode()
    Path("list.csv").write_bytes(data)
    return list(read_video_metadata_from_csv("list.csv", base_url))


def row(content: str, base_url: str | None = None) -> Row:
    (only,) = read(content, base_url)
    assert isinstance(only, Row), only
    return only


def bad(content: str | bytes) -> BadRow:
    (only,) = [entry for entry in read(content) if isinstance(entry, BadRow)]
    return only


def refused(content: str | bytes, base_url: str | None = None) -> str:
    with pytest.raises(ConfigError) as caught:
        read(content, base_url)
    message = str(caught.value)
    assert "list.csv" in message
    assert message.isprintable()
    return message


# Tables with a header


@pytest.mark.parametrize(
    "column", ["public_url", "url", "video_url", "link", "contentUrl", "URL", "Public URL", " Link "]
)
def test_the_url_column_is_found_by_its_name(column: str) -> None:
    assert row(f"id,{column}\n7,https://x/a.mp4\n") == Row(2, "https://x/a.mp4", columns={"id": "7"})


@pytest.mark.parametrize(
    "header",
    [
        "file_name,file_size,last_modified",
        "filename,size,modified",
        "name,file-size,lastModified",
        "File Name,Size,Modified",
    ],
)
def test_the_other_columns_are_found_by_their_names(header: str) -> None:
    found = row(f"{header},duration,url,label\na.mp4,500MB,2026-11-20T12:00:00Z,5:30,https://x/1, cat \n")
    assert found == Row(
        2, "https://x/1", "a.mp4", "500MB", "2026-11-20T12:00:00Z", "5:30", {"duration": "5:30", "label": " cat "}
    )
    assert found.size_bytes == 500_000_000
    assert found.modified == datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
    assert found.seconds == 330


def test_a_public_url_comes_before_a_url_which_is_then_kept() -> None:
    found = row("url,name,filename,public_url\nhttps://page,b,a.mp4,https://x/a.mp4\n")
    assert (found.url, found.file_name) == ("https://x/a.mp4", "a.mp4")
    assert found.columns == {"url": "https://page", "name": "b"}


def test_columns_without_a_name_or_with_the_same_are_all_kept() -> None:
    assert row(",url,a,a,a_4\n0,https://x/1,1,2,3\n").columns == {
        "column_1": "0",
        "a": "1",
        "a_4": "2",
        "a_4_5": "3",
    }


def test_a_cell_that_cannot_be_read_is_none_and_stays_as_written() -> None:
    found = row("url,size,modified,duration\nhttps://x/1,big,soon,long\n")
    assert (found.size_bytes, found.modified, found.seconds) == (None, None, None)
    assert (found.file_size, found.last_modified, found.duration) == ("big", "soon", "long")
    assert row("url,size\nhttps://x/1,\n").file_size is None
    assert row("url,size\nhttps://x/1,-1\n").size_bytes is None


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_encodings_and_line_ends_make_no_difference(encoding: str, end: str) -> None:
    text = end.join(["url,file_name,label", 'https://x/1,été.mp4,"a,b"', 'https://x/2,"say ""hi"".mp4",動画', ""])
    marks = {"utf-16-le": codecs.BOM_UTF16_LE, "utf-16-be": codecs.BOM_UTF16_BE}
    assert read(marks.get(encoding, b"") + text.encode(encoding)) == [
        Row(2, "https://x/1", "été.mp4", columns={"label": "a,b"}),
        Row(3, "https://x/2", 'say "hi".mp4', columns={"label": "動画"}),
    ]


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters_make_no_difference(delimiter: str) -> None:
    cells = [["a, b", "url", "note"], ["1", "https://x/a;b,c|d", "x;y,z|\t!"]]
    written = io.StringIO()
    csv.writer(written, delimiter=delimiter).writerows(cells)
    expected = Row(2, "https://x/a;b,c|d", columns={"a, b": "1", "note": "x;y,z|\t!"})
    assert row(written.getvalue()) == expected
    assert row(f"sep={delimiter}\n{written.getvalue()}") == Row(3, expected.url, columns=expected.columns)


def test_line_ends_in_quotes_belong_to_the_cell_and_lines_are_counted() -> None:
    text = 'url,note\n\nhttps://x/1,"one\ntwo\r\n\nfour"\n , \nhttps://x/2,b\n'
    assert read(text) == [
        Row(3, "https://x/1", columns={"note": "one\ntwo\r\n\nfour"}),
        Row(8, "https://x/2", columns={"note": "b"}),
    ]


def test_a_quote_that_is_never_closed_costs_no_other_row() -> None:
    lines = ["name,url,note", '"a,https://x/1,z', "b,https://x/2,z", '"c",https://x/3,z', "d,https://x/4,z"]
    names = [(entry.line, entry.file_name) for entry in read("\n".join(lines)) if isinstance(entry, Row)]
    assert names == [(2, '"a'), (3, "b"), (4, "c"), (5, "d")]
    over_all_columns = ["name,url,note", '"a,https://x/1,z', 'b,https://x/2,z"', "c,https://x/3,z"]
    assert len(read("\n".join(over_all_columns))) == 3
    many = ["name,url,note", '"a,https://x/1,z', *(f"b{n},https://x/{n},{'y' * 60}" for n in range(5000))]
    assert len(read("\n".join(many))) == 5001


def test_a_row_too_short_is_taken_if_its_url_is_there() -> None:
    assert row("url,size,note\nhttps://x/1\n") == Row(2, "https://x/1")
    short = bad("name,size,url\nok.mp4,1,https://x/1\na.mp4,7\n")
    assert (short.line, short.text) == (3, "a.mp4,7")
    assert "2 columns of 3" in short.reason
    assert 'no URL in "url"' in short.reason
    assert 'no URL in "url"' in bad("name,url,note\na.mp4,,b\n").reason


def test_a_row_too_long_is_taken_if_what_is_too_much_can_be_told() -> None:
    assert row("url,size\nhttps://x/1,5,,\n") == Row(2, "https://x/1", None, "5")
    unquoted = f"{HEADER}\na, b,c.mp4,5,2026-11-20,https://x/a, b,c.mp4\n"
    assert row(unquoted) == Row(2, "https://x/a%2C%20b%2Cc.mp4", "a, b,c.mp4", "5", "2026-11-20")
    assert row("size,url\n5,https://x/a,b.mp4\n").url == "https://x/a,b.mp4"
    assert row("name,url,note\na,b.mp4,https://x/1,z\n") == Row(2, "https://x/1", "a,b.mp4", columns={"note": "z"})
    assert "the header 2" in bad("size,url\n1,5,https://x/1\n").reason
    for line in ("https://x/1,5,a,b", "https://x/1,https://x/2,b"):
        entry = bad(f"url,note\nhttps://x/0,a\n{line}\n")
        assert "the header 2" in entry.reason
        assert entry.line == 3


def test_a_url_made_of_a_name_with_spaces_is_encoded_and_a_local_path_is_not() -> None:
    assert row("name,url\na b#1 50%.mp4,https://x/a b#1 50%.mp4\n").url == "https://x/a%20b%231%2050%25.mp4"
    assert row("name,url\na b.mp4,https://x/a%20b.mp4\n").url == "https://x/a%20b.mp4"
    assert row("name,url\na b.mp4,/videos/a b.mp4\n").url == "/videos/a b.mp4"


def test_names_make_urls_with_a_base_url() -> None:
    assert row("name,size\nsub/é 1%.mp4,5\n", "https://x/v").url == "https://x/v/sub/%C3%A9%201%25.mp4"
    assert row("name,url\na.mp4,\n", "https://x/v/").url == "https://x/v/a.mp4"
    assert row("name,url\na.mp4,https://y/b.mp4\n", "https://x/v/").url == "https://y/b.mp4"


def test_in_a_table_only_rows_that_can_be_no_video_are_skipped() -> None:
    text = (
        "name,url\nnotes.TXT,https://x/notes.txt?v=1\nsub/,https://x/sub/\nclip,https://x/1\npage.html,https://x/page.html\n"
        "a.txt,https://x/watch?v=1\nsound.mp3,https://x/sound.mp3\n12.11.2026,https://x/2\n"
    )
    assert [entry for entry in read(text) if isinstance(entry, IgnoredRow)] == [
        IgnoredRow(2, "notes.TXT", "no video"),
        IgnoredRow(3, "sub/", "folder"),
    ]
    assert len(read(text)) == 7


def test_control_characters_stay_in_the_data() -> None:
    assert row("name,url\na\x1b[31m.mp4,https://x/1\n").file_name == "a\x1b[31m.mp4"


# Files that are none


def test_a_file_without_a_url_column_is_refused_with_the_columns_it_has() -> None:
    message = refused("file_name,file_size,\x1b[31mcolour\na.mp4,5,red\n")
    assert "file_name, file_size, ?[31mcolour" in message
    assert "public_url" in message
    assert "--base-url" in message
    assert "--base-url" not in refused("a,b\n1,2\n")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("", "is empty"),
        ("\ufeff\r\n\r\n", "is empty"),
        (f"{HEADER}\n", "a header and no rows"),
        (f"{HEADER}\n\n , ,,\n", "a header and no rows"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not text"),
        (b"\0\0\0\x18ftypmp42\nurl\n\0", "is not text"),
        (b"PK\3\4\x14\0\x06\0xl/workbook.xml", "Save the workbook as CSV UTF-8"),
        (b"\xff\xfb\x90\x64 url \xff\n\xfe\xfe\n", "is not text"),
        ("x" * 200_000, "is not text"),
    ],
)
def test_a_file_that_is_no_table_is_refused(content: str | bytes, words: str) -> None:
    assert words in refused(content)


def test_a_list_of_urls_without_a_header_is_told_what_is_missing() -> None:
    message = refused("https://x/1.mp4\nhttps://x/2.mp4\n")
    assert "begins with a URL, and a CSV begins with the names of its columns" in message
    assert "public_url" in message


def test_a_quote_that_opens_a_url_and_never_ends_is_called_that() -> None:
    first, second = read('url,note\n"https://x/1,a\nhttps://x/2,b\n')
    assert first == BadRow(2, '"https://x/1,a', "a double quote begins its URL and never ends")
    assert second == Row(3, "https://x/2", columns={"note": "b"})


def test_a_file_that_is_not_there_and_a_folder_are_refused() -> None:
    with pytest.raises(ConfigError, match="no such file"):
        read_video_metadata_from_csv("absent.csv")
    Path("folder").mkdir()
    with pytest.raises(ConfigError, match="folder is a folder, and a CSV file is needed"):
        read_video_metadata_from_csv("folder")


def test_a_cell_of_ten_megabytes_costs_no_other_row() -> None:
    huge = "x" * 10_000_000
    for cell in (huge, f'"{huge}"', f'"{huge}'):
        first, second = read(f"url,note\nhttps://x/1,{cell}\nhttps://x/2,b\n")
        assert isinstance(first, BadRow)
        assert "longer than" in first.reason
        assert len(first.text) <= 300
        assert second == Row(3, "https://x/2", columns={"note": "b"})
    lines = read('url,note\nhttps://x/1,"' + "x" * 999 + ("\n" + "x" * 999) * 10_000 + '"\nhttps://x/2,b\n')
    assert lines[-1] == Row(10_003, "https://x/2", columns={"note": "b"})


def test_bytes_that_are_no_utf8_cost_the_rows_where_they_stand() -> None:
    rows = read(b"url,name\nhttps://x/1,a\nhttps://x/2,\xe9t\xe9\nhttps://x/3,\0\nhttps://x/4,d\n")
    assert [type(entry) for entry in rows] == [Row, BadRow, BadRow, Row]
    assert "CSV UTF-8" in rows[1].reason  # type: ignore[union-attr]
    assert "not text" in rows[2].reason  # type: ignore[union-attr]


def test_rows_are_read_as_they_are_needed() -> None:
    line = "video{}.mp4,2433000,2026-11-20 19:48:30,https://mybucket.online/vids/video{}.mp4\n"
    Path("list.csv").write_text(HEADER + "\n" + "".join(line.format(n, n) for n in range(4_000)), encoding="utf-8")
    tracemalloc.start()
    count = sum(isinstance(entry, Row) for entry in read_video_metadata_from_csv("list.csv"))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert count == 4_000
    assert peak < 250_000  # the file alone has 340 kB


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="there is no /dev/fd here")
def test_a_pipe_is_read_like_a_file() -> None:
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as pipe:
        pipe.write(b"url\nhttps://x/1\n")
    assert list(read_video_metadata_from_csv(f"/dev/fd/{reading}")) == [Row(2, "https://x/1")]
    os.close(reading)


# rclone's listings

# What rclone 1.60 and mawk 1.3.4 made of a folder with these names.
SPLIT_BY_AWK = """\
file_name,file_size,last_modified,public_url
100%25.mp4;109;2026-11-20,19:48:39,,https://mybucket.online/vids/100%25.mp4;109;2026-11-20
50%,off.mp4;110;2026-11-20,19:48:40,https://mybucket.online/vids/50%
a,b,c,https://mybucket.online/vids/a
clip.MOV;117;2026-11-20,19:48:47,,https://mybucket.online/vids/clip.MOV;117;2026-11-20
comma,,space.mp4;106;2026-11-20,19:48:36,https://mybucket.online/vids/comma,
comma,name.mp4;105;2026-11-20,19:48:35,,https://mybucket.online/vids/comma,name.mp4;105;2026-11-20
one,space.mp4;101;2026-11-20,19:48:31,https://mybucket.online/vids/one
q?#&.mp4;114;2026-11-20,19:48:44,,https://mybucket.online/vids/q?#&.mp4;114;2026-11-20
quote"d.mp4;113;2026-11-20,19:48:43,,https://mybucket.online/vids/quote"d.mp4;113;2026-11-20
semi;,space.mp4;112;2026-11-20,19:48:42,https://mybucket.online/vids/semi;
semi;colon.mp4;111;2026-11-20,19:48:41,,https://mybucket.online/vids/semi;colon.mp4;111;2026-11-20
some,notes.txt;116;2026-11-20,19:48:46,https://mybucket.online/vids/some
sub/;-1;2026-11-20,20:55:42,,https://mybucket.online/vids/sub/;-1;2026-11-20
sub,folder/;-1;2026-11-20,20:55:42,https://mybucket.online/vids/sub
three,of,the,https://mybucket.online/vids/three
two,small,spaces.mp4;102;2026-11-20,https://mybucket.online/vids/two
two,a,b,c.mp4;102;2026-11-20,https://mybucket.online/vids/two
video.mp4,copy,two,https://mybucket.online/vids/video.mp4
part,2,of,https://mybucket.online/vids/part
x,y,z,w,https://mybucket.online/vids/x,y
"quoted".mp4;5;2026-11-20,19:48:30,,https://mybucket.online/vids/"quoted".mp4;5;2026-11-20
"half,quoted.mp4;5;2026-11-20,19:48:30,https://mybucket.online/vids/"half
sub/deep/in,ner.mp4;119;2026-11-20,19:48:48,https://mybucket.online/vids/sub/deep/in
video1.mp4;2433;2026-11-20,19:48:30,,https://mybucket.online/vids/video1.mp4;2433;2026-11-20
été,à,Nîmes.mp4;107;2026-11-20,https://mybucket.online/vids/été
"""
REJOINED = [
    Row(2, f"{BASE}100%2525.mp4", "100%25.mp4", "109", "2026-11-20 19:48:39"),
    Row(3, f"{BASE}50%25%20off.mp4", "50% off.mp4", "110", "2026-11-20 19:48:40"),
    Row(5, f"{BASE}clip.MOV", "clip.MOV", "117", "2026-11-20 19:48:47"),
    Row(6, f"{BASE}comma%2C%20space.mp4", "comma, space.mp4", "106", "2026-11-20 19:48:36"),
    Row(7, f"{BASE}comma%2Cname.mp4", "comma,name.mp4", "105", "2026-11-20 19:48:35"),
    Row(8, f"{BASE}one%20space.mp4", "one space.mp4", "101", "2026-11-20 19:48:31"),
    Row(9, f"{BASE}q%3F%23%26.mp4", "q?#&.mp4", "114", "2026-11-20 19:48:44"),
    Row(10, f"{BASE}quote%22d.mp4", 'quote"d.mp4', "113", "2026-11-20 19:48:43"),
    Row(11, f"{BASE}semi%3B%20space.mp4", "semi; space.mp4", "112", "2026-11-20 19:48:42"),
    Row(12, f"{BASE}semi%3Bcolon.mp4", "semi;colon.mp4", "111", "2026-11-20 19:48:41"),
    Row(17, f"{BASE}two%20small%20spaces.mp4", "two small spaces.mp4", "102", "2026-11-20"),
    Row(22, f"{BASE}%22quoted%22.mp4", '"quoted".mp4', "5", "2026-11-20 19:48:30"),
    Row(23, f"{BASE}%22half%20quoted.mp4", '"half quoted.mp4', "5", "2026-11-20 19:48:30"),
    Row(24, f"{BASE}sub/deep/in%20ner.mp4", "sub/deep/in ner.mp4", "119", "2026-11-20 19:48:48"),
    Row(25, f"{BASE}video1.mp4", "video1.mp4", "2433", "2026-11-20 19:48:30"),
    Row(26, f"{BASE}%C3%A9t%C3%A9%20%C3%A0%20N%C3%AEmes.mp4", "été à Nîmes.mp4", "107", "2026-11-20"),
]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("header", [HEADER, HEADER.upper()])
def test_what_awk_split_is_put_together_again(header: str, end: str) -> None:
    entries = read(SPLIT_BY_AWK.replace(HEADER, header).replace("\n", end))
    assert [entry for entry in entries if isinstance(entry, Row)] == REJOINED
    assert [entry for entry in entries if isinstance(entry, IgnoredRow)] == [
        IgnoredRow(13, "some notes.txt", "no video"),
        IgnoredRow(14, "sub/", "folder"),
        IgnoredRow(15, "sub folder/", "folder"),
    ]
    cut = [entry for entry in entries if isinstance(entry, BadRow)]
    assert [entry.line for entry in cut] == [4, 16, 18, 19, 20, 21]
    assert all("rclone lsf --csv" in entry.reason and "--base-url" in entry.reason for entry in cut)
    assert cut[1].text == "three,of,the,https://mybucket.online/vids/three"


def test_what_awk_split_needs_no_header() -> None:
    lines = SPLIT_BY_AWK.splitlines(keepends=True)[1:]
    assert [entry.file_name for entry in read("".join(lines)) if isinstance(entry, Row)] == [
        r.file_name for r in REJOINED
    ]


def test_a_listing_of_cut_names_alone_is_told_from_a_clean_one() -> None:
    assert "awk" in bad(f"{HEADER}\nthree,of,the,{BASE}three\n").reason
    assert row(f"{HEADER}\na.mp4,n/a,2026-11-20,{BASE}a.mp4\n").url == f"{BASE}a.mp4"
    assert row(f"{HEADER}\na.mp4,,,{BASE}a.mp4\n").url == f"{BASE}a.mp4"
    assert row(f"{HEADER}\na.mp4,5,yesterday,{BASE}a.mp4\n").url == f"{BASE}a.mp4"
    # A row further down tells what made the file.
    assert bad(f"{HEADER}\npart,2,of,{BASE}part\na,b.mp4;1;2026-11-20,19:48:30,{BASE}a\n").line == 2
    # No awk made this one: its URL is another name's.
    url = f"{BASE}b.mp4;1;2026-11-20"
    assert row(f"{HEADER}\na.mp4;1;2026-11-20,19:48:30,,{url}\n").url == url


LISTED = """\
semi;colon.mp4;111;2026-11-20 19:48:41
a b c d.mp4;7;2026-11-20 19:48:42
comma, é.mp4;8;2026-11-20 19:48:43
notes.txt;9;2026-11-20 19:48:44
song.mp3;9;2026-11-20 19:48:44
sub/;-1;2026-11-20 19:48:45
sub/no_extension;10;2026-11-20 19:48:46
12.11.2026;10;2026-11-20 19:48:47
"""


def test_plain_listings_are_read_with_a_base_url() -> None:
    written = io.StringIO()
    csv.writer(written).writerows(line.rsplit(";", 2) for line in LISTED.splitlines())
    for text in (LISTED, written.getvalue()):
        assert read(text, BASE) == [
            Row(1, f"{BASE}semi%3Bcolon.mp4", "semi;colon.mp4", "111", "2026-11-20 19:48:41"),
            Row(2, f"{BASE}a%20b%20c%20d.mp4", "a b c d.mp4", "7", "2026-11-20 19:48:42"),
            Row(3, f"{BASE}comma%2C%20%C3%A9.mp4", "comma, é.mp4", "8", "2026-11-20 19:48:43"),
            IgnoredRow(4, "notes.txt", "no video"),
            IgnoredRow(5, "song.mp3", "no video"),
            IgnoredRow(6, "sub/", "folder"),
            Row(7, f"{BASE}sub/no_extension", "sub/no_extension", "10", "2026-11-20 19:48:46"),
            Row(8, f"{BASE}12.11.2026", "12.11.2026", "10", "2026-11-20 19:48:47"),
        ]
        assert "--base-url" in refused(text)
    assert isinstance(read(LISTED + "a.mp4\n", BASE)[-1], BadRow)


# rclone itself

NAMES = [
    "video1.mp4", "one space.mp4", "two small spaces.mp4", "three of the spaces.mp4", "a b c d e f.mp4",
    "comma,name.mp4", "comma, space.mp4", "été.mp4", "été à Nîmes.mp4", "100%25.mp4", "50% off.mp4",
    "semi;colon.mp4", "semi; space.mp4", "q#&.mp4", "sub/inner.mp4", "sub/deep/in ner.mp4",
]  # fmt: skip
CUT_NAMES = {"three of the spaces.mp4", "a b c d e f.mp4"}


@pytest.fixture
def bucket(clean_place: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The remote r2:vids of the awk command, as a local folder."""
    for tool in ("rclone", "awk"):
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")
    folder = clean_place / "bucket" / "vids"
    for number, name in enumerate([*NAMES, "notes.txt", "some notes.txt"]):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(bytes(100 + number))
        os.utime(path, (1_800_000_000 + number,) * 2)
    monkeypatch.setenv("RCLONE_CONFIG", str(clean_place / "rclone.conf"))
    monkeypatch.setenv("RCLONE_CONFIG_R2_TYPE", "alias")
    monkeypatch.setenv("RCLONE_CONFIG_R2_REMOTE", str(folder.parent))
    monkeypatch.setenv("TZ", "UTC")
    return folder


def listed(command: str) -> list[Row | BadRow | IgnoredRow]:
    output = subprocess.run(["sh", "-c", command], check=True, capture_output=True).stdout
    return read(output, None if "awk" in command else BASE)


def sizes(entries: list[Row | BadRow | IgnoredRow]) -> dict[str | None, int | None]:
    return {entry.file_name: entry.size_bytes for entry in entries if isinstance(entry, Row)}


def test_the_awk_command_over_a_real_folder(bucket: Path) -> None:
    entries = listed(
        'rclone lsf --format "pst" r2:vids | awk -v bucket_url="https://mybucket.online/vids/" \\\n'
        '\'BEGIN {print "file_name,file_size,last_modified,public_url"} \\\n'
        '{print $1","$2","$3","bucket_url $1}\''
    )
    flat = {name: 100 + number for number, name in enumerate(NAMES) if "/" not in name}
    assert sizes(entries) == {name: size for name, size in flat.items() if name not in CUT_NAMES}
    assert sum(isinstance(entry, BadRow) for entry in entries) == len(CUT_NAMES)
    assert {entry.name for entry in entries if isinstance(entry, IgnoredRow)} == {
        "sub/",
        "notes.txt",
        "some notes.txt",
    }


@pytest.mark.parametrize("options", ["", "--csv"])
def test_a_clean_listing_of_a_real_folder_has_every_file(bucket: Path, options: str) -> None:
    entries = listed(f"rclone lsf -R --files-only {options} --format pst r2:vids")
    assert sizes(entries) == {name: 100 + number for number, name in enumerate(NAMES)}
    times = {entry.file_name: entry.modified for entry in entries if isinstance(entry, Row)}
    assert times["video1.mp4"] == datetime.fromtimestamp(1_800_000_000, timezone.utc)
    assert {entry.name for entry in entries if isinstance(entry, IgnoredRow)} == {"notes.txt", "some notes.txt"}


# Filters


def test_filters_say_yes_no_or_that_the_csv_does_not_say() -> None:
    known = Row(1, "u", file_size="500MB", last_modified="2026-11-20", duration="5:30")
    assert Filters().wants(Row(1, "u")) is True
    for filters in (
        Filters(min_size=500e6, max_size=500e6),
        Filters(min_duration=330, max_duration=330),
        Filters(modified_after=parse_date("2026-11-20"), modified_before=parse_date("2026-11-21")),
    ):
        assert filters.wants(known) is True
        assert filters.wants(Row(1, "u")) is None
    for filters in (
        Filters(min_size=500e6 + 1),
        Filters(max_size=500e6 - 1),
        Filters(min_duration=331),
        Filters(max_duration=329),
        Filters(modified_after=parse_date("2026-11-20T00:00:01Z")),
        Filters(modified_before=parse_date("2026-11-20")),
    ):
        assert filters.wants(known) is False
    # What is known to be unwanted is unwanted, whatever else is not known.
    assert Filters(min_size=501e6, min_duration=1).wants(Row(1, "u", file_size="500MB")) is False
    assert Filters(min_size=1, min_duration=1).wants(Row(1, "u", file_size="500MB")) is None


def test_filters_are_read_from_options_by_their_names() -> None:
    asked = {
        "min_size": "500MB",
        "max_duration": "1h",
        "modified_after": "2026-11-20",
        "max_size": None,
        "csv": "a",
    }
    after = datetime(2026, 11, 20, tzinfo=timezone.utc)
    assert read_filters(asked) == Filters(min_size=500e6, max_duration=3600, modified_after=after)
    assert read_filters({}) == Filters()
    with pytest.raises(ConfigError, match=r"^--max-size: "):
        read_filters({"max_size": "big"})


def test_a_csv_with_very_many_columns_is_refused_at_once() -> None:
    names = ",".join(f"c{number}" for number in range(100_000))
    Path("wide.csv").write_text(f"url,{names}\nhttps://h/a.mp4\n")
    began = time.process_time()
    with pytest.raises(ConfigError, match=r"100,001 columns, and at most 16,384"):
        list(read_video_metadata_from_csv("wide.csv"))
    Path("same.csv").write_text(f"url,{'a,' * 16_000}\nhttps://h/a.mp4\n")
    (row,) = read_video_metadata_from_csv("same.csv")
    assert isinstance(row, Row)
    assert time.process_time() - began < 10
