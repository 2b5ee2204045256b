"""The arguments of a search, which several commands share; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

SORTS = ("relevance", "newest", "oldest", "longest", "shortest", "largest", "smallest", "name")


def add_sort(parser: argparse.ArgumentParser, meaning: str, orders: Sequence[str] = SORTS) -> None:
    """Add `--sort`; the first of the orders is the default."""
    meaning += f" (default: {orders[0]})"
    parser.add_argument("--sort", choices=orders, default=orders[0], help=meaning)


def add_search(parser: argparse.ArgumentParser) -> None:
    """Add what a search asks for: words, `--meaning` or `--like`, and the filters."""
    parser.add_argument(
        "words",
        nargs="*",
        metavar="WORD",
        help='all words must match; "exact phrase", -excluded, prefix*, one OR another',
    )
    meaning = parser.add_mutually_exclusive_group()
    meaning.add_argument(
        "--meaning",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="search by meaning alone; --no-meaning: by words alone (default: both, where `vidkit index` has made "
        "vectors)",
    )
    meaning.add_argument(
        "--like",
        metavar="KEY@SECOND",
        help="moments like this one: id, file name or URL of the video, and a second such as 1:05",
    )
    add_filters(parser)


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the filters of a search."""
    filters = parser.add_argument_group("filters")
    for option, metavar, meaning in (
        ("--codec", "NAME", "such as h264"),
        ("--resolution", "SIZE", "such as 720p, 4K, 1280x720 or '>=1080p'"),
        ("--min-duration", "TIME", "minimum duration, such as 90 or 1h"),
        ("--max-duration", "TIME", "maximum duration"),
        ("--after", "DATE", "processed on or after this date, such as 2026-11-20"),
        ("--before", "DATE", "processed before this date"),
    ):
        filters.add_argument(option, metavar=metavar, help=meaning)
    for option, name, metavar, meaning in (
        ("--tag", "tag", "TAG", "has this tag; can be repeated: has all of them"),
        ("--class", "classes", "CLASS", "has this class; can be repeated: has one of them"),
        (
            "--where",
            "where",
            "KEY=VALUE",
            "a key of the record, such as audio.codec=aac, or a CSV column; readings.NAME.KEY<N; can be repeated",
        ),
        (
            "--in",
            "in",
            "SOURCES",
            "look for the words in these only: description, or readers, such as speech,ocr (default: everywhere)",
        ),
    ):
        filters.add_argument(option, dest=name, metavar=metavar, action="append", default=[], help=meaning)
