"""`vidkit search`, `show`, `stats`, `remove`: what is in the library."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict
from typing import Any

from vidkit.cli import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.config import Config
from vidkit.core import printable
from vidkit.errors import ConfigError
from vidkit.library import Moment, Query, Stored, open_library, parse_query
from vidkit.places import files_of, remove_files
from vidkit.retag import retag_library
from vidkit.run import open_rules
from vidkit.units import format_duration, format_size


def search(options: argparse.Namespace, config: Config) -> int:
    """`vidkit search`: moments, the best first."""
    with open_library(config) as library:
        found = library.search(query_of(options))
    if options.urls:
        for url in dict.fromkeys(moment.url for moment in found):
            print(printable(url))
    else:
        for moment in found:
            print(json.dumps(_moment(moment), ensure_ascii=False) if options.json else _lines(moment))
    if not found:
        print("nothing is found", file=sys.stderr)
    return EXIT_DONE


def query_of(options: argparse.Namespace) -> Query:
    """The search that the arguments ask for."""
    return parse_query(
        options.words,
        tags=options.tag,
        classes=options.classes,
        codec=options.codec,
        resolution=options.resolution,
        min_duration=options.min_duration,
        max_duration=options.max_duration,
        after=options.after,
        before=options.before,
        where=options.where,
        sort=options.sort,
        limit=options.limit,
        offset=options.offset,
    )


def _moment(moment: Moment) -> dict[str, Any]:
    values = asdict(moment)
    values["thumbnail"] = str(moment.thumbnail) if moment.thumbnail else None
    values["record_path"] = str(moment.record_path)
    return values


def _lines(moment: Moment) -> str:
    where = f"{_clock(moment.start_time)} - {_clock(moment.end_time)}"
    what = "" if moment.kind == "video" else f"  {moment.kind} {moment.number}"
    lines = [f"{printable(moment.filename)}  {where}{what}  {printable(moment.classification)}"]
    if text := printable(moment.marked()).strip():
        lines.append(f"    {text}")
    if moment.thumbnail:
        lines.append(f"    {printable(moment.thumbnail)}")
    return "\n".join(lines)


def _clock(seconds: float) -> str:
    """`1:02.5`, to a tenth, as a player shows it."""
    tenths = round(seconds * 10)
    hours, minutes = divmod(tenths // 600, 60)
    rest = f"{minutes:02d}" if hours else f"{minutes}"
    return f"{f'{hours}:' if hours else ''}{rest}:{tenths % 600 / 10:04.1f}"


def retag(options: argparse.Namespace, config: Config) -> int:
    """`vidkit retag`: edited rules over the library."""
    rules = open_rules(config)
    with open_library(config) as library:
        done = retag_library(library, rules)
    print(f"{done.looked_at} records looked at, {done.changed} with other tags or another class now")
    return EXIT_DONE


def show(options: argparse.Namespace, config: Config) -> int:
    """`vidkit show`: whole records."""
    with open_library(config) as library:
        found = library.find(options.key)
    for stored in found:
        print(json.dumps(stored.record, ensure_ascii=False, indent=None if options.json else 2))
    return EXIT_DONE if found else _unknown(options.key)


def _unknown(key: str) -> int:
    print(f"no video of the library has this id, file name or URL: {printable(key)}", file=sys.stderr)
    return EXIT_SOME_FAILED


def stats(options: argparse.Namespace, config: Config) -> int:
    """`vidkit stats`: the library in numbers."""
    with open_library(config) as library:
        found = library.stats()
        name = library.name
    if options.json:
        print(json.dumps(asdict(found), ensure_ascii=False))
        return EXIT_DONE
    sums = f"{found.videos} videos, {format_duration(found.seconds)}, {format_size(found.bytes)}"
    print(f"{printable(name)}: {sums}, {found.described} described")
    for title, counts in (
        ("classes", found.classes),
        ("tags", found.tags),
        ("resolutions", found.resolutions),
        ("codecs", found.codecs),
    ):
        if counts:
            print(f"\n{title}")
        for word, count in list(counts.items())[: options.top]:
            print(f"  {count:8d}  {printable(word)}")
    return EXIT_DONE


def remove(options: argparse.Namespace, config: Config) -> int:
    """`vidkit remove`: a record, and with `--files` what was made of the video."""
    with open_library(config) as library:
        found = library.find(options.key)
        if not found:
            return _unknown(options.key)
        for stored in found:
            print(printable(stored.record["source"]["url"]))
            for path in files_of(stored.record, stored.folder) if options.files else []:
                print(f"    {printable(path)}")
        if not options.yes and not _agreed(found, options.files):
            return EXIT_DONE
        for stored in found:
            library.remove(stored.record["source"]["url"])
            if options.files:
                remove_files(stored.record, stored.folder)
    return EXIT_DONE


def _agreed(found: list[Stored], files: bool) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("remove asks first, and there is nobody to ask: say --yes")
    what = "1 video" if len(found) == 1 else f"{len(found)} videos"
    answer = input(f"Remove {what} from the library{' and these files' if files else ''}? [y/N] ")
    return answer.strip().lower() in ("y", "yes")
