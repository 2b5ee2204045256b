"""Fingerprints of the inputs of results, so that nothing is made twice."""

from __future__ import annotations

import hashlib
import json
from typing import Any


def fingerprint(*parts: object) -> str:
    """Sixteen hex digits that change if any of the parts changes."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


def stage_fingerprint(version: int, inputs: list[object], settings: list[object]) -> str:
    """The fingerprint of a stage: of its version, its inputs and the settings that it reads."""
    return fingerprint(version, inputs, settings)


def stage_entry(seconds: float, fingerprint: str) -> dict[str, Any]:
    """A stage's entry in `processing.stages`: how long it took, and its fingerprint."""
    return {"seconds": round(seconds, 3), "fingerprint": fingerprint}
