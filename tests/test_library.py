"""One suite for all backends of the library: SQLite, and MongoDB and PostgreSQL as real servers."""

from __future__ import annotations

import json
import math
import os
import random
import re
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from vidkit.core.config import load_config
from vidkit.errors import LibraryError, QueryError
from vidkit.library import (
    Library,
    LibraryEntry,
    Query,
    add_folder,
    copy_library,
    open_library,
    parse_query,
    video_key,
)
from vidkit.library.facts import facts_of
from vidkit.library.forms import stems_of, with_forms
from vidkit.library.moments import texts_of
from vidkit.library.ranking import RANKED, matching_texts
from vidkit.record import Record

from .mongod import mongod
from .postgresql import Server as PostgreSQL
from .records import make_record

HOMES = ("sqlite", "mongodb", "postgresql")
OpenLibrary = Callable[[str], Library]
Settings = Callable[[str], dict[str, str]]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with mongod(tmp_path_factory.mktemp("mongod")) as address:
        yield address


@pytest.fixture(scope="session")
def settings(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The environment that sets an empty library in one of the backends."""
    folder = tmp_path_factory.mktemp("libraries")

    def make(home: str) -> dict[str, str]:
        name = uuid.uuid4().hex
        if home == "sqlite":
            return {"VIDKIT_LIBRARY_PATH": str(folder / f"{name}.db")}
        if home == "postgresql":
            databases: PostgreSQL = request.getfixturevalue("postgres")
            return {"VIDKIT_LIBRARY_PATH": databases.uri(databases.new_database())}
        uri = f"mongodb://{request.getfixturevalue('server')}/"
        return {"VIDKIT_MONGODB_URI": uri, "VIDKIT_MONGODB_DATABASENAME": name}

    return make


@pytest.fixture(scope="session")
def open_home(settings: Settings) -> OpenLibrary:
    return lambda home: open_library(load_config(environment=settings(home)))


@pytest.fixture(params=HOMES)
def library(request: pytest.FixtureRequest, open_home: OpenLibrary) -> Iterator[Library]:
    """An empty library, in each backend."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with open_home(request.param) as library:
        yield library
        if postgres:
            postgres.leave(library.name.rpartition("/")[2])


def found(library: Library, *typed: str, **filters: object) -> list[tuple[str, str, int]]:
    """The moments that a search finds: (file name, kind, number)."""
    query = parse_query(typed, **filters)  # type: ignore[arg-type]
    return [(moment.filename, moment.kind, moment.number) for moment in library.search(query)]


def names(library: Library, *typed: str, **filters: object) -> list[str]:
    """The videos that a search finds, each once."""
    return list(dict.fromkeys(name for name, _, _ in found(library, *typed, **filters)))


# Keeping


ODD = make_record(
    "odd.mp4",
    url="https://videos.example/odd?a=1&b=\ud83d",
    columns={"a.b": "x", "$where": "1", "": "nothing", "emoji 🎉": "\x00\x1b[31m", "%24": "y"},
    qwen_description="Ein Café 東京 🎉 \ud800 half",
    duration=0.1 + 0.2,
    size=2**53 + 1,
    bit_rate=2**70,
    audio=None,
    ai_generated_tags=["", "  ", "a\nb"],
)


@pytest.mark.parametrize("record", [make_record(), ODD], ids=["usual", "odd"])
def test_a_record_comes_back_exactly_as_it_was_saved(library: Library, record: Record, tmp_path: Path) -> None:
    library.save(record, tmp_path / "results")
    (stored,) = library.records()
    assert json.dumps(stored.record) == json.dumps(record)  # also the order of keys, and 1.0 is not 1
    assert stored.folder == tmp_path / "results"
    assert (
        library.find(record["source"]["url"])
        == library.find("odd.mp4" if record is ODD else "video.mp4")
        == [stored]
    )


def test_a_record_with_half_a_character_in_its_texts_is_stored(library: Library, tmp_path: Path) -> None:
    record = make_record(
        codec="h\ud8004",
        classification="\udfff",
        tags=["\ud800"],
        readings={"quality": {"version": "\ud800", "error": None, "mo\ud800": 0.5, "spans": []}},
    )
    record["resolution"] = "\udc00x720"
    record["id"] = "\udc00"
    assert library.save_all([LibraryEntry(record, tmp_path / "\udcff")]) == 1
    (stored,) = library.records()
    assert json.dumps(stored.record) == json.dumps(record)
    stats = library.stats()
    assert (stats.codecs, stats.resolutions) == ({"h\\ud8004": 1}, {"\\udc00x720": 1})
    assert names(library, where=["codec=h\ud8004"]) == names(library, tags=["\ud800"]) == ["video.mp4"]
    assert names(library, where=["readings.quality.mo\ud800>0.4"]) == ["video.mp4"]
    assert names(library, where=["readings.quality.mo\ud800>0.6"]) == []


def test_a_video_is_found_by_the_key_that_its_address_has(library: Library, tmp_path: Path) -> None:
    records = [make_record("a.mp4"), make_record("b.mp4"), ODD]
    library.save_all(LibraryEntry(record, tmp_path) for record in records)
    for record in records:
        key = video_key(record["source"]["url"])
        assert re.fullmatch("[0-9a-f]{20}", key)
        assert library.by_key(key) == LibraryEntry(record, tmp_path)
    key = video_key("https://videos.example/a.mp4")
    for wrong in (
        video_key("https://videos.example/c.mp4"),
        "",
        "a.mp4",
        key[:19],
        key.upper(),
        "\ud800",
        "0" * 10**6,
    ):
        assert library.by_key(wrong) is None
    library.remove("https://videos.example/a.mp4")
    assert library.by_key(key) is None


def test_saving_a_source_again_replaces_its_record_and_nothing_of_the_old_is_found(library: Library) -> None:
    library.save(make_record("a.mp4", tags=["Old"], scenes=["a gone scene", "another"]), Path("x"))
    library.save(make_record("b.mp4"), Path("x"))
    library.save(make_record("a.mp4", tags=["New"], scenes=["a new scene"]), Path("y"))
    assert [stored.record["filename"] for stored in library.records()] == ["a.mp4", "b.mp4"]
    assert found(library, "gone") == found(library, "another") == found(library, tags=["Old"]) == []
    assert found(library, "scene") == [("a.mp4", "scene", 1)]
    assert library.find("a.mp4")[0].folder == Path("y").absolute()
    assert library.stats().tags == {"New": 1}


def test_two_sources_of_one_content_are_both_kept(library: Library) -> None:
    for name in ("a.mp4", "b.mp4"):
        library.save(make_record(name, sha256="0123456789abcdef" * 4), Path())
    assert [stored.record["filename"] for stored in library.find("0123456789abcdef")] == ["a.mp4", "b.mp4"]


def test_a_record_is_found_by_id_prefix_hash_file_name_and_url(library: Library) -> None:
    wanted = make_record("100%_sure.mp4", sha256="00aa11" + "f" * 58, url="https://host.example/a?b=1")
    library.save_all([LibraryEntry(wanted, Path.cwd()), LibraryEntry(make_record("other.mp4"), Path.cwd())])
    keys = ["00AA11", "00aa11" + "f" * 10, "00aa11" + "f" * 20, "00aa11" + "f" * 58, "100%_sure.mp4"]
    for key in [*keys, "https://host.example/a?b=1", "https://me:secret@host.example/a?b=1"]:
        assert [stored.record["filename"] for stored in library.find(key)] == ["100%_sure.mp4"], key
    for key in ["00aa1", "00aa12", "00aa11" + "f" * 20 + "0", "%", "_", "", "100%", "' OR 1=1 --", '{"$gt": ""}']:
        assert library.find(key) == [], key


def test_a_removed_record_is_nowhere_any_more(library: Library) -> None:
    library.save_all(
        LibraryEntry(make_record(name, tags=["Night"], scenes=["rain"]), Path()) for name in ("a.mp4", "b.mp4")
    )
    assert library.remove("https://videos.example/a.mp4")
    assert not library.remove("https://videos.example/a.mp4")
    assert library.find("a.mp4") == []
    assert [stored.record["filename"] for stored in library.records()] == ["b.mp4"]
    assert names(library, "rain") == names(library, tags=["night"]) == ["b.mp4"]
    assert library.stats().videos == 1


# Moments


def test_a_moment_says_where_it_is_and_what_it_shows(library: Library, tmp_path: Path) -> None:
    record = make_record(
        "match.mp4",
        tags=["Sports Footage"],
        classification="Sports",
        scenes=["a crowd waits", "the keeper jumps for the ball"],
        segments=[("kick off", []), ("nothing", ["Header"])],
    )
    library.save(record, tmp_path)
    (moment,) = library.search(parse_query("keeper"))
    assert (moment.filename, moment.kind, moment.number) == ("match.mp4", "scene", 2)
    assert (moment.start_time, moment.end_time) == (10.0, 20.0)
    assert moment.marked() == "the [keeper] jumps for the ball"
    assert moment.thumbnail == tmp_path / "thumbnails/2.jpg"
    assert moment.record_path == tmp_path / "match.mp4.json"
    assert (moment.url, moment.id) == (record["source"]["url"], record["id"])
    assert (moment.tags, moment.classification) == (("Sports Footage",), "Sports")
    assert moment.rank > 0
    (clip,) = library.search(parse_query("header"))
    assert (clip.kind, clip.number, clip.start_time, clip.marked()) == ("segment", 2, 10.0, "[Header]")
    assert clip.thumbnail == tmp_path / "thumbnails/2.jpg"  # of the scene in which it starts


def test_words_are_looked_for_in_descriptions_tags_class_and_file_names(library: Library) -> None:
    record = make_record(
        "IMG_2034-final.mp4",
        qwen_description="A drone over a river.",
        tags=["High-Intensity"],
        ai_generated_tags=["Sunset"],
        classification="Cinematic",
        scenes=["clouds"],
        segments=[("waves", ["Sea"])],
        source={"file_name": "holiday/corsica.mp4"},
    )
    library.save_all([LibraryEntry(record, Path()), LibraryEntry(make_record("other.mp4"), Path())])
    for word in ("river", "high", "intensity", "sunset", "cinematic", "2034", "final", "corsica", "holiday"):
        assert found(library, word) == [("IMG_2034-final.mp4", "video", 0)], word
    assert found(library, "clouds") == [("IMG_2034-final.mp4", "scene", 1)]
    assert found(library, "waves") == found(library, "sea") == [("IMG_2034-final.mp4", "segment", 1)]
    assert found(library, "h264") == []  # a codec is a filter


def test_a_moment_may_match_by_texts_of_its_video_but_not_by_them_alone(library: Library) -> None:
    library.save(make_record("final.mp4", tags=["Soccer"], scenes=["a goal", "a foul"]), Path())
    assert found(library, "soccer", "goal") == [("final.mp4", "scene", 1)]
    assert found(library, "soccer", "final") == [("final.mp4", "video", 0)]
    assert found(library, "goal", "foul") == []  # not one moment
    assert found(library, "goal", "-soccer") == []


CORPUS = {
    "a.mp4": "a red car drives at night",
    "b.mp4": "the car is red and fast",
    "c.mp4": "night market with cars",
    "d.mp4": "Café au lait, the naïve Straße",
    "e.mp4": "東京タワーの夜景",
    "f.mp4": "한국어를 배우는 사람",
    "g.mp4": "हिन्दी में एक गीत",
}


@pytest.fixture(scope="module", params=HOMES)
def corpus(request: pytest.FixtureRequest, open_home: OpenLibrary) -> Iterator[Library]:
    with open_home(request.param) as library:
        library.save_all(
            LibraryEntry(make_record(name, qwen_description=text), Path()) for name, text in CORPUS.items()
        )
        yield library


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["red"], "ab"),
        (["red", "night"], "a"),
        (["red car"], "a"),
        (['"car is red"'], "b"),
        (['"red night"'], ""),
        (["car", "-night"], "b"),
        (["car*"], "abc"),
        (["car*", '-"red car"'], "bc"),
        (["market", "OR", "fast"], "bc"),
        (["night", "fast", "OR", "market"], "c"),
        (["-car", "-night", "-mp4"], ""),
        (["-car", "-night"], "defg"),
        (['-"red car"', "-ca*"], "efg"),
        (["CAFE"], "d"),
        (["cafe\u0301", "LAIT"], "d"),
        (["strasse"], "d"),
        (["NAÏVE"], "d"),
        (["東京"], "e"),
        (["京東"], ""),
        (["夜景"], "e"),
        (["한국"], "f"),
        (["हिन्दी"], "g"),
        (["ca"], ""),
        (["near"], ""),
    ],
)
def test_what_a_search_finds(corpus: Library, typed: list[str], expected: str) -> None:
    assert sorted(names(corpus, *typed)) == [f"{letter}.mp4" for letter in expected]
    streamed = [stored.record["filename"] for stored in corpus.records(parse_query(typed))]
    assert streamed == [f"{letter}.mp4" for letter in expected]


