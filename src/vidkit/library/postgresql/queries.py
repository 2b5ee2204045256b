"""A Query as PostgreSQL's SQL. User input only becomes a bound value, or a quoted word of a `tsquery`."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from vidkit.library.forms import with_forms
from vidkit.library.postgresql.schema import PAIR, SHARED
from vidkit.library.postgresql.server import Connection
from vidkit.library.query import Query, Term
from vidkit.library.spans import DESCRIPTION, SIGN, sign_of
from vidkit.library.sql import ORDERS, bound_conditions
from vidkit.library.text import BETWEEN

Rows = list[tuple[Any, ...]]
_HAS = "words.lexemes @@ ?::tsquery"
_FEW = 500  # up to so many videos are named in a condition


@lru_cache(maxsize=1 << 16)
def fact_number(fact: str) -> int:
    """The number of a fact in the index: 64 bits of its hash."""
    return int.from_bytes(hashlib.blake2b(fact.encode(), digest_size=8).digest(), "big", signed=True)


def numbers_of_facts(facts: Iterable[str]) -> list[int]:
    """The numbers of the facts of a record, and of the beginning of each up to its `=`, to look for a key."""
    facts = list(facts)
    beginnings = {fact[: fact.index("=") + 1] for fact in facts if "=" in fact}
    return [*map(fact_number, facts), *map(beginning_number, beginnings)]


def lexemes_of(own: str, shared: str) -> str:
    """The lexemes of a row of `words`, as text of a `tsvector`: its words (those of the whole video with a sign),
    and the number of each pair of neighbouring words."""
    found: list[str] = []
    for sign, text in (("", own), (SHARED, shared)):
        words = text.split()
        found += [f"'{sign}{word}'" for word in set(words) if word != BETWEEN]
        pairs = {pair_of(*two) for two in pairwise(words) if BETWEEN not in two}
        found += [f"'{sign}{pair}'" for pair in pairs]
    return " ".join(found)


def pair_of(first: str, second: str) -> str:
    """The number of two neighbouring words, one of 65,536. So the index grows little, and only few rows have the
    number of a phrase without the phrase."""
    return f"{PAIR}{hashlib.md5(f'{first} {second}'.encode(), usedforsecurity=False).hexdigest()[:4]}"


def beginning_number(beginning: str) -> int:
    """The number of the beginning of a fact. It differs from facts, because no fact has a line end."""
    return fact_number(f"{beginning}\n")


def array(numbers: Iterable[int]) -> str:
    """Numbers as text of a PostgreSQL array."""
    return f"{{{','.join(map(str, numbers))}}}"


class PostgresIndex:
    """`sql_pages.SqlIndex` on one connection."""

    has_moves = True

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Sequence[Any] = ()) -> Rows:
        """The rows of a statement, with `?` for its values."""
        return self._connection.execute(sql.replace("?", "%s").encode(), values).fetchall()

    def with_forms(self, query: Query) -> Query:
        """Add the other forms of its words in the library to a query."""

        def words_of(stems: list[str]) -> Rows:
            return self.rows("SELECT stem, word FROM forms WHERE stem = ANY(?)", (stems,))

        return with_forms(query, words_of)

    def word_rows(self, query: Query) -> tuple[str, list[Any]]:
        """FROM and WHERE of the rows with the words of a query, and the values to bind."""
        where, values = word_conditions(query)
        facts, fact_values = self._fact_conditions(query, "words.video")
        bounds, bound_values = bound_conditions(query)
        join = "JOIN videos v ON v.id = words.video" if bounds or query.sort in ORDERS else ""
        conditions = " AND ".join([*where, *facts, *bounds])
        return f"FROM words {join} WHERE {conditions}", [*values, *fact_values, *bound_values]

    def video_conditions(self, query: Query) -> tuple[str, list[Any]]:
        """The condition for a row `v` of `videos` that matches, or has a moment that does; the values to bind."""
        where, values = self._fact_conditions(query, "v.id")
        bounds, bound_values = bound_conditions(query)
        where, values = where + bounds, values + bound_values
        if query.words:
            conditions, word_values = word_conditions(query)
            where.append(f"v.id IN (SELECT words.video FROM words WHERE {' AND '.join(conditions)})")
            values += word_values
        elif query.without:
            condition, word_values = _any_of(query.without, shared=True)
            if query.sources:
                condition, word_values = f"{condition} AND {_HAS}", [*word_values, _sources(query)]
            where.append(f"NOT EXISTS (SELECT 1 FROM words WHERE words.video = v.id AND {condition})")
            values += word_values
        if query.sources and not query.words and DESCRIPTION not in query.sources:
            where.append(f"v.id IN (SELECT words.video FROM words WHERE {_HAS})")
            values.append(_sources(query))
        return " AND ".join(where) or "TRUE", values

    def _fact_conditions(self, query: Query, number: str) -> tuple[list[str], list[Any]]:
        """The condition for the number of a video with the facts. If only a few videos have them, it names these:
        the server's statistics have only the most frequent facts."""
        if not query.facts:
            return [], []
        where = " AND ".join("facts && ?::bigint[]" for _ in query.facts)
        values = [array(map(fact_number, facts)) for facts in query.facts]
        few = self.rows(f"SELECT video FROM facts WHERE {where} LIMIT ?", [*values, _FEW + 1])
        if len(few) <= _FEW:
            return [f"{number} = ANY(?::bigint[])"], [array(row[0] for row in few)]
        return [f"{number} IN (SELECT video FROM facts WHERE {where})"], values


