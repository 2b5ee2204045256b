"""Fingerprints: what results were made from, so that nothing is made twice."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timezone
from typing import Any


def fingerprint(*parts: object) -> str:
    """Sixteen hex digits that change when any of the parts does."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


def stage_fingerprint(version: int, inputs: list[object], settings: list[object]) -> str:
    """What a stage's results are made from: the stage's version, what comes in, the settings that it reads."""
    return fingerprint(version, inputs, settings)


def stage_entry(seconds: float, made_from: str) -> dict[str, Any]:
    """What the record says of a stage that is done: how long it took, and its fingerprint."""
    return {"seconds": round(seconds, 3), "fingerprint": made_from}


def timestamp() -> str:
    """Now, as the record has it: UTC, ISO 8601, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
