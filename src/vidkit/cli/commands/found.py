"""The moments of a search or of `--video`, each with its video, for the commands that take both."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import replace

from vidkit.cli.commands.library import WAYS, query_of, unknown
from vidkit.cli.screen import say
from vidkit.core import printable, shown_url
from vidkit.core.config import Config
from vidkit.errors import ConfigError
from vidkit.library import Library, LibraryEntry, Moment, Query
from vidkit.library.moments import moment_of
from vidkit.meaning.hybrid import Records
from vidkit.meaning.search import Asked, Search
from vidkit.meaning.search_models import SearchModels

_PAGE = 50  # results of a search that are read at once


def asked_of(options: argparse.Namespace) -> Asked | None:
    """The search in the arguments; None if they name one video.

    Raises:
        ConfigError: there are both.
        QueryError: the search is invalid.
    """
    asked = Asked(query_of(options), WAYS[options.meaning], options.like)
    if options.video is None:
        return asked
    if asked._replace(query=replace(asked.query, limit=None, sort="relevance")) != Asked(Query()):
        raise ConfigError("--video goes with no search words and no filters: give one of the two")
    return None


def found_of(
    home: Library, options: argparse.Namespace, asked: Asked | None, config: Config
) -> Iterator[tuple[Moment, LibraryEntry]] | None:
    """The results of a search, or the named video; None, with a message, if it is not exactly one."""
    if asked is not None:
        return _moments_of(home, asked, config)
    video = _whole_video(home, options.video)
    return None if video is None else iter([video])


def _moments_of(home: Library, asked: Asked, config: Config) -> Iterator[tuple[Moment, LibraryEntry]]:
    """The results of a search, best first, read page by page. Prints the notes on models."""
    search, records = Search(home, SearchModels(config)), Records(home)
    asked = asked._replace(query=replace(asked.query, limit=_PAGE))
    for page in search.pages(asked):
        for note in page.notes:
            say(note)
        records.read(moment.url for moment in page.moments)
        for moment in page.moments:
            entry = records.of(moment.url)
            if entry is not None:
                yield moment, entry


def _whole_video(home: Library, key: str) -> tuple[Moment, LibraryEntry] | None:
    """The video of a key, as a moment; None, with a message, if the key matches none or several."""
    found = home.find(key)
    if not found:
        unknown(key)
        return None
    if len(found) > 1:
        names = ", ".join(printable(shown_url(entry.record["source"]["url"])) for entry in found[:5])
        key, count = printable(key), len(found)
        say("{key} means {count} videos: {names}. Give the URL of one", key=key, count=count, names=names)
        return None
    moment = moment_of(found[0], "video", 0, Query())
    return None if moment is None else (moment, found[0])
