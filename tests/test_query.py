from __future__ import annotations

import random

import pytest

from vidkit.errors import QueryError
from vidkit.library.query import MOST_WORDS, Bounds, Picture, Query, Term, parse_query
from vidkit.library.text import BETWEEN, joined, label, words, words_with_places


def terms(*typed: str) -> tuple[tuple[tuple[Term, ...], ...], tuple[Term, ...]]:
    query = parse_query(typed)
    return query.words, query.without


RED, CAR, NIGHT = (Term((word,)) for word in ("red", "car", "night"))
RED_CAR = Term(("red", "car"))


def test_words_all_have_to_be_there() -> None:
    assert terms("Red", "car") == (((RED,), (CAR,)), ())


def test_an_item_with_spaces_is_a_phrase_as_the_shell_hands_it_over() -> None:
    assert terms("red car", "night") == (((RED_CAR,), (NIGHT,)), ())


def test_an_item_with_signs_is_a_whole_search() -> None:
    assert terms('"red car" -night') == (((RED_CAR,),), (NIGHT,))
    assert terms("red OR car night") == (((RED, CAR), (NIGHT,)), ())


def test_a_plain_string_is_a_search_as_it_stands() -> None:
    assert parse_query("red car").words == ((RED,), (CAR,))


def test_quotes_may_be_curly_and_need_not_be_closed() -> None:
    assert terms('“red car” night "red car') == (((RED_CAR,), (NIGHT,), (RED_CAR,)), ())


def test_minus_and_not_leave_out_words_and_phrases() -> None:
    assert terms("-night", "red") == (((RED,),), (NIGHT,))
    assert terms('red -"red car" NOT night') == (((RED,),), (RED_CAR, NIGHT))


def test_a_hyphen_inside_a_word_is_no_minus() -> None:
    assert terms("red-car") == (((RED_CAR,),), ())


def test_a_star_asks_for_the_beginning_of_a_word() -> None:
    assert terms("nigh*") == (((Term(("nigh",), prefix=True),),), ())
    assert terms('"red c*"', '"red c"*') == (((Term(("red", "c"), prefix=True),),) * 2, ())


def test_or_joins_neighbours_and_with_nothing_to_join_is_a_word() -> None:
    assert terms("red", "OR", "car", "OR", "night") == (((RED, CAR, NIGHT),), ())
    assert terms("OR", "red") == (((Term(("or",)),), (RED,)), ())
    assert terms("red", "OR") == (((RED,), (Term(("or",)),)), ())
    assert terms("red", "or", "car") == (((RED,), (Term(("or",)),), (CAR,)), ())


def test_signs_among_words_are_ignored() -> None:
    assert terms("red", "&", "-", "*", '""', "car") == (((RED,), (CAR,)), ())


@pytest.mark.parametrize("typed", ["???", '"', "-", "*", "🎉", "''"])
def test_a_search_of_signs_only_is_named(typed: str) -> None:
    with pytest.raises(QueryError, match="no letter and no digit"):
        parse_query([typed])


def test_no_words_are_every_video() -> None:
    assert parse_query([]) == parse_query([""]) == parse_query("") == Query()


