"""One HTTP server for questions: its connections, its key, its time limits."""

from __future__ import annotations

import json
import logging
import re
import threading
import time
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from vidkit.core import printable, shown_url, without_secrets
from vidkit.core.redaction import without_signatures
from vidkit.core.retry import (
    LONGEST_RETRY_AFTER,
    TRANSIENT_STATUSES,
    RetryPolicy,
    TransientError,
    parse_retry_after,
    retry,
)
from vidkit.errors import DescribeError
from vidkit.messages import message
from vidkit.qwen_model.cost import RequestMeter
from vidkit.qwen_model.key_redaction import key_redactor

if TYPE_CHECKING:
    import requests

    from vidkit.qwen_model.deadline import Deadline, Session

log = logging.getLogger(__name__)

_RETRIES = RetryPolicy(retries=3)
_NO_RETRIES = RetryPolicy(retries=0)
_OVERLOADED = TRANSIENT_STATUSES | {502, 503, 504}
_ANSWER_LIMIT = 8 * 2**20  # bytes; a description is some kilobytes
_BLOCK = 4096
_SHOWN = 300  # characters of an answer in a message
_ERROR_LIMIT = 8000  # characters of an error's body that are read
_CONNECT_TIMEOUT = 10.0  # seconds
_SHORT_KEY = 6  # a shorter key is not secret, and its characters are in other words


