"""`vidkit label`: a person's word over the rules, in the library and in the JSON, now and at every later run."""

from __future__ import annotations

import json
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.curate.corrections import Correction, correct_video, make_change, read_corrections, set_corrections
from vidkit.errors import ConfigError, LibraryError, OutputError
from vidkit.library import open_library, open_library_at, parse_query
from vidkit.library.sqlite.backend import open_sqlite
from vidkit.record import Record
from vidkit.rows import BadRow
from vidkit.tagging import load_custom_tags

from .conftest import MakeVideo
from .records import keep, make_record

Capture = pytest.CaptureFixture[str]
BY_RULES = ["H.264 Codec"]  # what the built-in rules say of `make_record`


def kept(name: str) -> Record:
    """A record that stands alike in the library and in its JSON."""
    with open_library(load_config()) as library:
        (stored,) = library.find(name)
    assert json.loads(Path(f"processed_videos/{name}.json").read_text()) == stored.record
    return stored.record


def said(record: Record) -> tuple[list[str], str]:
    return record["tags"], record["classification"]


def rules(content: dict[str, Any]) -> None:
    Path("custom_tags.json").write_text(json.dumps(content))


def test_a_persons_word_wins_over_every_rule_and_is_kept(capsys: Capture) -> None:
    keep(make_record("boat.mp4"), make_record("car.mp4"))
    words = ["--class", "Boats", "--add-tag", "Water", "--remove-tag", "h.264 codec"]
    assert main(["label", "boat.mp4", *words]) == 0
    assert capsys.readouterr().out == "boat.mp4  Boats  Water\n"
    record = kept("boat.mp4")
    assert said(record) == (["Water"], "Boats")
    assert record["corrections"] is not None
    assert record["corrections"]["at"].endswith("Z")
    assert {**record["corrections"], "at": ""} == {
        "classification": "Boats", "add_tags": ["Water"], "remove_tags": ["h.264 codec"], "at": "",
    }  # fmt: skip
    assert list(record) == list(make_record())
    rules({
        "rules": [{"filename_keywords": ["boat", "car"], "tags": ["H.264 codec", "Wheels"]}],
        "classifications": [{"name": "Wheeled", "tags_present": ["Wheels"]}],
    })  # fmt: skip
    assert main(["retag"]) == 0
    assert said(kept("boat.mp4")) == (["Wheels", "Water"], "Boats")
    assert said(kept("car.mp4")) == (["H.264 Codec", "Wheels"], "Wheeled")
    with open_library(load_config()) as library:
        assert [m.filename for m in library.search(parse_query(tags=["water"], classes=["boats"]))] == ["boat.mp4"]


def test_the_class_follows_the_corrected_tags_unless_it_was_given() -> None:
    keep(make_record("boat.mp4"))
    assert main(["label", "boat.mp4", "--add-tag", "Drone Footage"]) == 0
    assert said(kept("boat.mp4")) == ([*BY_RULES, "Drone Footage"], "Cinematic")


