"""`make docs`: write the pages generated from tables in the code. A test checks that they are up to date."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import scale

import one_video
from vidkit import record
from vidkit.cli import make_parser
from vidkit.cli.parser import Parser
from vidkit.core.config import default_ini, settings, show

ROOT = Path(__file__).parents[1]
STARTERS = ROOT / "src" / "vidkit" / "starters"


def pages() -> dict[str, str]:
    """File -> its content."""
    return {
        "config.ini": default_ini(),
        "custom_tags.json": (STARTERS / "custom_tags.json").read_text(encoding="utf-8"),
        "priority_keywords.json": (STARTERS / "priority_keywords.json").read_text(encoding="utf-8"),
        "docs/cli.md": "\n".join(_cli()) + "\n",
        "docs/config.md": "\n".join(_config()) + "\n",
        "docs/one_video.md": one_video.page(),
        "docs/record.md": "\n".join(_record()) + "\n",
        "docs/scale.md": scale.page(),
    }


def _cli() -> Iterator[str]:
    yield "# The command line"
    yield ""
    yield "<!-- made by `make docs` from src/vidkit/cli/arguments.py -->"
    yield ""
    yield "Options can be written with `-` or `_`. Results go to stdout, messages to stderr."
    yield ""
    yield "Exit codes: 0: success; 1: one or more videos failed (the others are done); 2: error in the command, the"
    yield "settings or a rule file; 130: interrupted."
    for name, command in make_parser().commands.items():
        yield from _command(name, command)


def _command(name: str, command: Parser) -> Iterator[str]:
    yield from ("", f"## vidkit {name}", "", str(command.description))
    for word, inner in command.commands.items():
        yield from _command(f"{name} {word}", inner)
    if not command.commands:
        yield from ("", "| argument | |", "|---|---|")
        yield from (_argument(argument) for argument in command.declared if argument.dest != "help")


def _argument(action: argparse.Action) -> str:
    """A row of a command's table. It does not depend on the wording of this Python version's argparse."""
    value = f"{{{','.join(action.choices)}}}" if action.choices else action.metavar or ""
    if action.nargs == 0:
        value = ""
    many = {"+": f"{value}...", "*": f"[{value}...]"}.get(str(action.nargs), str(value))
    names = " / ".join(action.option_strings)
    shown = f"{names} {many}".strip().replace("|", "\\|")
    return f"| `{shown}` | {action.help}{' (required)' if action.required and names else ''} |"


def _config() -> Iterator[str]:
    yield "# Settings"
    yield ""
    yield "<!-- made by `make docs` from src/vidkit/core/settings.py -->"
    yield ""
    yield "Command line options override environment variables, which override `config.ini`, which overrides the"
    yield "defaults. `vidkit init` writes a `config.ini` with all of these settings. `vidkit init --ask` asks for"
    yield "the most important ones, and tests the answers."
    yield ""
    yield "    vidkit config get                              # all settings, and where they come from"
    yield "    vidkit config get Processing.MaxFPS"
    yield "    vidkit config set Processing.MaxFPS 25         # in config.ini; a wrong value is rejected"
    yield "    vidkit config set QwenVL.AccessKey             # asks for the secret, and does not show it"
    yield "    vidkit config check                            # finds mistakes, also in the rule files"
    section = None
    for row in settings():
        if row.section != section:
            section = row.section
            yield from ("", f"## [{section}]", "", "| key | default | meaning | environment |", "|---|---|---|---|")
        default = f"`{show(row.default)}`" if show(row.default) else ""
        yield f"| `{row.key}` | {default} | {row.meaning} | {', '.join(f'`{name}`' for name in row.env)} |"


def _record() -> Iterator[str]:
    yield "# The record"
    yield ""
    yield "<!-- made by `make docs` from src/vidkit/record.py -->"
    yield ""
    yield "Each video has one JSON object, `<ProcessedDirectory>/<filename>.json`. It is written atomically."
    yield "Paths in it are relative to the folder of the record, so you can move a results folder."
    for title, kind in (
        ("The keys", record.Record),
        ("source", record.Source),
        ("audio", record.Audio),
        ("scenes", record.SceneEntry),
        ("sprites", record.SpritesEntry),
        ("segments", record.SegmentEntry),
        ("ai", record.AI),
        ("corrections", record.Corrections),
        ("readings.READER", record.ReadingEntry),
        ("readings.READER.spans", record.SpanEntry),
        ("readings.READER.spans.words", record.WordEntry),
        ("processing", record.ProcessingEntry),
        ("processing.stages", record.StageEntry),
    ):
        yield from ("", f"## {title}", "", "| key | type | value |", "|---|---|---|")
        for key, hint in get_type_hints(kind, include_extras=True).items():
            plain, meaning = get_args(hint)[:2] if get_origin(hint) is Annotated else (hint, "")
            yield f"| `{key}` | {_type(plain)} | {meaning} |"


def _type(kind: Any) -> str:
    """The name of a type in JSON."""
    names = {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "true or false",
        type(None): "null",
        dict: "object",
        list: "list",
    }
    origin, parts = get_origin(kind), get_args(kind)
    if origin is list:
        return f"list of {_type(parts[0])}"
    if origin is dict or getattr(kind, "__total__", None) is not None:
        return "object"
    if parts:
        return " or ".join(_type(part) for part in parts)
    return names.get(kind, str(kind))


if __name__ == "__main__":
    for name, content in pages().items():
        (ROOT / name).write_text(content, encoding="utf-8")
        print(f"{name} written")
