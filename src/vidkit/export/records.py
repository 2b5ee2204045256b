"""The record as a JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidkit.core import ensure_directory
from vidkit.core.stores import LocalStore, Store
from vidkit.record import SCHEMA, Record, record_name


def export_to_json(data: Mapping[str, Any], output_dir: str | os.PathLike[str]) -> Path:
    """Write a record to `<output_dir>/<filename>.json`, atomically.

    Returns:
        The file.

    Raises:
        OutputError: it cannot be written; an older record is kept.
    """
    folder = ensure_directory(output_dir)
    write_record(LocalStore(folder), data)
    return folder / record_name(data["filename"])


def write_record(store: Store, record: Mapping[str, Any]) -> None:
    """Write a record into a store, completely or not at all.

    Raises:
        OutputError: it cannot be written; an older record is kept.
    """
    store.write(record_name(record["filename"]), _encoded(record))


def write_record_over(store: Store, record: Mapping[str, Any], version: str | None) -> bool:
    """Write a record in place of the version that was read before (see `Store.write_over`). Returns whether it was
    written.

    Raises:
        OutputError: it cannot be written; an older record is kept.
    """
    return store.write_over(record_name(record["filename"]), _encoded(record), version)


def _encoded(record: Mapping[str, Any]) -> bytes:
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "surrogatepass")


def read_record(store: Store, filename: str) -> Record | None:
    """Read the record of the video with this file name; None if there is none, or the file is not a record.

    Raises:
        OutputError: the store fails.
    """
    return read_record_version(store, filename)[0]


def read_record_version(store: Store, filename: str) -> tuple[Record | None, str | None]:
    """As `read_record`, with the version of the file for `write_record_over`; None if there is no file.

    Raises:
        OutputError: the store fails.
    """
    try:
        content, version = store.read_version(record_name(filename))
    except OSError:
        return None, None
    return _decoded(content), version


def _decoded(text: bytes) -> Record | None:
    try:
        content = json.loads(text.decode("utf-8", "surrogatepass"))
    except ValueError:
        return None
    return content if isinstance(content, dict) and content.get("schema") == SCHEMA else None  # type: ignore[return-value]
