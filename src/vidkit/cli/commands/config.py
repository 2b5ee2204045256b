"""`vidkit config get`, `set` and `check`."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from pathlib import Path
from typing import Any

from vidkit.cli.config_check import check_config
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_WRONG
from vidkit.cli.screen import json_text
from vidkit.cli.setting_names import find_setting
from vidkit.core import printable, without_secrets
from vidkit.core.config import (
    DEFAULT_PATH,
    Config,
    Found,
    Ini,
    Secret,
    Setting,
    clashes,
    read_ini,
    read_settings,
    settings,
)
from vidkit.core.config_file import is_secret, write_settings
from vidkit.core.settings import show
from vidkit.core.units import format_count
from vidkit.errors import ConfigError, sentence
from vidkit.messages import _, message, translated
from vidkit.readers.registry import load_reader, reader_settings

_HIDDEN = "***"


def config(options: argparse.Namespace, _: Config) -> int:
    """`vidkit config`: reads the settings itself, because they may be invalid."""
    actions = {"get": _get, "set": _set, "check": _check}
    return actions[options.action](options)


def _get(options: argparse.Namespace) -> int:
    found = read_settings(read_ini(options.config))
    if options.name is None:
        return _get_all(found, options.json)
    row = find_setting(options.name)
    if (row.section, row.key) in found.wrong:
        raise ConfigError(found.wrong[row.section, row.key])
    value = _shown(_value(row, found))
    _print(_entry(row.section, row.key, value, found.sources.get((row.section, row.key))), options.json, value)
    return EXIT_DONE


def _get_all(found: Found, as_json: bool) -> int:
    for row in settings():
        key = row.section, row.key
        if key not in found.wrong:
            _print(_entry(*key, _shown(_value(row, found)), found.sources.get(key)), as_json)
    for each in found.config.reader_settings:
        if each.reader:
            value = printable(without_secrets(each.text))
            _print(_entry(f"Readers.{each.reader}", each.key, value, each.where.partition(": [")[0]), as_json)
    for wrong in found.wrong.values():
        print(f"{_('WARNING')}: {printable(translated(wrong))}", file=sys.stderr)
    return EXIT_WRONG if found.wrong else EXIT_DONE


def _value(row: Setting, found: Found) -> Any:
    if row.attribute:
        return getattr(getattr(found.config, row.section_attribute), row.attribute)
    reader = row.section.partition(".")[2]
    return reader_settings(reader, load_reader(reader), found.config)[row.key]


def _shown(value: Any) -> str:
    return (_HIDDEN if value else "") if isinstance(value, Secret) else printable(without_secrets(show(value)))


def _entry(section: str, key: str, value: str, source: str | None) -> dict[str, str | None]:
    return {"name": printable(f"{section}.{key}"), "value": value, "from": source and printable(source)}


def _print(entry: dict[str, str | None], as_json: bool, alone: str | None = None) -> None:
    if as_json:
        print(json_text(entry))
    elif alone is not None:
        print(alone)
    else:
        source = f"  ({entry['from']})" if entry["from"] else ""
        print(f"{entry['name']} = {entry['value']}".rstrip() + source)


def _set(options: argparse.Namespace) -> int:
    path = Path(options.config) if options.config else DEFAULT_PATH
    row = find_setting(options.name)
    text = (_asked(row) if options.value is None else options.value).strip()
    name = f"{row.section}.{row.key}"
    secret = False
    if text:
        try:
            secret = is_secret(row, text)
        except ValueError as error:
            shown = message("this value") if isinstance(row.default, Secret) else str(error)
            raise ConfigError(
                "{where}: {shown} {meaning}", where=name, shown=sentence(printable(shown)), meaning=row.meaning
            ) from None
    write_settings(path, {row: text}, check=_check_clashes)
    default = _("{value} (the default)", value=show(row.default)).strip()
    shown = _HIDDEN if secret else printable(without_secrets(text)) if text else default
    print(f"{printable(path)}: {name} = {shown}")
    for variable in row.env:
        if os.environ.get(variable):
            print(_("the environment variable {name} is set, and overrides it", name=variable), file=sys.stderr)
    return EXIT_DONE


def _check_clashes(old: Ini, new: Ini) -> None:
    """Refuse a value that contradicts other settings of the file."""
    before, after = (clashes(read_settings(ini, environment={}).config) for ini in (old, new))
    for key, clash in after.items():
        if key not in before:
            raise ConfigError(clash)


def _asked(row: Setting) -> str:
    """The value from standard input, for secrets: other users can see a command line."""
    if sys.stdin.isatty():
        return getpass.getpass(_("{name} (not shown): ", name=f"{row.section}.{row.key}"))
    return sys.stdin.readline()


def _check(options: argparse.Namespace) -> int:
    problems, given, rules = check_config(options.config)
    if options.json:
        print(json_text({"problems": [problem._asdict() for problem in problems]}))
    else:
        for kind, problem in problems:
            print(f"{kind:7}  {translated(problem)}")
        if not problems:
            settings_given, all_rules = format_count(given, "setting"), format_count(rules, "rule")
            print(_("nothing is wrong: {settings} given, {rules}", settings=settings_given, rules=all_rules))
    return EXIT_WRONG if problems else EXIT_DONE
