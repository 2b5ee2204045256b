"""The arguments of the commands that change the library; like `arguments`, it imports nothing heavy."""

from __future__ import annotations

import argparse

from vidkit.cli.common_arguments import add_common, natural
from vidkit.cli.search_arguments import SORTS, add_filters, add_sort


def retag(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit retag`."""
    parser.add_argument("--dry-run", action="store_true", help="only show which videos would change, and how")


def explain(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit explain`."""
    parser.add_argument("key", metavar="ID|FILE|URL", help="the video, as for `vidkit show`")
    parser.add_argument("--json", action="store_true", help="print one line of JSON")


def label(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit label`."""
    parser.add_argument("key", nargs="?", metavar="ID|FILE|URL", help="the video, as for `vidkit show`")
    parser.add_argument("--class", dest="classification", metavar="CLASS", help="set the class")
    for option, meaning in (("--add-tag", "add a tag"), ("--remove-tag", "remove a tag")):
        parser.add_argument(option, metavar="TAG", action="append", default=[], help=f"{meaning}; can be repeated")
    parser.add_argument(
        "--clear", action="store_true", help="remove earlier corrections of this video: the rules decide again"
    )
    parser.add_argument(
        "--csv",
        metavar="FILE",
        help="instead, read corrections from a CSV: url, id or file_name; class, add_tags, remove_tags, tags",
    )


def library(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit library`."""
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    move = actions.add_parser(
        "move",
        help="copy all records to another library, which you then set in config.ini",
        description="Copy all records of the configured library to another library: SQLite, MongoDB or PostgreSQL. "
        "Other records in the target are kept. A record with the same source is replaced, but later corrections in "
        "the target are kept. After an interruption, run the command again. The old library is not changed: remove "
        "it after you have set the new one in config.ini.",
        allow_abbrev=False,
    )
    move.add_argument(
        "--to",
        metavar="URI|FILE",
        required=True,
        help="mongodb://... (uses database and collection of [MongoDB]), postgresql://user:password@host/database, "
        "or a SQLite library file",
    )
    add = actions.add_parser(
        "add",
        help="add the records of a folder to the library; also rebuilds a lost library",
        description="Add the JSON records of a results folder to the library. Also rebuilds a lost library.",
        allow_abbrev=False,
    )
    add.add_argument("folder", metavar="FOLDER", help="results folder, such as processed_videos")
    for action in (move, add):  # an option before the action holds unless it is repeated after it
        add_common(action, argparse.SUPPRESS, argparse.SUPPRESS)


def forget(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit forget`."""
    parser.add_argument(
        "keys",
        nargs="+",
        metavar="ID|FILE|URL",
        help="a video, as for `vidkit show`; a URL may also have no record",
    )
    parser.add_argument("--dry-run", action="store_true", help="only show what would be erased")
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def remove(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit remove`."""
    parser.add_argument(
        "key", metavar="ID|FILE|URL", help="id (or its first six or more digits), file name or URL of the video"
    )
    parser.add_argument(
        "--files",
        action="store_true",
        help="also delete its record, clips, thumbnails and download; never files outside vidkit's folders",
    )
    parser.add_argument("--yes", action="store_true", help="do not ask for confirmation")


def duplicates(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit duplicates`."""
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--csv", action="store_true", help="print a CSV: one row per video")
    form.add_argument("--json", action="store_true", help="print one line of JSON per group")


def index(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit index`."""
    what = parser.add_mutually_exclusive_group()
    what.add_argument("--dry-run", action="store_true", help="only count the videos whose vectors are missing")
    what.add_argument(
        "--remove", metavar="MODEL", help="remove the vectors of a model that is no longer used, by its whole name"
    )
    parser.add_argument("--json", action="store_true", help="print one line of JSON per model")


def report(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `vidkit report`."""
    parser.add_argument("words", nargs="*", metavar="WORD", help="only videos that match these search words")
    parser.add_argument("--out", metavar="FILE.html", help="file to write (default: report.html)")
    parser.add_argument(
        "--overwrite", action="store_true", help="replace the file also if it is not a report of vidkit"
    )
    parser.add_argument(
        "--title", metavar="TEXT", default="Video library", help='title of the page (default: "Video library")'
    )
    parser.add_argument(
        "--by", metavar="KEY", help="also count by a CSV column or a key of the record, as for `vidkit stats`"
    )
    parser.add_argument(
        "--audit",
        action="store_true",
        help="add settings, fingerprints, corrections, what was erased, and who changed what in the web library",
    )
    add_sort(parser, "which videos are shown with their scenes, and in which order", SORTS[1:])
    for option, default, meaning in (
        ("--videos", 40, "maximum videos with their scenes"),
        ("--pictures", 300, "maximum number of thumbnails"),
        ("--rows", 200, "maximum rows of each table of the audit"),
    ):
        meaning += f" (default: {default})"
        parser.add_argument(option, metavar="N", type=natural, default=default, help=meaning)
    parser.add_argument(
        "--max-size", metavar="SIZE", default="10MB", help="maximum size of the file (default: 10MB)"
    )
    parser.add_argument(
        "--json", action="store_true", help="print the numbers as one line of JSON; the page only with --out"
    )
    add_filters(parser)