def test_the_last_word_counts_and_all_can_be_taken_back() -> None:
    keep(make_record("boat.mp4"))
    for words, tags, name in (
        (["--add-tag", "Night Time", "--class", "A"], [*BY_RULES, "Night Time"], "A"),
        (["--add-tag", "night-time", "--class", "B"], [*BY_RULES, "night-time"], "B"),
        (["--remove-tag", "Night-Time"], BY_RULES, "B"),
        (["--remove-tag", "H.264 Codec"], [], "B"),
        (["--add-tag", "H.264 Codec"], BY_RULES, "B"),
        (["--clear", "--add-tag", "Sea"], [*BY_RULES, "Sea"], "Unclassified"),
        (["--clear"], BY_RULES, "Unclassified"),
    ):
        assert main(["label", "boat.mp4", *words]) == 0
        assert said(kept("boat.mp4")) == (tags, name), words
    assert kept("boat.mp4")["corrections"] is None


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["boat.mp4"], 2, "nothing is said of the video"),
        (["boat.mp4", "--class", " "], 2, "a class has at least one letter"),
        (
            ["boat.mp4", "--add-tag", "High Up", "--remove-tag", "high-up"],
            2,
            "High Up is both added and",
        ),
        (["--class", "A"], 2, "say which video"),
        (["boat.mp4", "--csv", "c.csv"], 2, "--csv says what is corrected"),
        (["ship.mp4", "--class", "A"], 1, "no video of the library has this id, file name or URL: ship.mp4"),
        (["twice.mp4", "--class", "A"], 2, "twice.mp4 fits 2 videos (https://one.example/twice.mp4, https://two."),
    ],
)
def test_what_cannot_be_taken_is_said_and_changes_nothing(
    words: list[str], code: int, said: str, capsys: Capture
) -> None:
    twice = [make_record("twice.mp4", url=f"https://{host}.example/twice.mp4") for host in ("one", "two")]
    keep(make_record("boat.mp4"), *twice)
    with open_library(load_config()) as library:
        before = list(library.records())
    assert main(["label", *words]) == code
    assert said in capsys.readouterr().err
    with open_library(load_config()) as library:
        assert list(library.records()) == before


def test_every_source_of_one_content_is_corrected_by_its_id() -> None:
    content = "0123456789abcdef" * 4
    keep(*(make_record(name, sha256=content) for name in ("a.mp4", "b.mp4")))
    assert main(["label", "012345", "--class", "Same"]) == 0
    assert [kept(name)["classification"] for name in ("a.mp4", "b.mp4")] == ["Same", "Same"]


def test_a_record_from_before_corrections_is_read_and_can_be_corrected(caplog: pytest.LogCaptureFixture) -> None:
    old = {key: value for key, value in make_record("old.mp4").items() if key != "corrections"}
    folder = Path("processed_videos")
    folder.mkdir()
    (folder / "old.mp4.json").write_text(json.dumps(old))
    assert main(["library", "add", "processed_videos"]) == 0
    assert caplog.records == []
    assert main(["retag"]) == 0
    assert main(["label", "old.mp4", "--class", "Found"]) == 0
    assert kept("old.mp4")["classification"] == "Found"


def test_corrections_outlive_processing_again(make_video: MakeVideo, capsys: Capture) -> None:
    Path("boat.mp4").write_bytes(make_video().read_bytes())
    process = ["process", "--describe", "none", "--urls", "boat.mp4"]
    main(process)
    main(["label", "boat.mp4", "--class", "Boats", "--add-tag", "Water", "--remove-tag", "H.264 Codec"])
    corrected = kept("boat.mp4")
    assert main(process) == 0
    assert kept("boat.mp4") == corrected  # nothing was to be done again
    rules({"rules": [{"filename_keywords": ["boat"], "tags": ["Afloat"]}]})
    assert main(process) == 0
    assert said(kept("boat.mp4")) == (["Afloat", "Water"], "Boats")
    assert main([*process, "--segment_length", "1"]) == 0
    assert said(kept("boat.mp4")) == (["Afloat", "Water"], "Boats")
    assert main([*process, "--force"]) == 0
    assert said(kept("boat.mp4")) == (["Afloat", "Water"], "Boats")
    for path in Path().glob("library.db*"):  # the JSON alone knows it
        path.unlink()
    assert main([*process, "--force"]) == 0
    assert said(kept("boat.mp4")) == (["Afloat", "Water"], "Boats")
    Path("processed_videos/boat.mp4.json").unlink()  # the library alone knows it
    assert main(process) == 0
    assert said(kept("boat.mp4")) == (["Afloat", "Water"], "Boats")
    Path("boat.mp4").write_bytes(make_video(shots=2).read_bytes())  # another video, without corrections
    assert main(process) == 0
    assert said(kept("boat.mp4")) == (["H.264 Codec", "Afloat"], "Unclassified")
    assert kept("boat.mp4")["corrections"] is None


# By a CSV