FORMS = {
    "a.mp4": "a dog was walking by the sea",
    "b.mp4": "he walks home",
    "c.mp4": "they walk in two cities",
    "d.mp4": "the walker sleeps in a city",
    "e.mp4": "собака гуляет, красный мяч",
    "f.mp4": "собаки гуляют с красными мячами",
    "g.mp4": "人在走路",
    "h.mp4": "is it 1080p or 1080",
}


@pytest.fixture(scope="module", params=HOMES)
def inflected(request: pytest.FixtureRequest, open_home: OpenLibrary) -> Iterator[Library]:
    with open_home(request.param) as library:
        library.save_all(
            LibraryEntry(make_record(name, qwen_description=text), Path()) for name, text in FORMS.items()
        )
        yield library


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        (["walks"], "abc"),
        (["WALKED"], "abc"),
        (["walker"], "d"),
        (["city"], "cd"),
        (["walk", "city"], "c"),
        (["dogs", "OR", "cities"], "acd"),
        (["walks", "-city"], "ab"),
        (["-walked", "-walker", "-1080"], "efg"),
        (['"walks"'], "b"),
        (['-"walks"', "walk"], "ac"),
        (['"walk home"'], ""),
        (["walk home"], ""),
        (["walk*"], "abcd"),
        (["собаку"], "ef"),
        (["красный"], "ef"),
        (["走"], "g"),
        (["1080"], "h"),
    ],
)
def test_a_word_finds_its_other_forms_and_one_in_quotes_only_itself(
    inflected: Library, typed: list[str], expected: str
) -> None:
    wanted = [f"{letter}.mp4" for letter in expected]
    query = parse_query(typed)
    assert sorted(names(inflected, *typed)) == wanted
    assert [stored.record["filename"] for stored in inflected.records(query)] == wanted
    assert inflected.stats(query).videos == len(wanted)


