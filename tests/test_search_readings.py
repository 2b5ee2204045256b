"""Searching in what readers have read: text, speech and labels, in SQLite and in MongoDB."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.errors import ConfigError, QueryError
from vidkit.library import Library, LibraryEntry, copy_library, moment_of, open_library, parse_query
from vidkit.library.in_video import moments_in
from vidkit.library.sqlite.backend import open_sqlite
from vidkit.readers.registry import load_reader

from .readers import Install, install
from .records import keep, make_record
from .test_library import OpenLibrary, library, names, open_home, server, settings  # the backends

__all__ = ["install", "library", "open_home", "server", "settings"]

Capture = pytest.CaptureFixture[str]


def span(start: float, end: float, text: str = "", label: str = "", **more: Any) -> dict[str, Any]:
    said = {"text": text} if text else {"label": label}
    return {"start_time": start, "end_time": end, **said, **more}


def reading(*spans: dict[str, Any], **values: Any) -> dict[str, Any]:
    return {"model": None, "version": "1", "error": None, **values, "spans": list(spans)}


def spoken(start: float, *words: str) -> dict[str, Any]:
    """A sentence of a word a second."""
    timed = [
        {"start_time": start + at, "end_time": start + at + 0.8, "text": word} for at, word in enumerate(words)
    ]
    return span(start, start + len(words), " ".join(words), words=timed)


TALK = {
    "speech": reading(spoken(3.0, "Good", "evening,", "here", "is", "the", "news."), spoken(20, "It", "rains.")),
    "ocr": reading(span(5.0, 9.0, "BREAKING NEWS", box=[0, 0, 1, 0.1])),
    "objects": reading(
        *(span(at, at + 1, label="bicycle", score=0.9) for at in range(10)),
        span(2, 3, label="dog"),
        span(30, 31, label="bicycle"),
    ),
    "quality": reading(span(0, 4, label="black")),
    "language": reading(span(0, 4, label="en")),
}


def fill(library: Library) -> None:
    library.save_all(
        LibraryEntry(record, Path())
        for record in (
            make_record("talk.mp4", readings=TALK, tags=["Studio"], scenes=[None, "a desk"]),
            make_record("street.mp4", qwen_description="A bicycle stands in the rain; no news.", tags=["Street"]),
            make_record("silent.mp4", readings={"speech": reading()}),
        )
    )


def found(library: Library, words: str, **filters: Any) -> list[tuple[str, str, int, float]]:
    moments = library.search(parse_query(words, **filters))
    return sorted((each.filename, each.source, each.number, each.second) for each in moments)


@pytest.mark.parametrize(
    ("words", "sources", "answers"),
    [
        (
            "news",
            [],
            [("street.mp4", "description", 0, 0), ("talk.mp4", "ocr", 1, 5), ("talk.mp4", "speech", 1, 8)],
        ),
        ("news", ["speech"], [("talk.mp4", "speech", 1, 8)]),
        ("news", ["ocr,speech"], [("talk.mp4", "ocr", 1, 5), ("talk.mp4", "speech", 1, 8)]),
        ("news", ["description"], [("street.mp4", "description", 0, 0)]),
        ("news", ["Description", "ocr"], [("street.mp4", "description", 0, 0), ("talk.mp4", "ocr", 1, 5)]),
        ("news", ["objects"], []),
        ('"the news"', [], [("talk.mp4", "speech", 1, 7)]),
        ("news -breaking", ["speech,ocr"], [("talk.mp4", "speech", 1, 8)]),
        ("rain", ["speech"], [("talk.mp4", "speech", 2, 21)]),
        ("even*", [], [("talk.mp4", "speech", 1, 4)]),
        ("evening studio", ["speech"], [("talk.mp4", "speech", 1, 4)]),
        ("bicycle", ["objects"], [("talk.mp4", "objects", 1, 0), ("talk.mp4", "objects", 3, 30)]),
        ("black", [], []),
        ("en", [], []),
        ("speech", [], []),
    ],
)
def test_a_search_finds_what_readers_have_read_with_its_source_and_second(
    library: Library, words: str, sources: list[str], answers: list[tuple[str, str, int, float]]
) -> None:
    fill(library)
    assert found(library, words, sources=sources) == answers
    assert len(library.page(parse_query(words, sources=sources, limit=50)).moments) == len(answers)
    videos = {name for name, *_ in answers}
    query = parse_query(words, sources=sources)
    assert library.stats(query).videos == len(videos)
    assert {entry.record["filename"] for entry in library.records(query)} == videos
    counts = library.facets({"videos": query, "moments": query}, 30)
    assert counts == {"videos": {"": len(videos)}, "moments": {"": len(answers)}}


def test_it_is_counted_which_readers_have_read_how_many_videos(library: Library) -> None:
    fill(library)
    failed = {"ocr": {**reading(), "error": "It hung"}, "speech": reading()}
    library.save(make_record("broken.mp4", readings=failed, tags=["Street"]), Path())
    counts = {
        "language": {"": 1},
        "objects": {"": 1},
        "ocr": {"": 1, "it hung": 1},
        "quality": {"": 1},
        "speech": {"": 3},
    }
    assert library.readers() == counts
    assert library.readers(parse_query(tags=["Street"])) == {"ocr": {"it hung": 1}, "speech": {"": 1}}
    assert library.readers(parse_query("evening", sort="name", limit=1)) == {name: {"": 1} for name in TALK}
    library.remove("https://videos.example/talk.mp4")
    assert library.readers() == {"ocr": {"it hung": 1}, "speech": {"": 2}}


def test_the_stats_say_which_readers_have_read_and_what_failed(capsys: Capture) -> None:
    failed = {"ocr": {**reading(), "error": "it hung"}}
    keep(make_record("talk.mp4", readings=TALK), make_record("broken.mp4", readings=failed))
    assert main(["stats"]) == 0
    said = capsys.readouterr().out
    assert "readings\n         1  language\n         1  objects\n         1  ocr\n" in said
    assert "readings that failed\n         1  ocr: it hung" in said
    assert main(["stats", "--json", "--in", "speech"]) == 0
    assert json.loads(capsys.readouterr().out)["readings"]["speech"] == {"videos": 1, "failed": {}}


def test_filters_hold_beside_sources(library: Library) -> None:
    fill(library)
    assert found(library, "news", sources=["speech"], tags=["Studio"]) == [("talk.mp4", "speech", 1, 8)]
    assert found(library, "news", sources=["speech"], tags=["Street"]) == []
    assert [each.source for each in library.search(parse_query("news", tags=["Street"], sort="longest"))] == [
        "description"
    ]


def test_without_words_a_source_finds_the_videos_that_have_such_texts(library: Library) -> None:
    fill(library)
    assert names(library, sources=["speech"]) == ["talk.mp4"]
    assert len(names(library, sources=["speech", "description"])) == 3
    assert sorted(names(library, "-evening", sources=["speech", "description"])) == ["silent.mp4", "street.mp4"]
    assert names(library, "-breaking", sources=["speech"]) == ["talk.mp4"]
    assert library.stats(parse_query(sources=["ocr"])).videos == 1
    assert library.facets({"videos": parse_query(sources=["ocr"])}, 30) == {"videos": {"": 1}}


def test_the_words_around_a_reading_are_shown_and_the_words_that_were_found_are_marked(library: Library) -> None:
    fill(library)
    (moment,) = library.search(parse_query("evening", sources=["speech"]))
    assert moment.marked() == "Good [evening], here is the news."
    assert (moment.kind, moment.start_time, moment.end_time) == ("speech", 3.0, 9.0)
    entry = library.find("talk.mp4")[0]
    again = moment_of(entry, "speech", 1, parse_query("evening"))
    assert again is not None
    assert (again.key, again.second, again.marks) == (moment.key, moment.second, moment.marks)
    assert [each.second for each in moments_in(entry, parse_query("news"))] == [8, 5]
    assert [each.source for each in moments_in(entry, parse_query("news", sources=["ocr"]))] == ["ocr"]


def test_results_come_page_by_page_with_readings_among_them(library: Library) -> None:
    spans = [span(at * 5.0, at * 5.0 + 1, f"goal {at}") for at in range(9)]
    library.save(make_record("one.mp4", readings={"ocr": reading(*spans)}, scenes=["a goal", None]), Path())
    library.save(make_record("two.mp4", qwen_description="goal"), Path())
    for sort in ("relevance", "newest", "name"):
        seen: list[tuple[str, str, int]] = []
        page = library.page(parse_query("goal", limit=3, sort=sort))
        while True:
            seen += [(each.filename, each.kind, each.number) for each in page.moments]
            if page.next is None:
                break
            page = library.page(parse_query("goal", limit=3, sort=sort), page.next)
        assert len(seen) == len(set(seen)) == 11


def test_a_video_that_is_processed_again_or_removed_leaves_no_readings_behind(library: Library) -> None:
    fill(library)
    library.save(make_record("talk.mp4", readings={"ocr": reading(span(1, 2, "weather"))}), Path())
    assert found(library, "news") == [("street.mp4", "description", 0, 0)]
    assert found(library, "weather") == [("talk.mp4", "ocr", 1, 1)]
    library.remove("https://videos.example/talk.mp4")
    assert found(library, "weather") == []
    assert names(library, sources=["ocr"]) == []


def test_a_backend_has_no_word_of_a_forgotten_video(library: Library) -> None:
    library.save(make_record("a.mp4", qwen_description="A zanzibar kite over a bay.", readings=TALK), Path())
    library.save(make_record("b.mp4", qwen_description="A kite over a bay."), Path())
    assert library.forget(["https://videos.example/a.mp4", "https://videos.example/none.mp4"]) == []
    assert [entry.record["filename"] for entry in library.records()] == ["b.mp4"]
    assert library.readers() == {}
    assert library.find("a.mp4") == []
    if hasattr(library, "_words"):
        words = {each["_id"] for each in library._words.find({})}
        assert "zanzibar" not in words
        assert "kite" in words


def test_readings_move_with_a_library(library: Library, tmp_path: Path) -> None:
    fill(library)
    with open_sqlite(tmp_path / "other.db") as other:
        assert copy_library(library, other) == 3
        assert found(other, "news", sources=["speech"]) == [("talk.mp4", "speech", 1, 8)]


def test_a_phrase_does_not_go_from_one_reading_into_the_next(library: Library) -> None:
    library.save(make_record("a.mp4", readings={"ocr": reading(span(0, 1, "red"), span(1, 2, "car"))}), Path())
    assert found(library, '"red car"') == []


def test_a_reader_whose_name_has_a_line_is_a_source_and_its_name_no_word(library: Library) -> None:
    library.save(make_record("a.mp4", readings={"my_reader": reading(span(0, 1, "red"))}), Path())
    assert found(library, "red", sources=["my_reader"]) == [("a.mp4", "my_reader", 1, 0)]
    assert found(library, "reader") == []


@pytest.mark.parametrize("sources", [["speech;ocr"], ["-speech"], [""]])
def test_a_source_that_cannot_be_is_refused_in_words(sources: list[str]) -> None:
    with pytest.raises(QueryError, match="is no source: give description, or names of readers"):
        parse_query("goal", sources=sources)


def test_a_reader_that_measures_is_no_source() -> None:
    with pytest.raises(QueryError, match="quality only measures and has no words: search by --where"):
        parse_query("black", sources=["quality"])


def test_a_reader_cannot_be_called_like_another_kind_of_moment(install: Install) -> None:
    install("scene", "class It(Reader): pass")
    with pytest.raises(ConfigError, match="calls a reader scene, which is something else in searches"):
        load_reader("scene")


def test_an_older_library_file_is_indexed_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "library.db"
    with open_sqlite(path) as library:
        fill(library)
    with sqlite3.connect(path) as file:
        file.execute("DELETE FROM words WHERE own MATCH '\"§\"'")
        file.execute("DELETE FROM forms WHERE word = 'rains'")
        file.execute("UPDATE videos SET pieces = '2,0'")
        file.execute("DROP TABLE vectors")
        file.execute("PRAGMA user_version = 4")
    file.close()
    for said in (1, 1):
        with open_sqlite(path) as library:
            assert found(library, "rain", sources=["speech"]) == [("talk.mp4", "speech", 2, 21)]
            assert len(library.page(parse_query("news", limit=9, sort="name")).moments) == 3
        assert caplog.text.count("its readings are indexed, once") == said


def test_an_older_collection_is_indexed_once(open_home: OpenLibrary) -> None:
    with open_home("mongodb") as library:
        fill(library)
        texts = {"_vidkit.texts": {"own": {"$regex": "^§"}}}
        library._collection.update_many({}, {"$pull": texts})  # type: ignore[attr-defined]
        library._writer._words.update_one({"_id": ""}, {"$unset": {"readings": True}})  # type: ignore[attr-defined]
        assert found(library, "news", sources=["speech"]) == []
        library.upgrade()  # type: ignore[attr-defined]
        assert found(library, "news", sources=["speech"]) == [("talk.mp4", "speech", 1, 8)]


def test_the_command_prints_the_second_and_the_source(capsys: Capture) -> None:
    keep(make_record("talk.mp4", readings=TALK))
    assert main(["search", "news", "--in", "speech", "--in", "ocr,description"]) == 0
    assert "talk.mp4  0:08.0 - 0:09.0  speech 1" in capsys.readouterr().out
    assert main(["search", "news", "--in", "speech", "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["kind"], answer["source"], answer["second"]) == ("speech", "speech", 8.0)
    assert main(["search", "news", "--in", "spech"]) == 0
    assert "--in: no video has readings of spech: did you mean speech?" in capsys.readouterr().err


def test_a_folder_of_records_brings_its_readings_into_the_library() -> None:
    keep(make_record("talk.mp4", readings=TALK))
    Path("library.db").unlink()
    assert main(["library", "add", "processed_videos"]) == 0
    with open_library(load_config()) as library:
        assert found(library, "news", sources=["speech"]) == [("talk.mp4", "speech", 1, 8)]
