"""The description of the API: what FastAPI finds in the views, with the scope and the errors of each call."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from vidkit.web.access.actors import OPEN
from vidkit.web.access.scopes import SCOPES
from vidkit.web.models import Model
from vidkit.web.views.jobs import NewJob

_ABOUT = """
The pages of `vidkit serve` use this API and nothing else.

Send a key as `Authorization: Bearer KEY`; `vidkit keys add NAME --scope read` makes one. Browsers use the session
that they got by signing in. The scopes are read, label, process and admin; each includes those before it.

Errors are `application/problem+json` (RFC 9457). `next` of an answer is the `cursor` of the next page, or null.
"""
_PROBLEM = {
    "type": "object",
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "what is wrong and what to do, for a person"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"where": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
    "required": ["type", "title", "status", "detail"],
}
# Models of bodies that a view parses itself; its `openapi_extra` names them by `$ref`.
_READ_BY_VIEWS: tuple[type[Model], ...] = (NewJob,)
_ERRORS = {"401": "nobody is signed in", "403": "the key's scope is too small", "429": "too many requests"}


def described(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document of the application, made once."""
    if app.openapi_schema is None:
        app.openapi_schema = _make(app)
    return app.openapi_schema


def _make(app: FastAPI) -> dict[str, Any]:
    schema = FastAPI.openapi(app)
    schema["info"]["description"] = _ABOUT.strip()
    parts = schema.setdefault("components", {})
    parts["securitySchemes"] = {"key": {"type": "http", "scheme": "bearer"}}
    schemas = parts.setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for model in _READ_BY_VIEWS:
        shape = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(shape.pop("$defs", {}), **{model.__name__: shape})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for path, calls in schema["paths"].items():
        for method, call in calls.items():
            _complete(call, SCOPES.get((method.upper(), path)))
    return schema


def _complete(call: dict[str, Any], scope: str | None) -> None:
    """Add to a call the scope that it needs, and its errors."""
    if scope != OPEN:
        call["description"] = f"{call.get('description', '')}\n\nScope: {scope}".strip()
        call["security"] = [{"key": []}]
    errors = {status: words for status, words in _ERRORS.items() if scope != OPEN or status == "429"}
    if "422" in call["responses"]:
        errors["422"] = "a parameter or the body is wrong"
    for status, words in errors.items():
        content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
        call["responses"][status] = {"description": words, "content": content}