def test_the_word_itself_comes_before_its_other_forms_and_all_are_marked(library: Library) -> None:
    library.save(make_record("a.mp4", qwen_description="she walks, and the others, " + "a long word " * 60), Path())
    library.save(make_record("b.mp4", qwen_description="walking, walked, walk", tags=["Walk"]), Path())
    first, second = library.search(parse_query("walks"))
    assert (first.filename, second.filename) == ("a.mp4", "b.mp4")
    assert first.marked().startswith("she [walks], and")
    assert second.marked() == "[walking], [walked], [walk]"


@pytest.mark.parametrize("home", HOMES)
def test_a_word_that_was_met_by_another_program_has_its_forms(
    home: str, settings: Callable[[str], dict[str, str]]
) -> None:
    config = load_config(environment=settings(home))
    with open_library(config) as one, open_library(config) as other:
        one.save(make_record("a.mp4", qwen_description="a horse jumps"), Path())
        other.save(make_record("b.mp4", qwen_description="horses are jumping"), Path())
        for library in (one, other):
            assert sorted(names(library, "horse", "jumped")) == ["a.mp4", "b.mp4"]


def test_a_phrase_does_not_reach_from_one_tag_into_the_next(library: Library) -> None:
    library.save(make_record(qwen_description="it is red", tags=["Car", "Park"]), Path())
    assert found(library, "red car") == found(library, "car park") == []
    assert len(found(library, "red", "car", "park")) == 1


