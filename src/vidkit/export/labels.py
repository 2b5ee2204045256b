"""Labels: how to read the label of an item from a record, and the names of label folders."""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any
from urllib.parse import unquote, urlsplit

from vidkit.core import printable
from vidkit.errors import ConfigError
from vidkit.record import Record

LabelOf = Callable[[Record, Mapping[str, Any] | None], "str | None"]

_JOINERS = "\u200c\u200d"  # format characters that Persian, Indic scripts and emoji need
_LONGEST = 100  # bytes of a folder's name, so that the whole path is not too long
_FORBIDDEN = re.compile(r'[<>:"|?*/\\]')
# https://learn.microsoft.com/windows/win32/fileio/naming-a-file
RESERVED = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])(\.|$)", re.IGNORECASE)
# Hugging Face's `datasets` (data_files.py) takes a folder with one of these words in its name for a split, at any
# level. With a `~` after it, it is no longer a separate word.
_SPLIT_WORD = re.compile(
    r"(?<![^-._ 0-9])(training|train|validation|valid|dev|val|testing|test|evaluation|eval)(?![^-._ 0-9])",
    re.IGNORECASE,
)


def label_reader(key: str) -> LabelOf:
    """A function that reads the label of a record, or of one of its clips.

    Args:
        key: `class`; `tag` (the first tag), `tag:A,B` (the first of these that the record has); `ai_tag` and
            `ai_tag:A,B`, the same with the model's tags (of the clip, if any clip has tags); `folder`, the folder
            of the file at its source; otherwise a column of the CSV, also as `column:NAME`.

    Returns:
        (record, clip or None) -> the label, or None without one.

    Raises:
        ConfigError: the key is empty or incomplete.
    """
    kind, colon, rest = key.strip().partition(":")
    wanted = [word.strip() for word in rest.split(",") if word.strip()]
    if not kind or (colon and kind in ("tag", "ai_tag") and not wanted) or (kind == "column" and not rest.strip()):
        raise ConfigError(
            "--label {key}: write class, tag, tag:A,B, ai_tag, folder, or a CSV column's name", key=printable(key)
        )
    if kind == "tag":
        return lambda record, clip: _tidy(_first(record["tags"], wanted))
    if kind == "ai_tag":
        return lambda record, clip: _tidy(_first(_model_tags(record, clip), wanted))
    if key.strip() == "class":
        return lambda record, clip: _tidy(record["classification"])
    if key.strip() == "folder":
        return lambda record, clip: _tidy(source_folder(record))
    column = (rest if colon and kind == "column" else key).strip()
    return lambda record, clip: _tidy(_column(record, column))


def column_of(key: str) -> str | None:
    """The CSV column of a key; None for the other keys."""
    key = key.strip()
    kind, colon, rest = key.partition(":")
    if colon and kind == "column":
        return rest.strip()
    return None if kind in ("tag", "ai_tag") or key in ("class", "folder") else key


def _first(tags: Sequence[str], wanted: Sequence[str]) -> str | None:
    if not wanted:
        return next(iter(tags), None)
    there = {tag.casefold() for tag in tags}
    return next((tag for tag in wanted if tag.casefold() in there), None)


def _model_tags(record: Record, clip: Mapping[str, Any] | None) -> Sequence[str]:
    # The tags of a video are those of all its clips, so they do not apply to a clip without tags.
    if clip is not None and any(segment["tags"] for segment in record["segments"]):
        return list(clip["tags"])
    return record["ai_generated_tags"]


def _column(record: Record, name: str) -> str | None:
    columns = record["source"]["columns"]
    if name in columns:
        return columns[name]
    return next((value for column, value in columns.items() if column.casefold() == name.casefold()), None)


def source_folder(record: Record) -> str | None:
    """The folder of the file at its source: from the URL or path, otherwise from the file name in the CSV."""
    for text, is_url in ((record["source"]["url"], True), (record["source"]["file_name"] or "", False)):
        if is_url and "://" in text:
            try:
                text = unquote(urlsplit(text).path)
            except ValueError:
                continue
        parts = [part for part in re.split(r"[/\\]", text) if part not in ("", ".", "..")]
        if len(parts) > 1 and not parts[-2].endswith(":"):
            return parts[-2]
    return None


@lru_cache(maxsize=4096)
def _tidy(text: str | None) -> str | None:
    """A normalized label: NFC, single spaces, no control characters; None if it is empty."""
    if text is None:
        return None
    plain = (c if c in _JOINERS else printable(c) for c in unicodedata.normalize("NFC", text))
    return " ".join("".join(plain).split()) or None


def label_folders(labels: Iterable[str]) -> dict[str, str]:
    """A unique folder name for each label, safe on every system.

    Labels whose names would be the same on some system get a hash of the label.
    """
    plain = {label: _folder_name(label) for label in labels}
    taken = Counter(name.casefold() for name in plain.values())
    return {
        label: name if taken[name.casefold()] == 1 else f"{name}-{hashlib.sha256(label.encode()).hexdigest()[:8]}"
        for label, name in plain.items()
    }


def _folder_name(label: str) -> str:
    name = _SPLIT_WORD.sub(r"\1~", _FORBIDDEN.sub("_", printable(label)))
    name = name.encode()[:_LONGEST].decode(errors="ignore").strip(" .\u00a0")
    # `datasets` ignores folders that begin with a dot or with two underscores.
    name = re.sub("^_{2,}", "_", name) or "_"
    # `metadata.jsonl` is a file beside these folders.
    return f"_{name}" if RESERVED.match(name) or name.casefold() == "metadata.jsonl" else name
