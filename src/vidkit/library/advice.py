"""Suggestions for a search without results because of a misspelt name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from vidkit.core import printable
from vidkit.errors import nearest
from vidkit.library.facts import facts_of, is_left_out, key_beginnings
from vidkit.library.protocol import Library
from vidkit.library.query import Query
from vidkit.library.spans import DESCRIPTION, MEASURES
from vidkit.messages import message

_SAMPLE = 1000  # latest records whose keys and columns are suggested
_SHOWN = 20  # columns


def unknown_keys(library: Library, where: Sequence[str]) -> Iterator[str]:
    """A message for each `KEY=VALUE` whose key no record has.

    Args:
        library: the library in which the search found nothing.
        where: the values of `--where`, as typed.

    Raises:
        LibraryError: the library cannot be read.
    """
    for key in dict.fromkeys(re.split("[<>=]", item, maxsplit=1)[0].strip() for item in where):
        if is_left_out(key.lower()):
            yield message("{key} is not searched by --where: search for its words", key=printable(key))
        elif not any(map(library.has_fact, key_beginnings(key))):
            keys, columns = _names(library)
            near = nearest(key, [*keys, *columns])
            if near:
                hint = message(": did you mean {near}?", near=near)
            else:
                hint = (
                    message("; the columns are {columns}", columns=", ".join(columns[:_SHOWN])) if columns else ""
                )
            yield printable(message("no record has a key or column {key}{hint}", key=key, hint=hint))


def unknown_sources(library: Library, sources: Sequence[str]) -> Iterator[str]:
    """A message for each reader that has read no video of a library.

    Args:
        library: the library in which the search found nothing.
        sources: the sources of the query.

    Raises:
        LibraryError: the library cannot be read.
    """
    for name in sources:
        if name != DESCRIPTION and not library.has_fact(f"readings.{name}.version="):
            read = {key.split(".")[1] for key in _names(library)[0] if key.startswith("readings.")}
            near = nearest(name, [DESCRIPTION, *sorted(read - MEASURES)])
            yield printable(
                message(
                    "no video has readings of {name}{hint}",
                    name=name,
                    hint=message(": did you mean {near}?", near=near) if near else "",
                )
            )


def _names(library: Library) -> tuple[list[str], list[str]]:
    """The keys of the latest records, and the columns of the CSV as written there."""
    keys: dict[str, None] = {}
    columns: dict[str, None] = {}
    for entry in library.records(Query(sort="newest", limit=_SAMPLE)):
        columns.update(dict.fromkeys(entry.record["source"]["columns"] or ()))
        keys.update(dict.fromkeys(fact.partition("=")[0] for fact in facts_of(entry.record)))
    return [key for key in keys if not key.startswith("source.columns.")], list(columns)