@pytest.mark.parametrize("said", ["a red boat", "a red boat on a lake", None])
def test_a_video_of_one_clip_is_one_result(library: Library, said: str | None) -> None:
    record = make_record("a.mp4", scenes=["boat"], segments=[("a red boat", ["sail"])], qwen_description=said)
    for piece in (record["scenes"][0], record["segments"][0]):
        piece["end_time"] = 59.9
    library.save(record, Path("/x"))
    for typed in ("boat", "red boat", "sail" if said else "red"):
        (moment,) = library.search(parse_query(typed))
        assert (moment.kind, moment.start_time, moment.end_time) == ("video", 0.0, 60.0)
        assert moment.marks


def test_a_clip_that_is_a_part_of_its_video_is_a_moment_of_its_own(library: Library) -> None:
    record = make_record("a.mp4", segments=[("a red boat", [])], qwen_description="a lake")
    library.save(record, Path("/x"))
    assert [moment.kind for moment in library.search(parse_query("boat"))] == ["segment"]


def test_the_best_results_come_first(library: Library) -> None:
    library.save(make_record("once.mp4", qwen_description="a dog " + "and some more words " * 20), Path())
    library.save(make_record("tag.mp4", tags=["Dog"]), Path())
    library.save(make_record("both.mp4", qwen_description="a dog and a rare cat"), Path())
    library.save(make_record("short.mp4", qwen_description="a dog"), Path())
    assert names(library, "dog") == ["tag.mp4", "short.mp4", "both.mp4", "once.mp4"]
    assert names(library, "dog", "OR", "cat")[0] == "both.mp4"


def test_context_is_cut_around_the_words_and_marks_them(library: Library) -> None:
    text = "Once upon a time " * 20 + "a Naïve fox jumped over " + "the lazy dog " * 20
    library.save(make_record(qwen_description=text, tags=["Fox Hunt"]), Path())
    (moment,) = library.search(parse_query('naive "fox jumped" ju*'))
    assert "a [Naïve] [fox jumped] over the lazy" in moment.marked()
    assert moment.text.startswith(("… Once ", "… upon ", "… a ", "… time "))
    assert moment.text.endswith(" …")
    assert len(moment.text) < 180
    assert library.search(parse_query("hunt"))[0].marked() == "Fox [Hunt], Unclassified, video.mp4"


# Filters and order