def test_a_csv_corrects_many_and_names_the_rows_that_it_cannot_take(capsys: Capture) -> None:
    names = [f"{letter}.mp4" for letter in "abcd"]
    keep(*(make_record(name, sha256=f"{at}" * 64) for at, name in enumerate(names, 1)))
    Path("c.csv").write_text(
        "id;File Name;url;class;add_tags;remove_tags;note\n"
        "1111111111111111;;;Cats;One|Two;H.264 Codec;x\n"
        ";b.mp4;;;Three;;\n"
        ";;https://videos.example/c.mp4;Dogs;;;\n"
        ";nowhere.mp4;;Dogs;;;\n"
        ";;;Dogs;;;\n"
        ";d.mp4;;Never;Sea;sea;\n"
        ";d.mp4;;;;;\n"
        ";d.mp4;;Never;a;b;c;d\n"
        ";;;;;;\n"
        ";b.mp4;;Birds;;;\n"
    )
    assert main(["label", "--csv", "c.csv"]) == 1
    assert capsys.readouterr().err.splitlines() == [
        "c.csv:5: no video of the library is nowhere.mp4",
        "c.csv:6: it does not say which video",
        "c.csv:7: the tag Sea is both added and taken away",
        "c.csv:8: nothing is said of the video: give a class, a tag to add, or a tag to take away",
        "c.csv:9: it has 8 columns and the header 7: put a text that holds ';' in double quotes",
        "9 rows, 5 of them could not be taken (see above); 3 videos corrected",
    ]
    assert [said(kept(name)) for name in names] == [
        (["One", "Two"], "Cats"),
        ([*BY_RULES, "Three"], "Birds"),
        (BY_RULES, "Dogs"),
        ([], "Unclassified"),
    ]


def test_all_tags_of_a_video_can_be_said_as_a_whole() -> None:
    keep(make_record("a.mp4", tags=BY_RULES))
    cells = {"Sea; Sun": ["Sea", "Sun"], '["Sun", "one, two"]': ["Sun", "one, two"], "h.264 codec": BY_RULES}
    for cell, tags in cells.items():
        quoted = cell.replace('"', '""')
        Path("c.csv").write_text(f'file_name,tags\na.mp4,"{quoted}"\n')
        assert main(["label", "--csv", "c.csv"]) == 0
        assert kept("a.mp4")["tags"] == tags
    Path("c.csv").write_text("file_name,tags,add_tags\na.mp4,x,y\n")
    assert main(["label", "--csv", "c.csv"]) == 1
    assert kept("a.mp4")["tags"] == BY_RULES


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_corrections_are_read_as_programs_write_them(encoding: str, delimiter: str) -> None:
    rows = [["Video-URL", "CLASS", "Add Tags"], ["https://a.example/é.mp4", "Été", "Mer"], ["", "x", "y"]]
    Path("c.csv").write_text("\r\n".join(delimiter.join(row) for row in rows), encoding=encoding)
    good, bad = read_corrections("c.csv")
    assert isinstance(good, Correction)
    assert (good.line, good.key, good.change.classification, good.change.add_tags) == (
        2, "https://a.example/é.mp4", "Été", ("Mer",),
    )  # fmt: skip
    assert isinstance(bad, BadRow)
    assert bad.line == 3


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "c.csv is empty"),
        (b"file_name,class\n", "c.csv has a header and no rows under it"),
        (b"video,class\na,b\n", "has no column that says which video; its columns are: video, class"),
        (
            b"file_name,label\na,b\n",
            "has no column that says anything of a video; its columns are: file_name, la",
        ),
        (b"PK\x03\x04rest", "is not text. Save the workbook as CSV UTF-8"),
    ],
)
def test_a_file_that_is_no_table_of_corrections_is_named(content: bytes, said: str) -> None:
    Path("c.csv").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        list(read_corrections("c.csv"))
    assert said in str(caught.value)


