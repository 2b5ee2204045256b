"""`vidkit search`, `show`, `stats`, `retag`, `library`, `remove`: commands on the library."""

from __future__ import annotations

import argparse
import logging
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.cli.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.cli.screen import counted, json_text, say
from vidkit.core import printable, shown_url
from vidkit.core.config import Config
from vidkit.core.units import format_count, format_duration, format_size, format_tenths
from vidkit.curate.removal import remove_video
from vidkit.curate.retag import retag_library, write_json
from vidkit.errors import ConfigError, LibraryError, OutputError
from vidkit.library import (
    BACKENDS,
    Backend,
    Library,
    LibraryEntry,
    Moment,
    Query,
    add_folder,
    copy_library,
    moment_as_json,
    open_library,
    open_library_at,
    read_query,
    unknown_keys,
    unknown_sources,
)
from vidkit.library.backends import backend_of, configured_address
from vidkit.meaning.hybrid import WORDS
from vidkit.meaning.search import Asked, Search, Way
from vidkit.meaning.search_models import SearchModels
from vidkit.messages import _, translated
from vidkit.readers.captions import FORMATS, cues_of, spoken
from vidkit.record import Record
from vidkit.tagging.user_rules import open_rules
from vidkit.workflow.layout import files_of, reports_folder

if TYPE_CHECKING:
    from vidkit.curate.statistics import Amount

log = logging.getLogger(__name__)

# The way to search for `--meaning` (True), `--no-meaning` (False) and neither.
WAYS: dict[bool | None, Way] = {None: "on", True: "only", False: "off"}


def search(options: argparse.Namespace, config: Config) -> int:
    """`vidkit search`: moments, the best first."""
    query = query_of(options)
    asked = Asked(query, WAYS[options.meaning], options.like)
    with open_library(config, create=False) as home:
        found, _unused, notes = Search(home, SearchModels(config)).search(asked)
        for note in notes:
            say(note)
        if not found:
            say_unknown_names(home, options.where, query.sources)
    if options.urls:
        for url in dict.fromkeys(moment.url for moment in found):
            print(printable(shown_url(url)))
    else:
        for moment in found:
            print(json_text(moment_as_json(moment)) if options.json else _lines(moment))
    if not found:
        print(_("nothing is found"), file=sys.stderr)
    return EXIT_DONE


def query_of(options: argparse.Namespace) -> Query:
    """The search in the arguments."""
    given = vars(options)
    return read_query({**given, "class": options.classes, "by_meaning": given.get("meaning")})


def say_unknown_names(home: Library, where: Sequence[str], sources: Sequence[str]) -> None:
    """Print which names after `--where` and `--in` are probably misspelled."""
    for hint in unknown_keys(home, where):
        say("--where: {hint}", hint=hint)
    for hint in unknown_sources(home, sources):
        say("--in: {hint}", hint=hint)


def _lines(moment: Moment) -> str:
    where = f"{format_tenths(moment.second)} - {format_tenths(moment.end_time)}"
    what = "" if moment.kind == "video" else f"  {moment.kind} {moment.number}"
    why = f"  ({', '.join(moment.why)})" if set(moment.why) - {WORDS} else ""
    lines = [f"{printable(moment.filename)}  {where}{what}  {printable(moment.classification)}{why}"]
    if text := printable(moment.marked()).strip():
        lines.append(f"    {text}")
    if moment.thumbnail:
        lines.append(f"    {printable(moment.thumbnail)}")
    return "\n".join(lines)


def retag(options: argparse.Namespace, config: Config) -> int:
    """`vidkit retag`: apply edited rules to the library."""
    rules = open_rules(config)
    with open_library(config, create=False) as home:
        if options.dry_run:
            done = retag_library(home, rules, on_change=_print_change, dry_run=True)
        else:
            total = home.stats().videos
            with counted(" records") as progress:
                done = retag_library(home, rules, lambda number: progress(number, total))
    for missing in done.missing:
        log.warning("%s", missing)
    print(
        _(
            "{records} looked at, {changed} would change"
            if options.dry_run
            else "{records} looked at, {changed} with other tags or another class now",
            records=format_count(done.looked_at, "record"),
            changed=done.changed,
        )
    )
    return EXIT_DONE


def _print_change(before: Record, after: Record) -> None:
    """`boat.mp4  Unclassified -> Boats  +Water -Action`."""
    now, then = after["classification"], before["classification"]
    words = [] if now == then else [f"{then} -> {now}"]
    signed = [f"+{tag}" for tag in after["tags"] if tag not in before["tags"]]
    signed += [f"-{tag}" for tag in before["tags"] if tag not in after["tags"]]
    words += [", ".join(signed) or "tags in another order"] if signed or not words else []
    print(printable("  ".join([before["filename"], *words])))