@pytest.fixture(scope="module", params=HOMES)
def filled(request: pytest.FixtureRequest, open_home: OpenLibrary) -> Iterator[Library]:
    """Four videos; tests only read it."""
    records = [
        make_record(
            "a.mp4", tags=["Night-time Filming", "4K"], classification="Sports", codec="hevc", duration=30.0,
            resolution="3840x2160", columns={"Label": "Eat", "split": "train"}, size=5,
            finished_at="2026-01-01T00:00:00Z", scenes=["rain"],
        ),
        make_record(
            "b.mp4", tags=["night time filming"], classification="Action", codec="h264", duration=90.5,
            resolution="720x1280", columns={"Label": "éat"}, size=3, rotation=90,
            finished_at="2026-01-02T00:00:00Z",
        ),
        make_record(
            "C.mp4", tags=[], classification="Action", codec="vp8", duration=600.0, resolution="1920x800",
            audio=None, size=4, finished_at="2026-01-03T00:00:00+01:00", scenes=["rain", "rain again"],
        ),
        make_record(
            "d.mp4", tags=["4K"], classification="Un classified", codec="h264", duration=60.0,
            resolution="1280x720", columns={"n": "0012"}, size=2**40, finished_at="2025-12-31T23:59:59Z",
        ),
    ]  # fmt: skip
    with open_home(request.param) as library:
        library.save_all(LibraryEntry(record, Path()) for record in records)
        yield library


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"tags": ["NIGHT TIME-filming"]}, "ab"),
        ({"tags": ["night time filming", "4k"]}, "a"),
        ({"tags": ["night"]}, ""),
        ({"classes": ["action"]}, "Cb"),
        ({"classes": ["action", "SPORTS"]}, "Cab"),
        ({"codec": "H.265"}, "a"),
        ({"codec": "avc"}, "bd"),
        ({"resolution": "720p"}, "bd"),
        ({"resolution": ">=1080p"}, "Ca"),
        ({"resolution": "<1080p"}, "bd"),
        ({"resolution": "<=1080p"}, "Cbd"),
        ({"resolution": "4K"}, "a"),
        ({"resolution": "1280x720"}, "d"),
        ({"resolution": ">1280x720"}, "Ca"),
        ({"min_duration": "1:00"}, "Cbd"),
        ({"max_duration": "60"}, "ad"),
        ({"min_duration": "60", "max_duration": "1m"}, "d"),
        ({"after": "2026-01-01"}, "Cab"),
        ({"before": "2026-01-01"}, "d"),
        ({"after": "2026-01-02T00:00:00Z", "before": "2026-01-02T23:00:01Z"}, "Cb"),
        ({"where": ["label=eat"]}, "ab"),
        ({"where": ["source.columns.LABEL=EAT", "split=train"]}, "a"),
        ({"where": ["n=12"]}, ""),
        ({"where": ["n=0012"]}, "d"),
        ({"where": ["rotation=90"]}, "b"),
        ({"where": ["rotation=90.0"]}, "b"),
        ({"where": ["duration=90.5"]}, "b"),
        ({"where": ["audio=null"]}, "C"),
        ({"where": ["audio.codec=AAC"]}, "abd"),
        ({"where": ["tags=4K"]}, "ad"),
        ({"where": ["filename=c.mp4"]}, "C"),
        ({"where": ["$where=1"]}, ""),
        ({"typed": ["rain"], "classes": ["action"]}, "C"),
        ({"typed": ["rain"], "min_duration": "10m"}, "C"),
        ({"typed": ["rain"], "resolution": "4k", "where": ["label=eat"]}, "a"),
        ({"typed": ["-rain"], "tags": ["4K"]}, "d"),
    ],
)
def test_what_a_filter_finds(filled: Library, filters: dict[str, Any], expected: str) -> None:
    typed, filters = filters.get("typed", []), {key: filters[key] for key in filters if key != "typed"}
    assert sorted(names(filled, *typed, **filters)) == [f"{letter}.mp4" for letter in expected]
    streamed = filled.records(parse_query(typed, **filters))
    assert sorted(stored.record["filename"] for stored in streamed) == [f"{letter}.mp4" for letter in expected]


def test_values_of_any_length_and_kind_are_compared_whole(library: Library) -> None:
    long = "x" * 300
    library.save(
        make_record("a.mp4", columns={"note": long + "a", "lines": "one\nfps=1", "b": "a  b\tc\x1bd"}), Path()
    )
    library.save(make_record("b.mp4", columns={"note": long + "b"}), Path())
    assert names(library, where=[f"note={long}a"]) == names(library, where=["lines=one fps=1"]) == ["a.mp4"]
    assert names(library, where=["b= A b\tC D"]) == names(library, where=["b=a b c\x1bd"]) == ["a.mp4"]
    assert names(library, where=[f"note={long}"]) == names(library, where=["fps=1"]) == []


@pytest.mark.parametrize(
    ("sort", "expected"),
    [
        ("newest", "Cbad"), ("oldest", "dabC"), ("longest", "Cbda"), ("shortest", "adbC"),
        ("largest", "daCb"), ("smallest", "bCad"), ("name", "abCd"), ("relevance", "Cbad"),
    ],
)  # fmt: skip
def test_the_order_of_videos(filled: Library, sort: str, expected: str) -> None:
    assert "".join(name[0] for name in names(filled, sort=sort)) == expected
    if sort != "relevance":
        streamed = filled.records(parse_query(sort=sort))
        assert "".join(stored.record["filename"][0] for stored in streamed) == expected


def test_moments_in_another_order_are_in_time_within_a_video(filled: Library) -> None:
    expected = [("C.mp4", "scene", 1), ("C.mp4", "scene", 2), ("a.mp4", "scene", 1)]
    assert found(filled, "rain", sort="longest") == expected
    assert found(filled, "rain", sort="shortest") == [expected[2], *expected[:2]]
    assert found(filled, "rain", sort="longest", limit=1, offset=1) == expected[1:2]


