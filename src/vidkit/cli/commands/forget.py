"""`vidkit forget`: erase videos and everything that was derived from them."""

from __future__ import annotations

import argparse
import sys

from vidkit.cli.commands.library import unknown
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.core import printable, shown_url
from vidkit.core.config import Config
from vidkit.core.units import format_count
from vidkit.curate.forget import Forgotten, Target, forget_videos, targets_of, traces_in
from vidkit.errors import ConfigError
from vidkit.library import open_library
from vidkit.messages import _
from vidkit.web.forgetting import forget_in_state


def forget(options: argparse.Namespace, config: Config) -> int:
    """`vidkit forget`: erase the named videos, after asking."""
    with open_library(config, create=False) as home:
        targets: dict[str, Target] = {}
        for key in options.keys:
            found = targets_of(home, key, config)
            if not found:
                return unknown(key)
            targets |= {target.url: target for target in found}
        _show(list(targets.values()))
        if options.dry_run or not (options.yes or _agreed(len(targets))):
            return EXIT_DONE
        done = forget_videos(home, list(targets.values()), config)
    traces = traces_in(list(targets.values()))
    erased, left = forget_in_state(config.serve.directory, list(targets), traces, "command line")
    done.erased += erased
    done.left += left
    _report(done, len(targets))
    return EXIT_SOME_FAILED if done.left else EXIT_DONE


def _show(targets: list[Target]) -> None:
    for target in targets:
        print(printable(shown_url(target.url)))
        if target.entry is None:
            print(_("    no record: what logs, jobs and the journal have of it"))
        for place in target.shown():
            print(f"    {place}")
        for reason in target.left:
            print(_("    left: {reason}", reason=reason))


def _agreed(count: int) -> bool:
    if not sys.stdin.isatty():
        raise ConfigError("forget asks first, and there is nobody to ask: say --yes")
    answer = input(
        _("Erase {videos} and everything derived from it, for good? [y/N] ", videos=format_count(count, "video"))
    )
    return answer.strip().lower() in ("y", "yes")


def _report(done: Forgotten, count: int) -> None:
    print(_("{videos} erased", videos=format_count(count, "video is", "videos are")))
    for what in done.erased:
        print(_("  erased: {what}", what=printable(what)))
    for what in dict.fromkeys(done.left):
        print(_("  left: {what}", what=printable(what)))
    for what in done.beyond:
        print(_("  not reached: {what}", what=what))
