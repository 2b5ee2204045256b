"""Fingerprints: what results were made from, so that nothing is made twice."""

from __future__ import annotations

import hashlib
import json
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