def test_pages_of_results_follow_one_another(library: Library) -> None:
    library.save_all(LibraryEntry(make_record(f"{n}.mp4", scenes=["rain"] * 3), Path()) for n in range(10))
    for filters in ({}, {"sort": "oldest"}):
        whole = found(library, "rain", **filters)
        assert len(set(whole)) == 30
        pages = [found(library, "rain", limit=7, offset=at, **filters) for at in range(0, 35, 7)]
        assert [len(page) for page in pages] == [7, 7, 7, 7, 2]
        assert [moment for page in pages for moment in page] == whole
    assert len(names(library, limit=4)) == 4
    assert names(library, limit=4, offset=8) == names(library)[8:]
    assert names(library, limit=0) == found(library, "rain", limit=0) == []
    assert len(list(library.records(parse_query("rain", limit=4, offset=8)))) == 2


def test_of_very_many_matches_the_latest_are_ranked_and_the_rest_follows(library: Library) -> None:
    videos = RANKED // 4 + 5
    library.save_all(LibraryEntry(make_record(f"{n}.mp4", scenes=["rain"] * 4), Path()) for n in range(videos))
    moments = library.search(parse_query("rain"))
    assert len({(moment.filename, moment.number) for moment in moments}) == videos * 4
    assert all(moment.rank > 0 for moment in moments[:RANKED])
    assert all(moment.rank == 0 for moment in moments[RANKED:])
    beyond = library.search(parse_query("rain", limit=10, offset=RANKED + 5))
    assert beyond == moments[RANKED + 5 : RANKED + 15]


# What people type


HOSTILE = [
    "'", '"', '""', '"""', "`", ";", "--", "/*", "\\", "\0", "%", "_", "*", "a*b", "**", "^a", "a^2", "(", ")",
    "((((", "a)", "own:", "own:a", "own : a", "{own}", "shared:x", "rowid:1", "NEAR(a b)", "NEAR/2", "a NEAR b",
    "AND", "OR", "NOT", "AND AND", "OR OR OR", "NOT NOT a", "a AND", "- -", "-", "--a", '-"', '-"a', "+a", "a + b",
    "'; DROP TABLE videos; --", "x' OR '1'='1", "$where", '{"$where": "sleep(1000)"}', "$gt", "[$ne]", ".*", "^.*$",
    "(?=a)", "a|b", "\ud800", "\u202eabc", "🎉", "a\u0301", "ａ", "NULL",
    "()", "0x00", "1e999", "\n\t", "a\nb", "~", "@x", "#",
]  # fmt: skip


@pytest.mark.parametrize("typed", HOSTILE)
def test_nothing_typed_is_an_error_of_the_database_or_an_injection(filled: Library, typed: str) -> None:
    for words in ([typed], typed, [typed, "rain"], ["rain", f"-{typed}"], [f'"{typed}"']):
        try:
            query = parse_query(words)
        except QueryError as error:
            assert "no letter and no digit" in str(error)  # noqa: PT017
            continue
        filled.search(query)
        list(filled.records(query))
    for filters in ({"tags": [typed]}, {"classes": [typed]}, {"codec": typed}, {"where": [f"label={typed}"]}):
        assert found(filled, **filters) == []
    if typed.strip() and "=" not in typed:
        assert found(filled, where=[f"{typed}=x"]) == []
    assert filled.find(typed) == []
    assert not filled.remove(typed)
    assert filled.stats().videos == 4


def test_a_query_of_very_many_characters_is_answered_or_named(filled: Library) -> None:
    assert found(filled, "x" * 5_000) == found(filled, "x" * 5_000 + "*") == []
    with pytest.raises(QueryError, match="100 words at most"):
        parse_query("x" * 10_000)
    assert found(filled, where=["label=" + "x" * 10_000]) == found(filled, tags=["x" * 10_000]) == []
    assert found(filled, " OR ".join(["rain"] * 100)) != []
    assert found(filled, " ".join(f"rain OR w{n}" for n in range(50))) != []
    assert found(filled, "rain " + " ".join(f"-w{n}" for n in range(99))) != []


# All backends, and a plain reading of the rules


WORDS = ["red", "car", "cars", "night", "goal", "sea", "Café", "東京", "rain", "raining"]


def random_record(n: int, chance: random.Random) -> Record:
    def text() -> str:
        return " ".join(chance.choices(WORDS, k=chance.randrange(5)))

    return make_record(
        f"{n}_{chance.choice(WORDS)}.mp4",
        qwen_description=text() or None,
        tags=list(dict.fromkeys(chance.choices(WORDS, k=chance.randrange(3)))),
        classification=chance.choice(["Action", "Sports"]),
        duration=chance.choice([10.0, 20.0, 30.0]),
        scenes=[text() or None for _ in range(chance.randrange(4))],
        segments=[
            (text() or None, chance.choices(WORDS, k=chance.randrange(2))) for _ in range(chance.randrange(4))
        ],
    )


