"""Errors as answers: `application/problem+json`, as RFC 9457 describes it."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from vidkit.core import printable, without_secrets
from vidkit.errors import (
    ConfigError,
    LibraryError,
    MediaError,
    OutputError,
    QueryError,
    ToolMissingError,
    VidkitError,
)

log = logging.getLogger(__name__)

# The exception -> the status. The first class that matches counts.
STATUS: dict[type[VidkitError], HTTPStatus] = {
    QueryError: HTTPStatus.BAD_REQUEST,
    ConfigError: HTTPStatus.BAD_REQUEST,
    MediaError: HTTPStatus.UNPROCESSABLE_ENTITY,
    LibraryError: HTTPStatus.SERVICE_UNAVAILABLE,
    OutputError: HTTPStatus.INSUFFICIENT_STORAGE,
    ToolMissingError: HTTPStatus.NOT_IMPLEMENTED,
}
_MOST_ERRORS = 20


class Problem(HTTPException):
    """An answer that is an error, with words for the user."""

    def __init__(self, status: HTTPStatus, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(status, detail, headers)


def not_found(what: str) -> Problem:
    """404: `what` is not there."""
    return Problem(HTTPStatus.NOT_FOUND, what)


def problem_answer(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """The answer for an error.

    Args:
        status: the HTTP status.
        detail: what is wrong and what to do, for a person.
        headers: more headers of the answer.
        more: more members of the problem.
    """
    content = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail}
    return JSONResponse({**content, **more}, status, headers, media_type="application/problem+json")


def add_error_handlers(app: FastAPI) -> None:
    """Answer every exception as a problem. None shows a traceback, a secret or a control character."""

    def on_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        return problem_answer(error.status_code, str(error.detail), dict(error.headers or {}))

    def on_invalid(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        errors = [
            {
                "where": ".".join(map(str, each["loc"]))[:200],
                "detail": printable(str(each["msg"])).removeprefix("Value error, ")[:300],
            }
            for each in error.errors()[:_MOST_ERRORS]
        ]
        detail = "; ".join(f"{each['where']}: {each['detail']}" for each in errors[:3])
        return problem_answer(HTTPStatus.UNPROCESSABLE_ENTITY, printable(detail), errors=errors)

    def on_vidkit(request: Request, error: Exception) -> JSONResponse:
        status = next(
            (status for kind, status in STATUS.items() if isinstance(error, kind)), HTTPStatus.INTERNAL_SERVER_ERROR
        )
        return problem_answer(status, printable(without_secrets(str(error))))

    def on_anything(request: Request, error: Exception) -> JSONResponse:
        return problem_answer(
            HTTPStatus.INTERNAL_SERVER_ERROR, "vidkit made a mistake here; the log has the details"
        )

    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(VidkitError, on_vidkit)
    app.add_exception_handler(Exception, on_anything)
