"""A sample as one flat row, for tables, archives and metadata files."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from vidkit.core import shown_url
from vidkit.export.items import DatasetSpec, Sample
from vidkit.export.readings import readings_of, subtitles_path

# Column -> its kind, in order. `tables.py` turns the kinds into Arrow types.
COLUMNS = {
    "name": "text", "path": "text", "label": "text", "label_id": "whole", "split": "text", "level": "text",
    "start_time": "number", "end_time": "number", "source_start": "number", "source_end": "number",
    "description": "text", "tags": "texts", "ai_tags": "texts", "classification": "text", "id": "text",
    "sha256": "text", "filename": "text", "url": "text", "width": "whole", "height": "whole", "fps": "number",
    "duration": "number", "codec": "text", "unread": "number", "columns": "object",
    "readings": "object", "subtitles": "text",
}  # fmt: skip
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
# A formula that a spreadsheet would run, or a text that looks like an escaped one.
_FORMULA = re.compile(r"'*[=+\-@\t\n]")


def row_of(sample: Sample, spec: DatasetSpec) -> dict[str, Any]:
    """The row of a sample with one item. The docs have the columns' meanings (docs/datasets.md)."""
    record, item = sample.record, sample.items[0]
    start, end = sample.times(item)
    values = {
        "name": sample.name,
        "path": sample.path,
        "label": item.label,
        "label_id": None if item.label is None else spec.labels[item.label],
        "split": sample.split,
        "level": item.kind,
        "start_time": float(start),
        "end_time": float(end),
        "source_start": float(item.start),
        "source_end": float(item.end),
        "description": item.description,
        "tags": list(record["tags"]),
        "ai_tags": list(item.ai_tags),
        "classification": record["classification"],
        "id": record["id"],
        "sha256": record["sha256"],
        "filename": record["filename"],
        "url": shown_url(record["source"]["url"]),
        "width": record["width"],
        "height": record["height"],
        "fps": float(record["fps"]),
        "duration": float(record["duration"]),
        "codec": record["codec"],
        "unread": float(record.get("unread") or 0.0),
        "columns": dict(record["source"]["columns"]),
        "readings": readings_of(sample),
        "subtitles": subtitles_path(sample),
    }
    if item.kind == "segment" and sample.apart:
        clip = next(clip for clip in record["segments"] if clip["index"] == item.number)
        values |= {"width": clip["width"], "height": clip["height"], "fps": float(clip["fps"]), "codec": "h264"}
        values["duration"] = end
    return {name: whole(value) for name, value in values.items()}


def flat(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of plain values: lists joined, see `_joined`, objects as JSON, nothing empty but text."""
    plain = dict(row)
    for name, kind in COLUMNS.items():
        value = plain[name]
        if kind == "texts":
            plain[name] = _joined(value)
        elif kind == "object":
            plain[name] = json.dumps(value, ensure_ascii=False)
        elif value is None and kind == "text":
            plain[name] = ""
    return plain


def _joined(texts: Sequence[str]) -> str:
    """`one; two`, or a JSON list where that would not be read back as it was: `["one, two"]`."""
    plain = "; ".join(texts)
    parts = [part.strip() for part in re.split("[;|,]", plain)]
    if plain.startswith("[") or _CONTROL.search(plain) or (texts and parts != list(texts)):
        return json.dumps(list(texts), ensure_ascii=False)
    return plain


def cell(value: Any) -> Any:
    """A value as it may stand in a CSV: no control character but tab and line end, and no text that a spreadsheet
    would run as a formula: one that begins with = + - @, a tab or a line end gets a `'` before it
    (https://owasp.org/www-community/attacks/CSV_Injection). So does one that begins so after a `'`: taking the
    first away (`labels.text_of_cell`) always gives the text."""
    if not isinstance(value, str):
        return value
    value = _CONTROL.sub("?", value.replace("\r\n", "\n"))
    return f"'{value}" if _FORMULA.match(value) else value


def whole(value: Any) -> Any:
    """A value whose text can be written as UTF-8: half characters become `?`."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [whole(inner) for inner in value]
    if isinstance(value, dict):
        return {whole(key): whole(inner) for key, inner in value.items()}
    return value