def show(options: argparse.Namespace, config: Config) -> int:
    """`vidkit show`: records; with `--json` whole ones."""
    with open_library(config, create=False) as home:
        found = home.find(options.key)
    if not found:
        return unknown(options.key)
    if options.format:
        return _show_subtitles([entry.record for entry in found], options.format)
    for entry in found:
        print(json_text(entry.record) if options.json else json_text(_without_hashes(entry.record), indent=2))
    return EXIT_DONE


def _without_hashes(record: Record) -> dict[str, Any]:
    """A record as a person reads it: without the hashes of its pictures, kilobytes of Base64."""
    shown: dict[str, Any] = {**record}
    if "pictures" in record:
        shown["pictures"] = {"count": record["pictures"]["count"]}
    return shown


def _show_subtitles(records: Sequence[Record], form: str) -> int:
    """Print the speech of a video as subtitles."""
    if len(records) > 1:
        names = ", ".join(printable(record["source"]["url"]) for record in records)
        say("this means {count} videos: {names}. Give the URL of one", count=len(records), names=names)
        return EXIT_SOME_FAILED
    cues = cues_of(spoken(records[0]))
    if not cues:
        say(
            "no words were heard in {filename}: process it with `--readers speech`",
            filename=printable(records[0]["filename"]),
        )
        return EXIT_SOME_FAILED
    print(FORMATS[form](cues), end="")
    return EXIT_DONE


def unknown(key: str) -> int:
    """Print that the library has no such video, and return the exit code for it."""
    say("no video of the library has this id, file name or URL: {key}", key=printable(key))
    return EXIT_SOME_FAILED


def stats(options: argparse.Namespace, config: Config) -> int:
    """`vidkit stats`: the library in numbers, and the failures of the last run."""
    from vidkit.curate.statistics import (  # imports the batch, slow and not needed for a search
        balance_of,
        failures_in,
        numbers_as_json,
        plot,
    )

    query = query_of(options)
    with open_library(config, create=False) as home:
        found, readers = home.stats(query), home.readers(query)
        if not found.videos:
            say_unknown_names(home, options.where, query.sources)
        balance = balance_of(home, query, options.by) if options.by is not None else None
        name = home.name
    # A failed video has no record that a search could find.
    failures = failures_in(reports_folder(config.paths)) if query == Query() else Counter()
    if options.plot:
        bars = None if balance is None else (options.by, {value: each.videos for value, each in balance.items()})
        plot(found, failures, Path(options.plot), options.top, bars)
        say("drawn in {plot}", plot=printable(options.plot))
    if options.json:
        failed = [
            {"stage": stage, "reason": reason, "videos": count} for (stage, reason), count in failures.most_common()
        ]
        numbers = numbers_as_json(found, readers, options.by, balance)
        print(json_text({**numbers, "failures": failed}))
        return EXIT_DONE
    videos = translated(format_count(found.videos, "video"))
    sums = _(", ").join([videos, format_duration(found.seconds), format_size(found.bytes)])
    print(_("{name}: {sums}, {count} described", name=printable(name), sums=sums, count=found.described))
    if balance is not None:
        _print_balance(options.by, balance, options.top)
        return EXIT_DONE
    for title, counts in (
        (_("classes"), found.classes),
        (_("tags"), found.tags),
        (_("resolutions"), found.resolutions),
        (_("codecs"), found.codecs),
        (_("durations"), found.durations),
        (_("readings"), {name: errors.get("", 0) for name, errors in readers.items()}),
        (
            _("readings that failed"),
            {f"{name}: {why}": n for name, errors in readers.items() for why, n in errors.items() if why},
        ),
        (_("failures of the last run"), {f"{stage}: {reason}": n for (stage, reason), n in failures.most_common()}),
    ):
        if counts:
            print(f"\n{title}")
        for word, count in list(counts.items())[: options.top]:
            print(f"  {count:8d}  {printable(word)}")
        if len(counts) > options.top:
            print(_("            and {count} more", count=len(counts) - options.top))
    return EXIT_DONE


def _print_balance(key: str, balance: dict[str, Amount], top: int) -> None:
    """Print the videos, clips and length of each value of a key."""
    print(f"\n{printable(key)}: {translated(format_count(sum(1 for value in balance if value), 'value'))}")
    print(f"  {_('videos'):>8}  {_('clips'):>8}  {_('length'):>8}")
    for value, amount in list(balance.items())[:top]:
        length = format_duration(amount.seconds)
        print(f"  {amount.videos:8d}  {amount.clips:8d}  {length:>8}  {printable(value) or _('(none)')}")
    if len(balance) > top:
        print(_("            and {count} more; --top shows more of them", count=len(balance) - top))


