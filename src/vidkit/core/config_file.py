"""Change values in a config.ini. Comments, order, line ends and all other values stay as they are."""

from __future__ import annotations

import io
import os
import stat
import time
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from configparser import RawConfigParser
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from vidkit.core.config import Ini, parse_ini, reader_of
from vidkit.core.files import write_whole
from vidkit.core.locks import take_file_lock
from vidkit.core.setting_values import Secret
from vidkit.core.settings import Setting
from vidkit.core.terminal import printable
from vidkit.errors import ConfigError, OutputError

_BOM = "\ufeff"
_PATIENCE, _PAUSE = 10.0, 0.02  # seconds to wait for another program that changes the file
_OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass
class _Place:
    """Where a key is in the file: the number of its line, and of the lines that continue its value.

    The header of a section has an empty key.
    """

    section: str
    key: str
    line: int
    more: list[int] = field(default_factory=list)


def write_settings(
    path: Path,
    values: Mapping[Setting, str],
    start: str | None = None,
    check: Callable[[Ini, Ini], None] = lambda _, __: None,
) -> None:
    """Write values into a config file atomically. Other programs may do the same at the same time.

    If a value is secret, only the owner can read the file afterwards.

    Args:
        path: the file.
        values: setting -> its text; an empty text means the default.
        start: the content of a file that does not exist yet; None: it must exist.
        check: called with the old and the new content; raises if something is wrong.

    Raises:
        ConfigError: the file does not exist or is not an INI file, or a value cannot be written into one.
        OutputError: it cannot be written, or another program keeps it locked.
    """
    real = Path(os.path.realpath(path))  # a link stays a link
    with _locked(real):
        old, mode = _read(path, start)
        new = changed(old, values, path)
        check(parse_ini(_plain(old), path), parse_ini(_plain(new), path))
        if any(text and is_secret(row, text) for row, text in values.items()):
            mode = (0o600 if mode is None else mode) & ~_OTHERS
        write_whole(real, new, mode)


def is_secret(row: Setting, text: str) -> bool:
    """Whether a setting's text must not be shown."""
    return isinstance(row.read(text), Secret)


def changed(text: str, values: Mapping[Setting, str], path: Path) -> str:
    """The content of a config file with changed values.

    A new key is added at the end of its section, with its meaning as a comment. A new section is added at the end
    of the file.

    Args:
        text: the content, with its line ends.
        values: setting -> its text.
        path: the file, for messages.

    Raises:
        ConfigError: as `write_settings`.
    """
    wanted = _values(parse_ini(_plain(text), path))
    for row, value in values.items():
        value = value.strip()
        _check_text(row, value)
        text, section, key = _with_value(text, row, value)
        wanted.setdefault(section, {})[key] = value
    if _values(parse_ini(_plain(text), path)) != wanted:
        # Such as a key under [DEFAULT], which is in all sections.
        names = " and ".join(f"[{row.section}] {row.key}" for row in values)
        raise ConfigError(
            "{path}: {names} cannot be changed by a program here: edit the file", path=printable(path), names=names
        )
    return text


def _with_value(text: str, row: Setting, value: str) -> tuple[str, str, str]:
    """The text with a changed value; and the section and the key as they are spelled there."""
    lines = list(io.StringIO(text, newline=""))
    end = next((line[len(line.rstrip("\r\n")) :] for line in lines if line.rstrip("\r\n") != line), "\n")
    places = list(_places(lines))
    inside = [place for place in places if _name(place.section) == _name(row.section)]
    there = [place for place in inside if place.key.lower() == row.key.lower()]
    if there:
        place = there[-1]  # if there are several spellings, the last one counts
        line = lines[place.line]
        body = line.rstrip("\r\n")
        shape = RawConfigParser.OPTCRE.match(body.strip())
        assert shape is not None  # `_places` used the same pattern
        before = len(body) - len(body.lstrip()) + shape.start("value")
        space = " " if value and not body[:before].endswith((" ", "\t")) else ""
        lines[place.line] = f"{body[:before]}{space}{value}".rstrip() + line[len(body) :]
        for number in place.more:
            lines[number] = ""
        return "".join(lines), place.section, place.key
    new = [f"# {row.meaning}", f"{row.key} = {value}".rstrip()]
    section = inside[-1].section if inside else row.section
    at = max([inside[-1].line, *inside[-1].more]) + 1 if inside else len(lines)
    if not inside:
        new = [*([""] if text.strip(_BOM) else []), f"[{section}]", *new]
    if at and not lines[at - 1].endswith(("\r", "\n")) and lines[at - 1].strip(_BOM):
        lines[at - 1] += end
    lines[at:at] = [line + end for line in new]
    return "".join(lines), section, row.key


def _places(lines: list[str]) -> Iterator[_Place]:
    """The headers and keys of a config file, as `configparser` finds them."""
    section, found, indent = "", None, 0
    for number, line in enumerate(lines):
        text = line.strip().lstrip(_BOM)
        if not text or text[0] in "#;":
            continue
        depth = len(line) - len(line.lstrip())
        if found is not None and found.key and depth > indent:
            found.more.append(number)
            continue
        if found is not None:
            yield found
        indent, header = depth, RawConfigParser.SECTCRE.match(text)
        if header:
            section = header["header"]
            found = _Place(section, "", number)
        else:
            option = RawConfigParser.OPTCRE.match(text)
            found = _Place(section, option["option"].rstrip() if option else "", number)
    if found is not None:
        yield found


def _name(section: str) -> str:
    """One name for all spellings of a section."""
    reader = reader_of(section)
    return section.lower() if reader is None else f"readers.{reader}"


def _values(ini: Ini) -> dict[str, dict[str, str]]:
    return {section: dict(ini.parser.items(section)) for section in ini.parser.sections()}


def _plain(text: str) -> str:
    """The text without a byte order mark, with `\n` as line ends."""
    return text.removeprefix(_BOM).replace("\r\n", "\n").replace("\r", "\n")


def is_one_line(value: str) -> bool:
    """Whether a text fits in one line of a config file."""
    return not any(unicodedata.category(each) in ("Cc", "Cs", "Zl", "Zp") for each in value)


def _check_text(row: Setting, value: str) -> None:
    """Refuse a value that does not fit in one line of the file."""
    if not is_one_line(value):
        raise ConfigError(
            "[{section}] {key}: a value is one line of text, without line ends and control characters",
            section=row.section,
            key=row.key,
        )


def _read(path: Path, start: str | None) -> tuple[str, int | None]:
    """A file's content with its line ends, and its mode; `start` and None if it does not exist."""
    try:
        return path.read_bytes().decode("utf-8"), stat.S_IMODE(path.stat().st_mode)
    except FileNotFoundError:
        if start is None:
            raise ConfigError(
                "{path}: no such file. `vidkit init` writes a config.ini here.", path=printable(path)
            ) from None
        return start, None
    except UnicodeDecodeError:
        raise ConfigError("{path}: this is not a text file in UTF-8", path=printable(path)) from None
    except OSError as error:
        raise ConfigError("{path}: {reason}", path=printable(path), reason=error.strerror) from None


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Lock a file that is being changed."""
    end = time.monotonic() + _PATIENCE
    while (lock := take_file_lock(path.with_name(f".{path.name}.lock"))) is None:
        if time.monotonic() > end:
            raise OutputError("{path} is being changed by another program: try again later", path=printable(path))
        time.sleep(_PAUSE)
    try:
        yield
    finally:
        lock.release()
