"""`vidkit report`: the library, or the results of a search, as one HTML file."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path

from vidkit.cli.commands.library import query_of, say_unknown_names
from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.cli.screen import counted, json_text, say
from vidkit.core import JOURNAL, printable
from vidkit.core.config import Config
from vidkit.core.files import check_local
from vidkit.core.units import format_count, format_size, parse_size
from vidkit.errors import ConfigError
from vidkit.library import Query, open_library
from vidkit.report.figures import figures_of
from vidkit.report.numbers import Asked, Beside, numbers_of, secret_hider
from vidkit.report.page import check_replaceable, write_page
from vidkit.report.scenes import Limits, videos_to_show
from vidkit.tagging.user_rules import open_rules
from vidkit.web.access.audit import AuditLog
from vidkit.web.forgetting import ACTION
from vidkit.web.jobs.table import JobTable
from vidkit.web.jobs.totals import all_costs, all_failures
from vidkit.web.state import NAME, StateDatabase
from vidkit.workflow.journal_erased import erased_count
from vidkit.workflow.layout import reports_folder

_DEFAULT = "report.html"
_FILTERS = {
    "tag": "tag",
    "classes": "class",
    "codec": "codec",
    "resolution": "resolution",
    "min_duration": "at least",
    "max_duration": "at most",
    "after": "processed from",
    "before": "processed before",
    "where": "where",
    "in": "words in",
}


def report(options: argparse.Namespace, config: Config) -> int:
    """Count, then write the page."""
    limits = Limits(options.videos, options.pictures, _size(options.max_size), options.rows)
    path = Path(options.out or _DEFAULT)
    writes = options.out is not None or not options.json
    if writes:
        check_local(path)
        check_replaceable(path, options.overwrite)  # before minutes of counting
    asked = Asked(options.title, query_of(options), _filters(options), options.by, options.audit)
    rules, beside = open_rules(config), _beside(config, asked, limits.rows)
    with open_library(config, create=False) as home:
        stats, readers = home.stats(asked.query), home.readers(asked.query)
        if not stats.videos:
            say_unknown_names(home, options.where, asked.query.sources)
        with counted(" videos") as progress:
            figures = figures_of(
                home,
                asked.query,
                rules,
                by=asked.by,
                rows=limits.rows if asked.audit else 0,
                progress=lambda done: progress(done, stats.videos),
            )
        numbers = numbers_of(asked, home.name, stats, readers, figures, rules, beside, config)
        if writes:
            shown = videos_to_show(home, asked.query, limits)
            with counted(" pictures") as progress:
                written = write_page(
                    path, numbers, shown, limits, secret_hider(config), lambda done: progress(done, None)
                )
    if options.json:
        print(json_text(numbers))
    if writes:
        videos, pictures = format_count(written["videos"], "video"), format_count(written["pictures"], "thumbnail")
        size = format_size(written["bytes"])
        say(
            "{videos} of {all} shown with {pictures}, {size}",
            videos=videos,
            all=stats.videos,
            pictures=pictures,
            size=size,
        )
    if writes and not options.json:
        print(printable(path))
    return EXIT_DONE


def _size(text: str) -> int:
    try:
        return parse_size(text)
    except ValueError as error:
        raise ConfigError("--max-size: {reason}", reason=error) from None


def _filters(options: argparse.Namespace) -> dict[str, str]:
    """The search as text, for the page."""
    given = {"words": " ".join(options.words)}
    for name, words in _FILTERS.items():
        value: str | Sequence[str] | None = vars(options)[name]
        given[words] = value if isinstance(value, str) else ", ".join(value or ())
    return {words: value for words, value in given.items() if value}


def _beside(config: Config, asked: Asked, rows: int) -> Beside:
    """What is known besides the records. A failed video has no record that a search could find."""
    found = Beside()
    with _state(config) as state:
        if asked.query == Query(sort=asked.query.sort):
            table = JobTable(state, "report") if state is not None else None
            erased = erased_count(reports_folder(config.paths) / JOURNAL)
            found = Beside(all_failures(config, table), all_costs(config, table), erased)
        if asked.audit and state is not None:
            log = AuditLog(state)
            found = replace(found, erasures=log.lines(rows, action=ACTION), changes=log.lines(rows + 1))
    return found


@contextmanager
def _state(config: Config) -> Iterator[StateDatabase | None]:
    """The database of the web library; None if it was never used."""
    if not (config.serve.directory / NAME).is_file():
        yield None
        return
    with closing(StateDatabase(config.serve.directory)) as state:
        yield state
