"""Hybrid search on vectors that are made here, so that the nearest are known; with each backend for vectors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from vidkit.errors import QueryError
from vidkit.library import Library, Moment, MomentKey, parse_query
from vidkit.meaning.hybrid import FIRST_WORDS, TOP, fuse
from vidkit.meaning.search import Asked, AvailableModels, MixedPosition, Search
from vidkit.record import Record

from .records import make_record
from .test_library import open_home, server, settings  # noqa: F401 - fixtures
from .test_library_vectors import OTHER, PICTURES, WORDS, home, keep, toward, vectors_for  # noqa: F401

FLOOR = 0.3


class Directions:
    """A model that knows a few texts: each is a direction. A text that it does not know is like nothing."""

    def __init__(self, model: str = WORDS, **known: Sequence[float]) -> None:
        self.id = model
        self.floor = FLOOR
        self._known = {name.replace("_", " "): toward(*parts) for name, parts in known.items()}

    def queries(self, texts: Sequence[str]) -> Any:
        return np.stack([self._known.get(text, toward(*[0.0] * 15, 1.0)) for text in texts])


def search_in(home: Library, *senses: Directions, notes: tuple[str, ...] = ()) -> Search:  # noqa: F811
    return Search(home, lambda wait: AvailableModels(senses, notes))


def asked(words: Any = (), way: Any = "on", like: str | None = None, **options: Any) -> Asked:
    return Asked(parse_query(words, by_meaning=way == "only", **options), way, like)


def shown(moments: Sequence[Moment]) -> list[tuple[str, str, int, tuple[str, ...]]]:
    return [(moment.filename, moment.kind, moment.number, moment.why) for moment in moments]


def names(search: Search, *given: Any, **options: Any) -> list[tuple[str, int]]:
    found = search.search(asked(*given, **options)).moments
    return [(moment.filename, moment.number) for moment in found]


PARK = make_record("park.mp4", scenes=["a dog runs over grass", "a hound rests", "rain on a window"], duration=60.0)
PETS = make_record("pets.mp4", scenes=["a cat sits", "puppies play in the snow"], tags=["Winter"], duration=600.0)
ANIMALS = Directions(dog=(1, 0.1), window=(0, 0, 0, 1), cold_animals=(0.7, 0, 0.7))


@pytest.fixture
def filled(home: Library) -> Library:  # noqa: F811
    keep(home, PARK, PETS)
    park = vectors_for(PARK, (1, 0.1), (0.9, 0.3), (0, 0, 0, 1))
    pets = vectors_for(PETS, (0.2, 1), (0.8, 0, 0.6))
    home.save_vectors(WORDS, [park, pets])
    return home


MEANT = ("meaning",)
BOTH = ("words", "meaning")


def test_moments_with_the_words_come_first_then_those_of_the_same_meaning(filled: Library) -> None:
    found = search_in(filled, ANIMALS).search(asked("dog")).moments
    assert shown(found) == [
        ("park.mp4", "scene", 1, BOTH),
        ("park.mp4", "scene", 2, MEANT),
        ("pets.mp4", "scene", 2, MEANT),
    ]
    assert [moment.rank for moment in found] == sorted((moment.rank for moment in found), reverse=True)
    # The words are marked in what has them, and nothing is marked in what is found by meaning.
    texts = ["a [dog] runs over grass", "a hound rests", "puppies play in the snow"]
    assert [moment.marked() for moment in found] == texts
    # The words come first also where the model takes them for less similar.
    far = Directions(dog=(0.5, 0.86))
    assert search_in(filled, far).search(asked("dog")).moments[0].filename == "park.mp4"


def test_the_ranks_of_several_lists_are_added_up_as_the_paper_says() -> None:
    a, b, c = (MomentKey("u", "scene", number) for number in (1, 2, 3))
    fused = fuse([("words", []), ("meaning", [a, b, c]), ("picture", [c, b])])
    assert [(answer.key, answer.why) for answer in fused] == [
        (c, ("meaning", "picture")),
        (b, ("meaning", "picture")),
        (a, ("meaning",)),
    ]
    assert fused[0].score == pytest.approx(1 / 63 + 1 / 61)
    assert fused[2].score == pytest.approx(1 / 61)
    assert [answer.key for answer in fuse([("words", [a]), ("meaning", [b, c]), ("picture", [b, c])])] == [a, b, c]


def test_texts_and_pictures_are_searched_each_by_its_own_model(filled: Library) -> None:
    filled.save_vectors(PICTURES, [vectors_for(PETS, (0, 0, 0, 1), (1, 0), model=PICTURES)])
    search = search_in(filled, ANIMALS, Directions(PICTURES, dog=(0, 0, 0, 1)))
    assert shown(search.search(asked("dog", "only")).moments) == [
        ("park.mp4", "scene", 1, MEANT),
        ("pets.mp4", "scene", 1, ("picture",)),
        ("park.mp4", "scene", 2, MEANT),
        ("pets.mp4", "scene", 2, MEANT),
    ]


def test_meaning_alone_words_alone_and_what_is_below_the_floor(filled: Library) -> None:
    search = search_in(filled, ANIMALS)
    assert names(search, "window", "only") == names(search, "window") == [("park.mp4", 3)]
    assert shown(search.search(asked("dog", "off")).moments) == [("park.mp4", "scene", 1, ("words",))]
    assert names(search, "xqzzy flurb") == names(search, "xqzzy flurb", "only") == []
    # In another order than relevance, the words alone decide; what is found by meaning alone can be sorted.
    assert names(search, "dog", sort="newest") == [("park.mp4", 1)]
    assert names(search, "dog", "only", sort="longest")[0] == ("pets.mp4", 2)


def test_phrases_left_out_words_filters_and_sources_hold_for_what_is_found_by_meaning(filled: Library) -> None:
    search = search_in(filled, ANIMALS)
    everything = [("park.mp4", 1), ("park.mp4", 2), ("pets.mp4", 2)]
    assert names(search, "dog") == everything
    assert names(search, "dog", tags=["winter"]) == [("pets.mp4", 2)]
    assert names(search, "dog", min_duration="2m") == [("pets.mp4", 2)]
    assert names(search, "dog", where=["codec=av1"]) == []
    assert names(search, "dog", sources=["description"]) == everything
    assert names(search, "dog", sources=["speech"]) == []
    assert names(search, "dog -hound") == [("park.mp4", 1), ("pets.mp4", 2)]
    assert names(search, "dog -hounds") == [("park.mp4", 1), ("pets.mp4", 2)]  # and not its other forms
    assert names(search, "dog NOT runs", "only") == [("park.mp4", 2), ("pets.mp4", 2)]
    phrase = Directions(**{"dog_the_snow": (1, 0.1)})  # the words of a phrase have their meaning too
    assert names(search_in(filled, phrase), 'dog "the snow"') == [("pets.mp4", 2)]
    assert names(search_in(filled, phrase), 'dog "the snow"', "only") == [("pets.mp4", 2)]
    assert names(search_in(filled, phrase), 'dog "snow the"') == []


def test_a_text_in_the_quotes_of_a_shell_is_searched_by_meaning_too(filled: Library) -> None:
    search = search_in(filled, ANIMALS)
    assert names(search, ["cold animals"])[0] == ("pets.mp4", 2)
    assert names(search, ['"cold animals"']) == []
    exact = Directions(a_dog_runs=(0.8, 0, 0.6))
    assert names(search_in(filled, exact), ["a dog runs"])[0] == ("park.mp4", 1)


def test_what_is_left_out_is_replaced_by_what_is_less_near(home: Library) -> None:  # noqa: F811
    many = [make_record(f"{n}.mp4", scenes=["a dog", "another dog"]) for n in range(TOP)]
    last = make_record("last.mp4", scenes=["a cat", "a wolf"])
    keep(home, *many, last)
    home.save_vectors(WORDS, [vectors_for(record, (1, 0), (1, 0)) for record in many])
    home.save_vectors(WORDS, [vectors_for(last, (0.5, 0.5), (0.6, 0.5))])
    search = search_in(home, Directions(animal=(1, 0)))
    assert names(search, "animal -dog") == [("last.mp4", 2), ("last.mp4", 1)]


def test_nothing_to_look_for_finds_the_same_as_without_models(filled: Library) -> None:
    search = search_in(filled, ANIMALS)
    for way in ("on", "only"):
        for words in ("", " ", "-dog", "-dog -cat", 'NOT "a dog"'):
            assert names(search, words, way) == names(search_in(filled), words, "off"), (words, way)
    with pytest.raises(QueryError, match="no letter and no digit"):
        names(search, "?!", "only")


def test_ten_thousand_characters_are_searched_by_meaning_and_too_many_words_refused(filled: Library) -> None:
    long = ("lorem ipsum " * 900)[:10_000]
    with pytest.raises(QueryError, match="100 words at most"):
        names(search_in(filled, ANIMALS), long)
    known = Directions(**{long.strip().replace(" ", "_"): (1, 0.1)})
    assert names(search_in(filled, known), long, "only")[0] == ("park.mp4", 1)
    with pytest.raises(QueryError, match="100 words at most"):
        names(search_in(filled, known), f'"{long}"', "only")


def test_without_a_model_or_its_vectors_words_are_searched_and_it_is_said_what_to_run(filled: Library) -> None:
    older = Directions(OTHER, dog=(1, 0.1))
    found = search_in(filled, older).search(asked("dog"))
    assert shown(found.moments) == [("park.mp4", "scene", 1, ("words",))]
    (note,) = found.notes
    assert "has no vectors of text:other:bbbbbbbbbbbb, only of text:words:aaaaaaaaaaaa: run `vidkit index`" in note
    with pytest.raises(QueryError, match=r"no vectors of text:other.*run `vidkit index`"):
        search_in(filled, older).search(asked("dog", "only"))
    broken = search_in(filled, notes=("the model cannot be opened",))
    assert broken.search(asked("dog")).notes == ("the model cannot be opened",)
    assert [moment.why for moment in broken.search(asked("dog")).moments] == [("words",)]
    with pytest.raises(QueryError, match=r"the model cannot be opened"):
        broken.search(asked("dog", "only"))
    with pytest.raises(QueryError, match=r"set TextModel or ImageModel .* run `vidkit index`"):
        search_in(filled).search(asked("dog", "only"))
    assert search_in(filled).search(asked("dog")).notes == ()


# Like another moment


def test_moments_like_another_one_without_that_moment(filled: Library) -> None:
    search = search_in(filled, ANIMALS)
    first = [("park.mp4", 2), ("pets.mp4", 2)]
    for key in ("park.mp4@3", "park.mp4@0:03", f"{PARK['id']}@9.9", f"{PARK['source']['url']}@0"):
        assert names(search, like=key)[:2] == first, key
        assert ("park.mp4", 1) not in names(search, like=key)
    assert names(search, like="park.mp4@15")[0] == ("park.mp4", 1)
    assert names(search, like="park.mp4@3", tags=["winter"])[0] == ("pets.mp4", 2)
    assert names(search, "snow", like="park.mp4@3") == [("pets.mp4", 2)]
    assert all(name == "pets.mp4" for name, _ in names(search, like="park.mp4"))
    assert all(each.why == MEANT for each in search.search(asked(like="park.mp4@3")).moments)


def test_a_moment_is_the_shortest_one_that_is_going_on(home: Library) -> None:  # noqa: F811
    film = make_record("film.mp4", scenes=["a", "b"], qwen_description="all", duration=20.0)
    other = make_record("b.mp4", scenes=["c", "d"])
    keep(home, film, other)
    made = [vectors_for(film, (1, 0), (0, 1), (0, 0, 1)), vectors_for(other, (0, 1), (1, 0))]
    home.save_vectors(WORDS, made)
    search = search_in(home, ANIMALS)
    assert names(search, like="film.mp4@5")[0] == ("b.mp4", 1)  # as its first scene, not as the video
    assert ("film.mp4", 0) not in names(search, like="film.mp4@5")
    keep(home, make_record("c.mp4", scenes=["e"], duration=10.0))
    home.save_vectors(WORDS, [vectors_for(make_record("c.mp4", scenes=["e"], duration=10.0), (0, 0, 1))])
    assert names(search, like="film.mp4@20") == [("c.mp4", 0)]  # the last second is the last scene's


@pytest.mark.parametrize(
    ("like", "message"),
    [
        ("none.mp4", "no video of the library has this id, file name or URL: none.mp4"),
        ("none.mp4@3", "no video of the library has this id, file name or URL: none.mp4"),
        ("park.mp4@soon", "'soon' is no time"),
        ("park.mp4@61", "the video ends after 60.0 s"),
        ("\x1b[2J", "no video of the library"),
        ("", "no video of the library"),
    ],
)
def test_a_moment_that_is_not_there_is_named(filled: Library, like: str, message: str) -> None:
    with pytest.raises(QueryError, match=message.replace("[", r"\[")) as raised:
        search_in(filled, ANIMALS).search(asked(like=like))
    assert "\x1b" not in str(raised.value)


def test_a_name_of_several_videos_is_refused_and_a_moment_without_vectors_too(filled: Library) -> None:
    keep(filled, make_record("park.mp4", url="https://other.example/park.mp4", scenes=["x", "y"]))
    with pytest.raises(QueryError, match=r"this means 2 videos: .* Give the URL of one"):
        search_in(filled, ANIMALS).search(asked(like="park.mp4@3"))
    with pytest.raises(QueryError, match=r"no vectors of https://other.example/park.mp4@3: run `vidkit index`"):
        search_in(filled, ANIMALS).search(asked(like="https://other.example/park.mp4@3"))


# Page by page


def crowd(count: int) -> Iterator[Record]:
    for number in range(count):
        yield make_record(f"{number}.mp4", scenes=["a dog runs" if number % 3 else "a hound", "a house"])


@pytest.fixture
def crowded(home: Library) -> Library:  # noqa: F811
    records = list(crowd(600))
    keep(home, *records)
    chance = np.random.default_rng(5)
    made = [
        vectors_for(record, (1, *chance.normal(0, 0.4, 3)), (0, 0, 0, 0, 1))
        for number, record in enumerate(records)
        if number % 2
    ]
    home.save_vectors(WORDS, made)
    return home


def pages(search: Search, wanted: Asked, limit: int) -> Iterator[list[Moment]]:
    wanted = wanted._replace(query=replace(wanted.query, limit=limit))
    after = None
    while True:
        page = search.page(wanted, after)
        assert len(page.moments) <= limit
        yield page.moments
        if page.next is None:
            return
        after = page.next


def keys(moments: Sequence[Moment]) -> list[MomentKey]:
    return [moment.key for moment in moments]


DOG = Directions(dog=(1, 0))


def test_page_by_page_no_result_comes_twice_or_is_missing(crowded: Library) -> None:
    words = set(keys(crowded.search(parse_query("dog"))))
    assert len(words) == 400
    for limit in (7, 50, 200, 1000):
        found = [moment for page in pages(search_in(crowded, DOG), asked("dog"), limit) for moment in page]
        assert len(set(keys(found))) == len(found)
        assert words <= set(keys(found))
        meant = [moment for moment in found if moment.why == MEANT]
        assert all(moment.key not in words for moment in meant)
        assert 0 < len(meant) <= TOP
        assert found.index(meant[0]) > FIRST_WORDS
        assert all(key in words for key in keys(found[: found.index(meant[0])]))
    whole = search_in(crowded, DOG).search(asked("dog")).moments
    assert keys(whole) == keys(found)
    part = search_in(crowded, DOG).search(asked("dog", limit=30, offset=180)).moments
    assert keys(part) == keys(whole)[180:210]


def test_what_the_words_find_further_on_comes_first_where_its_meaning_is_near(crowded: Library) -> None:
    found = search_in(crowded, DOG).search(asked("dog", limit=TOP)).moments
    assert found[0].why == BOTH
    assert sum(1 for moment in found[:FIRST_WORDS] if moment.why == BOTH) > FIRST_WORDS // 2
    first = next(crowded.nearest(WORDS, toward(1, 0), parse_query("dog"), 1)[0] for _ in range(1))
    assert first.url in {moment.url for moment in found[:20]}


def test_pages_go_on_while_videos_are_saved_and_removed_and_after_a_restart(crowded: Library) -> None:
    whole = keys(search_in(crowded, DOG).search(asked("dog")).moments)
    search, seen = search_in(crowded, DOG), []
    wanted = asked("dog", limit=40)
    page = search.page(wanted)
    seen += keys(page.moments)
    newer = make_record("newer.mp4", scenes=["a dog runs"])
    keep(crowded, newer)
    crowded.save_vectors(WORDS, [vectors_for(newer, (1, 0))])
    gone = whole[60].url
    crowded.remove(gone)
    while page.next is not None:
        assert isinstance(page.next, MixedPosition)
        page = search.page(wanted, page.next)
        seen += keys(page.moments)
    assert seen == [key for key in whole if key.url != gone]

    one = search_in(crowded, DOG).page(wanted)
    assert one.next is not None
    again = search_in(crowded, DOG).page(wanted, one.next)  # another process, which has not seen the first page
    assert keys(again.moments) == keys(search_in(crowded, DOG).search(asked("dog", limit=40, offset=40)).moments)
    gone_models = Search(crowded, lambda wait: AvailableModels(()))
    with pytest.raises(QueryError, match="search again"):
        gone_models.page(wanted, one.next)
    assert keys(gone_models.page(wanted, crowded.page(wanted.query).next).moments)


def test_a_library_without_vectors_is_searched_by_words(home: Library) -> None:  # noqa: F811
    keep(home, PARK)
    found = search_in(home, ANIMALS).search(asked("dog"))
    assert shown(found.moments) == [("park.mp4", "scene", 1, ("words",))]
    assert "run `vidkit index`" in found.notes[0]
    assert "only of" not in found.notes[0]
