"""Completion of command lines in bash, zsh and fish, by `argcomplete`.

`_COMPLETERS` maps the name of a value in the help, such as TAG, to what completes it. Everything here is fast, and
silent if something is missing: output would break the line that the user types.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

from vidkit.cli.parser import Parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vidkit.core.config import Config, Setting

_LONGEST = 200  # characters of a name

# From the beginning of a value and the words before it to its completions.
Completer = Callable[[str, argparse.Namespace], Iterable[str] | Mapping[str, str]]


def answer(parser: Parser) -> None:
    """Print the completions at the cursor for the shell, and end the process."""
    with suppress(ImportError):
        from argcomplete.finders import CompletionFinder

        _prepare(parser)
        CompletionFinder()(parser, always_complete_options=False)
    os._exit(1)


def shell_code(shell: str) -> str:
    """The code that makes a shell complete the commands of vidkit.

    Raises:
        ImportError: argcomplete is not installed.
    """
    from argcomplete.shell_integration import shellcode

    # Without bash's own completion: where vidkit knows no value, file names are wrong too.
    return shellcode(["vidkit"], shell=shell, complete_arguments=["-o", "nospace"])


def _prepare(parser: Parser) -> None:
    for action in parser.declared:
        if action.choices is None:
            completer = _COMPLETERS.get(str(action.metavar)) or partial(_option_values, action.dest)
            action.completer = _safe(completer)  # type: ignore[attr-defined]
    for command in parser.commands.values():
        _prepare(command)


def _safe(completer: Completer) -> Callable[..., Iterable[str] | Mapping[str, str]]:
    """A completer for argcomplete: it fails silently, and leaves out options and names that cannot be shown."""

    def complete(prefix: str, parsed_args: argparse.Namespace, **_: object) -> Iterable[str] | Mapping[str, str]:
        try:
            found = completer(prefix, parsed_args)
            names = [name for name in found if name.isprintable() and len(name) <= _LONGEST]
        except Exception:  # such as a wrong config.ini, which the command itself reports
            return []
        names = [name for name in names if not name.startswith("-")]
        return {name: found[name] for name in names} if isinstance(found, Mapping) else names

    return complete


def _option_values(dest: str, prefix: str, words: argparse.Namespace) -> Iterable[str]:
    """The completions of an option that overrides a setting: the values of that setting."""
    from vidkit.core.options import SETTINGS

    row = next((row for row in _rows() if (row.section, row.key) == SETTINGS.get(dest)), None)
    return _words(row) if row else ()


def _rows() -> Iterator[Setting]:
    from vidkit.core.settings import settings

    return settings()


def _words(row: Setting) -> Iterable[str]:
    from vidkit.core.setting_values import choices_of

    return ("yes", "no") if isinstance(row.default, bool) else choices_of(row.read)


def _settings(prefix: str, words: argparse.Namespace) -> dict[str, str]:
    names = {f"{row.section}.{row.key}": row.meaning for row in _rows()}
    if prefix.lower().startswith("readers."):
        from vidkit.cli.setting_names import reader_rows
        from vidkit.readers.registry import available

        for reader in available():
            with suppress(Exception):
                names |= {f"{row.section}.{row.key}": row.meaning for row in reader_rows(reader)}
    return names


def _values(prefix: str, words: argparse.Namespace) -> Iterable[str]:
    row = next((row for row in _rows() if f"{row.section}.{row.key}".lower() == str(words.name).lower()), None)
    return _words(row) if row else ()


def _config(words: argparse.Namespace) -> Config:
    from vidkit.core.config import read_ini, read_settings

    return read_settings(read_ini(getattr(words, "config", None))).config


def _in_library(kind: str, words: argparse.Namespace, beginning: str = "") -> list[str]:
    """Names in the library if it is a file: no server is asked while the user types."""
    config = _config(words)
    if config.mongodb.uri or not isinstance(config.library.path, Path):
        return []
    from vidkit.library.sqlite.names import names_in

    return names_in(config.library.path, kind, beginning)


def _rules(words: argparse.Namespace) -> Any:
    from vidkit.tagging import load_custom_tags
    from vidkit.tagging.rules import BUILT_IN, rule_set

    path = _config(words).rules.custom_tag_rules
    own = load_custom_tags(path) if isinstance(path, Path) else rule_set({})
    return own, rule_set(BUILT_IN)


def _tags(prefix: str, words: argparse.Namespace) -> list[str]:
    found = dict.fromkeys(_in_library("tag", words))
    for rules in _rules(words):
        found |= dict.fromkeys(tag for rule in rules.rules for tag in rule.gives)
    return list(found)


def _classes(prefix: str, words: argparse.Namespace) -> list[str]:
    found = dict.fromkeys(_in_library("class", words))
    for rules in _rules(words):
        found |= dict.fromkeys(name for rule in rules.classifications for name in rule.gives)
    return list(found)


def _labels(prefix: str, words: argparse.Namespace) -> list[str]:
    return ["class", "tag", "ai_tag", "folder", *_in_library("column", words)]


def _conditions(prefix: str, words: argparse.Namespace) -> list[str]:
    return [f"{name}=" for name in _in_library("column", words)]


def _readers(prefix: str, words: argparse.Namespace) -> list[str]:
    """Names of readers, after those that are already there, separated by commas."""
    from vidkit.readers.registry import available

    before, comma, _ = prefix.rpartition(",")
    return [f"{before}{comma}{name}" for name in available() if name not in before.split(",")]


def _sources(prefix: str, words: argparse.Namespace) -> list[str]:
    before, comma, _ = prefix.rpartition(",")
    return [*_readers(prefix, words), f"{before}{comma}description"]


def _videos(prefix: str, words: argparse.Namespace) -> list[str]:
    return _in_library("file", words, prefix)


def _paths(prefix: str, words: argparse.Namespace) -> list[str]:
    """Files, and folders with a slash at the end."""
    folder, slash, beginning = prefix.rpartition("/")
    with os.scandir(os.path.expanduser(folder + slash) or ".") as entries:
        found = [entry for entry in entries if entry.name.startswith(beginning)]
    found = [entry for entry in found if beginning.startswith(".") or not entry.name.startswith(".")]
    return sorted(f"{folder}{slash}{entry.name}{'/' if entry.is_dir() else ''}" for entry in found)


_FILES = ("FILE", "DIR", "URL", "IN", "OUT", "FILE.html", "FILE.png", "VIDEOS.JSON", "URI|FILE", "FOLDER")
# The name of a value in the help -> what completes it.
_COMPLETERS: dict[str, Completer] = {
    **dict.fromkeys(_FILES, _paths),
    "TAG": _tags,
    "CLASS": _classes,
    "KEY": _labels,
    "KEY=VALUE": _conditions,
    "ID|FILE|URL": _videos,
    "NAMES": _readers,
    "SOURCES": _sources,
    "SECTION.KEY": _settings,
    "VALUE": _values,
}
