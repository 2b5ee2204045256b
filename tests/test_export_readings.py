"""Readings in datasets: a column with the spans inside each item, and subtitles where something is said."""

from __future__ import annotations

import csv
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from vidkit.library import Library

from .dataset_parts import export, make_video_files, new_library
from .test_search_readings import reading, span, spoken

READINGS = {
    "speech": reading(spoken(2.0, "Good", "evening."), spoken(8.0, "It", "rains", "now", "here."), language="en"),
    "ocr": reading(span(9.0, 12.0, "HARBOUR", box=[0, 0, 1, 1])),
    "objects": reading(span(10.0, 10.0, label="boat"), span(30.0, 31.0, label="dog")),
}


def filled(**changes: Any) -> Library:
    """A library of a video with readings, two clips of ten seconds and two scenes, and one without readings."""
    library, folder = new_library(), Path("processed_videos").absolute()
    parts = {"segments": ["one", "two"], "scenes": ["a", "b"], "columns": {"label": "x"}}
    talk = make_video_files(folder, "talk.mp4", readings={**READINGS, **changes}, **parts)
    talk.record["readings"]["speech"]["vtt"] = "transcripts/talk.vtt"  # type: ignore[typeddict-item]
    library.save_all([talk, make_video_files(folder, "plain.mp4", **parts)])
    return library


def rows(path: str = "out/train.jsonl") -> dict[str, Any]:
    return {row["name"]: row for row in map(json.loads, Path(path).read_text().splitlines())}


def times(row: Any, reader: str) -> list[tuple[float, float]]:
    return [(each["start_time"], each["end_time"]) for each in row["readings"][reader]["spans"]]


def test_a_video_has_its_readings_and_its_subtitles() -> None:
    with filled() as library:
        export(library, "jsonl")
    found = {row["filename"]: row for row in rows().values()}
    talk, plain = found["talk.mp4"], found["plain.mp4"]
    speech = talk["readings"]["speech"]
    assert speech["language"] == "en"
    assert "vtt" not in speech
    assert times(talk, "objects") == [(10, 10), (30, 31)]
    assert (plain["readings"], plain["subtitles"]) == ({}, None)
    said = (Path("out") / talk["subtitles"]).read_text()
    assert said.startswith("WEBVTT")
    assert "00:00:02.000 --> " in said
    assert "Good evening." in said
    assert Path("out", talk["subtitles"]).with_suffix(".srt").read_text().startswith("1\n00:00:02,000 --> ")
    assert len(list(Path("out/subtitles").iterdir())) == 2


def test_a_clip_has_what_is_in_it_in_its_own_seconds() -> None:
    with filled() as library:
        export(library, "jsonl", level="segments")
    one, two = (row for row in sorted(rows().values(), key=lambda row: row["source_start"]) if row["readings"])
    assert times(one, "speech") == [(2, 4), (8, 10)]
    assert [each["text"] for each in one["readings"]["speech"]["spans"]] == ["Good evening.", "It rains"]
    assert times(two, "speech") == [(0, 2)]
    assert two["readings"]["speech"]["spans"][0]["text"] == "now here."
    assert times(two, "ocr") == [(0, 2)]
    assert times(one, "objects") == []
    assert times(two, "objects") == [(0, 0)]
    assert "00:00:00.000 --> 00:00:0" in Path("out", two["subtitles"]).read_text()
    assert "evening" not in Path("out", two["subtitles"]).read_text()


@pytest.mark.parametrize("format", ["csv", "parquet", "videofolder"])
def test_tables_have_readings_as_json(format: str) -> None:
    with filled() as library:
        export(library, format, files="copy")
    if format == "csv":
        with Path("out/train.csv").open(newline="") as file:
            found = {row["filename"]: row for row in csv.DictReader(file)}
    elif format == "parquet":
        tables = pytest.importorskip("pyarrow.parquet", reason="pyarrow is not installed")
        found = {row["filename"]: row for row in tables.read_table("out/train.parquet").to_pylist()}
    else:
        lines = map(json.loads, Path("out/train/metadata.jsonl").read_text().splitlines())
        found = {row["filename"]: row for row in lines}
    assert json.loads(found["talk.mp4"]["readings"])["ocr"]["spans"][0]["text"] == "HARBOUR"
    assert json.loads(found["plain.mp4"]["readings"]) == {}
    assert Path("out", found["talk.mp4"]["subtitles"]).is_file()
    assert not found["plain.mp4"]["subtitles"]


def test_an_archive_has_subtitles_beside_each_video() -> None:
    with filled() as library:
        export(library, "webdataset")
    with tarfile.open("out/train-000000.tar") as tar:
        names = {Path(name).suffix: name for name in tar.getnames()}
        file = tar.extractfile(names[".srt"])
        assert file is not None
        assert b"Good evening." in file.read()
    assert sorted(names) == [".cls", ".json", ".mp4", ".srt", ".txt", ".vtt"]
    assert not Path("out/subtitles").exists()


@pytest.mark.parametrize("format", ["kinetics", "activitynet", "labelstudio"])
def test_other_formats_have_subtitles_of_the_videos(format: str) -> None:
    with filled() as library:
        export(library, format, files="copy")
    (path,) = Path("out/subtitles").glob("*.vtt")
    assert "It rains now here." in path.read_text().replace("\n", " ")


def test_a_dataset_with_subtitles_is_replaced_by_the_next() -> None:
    with filled() as library:
        export(library, "jsonl")
        export(library, "jsonl", overwrite=True)
    assert len(list(Path("out/subtitles").iterdir())) == 2