def random_query(chance: random.Random) -> Query:
    typed = []
    for _ in range(chance.randrange(1, 4)):
        word = chance.choice(WORDS)
        forms = [
            word,
            word,
            f"-{word}",
            f"{word[:2]}*",
            f'"{word} {chance.choice(WORDS)}"',
            f"{word} OR {chance.choice(WORDS)}",
        ]
        typed.append(chance.choice(forms))
    filters = {"tags": [chance.choice(WORDS)]} if chance.random() < 0.2 else {}
    sort = chance.choice(["relevance", "relevance", "longest", "name"])
    return parse_query(
        " ".join(typed), sort=sort, limit=chance.choice([None, 5]), offset=chance.choice([0, 3]), **filters
    )


def test_all_backends_find_the_same_by_the_rules(open_home: OpenLibrary) -> None:
    chance = random.Random(7)
    records = [random_record(n, chance) for n in range(40)]
    with open_home("sqlite") as sqlite, open_home("mongodb") as mongodb, open_home("postgresql") as postgresql:
        others = (mongodb, postgresql)
        for library in (sqlite, *others):
            library.save_all(LibraryEntry(record, Path.cwd()) for record in records)
        for _ in range(100):
            query = with_forms(random_query(chance), lambda stems: stems_of(word.lower() for word in WORDS))
            moments = sqlite.search(query)
            streamed = list(sqlite.records(query))
            for library in others:
                assert library.search(query) == moments, query
                assert list(library.records(query)) == streamed, query
            if query.limit is None and query.offset == 0 and not query.facts:
                assert len(moments) == sum(len(matching_texts(query, texts_of(record))) for record in records), (
                    query
                )


# Many at once


def test_records_are_saved_and_removed_while_they_are_streamed(library: Library) -> None:
    library.save_all(LibraryEntry(make_record(f"{n:03d}.mp4", tags=["Old"]), Path()) for n in range(250))
    for n, stored in enumerate(library.records()):
        if n % 2:
            library.save({**stored.record, "tags": ["New"]}, stored.folder)
        else:
            library.remove(stored.record["source"]["url"])
    assert n == 249
    assert library.stats().tags == {"New": 125}
    assert names(library, tags=["old"]) == []


def test_threads_save_and_search_at_once(library: Library) -> None:
    failures: list[BaseException] = []

    def work(thread: int) -> None:
        try:
            for n in range(15):
                library.save(make_record(f"{n % 10}.mp4", tags=[f"Thread {thread}"], scenes=["rain"]), Path())
                library.search(parse_query("rain"))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(thread,)) for thread in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert library.stats().videos == 10
    assert len(found(library, "rain")) == 10


SAVE = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
from tests.records import make_record
from vidkit.core.config import load_config
from vidkit.library import open_library
with open_library(load_config()) as library:
    for n in range(8):
        library.save(make_record(f"{n % 4}-{sys.argv[2]}.mp4", scenes=["rain"]), Path())
        library.save(make_record("shared.mp4", scenes=["rain"], tags=[sys.argv[2]]), Path())
