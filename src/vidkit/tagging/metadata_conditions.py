"""`metadata_conditions`: conditions on a record's keys. The keys and their types are those of `record.Record`."""

from __future__ import annotations

import math
import re
import types
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints, is_typeddict

from vidkit.core.units import (
    Sides,
    codec_name,
    named_resolution,
    parse_date,
    parse_duration,
    parse_resolution,
    parse_size,
)
from vidkit.errors import nearest
from vidkit.messages import message
from vidkit.record import Record
from vidkit.tagging.words import caseless, fold

SUFFIXES = ("gt", "gte", "lt", "lte", "ne", "in", "contains")
_ORDER = ("gt", "gte", "lt", "lte")
_WORDS = {
    "": "is", "gt": "is more than", "gte": "is at least", "lt": "is less than", "lte": "is at most",
    "ne": "is not", "in": "is", "contains": "contains",
}  # fmt: skip
COLUMNS = "source.columns."
READINGS = "readings."
# The readers and their values are not known here: they are plug-ins.
_READING = re.compile(r"readings\.[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
# Made by the rules or after them, so rules cannot use them.
_LATER = ("tags", "classification", "processing")
# Keys with a format of their own. The kind of other keys follows from their type.
_KINDS = {
    "duration": "duration", "size": "size", "bit_rate": "size", "frame_rate": "ratio", "resolution": "resolution",
    "codec": "codec", "audio.codec": "codec", "container": "names", "source.file_size": "size",
    "source.last_modified": "date",
}  # fmt: skip
# Numbers that differ by at most this are equal, as 29.97 and 30000/1001.
_CLOSE = 0.005


@dataclass(frozen=True)
class MetadataCondition:
    """One condition: a record's key, its kind, a suffix or "", and the value to compare with."""

    key: str
    kind: str
    suffix: str
    wanted: Any

    def __repr__(self) -> str:
        """Must not change: it is part of the rules' fingerprint, and another one would tag every video again."""
        return f"Entry(key={self.key!r}, kind={self.kind!r}, suffix={self.suffix!r}, wanted={self.wanted!r})"


def read_metadata(value: Any) -> tuple[MetadataCondition, ...]:
    """Read the `metadata_conditions` of a rule file.

    Raises:
        ValueError: a key is unknown (the message has the nearest known one), or a value is invalid.
    """
    if not isinstance(value, dict):
        raise ValueError(message('needs an object, as in {"codec": "h264", "duration_gt": 600}'))
    if not value:
        raise ValueError(message("is empty"))
    conditions = [_read_condition(written, wanted) for written, wanted in value.items()]
    return tuple(sorted(conditions, key=lambda condition: (condition.key, condition.suffix)))


def columns_in(conditions: tuple[MetadataCondition, ...]) -> list[str]:
    """The columns of the CSV in these conditions, as they are spelled there."""
    return [condition.key[len(COLUMNS) :] for condition in conditions if condition.kind == "column"]


def readings_in(conditions: tuple[MetadataCondition, ...]) -> list[str]:
    """The values of readings in these conditions, such as `readings.quality.motion`."""
    return [condition.key for condition in conditions if condition.key.startswith(READINGS)]


def metadata_holds(conditions: tuple[MetadataCondition, ...], record: Mapping[str, Any]) -> bool:
    """Whether all conditions hold. A value that is `null`, missing or unreadable matches only `_ne`."""
    return all(_holds(condition, _value(record, condition.key)) for condition in conditions)


def condition_text(condition: MetadataCondition, record: Mapping[str, Any]) -> str:
    """A condition as text, with the record's value: `duration is more than 600 (734.2)`."""
    value = _value(record, condition.key)
    have = "x".join(map(str, value)) if isinstance(value, tuple) else value
    wanted = condition.wanted if isinstance(condition.wanted, tuple) else (condition.wanted,)
    asked, known = " or ".join(map(_shown, wanted)), _shown(have)
    words = f"{_WORDS[condition.suffix]} {asked}"
    if condition.wanted is None:
        words = "is there" if condition.suffix == "ne" else "is not there"
    return f"{condition.key} {words}" if asked == known else f"{condition.key} {words} ({known})"


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{key} {_shown(each)}" for key, each in value.items())
    return "nothing" if value is None else f"{value:.10g}" if isinstance(value, float) else f"{value}"


@cache
def known_keys() -> Mapping[str, str]:
    """Every key of a record that a condition may use, such as `audio.codec` -> its kind."""
    return dict(_walk(Record, ""))


def _walk(table: Any, prefix: str) -> Iterator[tuple[str, str]]:
    for name, hint in get_type_hints(table).items():
        key = prefix + name
        if key in _LATER:
            continue
        if get_origin(hint) in (Union, types.UnionType):
            hint = next(part for part in get_args(hint) if part is not type(None))
        if is_typeddict(hint):
            yield key, "object"
            yield from _walk(hint, f"{key}.")
        elif get_origin(hint) in (list, dict):
            yield key, "list" if get_origin(hint) is list else "object"
        else:
            yield key, _KINDS.get(key, "number" if hint in (int, float) else "text")


def _read_condition(written: str, wanted: Any) -> MetadataCondition:
    key, suffix = _split(written)
    kind = _kind_of(key)
    if wanted is None:
        if suffix not in ("", "ne"):
            raise ValueError(message('"{written}": null goes with the plain key or with _ne', written=written))
        return MetadataCondition(key, kind, suffix, None)
    if kind == "object":
        if key == READINGS[:-1]:
            raise ValueError(
                message('"{key}" is an object: name a value in it, as in "readings.quality.motion_lt"', key=written)
            )
        child = next((known for known in known_keys() if known.startswith(f"{key}.")), f"{key}.NAME")
        raise ValueError(
            message('"{written}" is an object: name one of its keys, as in "{child}"', written=written, child=child)
        )
    if suffix == "in":
        if not isinstance(wanted, list) or not wanted:
            raise ValueError(message('"{written}" needs a list of values', written=written))
        return MetadataCondition(key, kind, suffix, tuple(_read_wanted(written, kind, "", each) for each in wanted))
    return MetadataCondition(key, kind, suffix, _read_wanted(written, kind, suffix, wanted))


def _kind_of(key: str) -> str:
    if key.startswith(COLUMNS):
        return "column"
    if key.startswith(READINGS):
        return "list" if key.endswith(".spans") else "reading"
    return known_keys()[key]


def _split(written: str) -> tuple[str, str]:
    """Split a key of a rule file into (record key, suffix)."""
    key, _, suffix = written.rpartition("_")
    if written in known_keys() or suffix not in SUFFIXES:
        key, suffix = written, ""
    if key in known_keys() or (key.startswith(COLUMNS) and key != COLUMNS) or _READING.fullmatch(key):
        return key, suffix
    if key.startswith(READINGS):
        raise ValueError(
            message('"{key}" names no value of a reading: write it like "readings.quality.motion_lt"', key=written)
        )
    if key.partition(".")[0] in _LATER:
        raise ValueError(
            message(
                '"{key}": {name} is not there yet when rules run; "tags_present" asks for tags',
                key=written,
                name=key,
            )
        )
    spellings = [*known_keys(), *(f"{known}_{end}" for known in known_keys() for end in SUFFIXES)]
    # A plain word that is not very similar to a key is probably a column.
    near = nearest(written, spellings, cutoff=0.6 if "." in written else 0.75)
    asked = message(': a column of your CSV is asked for as "{column}"', column=COLUMNS + written)
    column = asked if "." not in written else ""
    hint = message(': did you mean "{near}"?', near=near) if near else column
    raise ValueError(message('"{written}" is not a key of a record{hint}', written=written, hint=hint))


def _read_wanted(written: str, kind: str, suffix: str, wanted: Any) -> Any:
    """The value to compare with, converted for its kind."""
    if isinstance(wanted, bool) and kind == "reading" and not suffix:
        return _read_text(wanted)
    if isinstance(wanted, bool) or not isinstance(wanted, (str, int, float)):
        raise ValueError(message('"{written}" needs text or a number', written=written))
    if suffix == "contains":
        if kind not in ("text", "codec", "names", "column", "list", "reading"):
            raise ValueError(
                message('"{key}": _contains is for text and lists; use _gt, _gte, _lt, _lte or _in', key=written)
            )
        if not fold(str(wanted)):
            raise ValueError(message('"{written}" is blank', written=written))
        return str(wanted)
    if suffix in _ORDER and kind in ("text", "codec", "names"):
        raise ValueError(
            message('"{written}": this is text, and _{suffix} compares numbers', written=written, suffix=suffix)
        )
    try:
        if kind == "reading":
            return _read_number(wanted) if suffix in _ORDER else wanted
        if kind == "column":
            if suffix in _ORDER and all(_try(read, wanted) is None for read in _ORDERED_READS):
                raise ValueError(message("{wanted!r} is not a number", wanted=wanted))
            return wanted
        return _READ[kind](wanted)
    except ValueError as error:
        raise ValueError(message('"{written}": {error}', written=written, error=error)) from None


def _value(record: Mapping[str, Any], key: str) -> Any:
    """A record's value by its dotted key. The name of a column may be in any case."""
    if key.startswith(COLUMNS):
        columns = (record.get("source") or {}).get("columns") or {}
        name = key[len(COLUMNS) :]
        return columns.get(name, {caseless(column): columns[column] for column in columns}.get(caseless(name)))
    if key == "resolution":
        return _frame_size(record)
    value: Any = record
    for part in key.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _frame_size(record: Mapping[str, Any]) -> tuple[int, int] | None:
    """The displayed (width, height) in pixels."""
    width, height, text = (record.get(key) for key in ("width", "height", "resolution"))
    if isinstance(width, int) and isinstance(height, int):
        return width, height
    return _try(parse_resolution, text) if isinstance(text, str) else None


def _holds(condition: MetadataCondition, value: Any) -> bool:
    if condition.suffix == "ne":
        return not _equal(condition.kind, value, condition.wanted)
    if condition.suffix == "in":
        return any(_equal(condition.kind, value, wanted) for wanted in condition.wanted)
    if condition.suffix == "contains":
        return _contains(value, condition.wanted)
    if condition.suffix == "":
        return _equal(condition.kind, value, condition.wanted)
    if value is None:
        return False
    if condition.kind == "resolution":
        return _resolution_order(value, condition.wanted, condition.suffix)
    if condition.kind == "column":
        pairs = ((_try(read, value), _try(read, condition.wanted)) for read in _ORDERED_READS)
        return next((_ordered(*pair, condition.suffix) for pair in pairs if None not in pair), False)
    if condition.kind == "reading":  # shares: 0.203 is more than 0.2
        number = _try(_read_number, value)
        return number is not None and _ordered(number, condition.wanted, condition.suffix, close=0)
    have = _try(_READ[condition.kind], value)
    return have is not None and _ordered(have, condition.wanted, condition.suffix)


def _equal(kind: str, value: Any, wanted: Any) -> bool:
    if value is None or wanted is None:
        return value is wanted
    if kind == "resolution":
        return _is_resolution(value, wanted)
    if kind in ("column", "reading"):
        have, number = _try(_read_number, value), _try(_read_number, wanted)
        if have is not None and number is not None:
            return math.isclose(have, number, rel_tol=0, abs_tol=_CLOSE if kind == "column" else 1e-6)
        return _read_text(value) == _read_text(wanted)
    have = _try(_READ[kind], value)
    if kind == "names":
        return have is not None and (have == wanted or wanted in have.split(","))
    if isinstance(have, float) and isinstance(wanted, float):
        return math.isclose(have, wanted, rel_tol=0, abs_tol=_CLOSE)
    return have is not None and bool(have == wanted)


def _contains(value: Any, wanted: str) -> bool:
    """Whether a text contains another in any case, or a list contains a text as a tag."""
    if isinstance(value, (list, tuple)):
        return fold(wanted) in (fold(item) for item in value if isinstance(item, str))
    return value is not None and caseless(wanted) in caseless(str(value))


def _ordered(have: Any, wanted: Any, suffix: str, close: float = _CLOSE) -> bool:
    if suffix in ("gte", "lte") and (have == wanted or (isinstance(have, float) and abs(have - wanted) <= close)):
        return True
    return bool(have > wanted) if suffix in ("gt", "gte") else bool(have < wanted)


def _try(read: Callable[[Any], Any], value: Any) -> Any:
    """The result of `read` for a value; None if it cannot be read."""
    try:
        return read(value)
    except ValueError:
        return None


def _read_number(value: Any) -> float:
    if not isinstance(value, bool) and isinstance(value, (int, float, str)):
        try:
            number = float(value)
        except (ValueError, OverflowError):
            number = math.nan
        if math.isfinite(number):
            return number
    raise ValueError(message("{value!r} is not a number", value=value))


def _read_ratio(value: Any) -> float:
    over, slash, under = str(value).partition("/")
    if slash and _read_number(under):
        return _read_number(over) / _read_number(under)
    return _read_number(value)


def _read_duration(value: Any) -> float:
    return parse_duration(value) if isinstance(value, str) else _read_number(value)


def _read_size(value: Any) -> float:
    return float(parse_size(value)) if isinstance(value, str) else _read_number(value)


def _read_date(value: Any) -> datetime:
    if not isinstance(value, str):
        raise ValueError(message("{value!r} is not a date: write it like 2026-11-20", value=value))
    return parse_date(value)


def _read_text(value: Any) -> str:
    return caseless(str(value)).strip()


def _read_codec(value: Any) -> str:
    return codec_name(_read_text(value))


def _read_count(value: Any) -> float:
    return float(len(value)) if isinstance(value, (list, tuple)) else _read_number(value)


def _read_resolution(value: Any) -> str:
    """Check the resolution of a rule, and return it in lower case."""
    if not isinstance(value, str):
        raise ValueError(message("{value!r} is not a resolution: write it like 720p, 4K or 1280x720", value=value))
    parse_resolution(value)
    return value.strip().lower()


_READ: dict[str, Callable[[Any], Any]] = {
    "number": _read_number,
    "duration": _read_duration,
    "size": _read_size,
    "ratio": _read_ratio,
    "date": _read_date,
    "text": _read_text,
    "codec": _read_codec,
    "names": _read_text,
    "list": _read_count,
    "resolution": _read_resolution,
}
# A column is text. For comparisons by size, these are tried in this order.
_ORDERED_READS: tuple[Callable[[Any], Any], ...] = (_read_number, _read_duration, _read_size, _read_date)


def _reaches(frame: tuple[int, int], sides: Sides | None) -> bool:
    """Whether a frame size, in portrait or landscape, reaches one of these sides; False without sides."""
    if sides is None:
        return False
    long_side, short_side = sides
    return max(frame) >= long_side or (short_side is not None and min(frame) >= short_side)


def _is_resolution(frame: tuple[int, int], wanted: str) -> bool:
    """Whether a frame size is what a name means: `1920x1080` is exactly this size, `4K` is 4K or more."""
    named = named_resolution(wanted)
    if named is None:
        return frame == parse_resolution(wanted)
    return _reaches(frame, named.reaches) and (named.or_more or not _reaches(frame, named.following))


def _resolution_order(frame: tuple[int, int], wanted: str, suffix: str) -> bool:
    """Compare a frame size: with a name, by the names; with a size such as `1920x1080`, by the number of pixels."""
    named = named_resolution(wanted)
    if named is None:
        return _ordered(math.prod(frame), math.prod(parse_resolution(wanted)), suffix)
    if suffix in ("gte", "lt"):
        return _reaches(frame, named.reaches) == (suffix == "gte")
    return _reaches(frame, named.following) == (suffix == "gt")