def remove(options: argparse.Namespace, config: Config) -> int:
    """`vidkit remove`: remove a record, and with `--files` all files of the video."""
    with open_library(config, create=False) as home:
        found = home.find(options.key)
        if not found:
            return unknown(options.key)
        for entry in found:
            print(printable(entry.record["source"]["url"]))
            if options.files:
                made = files_of(entry.record, entry.folder, config.paths.download_directory)
                for place in made.shown():
                    print(f"    {place}")
                for reason in made.left:
                    say("left: {reason}", reason=reason)
        if not options.yes and not _agreed(found, options.files):
            return EXIT_DONE
        for entry in found:
            remove_video(home, entry, config.paths.download_directory, options.files)
    return EXIT_DONE


def _agreed(found: list[LibraryEntry], files: bool) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("remove asks first, and there is nobody to ask: say --yes")
    answer = input(
        _(
            "Remove {videos} from the library{files}? [y/N] ",
            videos=format_count(len(found), "video"),
            files=_(" and these files") if files else "",
        )
    )
    return answer.strip().lower() in ("y", "yes")


def library(options: argparse.Namespace, config: Config) -> int:
    """`vidkit library move` and `add`."""
    return _move(options.to, config) if options.action == "move" else _add(options.folder, config)


def _move(place: str, config: Config) -> int:
    if not place.strip():
        raise ConfigError("--to is empty: give a file or the URI of a server")
    backend = backend_of(place)
    kept: list[LibraryEntry] = []
    with open_library(config, create=False) as source, open_library_at(place, config) as target:
        if target.name == source.name:
            raise ConfigError(
                "{target_name} is the library that is configured: name another one",
                target_name=printable(target.name),
            )
        there = source.stats().videos
        with counted(" records") as progress:
            copied = copy_library(source, target, lambda number: progress(number, there), kept.append)
        now = target.stats().videos
        if not there <= copied <= now:
            raise LibraryError(
                "{source_name} has {records}, {copied} were copied, and "
                "{target_name} has {now}: another program changes one of them. Run this again.",
                source_name=printable(source.name),
                records=format_count(there, "record"),
                copied=copied,
                target_name=printable(target.name),
                now=now,
            )
        records = format_count(copied, "record is", "records are")
        say(
            "{records} in {target_name}; {source_name} stays as it is.",
            records=records,
            target_name=printable(target.name),
            source_name=printable(source.name),
        )
        _say_what_is_kept(kept)
        say(_next_setting(place, backend, config))
    return EXIT_DONE


def _next_setting(place: str, backend: Backend, config: Config) -> str:
    """Which setting to write into config.ini, without a password."""
    now = backend_of(configured_address(config))
    emptied = _(" and leave {setting} empty", setting=now.setting) if now.setting != backend.setting else ""
    if backend is not BACKENDS[""]:
        variable = _(
            ", or into the environment variable {variable}, which keeps its password out of the file",
            variable=backend.variable,
        )
        return _(
            "From now on: write the URI that you gave to --to as {setting} in config.ini{variable}{emptied}.",
            setting=backend.setting,
            variable=variable if backend.variable else "",
            emptied=emptied if backend.setting == BACKENDS[""].setting else "",
        )
    return _(
        "From now on: write Path = {path} under [Library] in config.ini{emptied}.",
        path=printable(Path(place).absolute()),
        emptied=emptied,
    )


def _add(folder: str, config: Config) -> int:
    if not folder.strip():
        raise ConfigError("FOLDER is empty: give the folder that the JSON records are in")
    kept: list[LibraryEntry] = []
    with open_library(config) as target:
        with counted(" records") as progress:
            added = add_folder(target, folder, lambda number: progress(number, None), kept.append)
        records = format_count(added, "record")
        say(
            "{records} of {folder} is in {target}" if added == 1 else "{records} of {folder} are in {target}",
            records=records,
            folder=printable(folder),
            target=printable(target.name),
        )
        _say_what_is_kept(kept)
    if not added:
        processed = printable(config.paths.processed_directory)
        say(
            "no record lies in this folder itself; by your settings they are the .json files in {processed}",
            processed=processed,
        )
    return EXIT_DONE


def _say_what_is_kept(kept: list[LibraryEntry]) -> None:
    """Write the corrections that the library keeps into the JSON records too, where the next run reads them."""
    if not kept:
        return
    written = 0
    for entry in kept:
        try:
            written += write_json(entry, entry.record)
        except OutputError as error:
            say(str(error))
    number = "" if written == len(kept) else _("{count} of ", count=written)
    say(
        "{count} of them keep the corrections that were there already, which are later; {number}their JSON "
        "records have them now too",
        count=len(kept),
        number=number,
    )
