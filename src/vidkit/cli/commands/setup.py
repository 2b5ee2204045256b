"""`vidkit init` and `vidkit doctor`."""

from __future__ import annotations

import argparse
from pathlib import Path

from vidkit.cli.doctor import report
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.core import printable, write_whole
from vidkit.core.config import Config, default_ini
from vidkit.language import _

STARTERS = Path(__file__).parents[2] / "starters"


def init(options: argparse.Namespace, config: Config) -> int:
    """`vidkit init`: the three files that users edit."""
    content = {"config.ini": default_ini(_)}
    for name in ("custom_tags.json", "priority_keywords.json"):
        content[name] = (STARTERS / name).read_text(encoding="utf-8")
    for name, text in content.items():
        path = Path(name)
        if path.exists():
            print(_("{name} is there already: left as it is", name=name))
        else:
            write_whole(path, text)
            print(_("{name} written", name=name))
    return EXIT_DONE


def doctor(options: argparse.Namespace, config: Config) -> int:
    """`vidkit doctor`: what there is, and how to get what there is not."""
    lines, fine = report(config, options.config)
    for line in lines:
        print(printable(line))
    return EXIT_DONE if fine else EXIT_SOME_FAILED