class RefusedError(DescribeError):
    """The server received the question but refused it. `status` is the HTTP status."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Server:
    """Asks a server at most `workers` questions at once, from any thread.

    Args:
        access_key: sent to the server as a bearer token, and nowhere else.
        timeout: maximum seconds of one answer, from the connection to its last byte.
        workers: the number of simultaneous questions.
        meter: counts the requests.
    """

    def __init__(self, access_key: str, timeout: float, workers: int, meter: RequestMeter) -> None:
        self._access_key = access_key
        self._without_key = key_redactor(access_key)
        self._timeout = timeout
        self._meter = meter
        self._slots = threading.BoundedSemaphore(workers)
        self._workers = workers
        self._closed = threading.Event()
        self._lock = threading.Lock()
        self._session: Session | None = None
        self._wrong_key: str | None = None
        self._down = False

    def post(self, url: str, question: dict[str, Any], patient: bool = True) -> tuple[Any, float]:
        """Send a question.

        Args:
            url: the URL for questions.
            question: sent as JSON.
            patient: retry after status 500 too; otherwise that counts as a refusal.

        Returns:
            The JSON of the answer, and its time in seconds.

        Raises:
            RefusedError: the server answered, but refused the question.
            DescribeError: there is no answer; the message says why.
        """
        place = shown_endpoint(url)

        def once() -> tuple[bytes, float]:
            if self._wrong_key:
                raise DescribeError(self._wrong_key)
            return self._send("POST", url, question, patient)

        def wait(seconds: float, error: TransientError) -> None:
            # Some servers ask for too long a wait.
            if (error.retry_after or 0.0) > LONGEST_RETRY_AFTER:
                raise error
            log.info("%s %s: asked again in %.1f s", place, error, seconds)
            if self._closed.wait(seconds):
                raise error

        try:  # a server that was just down is asked only once
            body, seconds = retry(once, _NO_RETRIES if self._down else _RETRIES, wait)
        except TransientError as error:
            self._down = True
            raise DescribeError("{place} {reason}", place=place, reason=error.with_tries()) from None
        self._down = False
        return self._json(place, body), seconds

    def get(self, url: str) -> Any:
        """GET a URL as JSON. It is not counted as a question.

        Raises:
            DescribeError: it cannot be read; the message says why.
        """
        place = shown_endpoint(url)
        try:
            return self._json(place, self._send("GET", url, None, patient=False)[0])
        except TransientError as error:
            raise DescribeError("{place} {error}", place=place, error=error) from None

    def takes_posts(self, url: str) -> bool:
        """Whether a URL accepts questions, without asking one: it refuses GET.

        Raises:
            DescribeError: the server does not answer.
        """
        try:
            self._send("GET", url, None, patient=False)
        except RefusedError as error:
            return error.status == 405  # RFC 9110: the page exists, but not for this method
        except TransientError as error:
            raise DescribeError("{endpoint} {error}", endpoint=shown_endpoint(url), error=error) from None
        return False

    def close(self) -> None:
        """Close the connections; questions in progress fail."""
        self._closed.set()
        with self._lock:
            if self._session is not None:
                self._session.close()
                self._session = None

    def _send(self, method: str, url: str, question: dict[str, Any] | None, patient: bool) -> tuple[bytes, float]:
        from vidkit.qwen_model.deadline import Deadline

        headers = {"Accept-Encoding": "identity"}
        headers |= {"Authorization": f"Bearer {self._access_key}"} if self._access_key else {}
        with self._slots:
            if self._closed.is_set():
                raise DescribeError("the run was stopped")
            if method == "POST":
                self._meter.take()
            began = time.monotonic()
            with Deadline(self._timeout) as deadline:
                answer, body = self._exchange(method, url, question, headers, patient, deadline)
            if deadline.passed:  # a cut-off answer may look complete
                raise DescribeError(self._late(url))
        self._check(url, answer, body, patient)
        return body, time.monotonic() - began

    def _exchange(
        self,
        method: str,
        url: str,
        question: dict[str, Any] | None,
        headers: dict[str, str],
        patient: bool,
        deadline: Deadline,
    ) -> tuple[requests.Response, bytes]:
        """Send a question and read the answer's body. Failures get a message for the user."""
        import requests
        from urllib3.exceptions import HTTPError

        times = (min(_CONNECT_TIMEOUT, self._timeout), self._timeout)
        try:
            with self._connections().request(
                method, url, json=question, headers=headers, timeout=times, stream=True, allow_redirects=False
            ) as answer:
                return answer, self._body(answer)
        except requests.exceptions.ConnectTimeout:
            raise TransientError(message("does not take a connection")) from None
        except (OSError, ValueError, HTTPError, HTTPException) as error:
            timed_out = isinstance(error, requests.exceptions.Timeout) or "timed out" in str(error)
            if deadline.passed or timed_out:
                raise DescribeError(self._late(url)) from None
            if not patient and any(words in str(error) for words in ("[Errno 32]", "reset by peer")):
                # A server that does not read so much data does this. If it has crashed, the next try fails too.
                raise RefusedError(
                    413, message("{endpoint} broke off while the clip was sent", endpoint=shown_endpoint(url))
                ) from None
            raise TransientError(
                message("cannot be reached: {reason}", reason=self._redact(_reason(error)))
            ) from None

    def _late(self, url: str) -> str:
        # No retry: the server received the question, and may still be working on it.
        return message(
            "{endpoint} did not answer within {timeout:g} seconds ([QwenVL] Timeout)",
            endpoint=shown_endpoint(url),
            timeout=self._timeout,
        )

    def _body(self, answer: requests.Response) -> bytes:
        if "," in answer.headers.get(
            "Content-Encoding", ""
        ):  # none was requested; several could be a decompression bomb
            raise RefusedError(
                answer.status_code,
                message("{endpoint} answered in several encodings", endpoint=shown_endpoint(answer.url)),
            )
        blocks, size = [], 0
        for block in answer.iter_content(_BLOCK):
            blocks.append(block)
            size += len(block)
            if size > _ANSWER_LIMIT:
                raise DescribeError(
                    "{endpoint} answered more than {limit} MiB",
                    endpoint=shown_endpoint(answer.url),
                    limit=_ANSWER_LIMIT // 2**20,
                )
        return b"".join(blocks)

    def without_key(self, text: str) -> str:
        """Text of the server without the access key and signatures of URLs, which it may repeat."""
        return self._redact(text) if len(self._access_key) >= _SHORT_KEY else without_signatures(text)

    def _redact(self, text: str) -> str:
        return without_signatures(self._without_key(text))

    def _check(self, url: str, answer: requests.Response, body: bytes, patient: bool) -> None:
        """Raise for every status but 200."""
        status = answer.status_code
        if status == 200:
            return
        place = shown_endpoint(url)
        words = self._error_text(body) or self._redact(printable(answer.reason or message("no reason")))[:_SHOWN]
        if status == 401:
            self._wrong_key = message(
                "{place} does not accept the access key (QWEN_VL_ACCESS_KEY or [QwenVL] AccessKey): "
                "it answered 401: {words}",
                place=place,
                words=words,
            )
            raise DescribeError(self._wrong_key)
        if 300 <= status < 400:
            target = self._redact(shown_endpoint(answer.headers.get("Location", "")))[:_SHOWN]
            raise RefusedError(
                status,
                message(
                    "{place} has moved to {target}: set [QwenVL] PublicEndpoint to that", place=place, target=target
                ),
            )
        if status in _OVERLOADED or (status >= 500 and status != 501 and patient):
            raise TransientError(
                message("answered {status}: {words}", status=status, words=words), parse_retry_after(answer.headers)
            )
        raise RefusedError(
            status, message("{place} answered {status}: {words}", place=place, status=status, words=words)
        )

    def _json(self, place: str, body: bytes) -> Any:
        try:
            return json.loads(body)
        except (ValueError, RecursionError):
            pass
        if not body.strip():
            raise RefusedError(200, message("{place} answered nothing", place=place))
        if body.lstrip()[:1] == b"<":
            raise RefusedError(
                200, message("{place} answered with a web page: is the endpoint's URL right?", place=place)
            )
        raise RefusedError(
            200,
            message(
                "{place} answered something that is not JSON: {reason}", place=place, reason=self._error_text(body)
            ),
        )

    def _error_text(self, body: bytes) -> str:
        text = self._redact(body.decode("utf-8", "replace"))[:_ERROR_LIMIT]
        return self.error_message(_parsed(text), text)

    def error_message(self, content: Any, text: str = "") -> str:
        """The text of an error in one line: the message in its JSON, or its text without HTML tags."""
        for _ in range(3):
            if not isinstance(content, dict):
                break
            content = next((content[key] for key in ("error", "message", "detail") if content.get(key)), None)
        if isinstance(content, str):
            text = content
        elif text.lstrip().startswith("<"):
            text = re.sub(r"<(script|style|head)\b.*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL | re.IGNORECASE)
        return self._redact(" ".join(printable(text).split()))[:_SHOWN]

    def _connections(self) -> Session:
        from vidkit.qwen_model.deadline import Session

        with self._lock:
            if self._session is None:
                self._session = Session(self._workers)
            return self._session


def shown_endpoint(url: str) -> str:
    """The name of a server in messages: without user name, password and query, which may be secret."""
    url = shown_url(url)
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return message("the endpoint")
    place = f"{parts.scheme}://{host}{parts.path}" if host else url.partition("?")[0].rpartition("@")[2]
    return printable(message("the endpoint {place}", place=place))


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _reason(error: BaseException) -> str:
    """The innermost reason of a chain of exceptions, as text."""
    for _ in range(10):
        inner = getattr(error, "reason", None) or (error.args[0] if error.args else None)
        if not isinstance(inner, BaseException):
            break
        error = inner
    if isinstance(error, OSError) and error.strerror:
        return printable(error.strerror)
    words = str(error.args[-1]) if error.args else type(error).__name__
    words = without_secrets(re.sub(r"^.*\[Errno -?\d+\]\s*|^[^:]*\([^)]*\):\s*", "", words))
    return printable(words)[:200]
