"""`vidkit config check`: all that is wrong with the settings and the rule files, at once.

No server is asked, except for rule files in a bucket.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from vidkit.core import load_priority_keywords, printable, without_secrets
from vidkit.core.config import Config, read_ini, read_settings, settings
from vidkit.errors import ConfigError, VidkitError, nearest
from vidkit.library.backends import configured_address
from vidkit.qwen_model.describer import check_describer
from vidkit.readers.registry import environment_names, unknown_settings, wrong_settings
from vidkit.tagging.rules import RuleError
from vidkit.tagging.user_rules import open_rules

_ALIKE = 0.9  # of a misspelt variable; others may well be those of other programs


class Problem(NamedTuple):
    """`wrong`: commands end with this message. `unknown`: it is warned of, and has no effect."""

    kind: str
    message: str


class Checked(NamedTuple):
    """What is wrong, and of how many settings and rules."""

    problems: list[Problem]
    given: int
    rules: int


def check_config(config_path: str | None) -> Checked:
    """Look at config.ini, the environment and the rule files.

    Args:
        config_path: the file; None: `./config.ini`, if it exists.
    """
    wrong: list[str] = []
    try:
        ini = read_ini(config_path)
    except ConfigError as error:
        ini = None
        wrong.append(str(error))
    found = read_settings(ini)
    wrong += found.wrong.values()
    wrong += wrong_settings(found.config)
    for check in (check_describer, configured_address, lambda config: load_priority_keywords(_keywords(config))):
        try:
            check(found.config)
        except VidkitError as error:
            wrong.append(str(error))
    rules = 0
    try:
        given = open_rules(found.config)
        rules = len(given.rules) + len(given.classifications)
    except RuleError as error:
        wrong += error.mistakes
    except ConfigError as error:
        wrong.append(str(error))
    unknown = [*found.unknown, *unknown_settings(found.config), *_unknown_variables()]
    problems = [Problem("wrong", printable(without_secrets(each))) for each in wrong]
    problems += [Problem("unknown", printable(without_secrets(each))) for each in unknown]
    return Checked(problems, len(found.sources), rules)


def _keywords(config: Config) -> str:
    return str(config.rules.priority_keywords)


def _unknown_variables() -> Iterator[str]:
    """Environment variables that are nearly one of vidkit's."""
    known = {name for row in settings() for name in row.env} | set(environment_names())
    for name, value in os.environ.items():
        if value and name not in known and (near := nearest(name, known, _ALIKE)):
            yield f"no setting is read from the environment variable {name}: did you mean {near}?"