def test_bytes_that_are_no_text_are_one_bad_row() -> None:
    Path("c.csv").write_bytes(b"file_name,class\na.mp4,caf\xe9\nb.mp4,B\n")
    bad, good = read_corrections("c.csv")
    assert isinstance(bad, BadRow)
    assert bad.reason == "it is not text in UTF-8: save the file as CSV UTF-8"
    assert isinstance(good, Correction)


def test_a_json_that_cannot_be_written_leaves_the_video_as_it_was() -> None:
    resource = pytest.importorskip("resource")
    keep(make_record("a.mp4"))
    before = kept("a.mp4")
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with open_library(load_config()) as library:
        library.find("a.mp4")
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))  # no file can be made longer
        try:
            with pytest.raises(OutputError, match=r"a\.mp4\.json cannot be written: File too large"):
                correct_video(library, load_custom_tags("none.json"), "a.mp4", make_change("A"))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert kept("a.mp4") == before


def test_a_locked_library_leaves_the_json_as_it_was() -> None:
    keep(make_record("a.mp4"))
    before = kept("a.mp4")
    with open_sqlite("library.db", busy_timeout=0.1) as library:
        other = sqlite3.connect("library.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(LibraryError, match="is locked by another program"):
            correct_video(library, load_custom_tags("none.json"), "a.mp4", make_change("A"))
        assert kept("a.mp4") == before == library.find("a.mp4")[0].record
        other.execute("ROLLBACK")
        other.close()
        correct_video(library, load_custom_tags("none.json"), "a.mp4", make_change("A"))
        assert kept("a.mp4") == library.find("a.mp4")[0].record != before


def test_an_undo_brings_back_exactly_what_was_said_before() -> None:
    keep(make_record("a.mp4"))
    none = load_custom_tags("none.json")
    with open_library(load_config()) as library:
        (first,) = correct_video(library, none, "a.mp4", make_change("A", ["Mine"]))
        (second,) = correct_video(library, none, "a.mp4", make_change("B", remove_tags=["mine"]))
        entry = library.find("a.mp4")[0]
        undone = set_corrections(library, none, entry, second.before, second.record["corrections"])
        assert undone is not None
        assert undone.record == first.record == kept("a.mp4")
        assert set_corrections(library, none, entry, first.before) is not None
    assert kept("a.mp4")["corrections"] is None
    assert said(kept("a.mp4")) == (BY_RULES, "Unclassified")


def test_an_undo_leaves_what_somebody_said_since() -> None:
    keep(make_record("a.mp4"))
    none = load_custom_tags("none.json")
    with open_library(load_config()) as library:
        (mine,) = correct_video(library, none, "a.mp4", make_change("A"))
        correct_video(library, none, "a.mp4", make_change("B"))
        entry = library.find("a.mp4")[0]
        assert set_corrections(library, none, entry, mine.before, mine.record["corrections"]) is None
        assert said(kept("a.mp4")) == (BY_RULES, "B")
        library.remove(entry.record["source"]["url"])
        assert set_corrections(library, none, entry, mine.before) is None


def test_of_corrections_at_the_same_time_all_are_kept() -> None:
    keep(make_record("a.mp4"))
    none = load_custom_tags("none.json")
    with open_library(load_config()) as library:
        tags = [f"Tag {number}" for number in range(12)]
        threads = [
            threading.Thread(target=correct_video, args=(library, none, "a.mp4", make_change(add_tags=[tag])))
            for tag in tags
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert set(kept("a.mp4")["tags"]) == {*BY_RULES, *tags}


def test_no_json_is_made_where_there_is_none() -> None:
    with open_library(load_config()) as library:
        library.save(make_record("a.mp4"), Path("elsewhere").absolute())
    assert main(["label", "a.mp4", "--class", "A"]) == 0
    assert not Path("elsewhere").exists()


def test_corrections_move_with_the_library_to_another_backend() -> None:
    keep(make_record("a.mp4"))
    main(["label", "a.mp4", "--class", "A"])
    assert main(["library", "move", "--to", "other.db"]) == 0
    with open_library_at("other.db", load_config()) as library:
        assert library.find("a.mp4")[0].record == kept("a.mp4")