def test_a_pasted_page_is_named_as_too_long() -> None:
    assert len(parse_query(["word"] * MOST_WORDS).words) == MOST_WORDS
    with pytest.raises(QueryError, match="100 words at most, this one has 2000"):
        parse_query("word " * 2000)
    with pytest.raises(QueryError, match="100 words at most"):
        parse_query(["word " * 2000])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Café NAÏVE Straße", ["cafe", "naive", "strasse"]),
        ("cafe\u0301 Łódź", ["cafe", "lodz"]),
        ("İstanbul Ёлка", ["istanbul", "елка"]),
        ("night_market-2024.final.mp4", ["night", "market", "2024", "final", "mp4"]),
        ("dog's dog’s", ["dog", "s", "dog", "s"]),
        ("東京タワー", ["東", "京", "タ", "ワ", "ー"]),
        ("한국어", ["한", "국", "어"]),
        ("हिन्दी में", ["हिन्दी", "में"]),
        ("ＦＵＬＬ ｗｉｄｔｈ ﬁne", ["full", "width", "fine"]),
        ("مَرحَبًا", ["مرحبا"]),
        ("so\u00adft 🎉", ["soft"]),
        ("a\ud800b", ["a", "b"]),
        ("x" * 100, ["x" * 64, "x" * 36]),
    ],
)
def test_case_accents_and_scripts(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_words_are_found_again_where_they_stand() -> None:
    text = "Die ﬁne Straße, 東京 Café"
    found = words_with_places(text)
    assert [word for word, _, _ in found] == words(text)
    assert [text[start:end] for _, start, end in found] == ["Die", "ﬁne", "Straße", "東", "京", "Café"]


def test_plain_letters_are_split_like_all_others() -> None:
    chance = random.Random(3)
    for _ in range(300):
        text = "".join(chance.choices("abcXYZ019 _-.,\n\t\0\x1c'\"", k=chance.randrange(200)))
        texts = [text, chance.choice(["", "-", "a\nb", "x" * 130]), "end"]
        # A letter that is not plain, at the end, takes the general way.
        assert f"{joined(texts)} {BETWEEN} 東" == joined([*texts, "東"])
        assert [word for word, _, _ in words_with_places(text)] == words(text) == words(f"{text} 東")[:-1]
        assert all(text[start:end].lower() == word for word, start, end in words_with_places(text))


def test_tags_written_differently_are_one() -> None:
    assert label("High-Intensity") == label("high  intensity") == "high intensity"
    assert label("🎉") == "🎉"


def test_filters_are_facts() -> None:
    query = parse_query(
        tags=["High-Intensity", "Night"], classes=["Action", "Sports"], codec="H.265", where=["Label=Eat", "fps=25"]
    )
    assert query.facts == (
        ("tag=high intensity",),
        ("tag=night",),
        ("class=action", "class=sports"),
        ("codec=hevc",),
        ("label=eat", "source.columns.label=eat"),
        ("fps=25", "source.columns.fps=25"),
    )


def test_a_number_may_be_written_in_two_ways() -> None:
    assert parse_query(where=["duration=60.0"]).facts == (
        ("duration=60.0", "source.columns.duration=60.0", "duration=60", "source.columns.duration=60"),
    )


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("720p", Picture(reaches=(1280, 720), below=(1920, 1080))),
        (">=1080p", Picture(reaches=(1920, 1080))),
        ("> 1080p", Picture(reaches=(2560, 1440))),
        ("<=1080p", Picture(below=(2560, 1440))),
        ("<1080P", Picture(below=(1920, 1080))),
        ("4K", Picture(reaches=(3840, None))),
        ("=2k", Picture(reaches=(2048, None), below=(3840, None))),
        (">4K", Picture(reaches=(7680, None))),
        ("<=8K", Picture()),
        (">=1280x720", Picture(pixels=Bounds(low=921600))),
        ("<1280x720", Picture(pixels=Bounds(high=921599))),
    ],
)
def test_resolutions(written: str, expected: Picture) -> None:
    assert parse_query(resolution=written) == Query(picture=expected)


def test_a_resolution_in_pixels_is_just_that() -> None:
    assert parse_query(resolution="1280 X 720").facts == (("resolution=1280x720",),)


def test_durations_and_dates() -> None:
    query = parse_query(min_duration="1:30", max_duration="1h", after="1970-01-02", before="1970-01-03T00:00:01Z")
    assert query.duration == Bounds(90, 3600)
    assert query.finished == Bounds(86400, 172801, closed=False)


@pytest.mark.parametrize(
    ("option", "value", "named"),
    [
        ("resolution", "big", "--resolution: 'big' is not a resolution"),
        ("resolution", ">=", "--resolution"),
        ("min_duration", "soon", "--min-duration: 'soon' is not a duration"),
        ("after", "yesterday", "--after: 'yesterday' is not a date"),
        ("where", ["label"], "--where: 'label': write it like KEY=VALUE"),
        ("where", ["=x"], "KEY=VALUE"),
        ("sort", "rank", "--sort rank: there is relevance, newest"),
        ("limit", -1, "--limit"),
        ("offset", -1, "--offset"),
    ],
)
def test_a_filter_that_cannot_be_read_is_named(option: str, value: object, named: str) -> None:
    with pytest.raises(QueryError, match=named.replace("(", r"\(")):
        parse_query(**{option: value})  # type: ignore[arg-type]
