"""Answers as JSON. Views that are called often pass plain values, which are not validated again."""

from __future__ import annotations

import json
from typing import Any

from fastapi import Response


def json_answer(content: Any, status: int = 200) -> Response:
    """Plain values as a JSON answer. Lone surrogates, which UTF-8 cannot encode, are escaped."""
    return Response(json.dumps(content, separators=(",", ":")), status, media_type="application/json")
