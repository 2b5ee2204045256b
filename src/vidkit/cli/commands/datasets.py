"""`vidkit export`: the library as a dataset."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from vidkit.blur.dataset import hiding
from vidkit.cli.commands.library import query_of, say_unknown_names
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.cli.screen import counted, say
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.core.units import format_count
from vidkit.errors import ConfigError
from vidkit.export import Exported, export_dataset
from vidkit.export.card import not_everywhere
from vidkit.export.command import export_command
from vidkit.export.media import ClipLimits
from vidkit.export.samples import REMEDIES
from vidkit.library import Library, open_library
from vidkit.messages import _


def export(options: argparse.Namespace, config: Config) -> int:
    """`vidkit export`: a dataset of the videos that match the filters."""
    query = query_of(options)
    hide = hiding(config, options.blur) if options.blur else None
    try:
        with (
            open_library(config, create=False) as library,
            _names_said(library, options.where, query.sources),
            counted(" videos") as progress,
        ):
            done = export_dataset(
                library,
                options.directory,
                options.format,
                query=query,
                level=options.level,
                label=options.label,
                split=options.split,
                seed=options.seed,
                files=options.files,
                overwrite=options.overwrite,
                no_duplicates=options.no_duplicates,
                caps=ClipLimits(config.processing.max_resolution, config.processing.max_fps),
                hide=hide,
                command=export_command(options.directory, {**vars(options), "class": options.classes}),
                progress=lambda what, done, total: progress(done, total, what),
                scratch=config.paths.download_directory,
            )
    except KeyboardInterrupt:
        say("interrupted: the same command continues from here")
        raise
    for line in _lines(done, options.directory):
        say(line)
    print(printable(done.folder))
    return EXIT_SOME_FAILED if done.unusable else EXIT_DONE


@contextmanager
def _names_said(library: Library, where: Sequence[str], sources: Sequence[str]) -> Iterator[None]:
    """If nothing can be exported, print which names after `--where` and `--in` are probably misspelled."""
    try:
        yield
    except ConfigError:
        say_unknown_names(library, where, sources)
        raise


def _lines(done: Exported, directory: str) -> Iterator[str]:
    """The summary of a new dataset, in lines."""
    if done.resumed:
        yield _("continued from what an interrupted export had left")
    splits = ", ".join(f"{name} {sum(counts.values())}" for name, counts in done.counts.items())
    labels = len({label for counts in done.counts.values() for label in counts if label})
    made = _(
        "{items} of {videos}", items=format_count(done.items, "item"), videos=format_count(done.videos, "video")
    )
    yield _("{made}, {labels}: {splits}", made=made, labels=format_count(labels, "label"), splits=splits)
    if done.unlabelled:
        yield _("{count} of them have no label", count=done.unlabelled)
    if done.scarce:
        shown = [printable(text) for text in not_everywhere(done.scarce, done.counts)[:20]]
        more = _("; and {count} more", count=len(done.scarce) - 20) if len(done.scarce) > 20 else ""
        yield _("labels that are not in every split: {shown}{more}", shown="; ".join(shown), more=more)
        yield _("a label with {videos} or more is in every split", videos=format_count(len(done.counts), "video"))
    if done.at_odds:
        videos = format_count(done.at_odds, "video has", "videos have")
        yield _("{videos} different labels in different records of the same content", videos=videos)
    for counts, what in ((done.missing, _("left out")), (done.without_file, _("exported without a file"))):
        for reason, count in counts.items():
            yield _(
                "{what}: {count} {reason}; see {directory}/missing.csv",
                what=what,
                count=count,
                reason=_(reason),
                directory=printable(directory),
            )
    for reason, remedy in REMEDIES.items():
        if reason in {*done.missing, *done.without_file}:
            yield _("{reason}: {remedy}", reason=_(reason), remedy=remedy)
