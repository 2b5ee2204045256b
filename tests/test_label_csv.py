"""`vidkit export --format csv` and back through `vidkit label --csv`: nothing is another thing on the way."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.curate.corrections import text_of_cell
from vidkit.export.rows import cell
from vidkit.library import open_library

from .dataset_parts import export
from .records import keep, make_record

Capture = pytest.CaptureFixture[str]
ODD_TAGS = ["a, b", "c|d", "e; f", "=1+1", "-x", "@home", "'=quoted", "[draft]", 'say "hi"', "it's", "null"]


def said() -> dict[str, tuple[list[str], str]]:
    with open_library(load_config()) as library:
        return {each.record["filename"]: (each.record["tags"], each.record["classification"])
                for each in library.records()}  # fmt: skip


def exported(**options: Any) -> Path:
    with open_library(load_config()) as library:
        export(library, "csv", label="class", **options)
    return Path("out/train.csv")


def test_an_exported_csv_that_is_read_back_changes_no_class_and_no_tag(capsys: Capture) -> None:
    names = ["-Dash", "=1+1", "+Plus", "@At", "'=quoted", "''@twice", "'plain'", "[x]", "a; b", "Sports"]
    keep(*(make_record(f"{at}.mp4") for at in range(len(names) + len(ODD_TAGS) + 1)))
    for at, name in enumerate(names):
        assert main(["label", f"{at}.mp4", f"--class={name}", "--add-tag", "Plain", "--add-tag", "Night Time"]) == 0
    for at, tag in enumerate(ODD_TAGS, len(names)):
        assert main(["label", f"{at}.mp4", f"--add-tag={tag}", "--remove-tag", "H.264 Codec"]) == 0
    assert main(["label", f"{len(names) + len(ODD_TAGS)}.mp4", *(f"--add-tag={tag}" for tag in ODD_TAGS)]) == 0
    before = said()
    path = exported()
    capsys.readouterr()
    assert main(["label", "--csv", str(path)]) == 0
    assert said() == before
    videos = len(before)
    assert capsys.readouterr().err == f"{videos} rows; {videos} videos corrected\n"


def test_tags_are_joined_in_a_csv_and_a_json_list_where_that_would_part_them() -> None:
    import pandas

    tags = {"a.mp4": ["Night", "City"], "b.mp4": ["one, two", "Sea"], "c.mp4": ["[draft]"], "d.mp4": []}
    keep(*(make_record(name, tags=each) for name, each in tags.items()))
    frame = pandas.read_csv(exported(), keep_default_na=False).set_index("filename")
    assert list(frame["tags"]) == ["Night; City", '["one, two", "Sea"]', '["[draft]"]', ""]
    assert json.loads(frame.loc["b.mp4", "tags"]) == tags["b.mp4"]


@pytest.mark.parametrize("text", ["x", "", "=x", "'=x", "''=x", "'x", "-", "'", "'@", "\tx", "'\tx"])
def test_what_export_writes_before_a_formula_is_taken_away_again(text: str) -> None:
    written = cell(text)
    assert text_of_cell(written) == text
    assert written[:1] not in ("=", "+", "-", "@", "\t")


@pytest.mark.parametrize("listed", ['["Sea", "Sun"', "[Sea, Sun]", '["Sea", 3]', '[["Sea"]]'])
def test_a_list_of_tags_that_is_no_json_is_a_bad_row(listed: str, capsys: Capture) -> None:
    keep(make_record("a.mp4"), make_record("b.mp4"))
    with Path("c.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file_name", "add_tags"), ("a.mp4", listed), ("b.mp4", "Sun")])
    assert main(["label", "--csv", "c.csv"]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("c.csv:2: ")
    assert 'write it like ["one", "two"]' in lines[0]
    assert [tags for tags, _ in said().values()] == [[], ["H.264 Codec", "Sun"]]


def test_videos_are_counted_and_not_rows(capsys: Capture) -> None:
    keep(make_record("a.mp4", segments=["one", "two", "three"]), make_record("b.mp4", segments=["one"]))
    path = exported(level="segments")
    assert main(["label", "--csv", str(path)]) == 0
    assert "4 rows; 2 videos corrected" in capsys.readouterr().err


def test_where_the_json_is_out_of_reach_it_is_said_that_only_the_library_was_corrected(capsys: Capture) -> None:
    keep(make_record("a.mp4"), make_record("b.mp4"), make_record("c.mp4"))
    assert main(["label", "c.mp4", "--class", "Seen"]) == 0
    assert capsys.readouterr().err == ""
    Path("processed_videos").rename("moved")
    assert main(["label", "a.mp4", "--class", "Seen"]) == 0
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("only in the library, as there is no JSON record of a.mp4 in ")
    assert "vidkit library add FOLDER" in line
    Path("c.csv").write_text("file_name,class\na.mp4,Again\nb.mp4,Again\n")
    assert main(["label", "--csv", "c.csv"]) == 0
    first, last = capsys.readouterr().err.splitlines()
    assert first == "2 rows; 2 videos corrected"
    assert last.startswith("2 of them only in the library, ")
    # As it says: the folder is added, and both have the correction.
    assert main(["library", "add", "moved"]) == 0
    assert "2 of them keep the corrections that were there already" in capsys.readouterr().err
    for name in ("a.mp4", "b.mp4"):
        assert json.loads(Path(f"moved/{name}.json").read_text())["classification"] == "Again"
    assert {name: where for name, (_, where) in said().items()} == {
        "a.mp4": "Again", "b.mp4": "Again", "c.mp4": "Seen",
    }  # fmt: skip
