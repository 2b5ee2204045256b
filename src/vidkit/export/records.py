"""The record as a JSON file."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidkit.core import ensure_directory, write_whole
from vidkit.record import SCHEMA, Record


def export_to_json(data: Mapping[str, Any], output_dir: str | os.PathLike[str]) -> Path:
    """Write a record to `<output_dir>/<filename>.json`, atomically.

    Returns:
        The file.

    Raises:
        OutputError: it cannot be written; an older record is kept.
    """
    path = record_path(ensure_directory(output_dir), data["filename"])
    write_whole(path, json.dumps(data, ensure_ascii=False, indent=2) + "\n")
    return path


def record_path(folder: Path, filename: str) -> Path:
    """Where the record of the file with this name is."""
    return folder / f"{filename}.json"


def read_record(path: Path) -> Record | None:
    """Read a record; None where there is none, or the file is not one of this schema."""
    try:
        content = json.loads(path.read_text(encoding="utf-8", errors="surrogatepass"))
    except (OSError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("schema") == SCHEMA else None  # type: ignore[return-value]
