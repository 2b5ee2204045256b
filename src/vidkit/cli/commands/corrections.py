"""`vidkit label`: correct the class and tags of a video."""

from __future__ import annotations

import argparse

from vidkit.cli.commands.library import unknown
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.cli.screen import counted, say
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.core.stores import Address
from vidkit.core.units import format_count
from vidkit.curate.corrections import CorrectedVideo, Correction, correct_video, make_change, read_corrections
from vidkit.errors import ConfigError, OutputError
from vidkit.library import Library, open_library
from vidkit.messages import _
from vidkit.record import Record
from vidkit.tagging import RuleSet
from vidkit.tagging.user_rules import open_rules


def label(options: argparse.Namespace, config: Config) -> int:
    """`vidkit label`: correct one video, or the videos of a CSV."""
    said = (options.classification, options.add_tag, options.remove_tag)
    if options.csv is not None:
        if options.key is not None or any(said) or options.clear:
            raise ConfigError("--csv says what is corrected, so give nothing beside it")
        return _by_csv(options.csv, config)
    if options.key is None:
        raise ConfigError("say which video: its id, file name or URL; or give --csv FILE")
    change = make_change(*said, clear=options.clear)
    with open_library(config, create=False) as library:
        found = correct_video(library, open_rules(config), options.key, change)
    for corrected in found:
        print(_line(corrected.record))
        if corrected.without_json:
            of = printable(corrected.record["filename"])
            say(
                "only in the library, as there is no JSON record of {of} in {folder}",
                of=of,
                folder=_remedy(corrected.without_json),
            )
    return EXIT_DONE if found else unknown(options.key)


def _line(record: Record) -> str:
    tags = ", ".join(record["tags"]) or _("no tags")
    return printable(f"{record['filename']}  {record['classification']}  {tags}")


def _remedy(folder: Address) -> str:
    """The folder, and how to get the correction into its JSON record too."""
    return _(
        "{folder}: if it was moved, `vidkit library add FOLDER` with its new place does both",
        folder=printable(folder),
    )


def _by_csv(path: str, config: Config) -> int:
    rules = open_rules(config)
    rows = 0
    videos: set[str] = set()
    without: dict[str, Address] = {}
    failures: list[str] = []
    try:
        with open_library(config, create=False) as library, counted(" rows") as progress:
            for rows, row in enumerate(read_corrections(path), 1):
                progress(rows, None)
                found, reason = _row(library, rules, row) if isinstance(row, Correction) else ([], row.reason)
                for corrected in found:
                    url = corrected.record["source"]["url"]
                    videos.add(url)
                    without |= {url: corrected.without_json} if corrected.without_json else {}
                failures += [f"{printable(path)}:{row.line}: {printable(reason)}"] if reason else []
    finally:  # after the bar is gone
        for line in failures:
            say(line)
    bad = _(", {count} of them could not be taken (see above)", count=len(failures)) if failures else ""
    say(
        "{rows}{bad}; {videos} corrected",
        rows=format_count(rows, "row"),
        bad=bad,
        videos=format_count(len(videos), "video"),
    )
    if without:
        folder = next(iter(without.values()))
        say(
            "{count} of them only in the library, as their JSON records are not in {folder}",
            count=len(without),
            folder=_remedy(folder),
        )
    return EXIT_SOME_FAILED if failures else EXIT_DONE


def _row(library: Library, rules: RuleSet, row: Correction) -> tuple[list[CorrectedVideo], str]:
    """The videos that a row corrects; if none, the reason."""
    try:
        found = correct_video(library, rules, row.key, row.change)
    except (ConfigError, OutputError) as error:
        return [], str(error)
    return found, "" if found else _("no video of the library is {key}", key=row.key)