"""


@pytest.mark.parametrize("home", HOMES)
def test_processes_make_the_library_and_save_at_once(home: str, settings: Callable[[str], dict[str, str]]) -> None:
    chosen, root = settings(home), str(Path(__file__).parents[1])
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", SAVE, root, str(n)], stderr=subprocess.PIPE, env={**os.environ, **chosen}
        )
        for n in range(4)
    ]
    assert [worker.communicate()[1].decode() for worker in workers] == [""] * 4
    with open_library(load_config(environment=chosen)) as library:
        assert library.stats().videos == 17
        assert len(found(library, "rain")) == 17


# The library as a whole


def test_the_library_in_numbers(library: Library) -> None:
    assert library.stats().videos == 0
    sports = {"tags": ["Night", "4K"], "classification": "Sports", "resolution": "1920x1080"}
    action = {"classification": "Action", "duration": 1.0}
    records = [
        make_record("a.mp4", **sports, duration=30.5, size=2**40),
        make_record("b.mp4", **action, tags=["Night"], scenes=["said"], codec="vp8", size=1),
        make_record("c.mp4", **action, tags=["Line\nend"], qwen_description="said"),
    ]
    library.save_all(LibraryEntry(record, Path()) for record in records)
    stats = library.stats()
    assert (stats.videos, stats.seconds, stats.bytes, stats.described) == (3, 32.5, 2**40 + 1_000_001, 2)
    assert list(stats.classes.items()) == [("Action", 2), ("Sports", 1)]
    assert list(stats.tags.items()) == [("Night", 2), ("4K", 1), ("Line end", 1)]
    assert stats.resolutions == {"1280x720": 2, "1920x1080": 1}
    assert stats.codecs == {"h264": 2, "vp8": 1}
    assert list(stats.durations.items()) == [("under 10 s", 2), ("30 s - 1 min", 1)]
    for query, videos in (
        (parse_query(tags=["night"]), 2),
        (parse_query("said"), 2),
        (parse_query("-said"), 1),
        (parse_query("said", codec="vp8"), 1),
        (parse_query(min_duration="30"), 1),
        (parse_query("night OR said", sort="name", limit=1, offset=1), 3),  # of which these three are not looked at
        (parse_query("nothing"), 0),
    ):
        found = library.stats(query)
        assert (found.videos, sum(found.classes.values()), sum(found.durations.values())) == (videos,) * 3, query
    assert library.stats(parse_query("night", classes=["sports"])).tags == {"Night": 1, "4K": 1}


@pytest.mark.parametrize(
    ("seconds", "named"), [(9.999, "under 10 s"), (10.0, "10 s - 30 s"), (3600.0, "1 h and more")]
)
def test_a_duration_counts_from_its_bound_on(library: Library, seconds: float, named: str) -> None:
    library.save(make_record(duration=seconds), Path())
    assert library.stats().durations == {named: 1}


def test_words_and_facts_meet_whether_few_or_many_videos_have_the_facts(library: Library) -> None:
    # More with the tag Many than SQLite looks at one by one.
    records = [
        make_record(
            f"{n:03d}.mp4",
            tags=(["Many"] if n % 10 else []) + (["Few"] if n % 100 == 0 else []),
            scenes=["red car" if n % 3 == 0 else "car red", "a bus" if n % 200 == 0 else None],
            segments=[],
            duration=float(n),
        )
        for n in range(560)
    ]
    texts = {record["filename"]: texts_of(record) for record in records}
    facts = {record["filename"]: facts_of(record) for record in records}
    library.save_all(LibraryEntry(record, Path.cwd()) for record in records)
    for words in ('"red car"', "ca* -bus", "few car"):
        for filters in ({}, {"tags": ["many"]}, {"tags": ["few"]}, {"tags": ["many"], "max_duration": "100"}):
            query = parse_query(words, **filters)  # type: ignore[arg-type]
            names = [
                record["filename"]
                for record in records
                if all(fact in facts[record["filename"]] for (fact,) in query.facts)
                and record["duration"] <= (query.duration.high or math.inf)
            ]
            wanted = [(name, text.place) for name in names for text in matching_texts(query, texts[name])]
            moments = library.search(query)
            assert sorted((m.filename, m.number) for m in moments) == wanted, (words, filters)
            longest = [m.filename for m in library.search(replace(query, sort="longest", limit=50))]
            assert longest == sorted((name for name, _ in wanted), reverse=True)[:50], (words, filters)


@pytest.mark.parametrize("home", HOMES)
def test_a_library_is_moved_whole_to_the_other_backend(home: str, open_home: OpenLibrary) -> None:
    chance = random.Random(1)
    records = [ODD, *(random_record(n, chance) for n in range(20))]
    other = HOMES[HOMES.index(home) - 1]
    with open_home(home) as source, open_home(other) as target:
        source.save_all(LibraryEntry(record, Path.cwd() / record["filename"]) for record in records)
        target.save(make_record("kept.mp4"), Path())
        assert copy_library(source, target) == 21
        assert list(target.records())[1:] == list(source.records())
        assert target.find("kept.mp4")
        assert copy_library(source, target) == 21
        assert target.stats().videos == 22


def test_a_lost_library_is_built_again_from_a_folder(
    library: Library, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = tmp_path / "results"
    folder.mkdir()
    for name in ("a.mp4", "b.mp4"):
        (folder / f"{name}.json").write_text(json.dumps(make_record(name, scenes=["rain"])))
    (folder / "half.mp4.json").write_text(json.dumps(make_record("half.mp4"))[:200])
    (folder / "short.mp4.json").write_text('{"schema": "vidkit/1", "id": "x"}')
    (folder / "wrong.mp4.json").write_text(json.dumps({**make_record("wrong.mp4"), "scenes": 3}))
    (folder / "summary.json").write_text('{"processed": 2}')
    (folder / "list.json").write_text("[1]")
    assert add_folder(library, folder) == 2
    assert sorted(names(library, "rain")) == ["a.mp4", "b.mp4"]
    assert library.find("a.mp4")[0].folder == folder
    warned = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert [Path(text.split(" is skipped")[0]).name for text in warned] == [
        "half.mp4.json",
        "short.mp4.json",
        "wrong.mp4.json",
    ]
    with pytest.raises(LibraryError, match="no such folder"):
        add_folder(library, tmp_path / "nowhere")


def test_values_that_are_no_numbers_are_kept_too(library: Library) -> None:
    library.save(make_record(fps=math.nan, bit_rate=0), Path())
    (stored,) = library.records()
    assert math.isnan(stored.record["fps"])


def test_the_library_is_a_file_unless_a_server_is_set(tmp_path: Path, server: str, postgres: PostgreSQL) -> None:
    with open_library(load_config()) as library:
        assert library.name == str(tmp_path / "library.db")
        assert (tmp_path / "library.db").is_file()
    uri = f"mongodb://{server}/?appname=test"
    with open_library(load_config(environment={"VIDKIT_MONGODB_URI": uri})) as library:
        assert library.name == f"mongodb://{server}/video_database.videos"
    uri = postgres.uri(name := postgres.new_database())
    with open_library(load_config(environment={"VIDKIT_LIBRARY_PATH": uri})) as library:
        assert library.name == f"postgresql://{postgres.address}/{name}"
