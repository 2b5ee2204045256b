"""The numbers of readings in searches, facets and exports, in each backend."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.errors import QueryError
from vidkit.library import Library, LibraryEntry, parse_query
from vidkit.library.facts import facts_of
from vidkit.library.sqlite.backend import open_sqlite

from .dataset_parts import make_video_files, new_library
from .records import make_record
from .test_library import library, names, open_home, server, settings  # the backends

__all__ = ["library", "open_home", "server", "settings"]


def measured(motion: float | None, **more: Any) -> dict[str, Any]:
    """The readings of a video whose motion is known, or that could not be read."""
    error = None if motion is not None else "it hung"
    spans = [{"start_time": 0.0, "end_time": 60.0, "label": "scene", "values": {"motion": 0.01}}]
    values = {} if motion is None else {"motion": motion, **more}
    return {"quality": {"model": None, "version": "1", "error": error, **values, "spans": spans}}


def fill(library: Library) -> None:
    motions = {"still.mp4": 0.01, "calm.mp4": 0.2, "wild.mp4": 0.9, "broken.mp4": None}
    entries = [make_record(name, readings=measured(motion)) for name, motion in motions.items()]
    library.save_all(LibraryEntry(record, Path()) for record in [*entries, make_record("before.mp4")])


@pytest.mark.parametrize(
    ("where", "videos"),
    [
        ("readings.quality.motion<0.2", ["still.mp4"]),
        ("readings.quality.motion <= 0.2", ["calm.mp4", "still.mp4"]),
        ("readings.quality.motion>0.2", ["wild.mp4"]),
        ("readings.quality.motion>=.2", ["calm.mp4", "wild.mp4"]),
        ("Readings.Quality.Motion<1e-1", ["still.mp4"]),
        ("readings.quality.motion=0.9", ["wild.mp4"]),
        ("readings.quality.error=it hung", ["broken.mp4"]),
        ("readings.quality.sharpness<5", []),
    ],
)
def test_videos_are_filtered_by_the_numbers_of_their_readings(
    library: Library, where: str, videos: list[str]
) -> None:
    fill(library)
    assert sorted(names(library, where=[where])) == videos
    assert sorted(names(library, "mp4", where=[where])) == videos
    assert library.stats(parse_query(where=[where])).videos == len(videos)


def test_two_bounds_both_hold_and_a_new_reading_counts_instead_of_the_older(library: Library) -> None:
    fill(library)
    both = ["readings.quality.motion>0.1", "readings.quality.motion<0.5"]
    assert names(library, where=both) == ["calm.mp4"]
    library.save(make_record("calm.mp4", readings=measured(0.7)), Path())
    library.save(make_record("wild.mp4"), Path())
    assert names(library, where=both) == []
    assert names(library, where=["readings.quality.motion>0.5"]) == ["calm.mp4"]
    library.remove("https://videos.example/calm.mp4")
    assert names(library, where=["readings.quality.motion>0.5"]) == []


@pytest.mark.parametrize(
    ("where", "said"),
    [
        ("duration<20", "only numbers of readings can be compared"),
        ("readings.quality.motion<fast", "'fast' is not a number"),
        ("readings.quality.motion<nan", "'nan' is not a number"),
        ("readings.quality.motion<", "'' is not a number"),
    ],
)
def test_a_comparison_that_cannot_be_is_refused_in_words(where: str, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        parse_query(where=[where])


def test_a_sign_in_a_value_or_a_column_is_no_comparison() -> None:
    assert parse_query(where=["label=a<b"]).numbers == parse_query(where=["a<b=c"]).numbers == ()


def test_spans_are_no_facts() -> None:
    facts = facts_of(make_record(readings=measured(0.5, language="en")))
    assert [fact for fact in facts if fact.startswith("readings.")] == [
        "readings.quality.error=null",
        "readings.quality.language=en",
        "readings.quality.model=null",
        "readings.quality.motion=0.5",
        "readings.quality.version=1",
    ]


def test_a_dataset_has_the_videos_whose_readings_are_asked_for() -> None:
    with new_library() as library:
        for name, motion in (("still.mp4", 0.01), ("wild.mp4", 0.9)):
            library.save_all([make_video_files(Path("processed_videos"), name, readings=measured(motion))])
    words = ["--format", "jsonl", "--where", "readings.quality.motion<0.2", "--copy"]
    assert main(["export", "out", *words]) == 0
    lines = "".join(file.read_text() for file in Path("out").rglob("*.jsonl"))
    assert "still.mp4" in lines
    assert "wild.mp4" not in lines


def test_an_older_library_takes_readings(tmp_path: Path) -> None:
    path = tmp_path / "library.db"
    with open_sqlite(path) as library:
        library.save(make_record("before.mp4"), Path())
    with sqlite3.connect(path) as file:
        file.execute("DROP TABLE numbers")
        file.execute("DROP TABLE vectors")
        file.execute("PRAGMA user_version = 3")
    file.close()
    with open_sqlite(path) as library:
        library.save(make_record("new.mp4", readings=measured(0.1)), Path())
        assert names(library, where=["readings.quality.motion<0.2"]) == ["new.mp4"]
        assert sorted(names(library)) == ["before.mp4", "new.mp4"]
