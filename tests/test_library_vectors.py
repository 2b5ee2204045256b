"""One suite for the vectors in all backends that keep them."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.errors import LibraryError
from vidkit.library import Library, LibraryEntry, copy_library, parse_query
from vidkit.library.sqlite.backend import open_sqlite
from vidkit.library.vectors.protocol import PICTURE, TEXT, Near, VideoVectors, made_of, model_id, moments_for
from vidkit.record import Record

from .records import make_record
from .test_library import OpenLibrary, open_home, server, settings  # noqa: F401 - fixtures

HOMES = ("sqlite", "mongodb", "postgresql")
SIZE = 16
WORDS = model_id(TEXT, "words", "a" * 64)
OTHER = model_id(TEXT, "other", "b" * 64)
PICTURES = model_id(PICTURE, "pictures", "c" * 64)
FOLDER = Path("/results")


@pytest.fixture(params=HOMES)
def home(request: pytest.FixtureRequest, open_home: OpenLibrary) -> Iterator[Library]:  # noqa: F811
    """An empty library, in each backend that keeps vectors."""
    postgres = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    with open_home(request.param) as library:
        yield library
        if postgres:
            postgres.leave(library.name.rpartition("/")[2])


def toward(*parts: float) -> np.ndarray[Any, Any]:
    """A vector of length 1 in the directions of its first numbers."""
    vector = np.zeros(SIZE, np.float32)
    vector[: len(parts)] = parts
    return vector / np.linalg.norm(vector)


def vectors_for(record: Record, *rows: Sequence[float], model: str = WORDS) -> VideoVectors:
    """Vectors of all moments of a record that a model reads."""
    keys = tuple((kind, number) for kind, number, _ in moments_for(record, model))
    assert len(rows) == len(keys)
    made = np.array([toward(*row) for row in rows], np.float16).reshape(len(keys), SIZE if keys else 0)
    return VideoVectors(record["source"]["url"], made_of(record, model), keys, made)


def keep(home: Library, *records: Record) -> None:
    home.save_all(LibraryEntry(record, FOLDER) for record in records)


def near(home: Library, *parts: float, model: str = WORDS, limit: int = 10, **query: Any) -> list[tuple[str, int]]:
    """What is nearest: (the file's name, the moment's number)."""
    found = home.nearest(model, toward(*parts), parse_query(**query), limit)
    assert [each.similarity for each in found] == sorted((each.similarity for each in found), reverse=True)
    return [(each.url.rpartition("/")[2], each.number) for each in found]


DOGS = make_record("dogs.mp4", scenes=["a dog runs", "a dog sleeps"], tags=["Night"], duration=60.0)
CATS = make_record("cats.mp4", scenes=["a cat sits", "a cat jumps"], duration=600.0)


def filled(home: Library) -> None:
    keep(home, DOGS, CATS)
    made = [vectors_for(DOGS, (1, 0), (1, 1)), vectors_for(CATS, (0, 1), (-1, 1))]
    assert home.save_vectors(WORDS, iter(made)) == 2


def test_vectors_come_back_exactly_as_they_were_saved(home: Library) -> None:
    odd = make_record("odd.mp4", url="https://videos.example/odd?a=\ud83d", qwen_description="odd")
    keep(home, DOGS, odd)
    chance = np.random.default_rng(1).standard_normal((2, SIZE)).astype(np.float16)
    made = vectors_for(DOGS, (1, 0), (0, 1))._replace(vectors=chance)
    assert home.save_vectors(WORDS, [made, vectors_for(odd, (1,))]) == 2
    back = home.vectors_of(WORDS, made.url)
    assert back is not None
    assert back[:3] == made[:3] == (made.url, made_of(DOGS, WORDS), (("scene", 1), ("scene", 2)))
    assert back.vectors.dtype == np.float16
    assert np.array_equal(back.vectors, chance)
    asked = [made.url, odd["source"]["url"], "https://videos.example/none.mp4"]
    assert home.vectors_made_of(WORDS, asked) == {asked[0]: made_of(DOGS, WORDS), asked[1]: made_of(odd, WORDS)}
    assert home.vectors_of(OTHER, made.url) is None
    assert home.vectors_of(WORDS, asked[2]) is None


def test_the_nearest_moment_comes_first_with_its_similarity(home: Library) -> None:
    filled(home)
    assert near(home, 1, 0) == [("dogs.mp4", 1), ("dogs.mp4", 2), ("cats.mp4", 1), ("cats.mp4", 2)]
    assert near(home, 0, 1, limit=1) == [("cats.mp4", 1)]
    assert near(home, 0, 1, limit=0) == []
    first, second = home.nearest(WORDS, toward(1, 0), parse_query(), 2)
    assert first == Near(DOGS["source"]["url"], "scene", 1, pytest.approx(1.0, abs=1e-3))
    assert second.similarity == pytest.approx(0.5**0.5, abs=1e-3)


def test_the_nearest_of_many_are_those_that_a_comparison_with_each_finds(home: Library) -> None:
    chance = np.random.default_rng(2)
    records = [make_record(f"{n}.mp4", scenes=["one", "two", "three"]) for n in range(700)]
    keep(home, *records)
    rows = chance.standard_normal((700, 3, SIZE))
    rows /= np.linalg.norm(rows, axis=2, keepdims=True)
    made = [
        vectors_for(record, (1,), (1,), (1,))._replace(vectors=row.astype(np.float16))
        for record, row in zip(records, rows, strict=True)
    ]
    assert home.save_vectors(WORDS, made) == 700
    for _ in range(3):
        asked = chance.standard_normal(SIZE)
        asked /= np.linalg.norm(asked)
        exact = np.argsort(-(rows.astype(np.float16).astype(float) @ asked).ravel())[:20]
        found = near(home, *asked, limit=20)
        assert len(set(found) & {(f"{at // 3}.mp4", at % 3 + 1) for at in exact}) >= 19


def test_only_moments_of_videos_that_the_filters_allow_are_ranked(home: Library) -> None:
    filled(home)
    assert near(home, 1, 0, min_duration="5m", limit=1) == [("cats.mp4", 1)]
    assert near(home, 0, 1, tags=["night"], limit=1) == [("dogs.mp4", 2)]
    assert near(home, 0, 1, tags=["nothing"]) == []
    assert near(home, 1, 0, words="jumps", limit=2) == [("cats.mp4", 1), ("cats.mp4", 2)]
    assert near(home, 1, 0, words="-dog") == [("cats.mp4", 1), ("cats.mp4", 2)]
    query = replace(parse_query(), sort="name", limit=1, offset=1)
    assert len(home.nearest(WORDS, toward(1, 0), query, 4)) == 4


def test_only_moments_of_the_sources_that_are_asked_for_are_found(home: Library) -> None:
    spans = [
        {"start_time": 1.0, "end_time": 2.0, "text": "hello"},
        {"start_time": 9.0, "end_time": 9.5, "text": "so"},
    ]
    reading = {"model": "m", "version": "1", "error": None, "spans": spans}
    record = make_record("said.mp4", scenes=["a man", "a woman"], readings={"speech": reading})
    keep(home, record)
    home.save_vectors(WORDS, [vectors_for(record, (1, 0), (1, 1), (1, 2), (1, 3))])
    everything = [(each.kind, each.number) for each in home.nearest(WORDS, toward(1, 0), parse_query(), 9)]
    assert everything == [("scene", 1), ("scene", 2), ("speech", 1), ("speech", 2)]
    for source, kind in (("speech", "speech"), ("description", "scene")):
        found = home.nearest(WORDS, toward(1, 0), parse_query(sources=[source]), 1)
        assert [(each.kind, each.number) for each in found] == [(kind, 1)]
        assert len(home.nearest(WORDS, toward(1, 0), parse_query(sources=[source]), 9)) == 2
    assert home.nearest(WORDS, toward(1, 0), parse_query(sources=["ocr"]), 9) == []


def test_vectors_of_two_models_never_meet(home: Library) -> None:
    filled(home)
    assert home.save_vectors(OTHER, [vectors_for(CATS, (1, 0), (1, 0), model=OTHER)]) == 1
    assert home.save_vectors(PICTURES, [vectors_for(DOGS, (0, 1), (0, 1), model=PICTURES)]) == 1
    assert home.vector_models() == {WORDS: 2, OTHER: 1, PICTURES: 1}
    assert near(home, 1, 0, model=OTHER) == [("cats.mp4", 1), ("cats.mp4", 2)]
    assert near(home, 1, 0, model=WORDS, limit=2) == [("dogs.mp4", 1), ("dogs.mp4", 2)]
    assert near(home, 1, 0, model=model_id(TEXT, "unknown", "d" * 64)) == []
    assert home.remove_vectors(OTHER) == 1
    assert home.remove_vectors(OTHER) == 0
    assert home.vector_models() == {WORDS: 2, PICTURES: 1}
    assert near(home, 1, 0, model=OTHER) == []
    assert list(home.vectors(OTHER)) == []


def test_a_vector_of_another_size_is_refused_with_the_remedy(home: Library) -> None:
    filled(home)
    with pytest.raises(LibraryError, match=r"have 16 numbers, and one with 8 .* another model. Run `vidkit index`"):
        home.nearest(WORDS, np.ones(8, np.float32), parse_query(), 3)
    for wrong in (np.ones((1, SIZE), np.float16), np.ones((2, SIZE), np.float32), np.ones(2, np.float16)):
        with pytest.raises(ValueError, match="2 moments have vectors of"):
            home.save_vectors(WORDS, [vectors_for(DOGS, (1,), (1,))._replace(vectors=wrong)])
    assert near(home, 1, 0, limit=1) == [("dogs.mp4", 1)]


def test_vectors_go_with_their_video(home: Library) -> None:
    filled(home)
    home.save_vectors(OTHER, [vectors_for(DOGS, (1, 0), (1, 0), model=OTHER)])
    assert home.remove(DOGS["source"]["url"])
    assert home.vector_models() == {WORDS: 1}
    assert near(home, 1, 0) == [("cats.mp4", 1), ("cats.mp4", 2)]
    assert home.forget([CATS["source"]["url"]]) == []
    assert home.vector_models() == {}
    assert near(home, 1, 0) == []
    keep(home, DOGS)  # it is new, and has none
    assert home.vectors_of(WORDS, DOGS["source"]["url"]) is None
    assert near(home, 1, 0) == []


def test_a_video_that_has_no_record_any_more_gets_no_vectors(home: Library) -> None:
    keep(home, DOGS)
    assert home.save_vectors(WORDS, [vectors_for(CATS, (1,), (1,)), vectors_for(DOGS, (1,), (1,))]) == 1
    assert home.vector_models() == {WORDS: 1}


def test_a_record_that_is_replaced_keeps_its_vectors_only_while_they_are_right(home: Library) -> None:
    filled(home)
    home.save_vectors(PICTURES, [vectors_for(DOGS, (1, 0), (1, 0), model=PICTURES)])
    keep(home, make_record("dogs.mp4", scenes=["a dog runs", "a dog sleeps"], tags=["Day"], duration=61.0))
    assert home.vector_models() == {WORDS: 2, PICTURES: 1}
    keep(home, make_record("dogs.mp4", scenes=["a dog runs", "a dog eats"]))
    assert home.vector_models() == {WORDS: 1, PICTURES: 1}
    assert near(home, 1, 0, limit=1) == [("cats.mp4", 1)]
    again = make_record("dogs.mp4", scenes=["a dog runs", "a dog eats"], sha256="f" * 64)
    keep(home, again)
    assert home.vector_models() == {WORDS: 1}
    assert home.save_vectors(WORDS, [vectors_for(again, (1,), (1,))]) == 1
    assert near(home, 1, 0, limit=1) == [("dogs.mp4", 1)]


def test_a_video_with_nothing_to_read_has_vectors_too_and_is_not_looked_at_again(home: Library) -> None:
    silent = make_record("silent.mp4")
    keep(home, silent, DOGS)
    home.save_vectors(WORDS, [vectors_for(silent), vectors_for(DOGS, (1,), (1,))])
    assert home.vectors_made_of(WORDS, [silent["source"]["url"]]) == {
        silent["source"]["url"]: made_of(silent, WORDS)
    }
    assert near(home, 1) == [("dogs.mp4", 1), ("dogs.mp4", 2)]


def test_each_change_is_read_once_and_in_order(home: Library) -> None:
    filled(home)
    before = list(home.vectors(WORDS))
    assert [each.found.url for each in before if each.found] == [r["source"]["url"] for r in (DOGS, CATS)]
    assert before[0].change < before[1].change
    last = before[-1].change
    assert list(home.vectors(WORDS, last)) == []
    home.save_vectors(WORDS, [vectors_for(DOGS, (0, 1), (0, 1))])
    home.save_vectors(OTHER, [vectors_for(DOGS, (0, 1), (0, 1), model=OTHER)])
    (changed,) = home.vectors(WORDS, last)
    assert changed.change > last
    assert changed.video == before[0].video
    assert changed.found is not None
    assert np.array_equal(changed.found.vectors, np.array([toward(0, 1)] * 2, np.float16))
    assert [each.video for each in home.vectors(WORDS)] == [before[1].video, before[0].video]


def test_a_change_says_which_videos_have_no_vectors_any_more(home: Library) -> None:
    filled(home)
    dogs, cats = home.vectors(WORDS)
    home.remove(DOGS["source"]["url"])
    (gone,) = home.vectors(WORDS, cats.change)
    assert (gone.video, gone.found) == (dogs.video, None)
    keep(home, make_record("cats.mp4", scenes=["an otter"]))
    (dropped,) = home.vectors(WORDS, gone.change)
    assert (dropped.video, dropped.found) == (cats.video, None)
    assert home.forget([CATS["source"]["url"]]) == []
    assert all(each.found is None for each in home.vectors(WORDS))
    assert {each.video for each in home.vectors(WORDS)} == {dogs.video, cats.video}


def test_all_changes_are_read_while_another_thread_writes(home: Library) -> None:
    records = [make_record(f"{n}.mp4", scenes=["one", "two"]) for n in range(1200)]
    keep(home, *records)
    home.save_vectors(WORDS, (vectors_for(record, (1,), (0, 1)) for record in records[:1100]))

    def write() -> None:
        for record in records[:20] + records[1100:]:
            home.save_vectors(WORDS, [vectors_for(record, (0, 1), (1,))])

    writer = threading.Thread(target=write)
    writer.start()
    seen, last = {}, 0
    for _ in range(2):
        for each in home.vectors(WORDS, last):
            assert each.change > last
            assert each.found is not None
            last, seen[each.found.url] = each.change, each.found
        writer.join()
    assert len(seen) == 1200
    for record in records[:20]:
        assert np.array_equal(seen[record["source"]["url"]].vectors[0], toward(0, 1).astype(np.float16))


def test_a_library_moves_with_its_vectors(home: Library, tmp_path: Path) -> None:
    filled(home)
    home.save_vectors(PICTURES, [vectors_for(DOGS, (1, 0), (1, 0), model=PICTURES)])
    home.remove(CATS["source"]["url"])
    with open_sqlite(tmp_path / "target.db") as target:
        assert copy_library(home, target) == 1
        assert target.vector_models() == {WORDS: 1, PICTURES: 1}
        assert near(target, 1, 0) == near(home, 1, 0) == [("dogs.mp4", 1), ("dogs.mp4", 2)]


# What has a vector


def test_each_moment_with_a_text_of_its_own_has_a_vector_and_a_video_of_one_scene_is_one_moment() -> None:
    several = make_record("a.mp4", scenes=["one", None, " "], segments=["two"], qwen_description="all of it")
    assert moments_for(several, WORDS) == [("video", 0, "all of it"), ("scene", 1, "one"), ("segment", 1, "two")]
    whole = make_record("b.mp4", scenes=["one"], duration=10.0)
    assert moments_for(whole, WORDS) == [("video", 0, "one")]
    assert moments_for(whole, PICTURES) == [("video", 0, "thumbnails/1.jpg")]
    assert [key[:2] for key in moments_for(several, PICTURES)] == [("scene", 1), ("scene", 2), ("scene", 3)]
    measured = {"quality": {"model": "", "version": "1", "error": None, "spans": [
        {"start_time": 0.0, "end_time": 1.0, "label": "black"}]}}  # fmt: skip
    assert moments_for(make_record("c.mp4", readings=measured), WORDS) == []


def test_the_fingerprint_follows_the_texts_and_the_pictures_alone() -> None:
    record = make_record("a.mp4", scenes=["one", "two"])
    same = make_record("a.mp4", scenes=["one", "two"], tags=["x"], classification="Sports", size=5)
    other = make_record("a.mp4", scenes=["one", "three"])
    assert made_of(record, WORDS) == made_of(same, WORDS) == made_of(record, OTHER) != made_of(other, WORDS)
    assert made_of(record, PICTURES) == made_of(other, PICTURES) != made_of(record, WORDS)
    moved = make_record("a.mp4", scenes=["one", "two"], sha256="e" * 64)
    assert made_of(moved, PICTURES) != made_of(record, PICTURES)
    assert made_of(moved, WORDS) == made_of(record, WORDS)


# The file


def test_a_forgotten_video_leaves_nothing_of_its_vectors_in_the_file(tmp_path: Path) -> None:
    secret = np.frombuffer(os.urandom(4 * SIZE), np.uint8).reshape(2, -1).astype(np.float16)
    with open_sqlite(tmp_path / "library.db") as home:
        keep(home, DOGS, CATS)
        made = vectors_for(DOGS, (1,), (1,))._replace(vectors=secret)
        home.save_vectors(WORDS, [made, vectors_for(CATS, (1,), (1,))])
    assert any(secret.tobytes() in path.read_bytes() for path in tmp_path.glob("library.db*"))
    with open_sqlite(tmp_path / "library.db") as home:
        assert home.forget([DOGS["source"]["url"]]) == []
        for path in tmp_path.glob("library.db*"):
            assert secret[0].tobytes() not in path.read_bytes()
            assert made.made_of.encode() not in path.read_bytes()
