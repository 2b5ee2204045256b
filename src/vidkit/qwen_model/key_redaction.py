"""Remove the access key from server messages, plain or with JSON escapes."""

from __future__ import annotations

import re
from collections.abc import Callable

STARS = "***"
# One backslash, or several if JSON is inside JSON. The number is bounded, and the first character is searched only
# at the beginning of a run of backslashes, so that a long text of backslashes is fast.
_BEGIN = r"(?<!\\)(?<!u005[cC])"
_BACKSLASH = r"(?:\\(?:u005[cC]){0,8}){1,16}"


def key_redactor(secret: str) -> Callable[[str], str]:
    r"""A function that replaces a secret in a text by stars.

    It also finds the secret with characters in JSON escapes, such as `\u0053` for `S`: a text may be JSON, or
    contain JSON that contains JSON.
    """
    if not secret:
        return lambda text: text
    first, rest = secret[0], secret[1:]
    pattern = re.compile(_character(first, _BEGIN) + "".join(map(_character, rest)))
    return lambda text: pattern.sub(STARS, text) if "\\" in text else text.replace(secret, STARS)


def _character(character: str, begin: str = "") -> str:
    """A pattern for one character, plain or escaped; `begin` comes before its backslashes."""
    units = character.encode("utf-16-be")
    escape = "".join(f"{_BACKSLASH}u{_hex(units[at : at + 2])}" for at in range(0, len(units), 2))
    plain = re.escape(character)
    if character in '"/\\':
        plain = f"(?:{_BACKSLASH})?{plain}" if character != "\\" else r"\\{1,16}"
    return f"(?:{plain}|{begin}{escape})"


def _hex(unit: bytes) -> str:
    """Four hex digits in either case."""
    return "".join(f"[{digit}{digit.upper()}]" if digit.isalpha() else digit for digit in unit.hex())
