"""How a setting is declared, and the functions that read its text. They raise ValueError with a reason."""

from __future__ import annotations

import configparser
import difflib
import re
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import TypeVar

from vidkit.core.buckets import is_bucket
from vidkit.core.files import scheme_of
from vidkit.core.stores import Address, read_address
from vidkit.core.units import parse_resolution
from vidkit.messages import message

T = TypeVar("T")

# Placeholders in older sample config files: they count as not set.
_SAMPLES = re.compile(
    r"your[_-]access[_-]key|username:password@cluster|your-(public|vpc)-endpoint|your-default-uri"
    r"|quickstart(-vpc)?-endpoint\.region|^/path/to/",
    re.IGNORECASE,
)


class Secret(str):
    """A secret text: its `repr` is stars, and logs and messages hide it."""

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def setting(key: str, default: T, meaning: str, read: Callable[[str], T], env: str | None = None) -> T:
    """Declare one setting.

    Args:
        key: its name in config.ini.
        default: its value if nothing is set.
        meaning: one line for the user.
        read: converts text to the value; raises ValueError with a reason.
        env: an environment variable in addition to `VIDKIT_SECTION_KEY`.
    """
    metadata = {"key": key, "meaning": meaning, "read": read, "env": env}
    return field(default=default, metadata=metadata)


def read_text(text: str) -> str:
    return "" if _SAMPLES.search(text) else text


def read_secret(text: str) -> Secret:
    return Secret(read_text(text))


def read_path(text: str) -> Path:
    """A local path."""
    if scheme := scheme_of(_given(text)):
        raise ValueError(message("{scheme}:// is not on this machine: give a path", scheme=scheme))
    return Path(text).expanduser()


def read_library_path(text: str) -> Path | Secret:
    """The path of a library, or the URI of one on a server, which may have a password.

    A URI of an unknown kind is refused later, when the library is opened.
    """
    return Secret(text) if "://" in text else Path(_given(text)).expanduser()


def read_file_or_folder(text: str) -> Address:
    """A local path, or an address in a bucket."""
    return read_address(_given(text))


def read_buckets(text: str) -> tuple[str, ...]:
    """The addresses of buckets or folders in them, separated by commas or spaces, without a slash at the end."""
    found = tuple(part.rstrip("/") for part in re.split(r"[,\s]+", text) if part)
    for address in found:
        if not is_bucket(address) or not address.partition("://")[2]:
            raise ValueError(
                message("{address!r} is not a bucket such as s3://videos or s3://videos/public", address=address)
            )
    return found


def _given(text: str) -> str:
    if not text:
        raise ValueError(message("a path is needed"))
    return text


def read_yes_no(text: str) -> bool:
    try:
        return configparser.ConfigParser.BOOLEAN_STATES[text.lower()]
    except KeyError:
        raise ValueError(message("{text!r} is neither yes nor no", text=text)) from None


def read_reader_names(text: str) -> tuple[str, ...]:
    """Names separated by commas or spaces, without duplicates."""
    return tuple(dict.fromkeys(name.lower() for name in re.split(r"[,\s]+", text) if name))


def read_resolution(text: str) -> str:
    parse_resolution(text)
    return text


def number(read: Callable[[str], T], low: float, high: float, what: str) -> Callable[[str], T]:
    def parse(text: str) -> T:
        try:
            value = read(text)
        except ValueError:
            raise ValueError(message("{text!r} is not {what}", text=text, what=message(what))) from None
        if not low <= value <= high:  # type: ignore[operator]
            raise ValueError(
                message(
                    "{text} is not {what} from {low:g} to {high:g}",
                    text=text,
                    what=message(what),
                    low=low,
                    high=high,
                )
            )
        return value

    return parse


def choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            near = difflib.get_close_matches(text.lower(), words, 1)
            raise ValueError(
                message(
                    "{text!r} is not one of {words}{hint}",
                    text=text,
                    words=", ".join(words),
                    hint=message(": did you mean {near}?", near=near[0]) if near else "",
                )
            )
        return text.lower()

    parse.choices = words  # type: ignore[attr-defined]
    return parse


def choices_of(read: Callable[[str], object]) -> tuple[str, ...]:
    """The words that a function from `choice` accepts; empty for other functions."""
    words: tuple[str, ...] = getattr(read, "choices", ())
    return words
