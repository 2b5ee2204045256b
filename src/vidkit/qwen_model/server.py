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
_SHOWN = 300  # characters of it in a message
_SAID_LIMIT = 8000  # characters of an error's body that are looked at
_CONNECTING = 10.0  # maximum seconds to accept a connection
_SHOWN_KEY = 6  # a key shorter than this is no secret, and its letters are everywhere


class RefusedError(DescribeError):
    """The server took the question and would not answer it: `status` says how."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class Server:
    """Asks a server, from any thread, at most `workers` questions at once.

    Args:
        access_key: goes to the server as a bearer token, and nowhere else.
        timeout: seconds that one answer may take, from the connection to its last byte.
        workers: questions under way at once.
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
        """Put a question.

        Args:
            url: where.
            question: goes as JSON.
            patient: try again after 500 too; else that counts as a refusal.

        Returns:
            The answer's JSON, and the seconds that it took.

        Raises:
            RefusedError: the server answered, but not what was asked.
            DescribeError: no answer came, and why.
        """
        place = shown_endpoint(url)

        def once() -> tuple[bytes, float]:
            if self._wrong_key:
                raise DescribeError(self._wrong_key)
            return self._send("POST", url, question, patient)

        def wait(seconds: float, error: TransientError) -> None:
            # Nobody waits as long as some servers ask for.
            if (error.retry_after or 0.0) > LONGEST_RETRY_AFTER:
                raise error
            log.info("%s %s: asked again in %.1f s", place, error, seconds)
            if self._closed.wait(seconds):
                raise error

        try:  # a server that was down a moment ago is asked once
            body, seconds = retry(once, _NO_RETRIES if self._down else _RETRIES, wait)
        except TransientError as error:
            self._down = True
            raise DescribeError("{place} {reason}", place=place, reason=error.with_tries()) from None
        self._down = False
        return self._json(place, body), seconds

    def get(self, url: str) -> Any:
        """Read what is there, as JSON. It is no question and is not counted.

        Raises:
            DescribeError: it cannot be had, and why.
        """
        place = shown_endpoint(url)
        try:
            return self._json(place, self._send("GET", url, None, patient=False)[0])
        except TransientError as error:
            raise DescribeError("{place} {error}", place=place, error=error) from None

    def takes_posts(self, url: str) -> bool:
        """Whether there is a page that takes questions, found out without asking one: it refuses to be read.

        Raises:
            DescribeError: the server is not there.
        """
        try:
            self._send("GET", url, None, patient=False)
        except RefusedError as error:
            return error.status == 405  # RFC 9110: known, and not by this method
        except TransientError as error:
            raise DescribeError("{endpoint} {error}", endpoint=shown_endpoint(url), error=error) from None
        return False

    def close(self) -> None:
        """Let go of the connections; what is under way fails."""
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
            if deadline.passed:  # what came until then may look whole
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
        """Send a question and read the answer's body; failures are put into words."""
        import requests
        from urllib3.exceptions import HTTPError

        times = (min(_CONNECTING, self._timeout), self._timeout)
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
                # So says a server that will not read so much; one that has crashed will say so again.
                raise RefusedError(
                    413, message("{endpoint} broke off while the clip was sent", endpoint=shown_endpoint(url))
                ) from None
            raise TransientError(
                message("cannot be reached: {reason}", reason=self._redact(_reason(error)))
            ) from None

    def _late(self, url: str) -> str:
        # It is not asked again: it took the question, and may well work on it still.
        return message(
            "{endpoint} did not answer within {timeout:g} seconds ([QwenVL] Timeout)",
            endpoint=shown_endpoint(url),
            timeout=self._timeout,
        )

    def _body(self, answer: requests.Response) -> bytes:
        if "," in answer.headers.get("Content-Encoding", ""):  # nothing is asked for; more than one is a bomb
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
        """Words of the server without the access key and signed URLs, should it repeat what it was sent."""
        return self._redact(text) if len(self._access_key) >= _SHOWN_KEY else without_signatures(text)

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
        text = self._redact(body.decode("utf-8", "replace"))[:_SAID_LIMIT]
        return self.words_of(_parsed(text), text)

    def words_of(self, content: Any, text: str = "") -> str:
        """What an error says, in a line: the message in its JSON, or else its text without HTML's tags."""
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
    """A server as messages call it: without the user name, password and query, which may hold secrets."""
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
    """The innermost reason of a chain of exceptions, in words."""
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
