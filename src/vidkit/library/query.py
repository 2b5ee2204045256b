"""The search that a user types, as a Query: plain words and bounds, independent of the database."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from vidkit.core.units import Sides, named_resolution, parse_date, parse_duration, parse_resolution
from vidkit.errors import QueryError
from vidkit.library.facts import NumberBound, class_fact, codec_fact, facts_where, number_where, tag_fact
from vidkit.library.spans import DESCRIPTION, MEASURES
from vidkit.library.text import words as words_of
from vidkit.messages import message

T = TypeVar("T")

# sort -> its column, and whether the greatest comes first. Equal videos are sorted by age in the same direction.
SORT_COLUMNS = {
    "newest": ("finished", True),
    "oldest": ("finished", False),
    "longest": ("duration", True),
    "shortest": ("duration", False),
    "largest": ("size", True),
    "smallest": ("size", False),
    "name": ("name", False),
}
SORTS = ("relevance", *SORT_COLUMNS)
MOST_WORDS = 100  # of a search; it is not for pasted pages
_MOST = 2**31 - 1  # a number that every database takes


@dataclass(frozen=True)
class Term:
    """A word, or words in sequence; with `prefix`, the last is only the beginning of a word.

    `exact` is a single word in quotes. `forms` are other forms of a single word (`forms.with_forms`).
    """

    words: tuple[str, ...]
    prefix: bool = False
    exact: bool = False
    forms: tuple[str, ...] = ()

    @cached_property
    def needle(self) -> str:
        """The term as it occurs in words joined by single spaces, with a space before and after."""
        return f" {' '.join(self.words)}{'' if self.prefix else ' '}"

    @cached_property
    def form_needles(self) -> tuple[str, ...]:
        """The other forms in the same way."""
        return tuple(f" {word} " for word in self.forms)


@dataclass(frozen=True)
class Bounds:
    """From `low` (included) to `high` (included if `closed`); None is no bound."""

    low: float | None = None
    high: float | None = None
    closed: bool = True


@dataclass(frozen=True)
class Picture:
    """Bounds on the resolution, in any orientation.

    `reaches` and `below` are (long side, short side) in pixels. A video reaches them if its long side or its short
    side does; if the short one is None, only the long side counts.
    """

    reaches: Sides | None = None
    below: Sides | None = None
    pixels: Bounds = Bounds()


@dataclass(frozen=True)
class Query:
    """A search. All parts must match; an empty query matches every video.

    `words` has clauses, and each clause has alternatives; so has `facts` (see `facts.py`). `numbers` are bounds on
    numbers of readings. `sources` limits where the words are searched: `description`, and names of readers; empty
    is everywhere. `finished` is when the video was processed, in seconds since 1970.

    `text` is the text for the search by meaning: the words as typed, without operators and `-words`. `strict` are
    the clauses of the words that results by meaning must have too: phrases in quotes.
    """

    words: tuple[tuple[Term, ...], ...] = ()
    without: tuple[Term, ...] = ()
    facts: tuple[tuple[str, ...], ...] = ()
    numbers: tuple[NumberBound, ...] = ()
    sources: tuple[str, ...] = ()
    picture: Picture = Picture()
    duration: Bounds = Bounds()
    finished: Bounds = Bounds(closed=False)
    sort: str = "relevance"
    limit: int | None = None
    offset: int = 0
    text: str = ""
    strict: tuple[tuple[Term, ...], ...] = ()

    def order(self) -> str:
        """The effective sort: `relevance` needs words."""
        return "newest" if self.sort == "relevance" and not self.words else self.sort


def parse_query(
    words: Sequence[str] | str = (),
    *,
    tags: Sequence[str] = (),
    classes: Sequence[str] = (),
    codec: str | None = None,
    resolution: str | None = None,
    min_duration: str | None = None,
    max_duration: str | None = None,
    after: str | None = None,
    before: str | None = None,
    where: Sequence[str] = (),
    sources: Sequence[str] = (),
    sort: str = "relevance",
    limit: int | None = None,
    offset: int = 0,
    by_meaning: bool = False,
) -> Query:
    """Parse a search.

    Args:
        words: the search as typed: words (all of them must match), `"an exact phrase"`, `-without` or
            `NOT without`, `prefix*`, `one OR another` (OR binds closer than the words beside it). In a list, an
            item with spaces and without these operators is a phrase, as a shell passes `"an exact phrase"`; a
            plain string is used as it is.
        tags: all of these tags.
        classes: one of these classes.
        codec: such as `h264`, `H.265`.
        resolution: `720p`, `4K` or `1280x720`, also after `>=`, `>`, `<=` or `<`. A name means from it up to the
            next name, `4K` means 4K or more. `1280x720` means exactly this; with an operator, its number of pixels.
        min_duration: `90`, `5:30`, `1h`; included.
        max_duration: the same; included.
        after: a date or time (UTC if it has no time zone): processed then or later.
        before: processed earlier than that.
        where: `KEY=VALUE`, all must match: a key of the record (`audio.codec`, `rotation`) or a column of the CSV;
            or `KEY<NUMBER` (`<=`, `>`, `>=`) for a number of a reading, such as `readings.quality.motion`.
        sources: where the words are searched, joined by commas or one by one: `description` (with tags, class and
            file names), and names of readers, such as `speech`. Empty is everywhere. Without words: the videos that
            have such a text.
        sort: one of SORTS.
        limit: the maximum number of results; None for all.
        offset: the number of results to skip.
        by_meaning: the words need not occur, and there may be any number of them; only phrases in quotes and
            `-words` count as words.

    Raises:
        QueryError: an argument is invalid, or no word has a letter or a digit.
    """
    pieces = _pieces(words)
    clauses, strict, without = _clauses(pieces)
    _check_words(pieces, [*(strict if by_meaning else clauses), without], by_meaning)
    facts: list[tuple[str, ...]] = [(tag_fact(tag),) for tag in tags]
    facts += [tuple(class_fact(name) for name in classes)] if classes else []
    facts += [(codec_fact(codec),)] if codec else []
    numbers = {item: _read("--where", item, number_where) for item in where}
    facts += [_read("--where", item, facts_where) for item in where if numbers[item] is None]
    picture, pixels = _read("--resolution", resolution, _read_resolution) if resolution else (Picture(), None)
    facts += [(pixels,)] if pixels else []
    if sort not in SORTS:
        raise QueryError("--sort {sort}: there is {sorts}", sort=sort, sorts=", ".join(SORTS))
    if (limit is not None and limit < 0) or offset < 0:
        raise QueryError("--limit and --offset are 0 or more")
    return Query(
        words=() if by_meaning else tuple(clauses),
        without=tuple(without),
        facts=tuple(facts),
        numbers=tuple(bound for bound in numbers.values() if bound is not None),
        sources=_read_sources(sources),
        picture=picture,
        duration=Bounds(
            _bound("--min-duration", min_duration, parse_duration),
            _bound("--max-duration", max_duration, parse_duration),
        ),
        finished=Bounds(_bound("--after", after, _seconds), _bound("--before", before, _seconds), closed=False),
        sort=sort,
        limit=None if limit is None else min(limit, _MOST),
        offset=min(offset, _MOST),
        text=" ".join(piece.text.rstrip("*") for piece in pieces if not piece.leaves_out),
        strict=tuple(strict),
    )


def read_query(options: Mapping[str, Any]) -> Query:
    """Parse a search from named options, as from a command line or a form.

    Args:
        options: `words`, `tag`, `class`, `codec`, `resolution`, `min_duration`, `max_duration`, `after`, `before`,
            `where`, `in` (sources), `sort`, `limit`, `offset` and `by_meaning`, as in `parse_query`. `tag`,
            `class`, `where` and `in` are one text or several, `limit` and `offset` numbers or their digits. None is
            the same as a missing name. Other names are ignored.

    Raises:
        QueryError: an option is invalid.
    """
    return parse_query(
        options.get("words") or (),
        tags=_several(options.get("tag")),
        classes=_several(options.get("class")),
        codec=options.get("codec"),
        resolution=options.get("resolution"),
        min_duration=options.get("min_duration"),
        max_duration=options.get("max_duration"),
        after=options.get("after"),
        before=options.get("before"),
        where=_several(options.get("where")),
        sources=_several(options.get("in")),
        sort=options.get("sort") or "relevance",
        limit=_number("--limit", options.get("limit")),
        offset=_number("--offset", options.get("offset")) or 0,
        by_meaning=bool(options.get("by_meaning")),
    )


def _read_sources(given: Sequence[str]) -> tuple[str, ...]:
    names = [name.strip().lower() for item in given for name in item.split(",")]
    for name in names:
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise QueryError(
                "--in: {name!r} is no source: give {description}, or names of readers such as speech,ocr",
                name=name,
                description=DESCRIPTION,
            )
        if name in MEASURES:
            raise QueryError(
                "--in: {name} only measures and has no words: search by --where 'readings.{name}.KEY<N'", name=name
            )
    return tuple(sorted(set(names)))


def _several(value: str | Sequence[str] | None) -> Sequence[str]:
    return [value] if isinstance(value, str) else value or ()


def _number(option: str, value: str | int | None) -> int | None:
    return None if value is None else _read(option, str(value), _whole_number)


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(message("{text!r} is not a whole number", text=text)) from None


def _bound(option: str, text: str | None, read: Callable[[str], float]) -> float | None:
    return None if text is None else _read(option, text, read)


def _read(option: str, text: str, read: Callable[[str], T]) -> T:
    try:
        return read(text)
    except (ValueError, OverflowError) as error:
        raise QueryError("{option}: {error}", option=option, error=error) from None


def _seconds(text: str) -> float:
    return parse_date(text).timestamp()


def _read_resolution(text: str) -> tuple[Picture, str | None]:
    """Bounds on the resolution, and the fact for a resolution in pixels."""
    match = re.fullmatch(r"\s*(>=|<=|>|<|=|)\s*(.*?)\s*", text, re.DOTALL)
    assert match
    sign, named = match[1], named_resolution(match[2])
    if named is None:
        width, height = parse_resolution(match[2])
        if sign in ("", "="):
            return Picture(), f"resolution={width}x{height}"
        return Picture(pixels=_span(sign, width * height)), None
    if sign == ">":
        return Picture(reaches=named.following or (10**9, None)), None
    if sign == "<":
        return Picture(below=named.reaches), None
    if sign == "<=":
        return Picture(below=named.following), None
    return Picture(reaches=named.reaches, below=None if sign == ">=" or named.or_more else named.following), None


def _span(sign: str, value: int) -> Bounds:
    return {
        ">=": Bounds(low=value), ">": Bounds(low=value + 1), "<=": Bounds(high=value), "<": Bounds(high=value - 1)
    }[sign]  # fmt: skip


_PIECE = re.compile(r'(?P<minus>-?)(?:"(?P<phrase>[^"]*)(?:"(?P<star>\*?)|$)|(?P<plain>[^\s"]+))')
_SIGNS = re.compile(r'"|\*|(^|\s)(-\S|OR(\s|$)|NOT(\s|$))')


class _Piece(NamedTuple):
    """A word or a phrase as typed. `shell` is a phrase that only the shell had in quotes."""

    text: str
    leaves_out: bool
    quoted: bool
    shell: bool = False
    joins: bool = False  # an alternative (OR) to the piece before


def _pieces(typed: Sequence[str] | str) -> list[_Piece]:
    """The words and phrases as typed, with OR and NOT resolved. An OR or NOT with nothing to join is a word."""
    read: list[tuple[_Piece, bool]] = []  # (piece, whether it may be an operator)
    for item in [typed] if isinstance(typed, str) else typed:
        if not isinstance(typed, str) and re.search(r"\s", item.strip()) and not _SIGNS.search(item):
            read.append((_Piece(item.strip(), False, True, shell=True), False))
            continue
        for match in _PIECE.finditer(item.translate(_QUOTES)):
            text = match["plain"] if match["phrase"] is None else match["phrase"] + (match["star"] or "")
            quoted, minus = match["phrase"] is not None, bool(match["minus"])
            read.append((_Piece(text, minus, quoted), not quoted and not minus))
    pieces: list[_Piece] = []
    joins = leaves_out = there = False
    for place, (piece, operator) in enumerate(read):
        last = place + 1 == len(read)
        if operator and piece.text == "NOT" and not last:
            leaves_out = True
            continue
        if operator and piece.text == "OR" and there and not last and not joins:
            joins = True
            continue
        piece = piece._replace(leaves_out=piece.leaves_out or leaves_out, joins=joins)
        pieces.append(piece)
        there = there or (not piece.leaves_out and bool(words_of(piece.text)))
        joins = leaves_out = False
    return pieces


def _check_words(pieces: Sequence[_Piece], clauses: Sequence[Sequence[Term]], by_meaning: bool) -> None:
    many = sum(len(term.words) for clause in clauses for term in clause)
    if many > MOST_WORDS:
        raise QueryError(
            "a search takes {most_words} words at most, this one has {many}: leave some out",
            most_words=MOST_WORDS,
            many=many,
        )
    if pieces and not (any(words_of(piece.text) for piece in pieces) if by_meaning else many):
        raise QueryError("the search has no letter and no digit: give a word to look for")


_QUOTES = str.maketrans("“”„‟«»＂", '"' * 7)


def _clauses(
    pieces: Sequence[_Piece],
) -> tuple[list[tuple[Term, ...]], list[tuple[Term, ...]], list[Term]]:
    """Pieces -> clauses of alternatives; the clauses with a phrase in quotes; and the `-words`."""
    clauses: list[tuple[Term, ...]] = []
    strict: dict[int, None] = {}
    without: list[Term] = []
    for piece in pieces:
        term = _term(piece.text, piece.quoted)
        if term is None:
            continue
        if piece.leaves_out:
            without.append(term)
            continue
        if piece.joins:
            clauses[-1] += (term,)
        else:
            clauses.append((term,))
        if piece.quoted and not piece.shell:
            strict[len(clauses) - 1] = None
    return clauses, [clauses[place] for place in strict], without


def _term(text: str, quoted: bool) -> Term | None:
    found = tuple(words_of(text))
    prefix = text.endswith("*")
    return Term(found, prefix, exact=quoted and len(found) == 1 and not prefix) if found else None
