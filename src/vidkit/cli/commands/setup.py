"""`vidkit init` and `vidkit doctor`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

from vidkit.cli.doctor import report
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_INTERRUPTED, EXIT_SOME_FAILED
from vidkit.core import printable, write_whole
from vidkit.core.config import DEFAULT_PATH, Config, default_ini
from vidkit.core.config_file import write_settings
from vidkit.language import _

STARTERS = Path(__file__).parents[2] / "starters"


def init(options: argparse.Namespace, config: Config) -> int:
    """`vidkit init`: write the three files that users edit."""
    if options.ask:
        return _init_by_answers(options, config)
    _write_missing({"config.ini": default_ini(_)} | _starters())
    return EXIT_DONE


def _starters() -> dict[str, str]:
    names = ("custom_tags.json", "priority_keywords.json")
    return {name: (STARTERS / name).read_text(encoding="utf-8") for name in names}


def _write_missing(content: Mapping[str, str]) -> None:
    for name, text in content.items():
        path = Path(name)
        if path.exists():
            print(_("{name} is there already: left as it is", name=name))
        else:
            write_whole(path, text)
            print(_("{name} written", name=name))


def _init_by_answers(options: argparse.Namespace, config: Config) -> int:
    """`vidkit init --ask`: write config.ini from the answers to some questions."""
    from vidkit.cli.guided import ask, command_line, holds_secret

    path = Path(options.config) if options.config else DEFAULT_PATH
    try:
        answers = ask(config)
    except KeyboardInterrupt:
        print("\n" + _("interrupted: nothing was written"), file=sys.stderr)
        return EXIT_INTERRUPTED
    if answers.values or not path.exists():
        write_settings(path, answers.values, start=default_ini(_))
        print(_("{name} written", name=printable(path)))
        if holds_secret(answers.values):
            print(_("{name} has a secret in it now: only you can read the file", name=printable(path)))
    else:
        print(_("{name} is there already: left as it is", name=printable(path)))
    _write_missing(_starters())
    words = [*answers.command, *(["--config", options.config] if options.config else [])]
    print(_("Next, process your videos:"))
    print(f"    {command_line(words)}")
    return EXIT_DONE


def doctor(options: argparse.Namespace, config: Config) -> int:
    """`vidkit doctor`: show what is installed and what is missing, and how to fix it."""
    lines, fine = report(config, options.config)
    for line in lines:
        print(printable(line))
    return EXIT_DONE if fine else EXIT_SOME_FAILED