def word_conditions(query: Query) -> tuple[list[str], list[Any]]:
    """The conditions for a row of `words` that matches (`ranking.matching_texts`), for a query with words.

    The first condition uses the index. The index finds phrases by the numbers of their pairs, which other phrases
    may share. So other conditions look for phrases in the texts.
    """
    clauses = query.words
    anything = [term for clause in clauses for term in clause]
    wanted = [_lexemes(anything, shared=False)]
    if len(clauses) > 1:
        wanted += [_lexemes(clause, shared=True) for clause in clauses]
    wanted += [f"!{_lexemes([term], shared=True)}" for term in query.without if len(term.words) == 1]
    if query.sources:
        wanted.append(_sources(query))
    where, values = [_HAS], [" & ".join(wanted)]
    exact = [(anything, False), *((clause, True) for clause in clauses if len(clauses) > 1)]
    for terms, shared in exact:
        if any(len(term.words) > 1 for term in terms):
            condition, found = _any_of(terms, shared, indexed=False)
            where.append(condition)
            values += found
    for term in query.without:
        if len(term.words) > 1:
            condition, found = _any_of([term], shared=True, indexed=False)
            where.append(f"NOT {condition}")
            values += found
    return where, values


def _any_of(terms: Sequence[Term], shared: bool, indexed: bool = True) -> tuple[str, list[Any]]:
    """The condition that a row has any of the terms in its own words, or also in its `shared` words; with phrases
    in the text.

    With `indexed`, the condition for a phrase uses the index too. Without, another condition already does: the
    server would treat the two as independent, and expect too few rows.
    """
    single = [term for term in terms if len(term.words) == 1]
    conditions = [_HAS] if single else []
    values = [_lexemes(single, shared)] if single else []
    for term in terms:
        if len(term.words) > 1:
            has = [f"strpos(' ' || words.{column} || ' ', ?) > 0" for column in ("own", "shared")[: 1 + shared]]
            conditions.append(f"({_HAS} AND ({' OR '.join(has)}))" if indexed else f"({' OR '.join(has)})")
            values += [*[_lexemes([term], shared)] * indexed, *[term.needle for _ in has]]
    return f"({' OR '.join(conditions)})", values


def _sources(query: Query) -> str:
    """The `tsquery` for rows from the query's sources."""
    found = [f"'{sign_of(source)}'" for source in query.sources if source != DESCRIPTION]
    found += [f"!'{SIGN}'"] if DESCRIPTION in query.sources else []
    return f"({' | '.join(found)})"


def _lexemes(terms: Sequence[Term], shared: bool) -> str:
    """The `tsquery` for rows with all words of any of the terms; phrases by the numbers of their pairs."""
    found = []
    for term in terms:
        for sign in ("", SHARED) if shared else ("",):
            words = [f"'{sign}{word}'" for word in term.words]
            words[-1] += ":*" * term.prefix
            pairs = list(pairwise(term.words))[: -1 if term.prefix else None]
            if pairs:  # a phrase: its pairs, and only a word that is a prefix
                words = [*(f"'{sign}{pair_of(*pair)}'" for pair in pairs), *words[len(words) - term.prefix :]]
            found += [" & ".join(words), *(f"'{sign}{word}'" for word in term.forms)]
    return f"({' | '.join(f'({each})' if '&' in each else each for each in found)})"
