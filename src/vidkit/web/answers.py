"""Answers as JSON. Views that answer often hand over plain values, which are not checked a second time."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response


def json_answer(content: Any, status: int = 200) -> Response:
    """An answer with plain values as JSON; half characters, which UTF-8 does not know, are spelled out."""
    return Response(json.dumps(content, separators=(",", ":")), status, media_type="application/json")
