"""`vidkit duplicates`: videos of the library that are copies of each other."""

from __future__ import annotations

import argparse
import csv
import sys

from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.cli.screen import counted, json_text, say
from vidkit.core import printable, shown_url
from vidkit.core.config import Config
from vidkit.core.units import format_count, format_duration
from vidkit.duplicates.groups import CopyFinder, Group
from vidkit.duplicates.listing import group_as_json
from vidkit.export.rows import cell, whole
from vidkit.library import open_library
from vidkit.library.protocol import PicturesOf
from vidkit.messages import _, message

_COLUMNS = ("group", "kept", "reason", "url", "filename", "resolution", "duration", "share", "shift")


def duplicates(options: argparse.Namespace, config: Config) -> int:
    """`vidkit duplicates`: groups, each with the video that is kept first."""
    with open_library(config, create=False) as library, counted(" videos") as progress:
        total = library.stats().videos
        videos = []
        for _url, video in library.pictures():
            videos.append(video)
            progress(len(videos), total, "reading")
        footage = CopyFinder(videos)
    groups = footage.groups()
    if options.json:
        for group in groups:
            print(json_text(group_as_json(group)))
    elif options.csv:
        _print_csv(groups)
    else:
        for group in groups:
            print(_lines(group))
    copies = sum(len(group.copies) for group in groups)
    of = _(" of {videos}", videos=format_count(len(groups), "video")) if groups else ""
    say(
        "{videos}: {copies}{of}",
        videos=format_count(len(videos), "video"),
        copies=format_count(copies, "copy", "copies"),
        of=of,
    )
    if footage.unknown:
        without = format_count(footage.unknown, "video has", "videos have")
        say(
            "{without} no picture hashes and only match identical files; `vidkit process --force` makes them",
            without=without,
        )
    return EXIT_DONE


def _print_csv(groups: list[Group]) -> None:
    rows = csv.DictWriter(sys.stdout, _COLUMNS, lineterminator="\n")
    rows.writeheader()
    for number, group in enumerate(groups, 1):
        shown = group_as_json(group)
        for row in ({**shown["kept"], "kept": "yes"}, *shown["copies"]):
            row = {"group": number, "kept": "no", **row}
            rows.writerow({name: cell(whole(value)) for name, value in row.items()})


def _lines(group: Group) -> str:
    lines = [_("keep  {video}", video=_line(group.kept))]
    for copy in group.copies:
        found = _("{share:.0%} the same; the other one {why}", share=copy.match.share, why=_WHY[copy.reason])
        why = _("the same file") if copy.same_file else found
        lines.append(_("copy  {video}  ({why})", video=_line(copy.video), why=why))
    return "\n".join(lines)


_WHY = {
    "more pixels": message("has more pixels"),
    "longer": message("is longer"),
    "came first": message("came first"),
}


def _line(video: PicturesOf) -> str:
    parts = (shown_url(video.url), f"{video.width}x{video.height}", format_duration(video.duration))
    return "  ".join(map(printable, parts))
