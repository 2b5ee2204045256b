"""HTTP requests: one session for each thread, redirects, retries, and messages for errors."""

from __future__ import annotations

import logging
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
import urllib3

from vidkit._version import __version__
from vidkit.core import printable, shown_url, without_secrets
from vidkit.core.redaction import is_unclear
from vidkit.core.retry import TRANSIENT_STATUSES, RetryPolicy, TransientError, parse_retry_after, retry
from vidkit.download.guarded import guard
from vidkit.download.reach import ANYWHERE, Reach, ReachError
from vidkit.errors import DownloadError
from vidkit.messages import message

log = logging.getLogger(__name__)
T = TypeVar("T")

MAX_REDIRECTS = 10
_SMALL = 2**16
_DRAINING = 2.0  # maximum seconds for reading the body of a redirect
_threads = threading.local()


@dataclass(frozen=True)
class DownloadPolicy:
    """Timeouts, retries and limits of a download."""

    timeout: float = 30.0  # seconds for a connection, and for the next bytes
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    stop: threading.Event | None = None
    max_size: float | None = None  # maximum bytes of a video
    min_pace: float = 1000.0  # minimum bytes a second: a download that is slower for `pace_window` seconds fails
    pace_window: float = 120.0
    reach: Reach = ANYWHERE

    def check(self) -> None:
        """Raise StoppedError if `stop` is set."""
        if self.stop is not None and self.stop.is_set():
            raise StoppedError("stopped")

    def sleep(self, seconds: float) -> None:
        """Wait, but only until `stop` is set."""
        if self.stop is None:
            time.sleep(seconds)
        else:
            self.stop.wait(seconds)
        self.check()


class StoppedError(DownloadError):
    """The download was stopped: its part stays for the next time."""


class StatusError(DownloadError):
    """The server answered with a status that ends the download."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def with_retries(work: Callable[[], T], policy: DownloadPolicy, url: str) -> T:
    """Call `work` until it succeeds, as often as the policy allows; see `retry`.

    Raises:
        DownloadError: it failed; the message begins with the URL.
    """
    shown = shown_url(url)

    def once() -> T:
        policy.check()
        return work()

    def wait(seconds: float, error: TransientError) -> None:
        log.info("%s: %s; trying again in %.1f s", shown, error, seconds)
        policy.sleep(seconds)

    try:
        return retry(once, policy.retry, wait)
    except TransientError as error:
        raise DownloadError("{shown}: {reason}", shown=printable(shown), reason=error.with_tries()) from error
    except StoppedError:
        raise
    except ReachError as error:
        raise ReachError("{shown}: {error}", shown=printable(shown), error=error) from error
    except DownloadError as error:
        raise DownloadError("{shown}: {error}", shown=printable(shown), error=error) from error


@contextmanager
def ask(
    method: str, url: str, policy: DownloadPolicy, headers: Mapping[str, str] | None = None
) -> Iterator[requests.Response]:
    """Send one request and follow its redirects; the body is not read.

    Yields:
        The answer with status 200 or 203, or, for a Range, 206 or 416. Its `url` is the last one.

    Raises:
        TransientError: a temporary error of the network or the server.
        StatusError: any other status.
        DownloadError: the URL, the certificate or the redirects are wrong.
    """
    with transport_errors(policy):
        response = _follow(method, url, policy, dict(headers or {}))
    try:
        _check_status(response, ranged="Range" in (headers or {}))
        yield response
    finally:
        response.close()


def peek(url: str, policy: DownloadPolicy) -> Mapping[str, str]:
    """The headers of an answer, without its body: by HEAD, or by GET if HEAD does not suffice.

    Raises:
        DownloadError: the request failed; the message begins with the URL.
    """

    def request_headers() -> Mapping[str, str]:
        try:
            with ask("HEAD", url, policy) as response:
                headers = response.headers
            if "Content-Type" in headers and ("ETag" in headers or "Content-Length" in headers):
                return headers
        except (StatusError, TransientError) as error:
            log.debug("%s: HEAD: %s", shown_url(url), error)
        with ask("GET", url, policy) as response:
            return response.headers

    return with_retries(request_headers, policy, url)


class _Session(requests.Session):
    """A session without redirects: even with allow_redirects=False, requests reads their bodies."""

    def resolve_redirects(self, *_: Any, **__: Any) -> Iterator[Any]:
        return iter(())


def _follow(method: str, url: str, policy: DownloadPolicy, headers: dict[str, str]) -> requests.Response:
    """Send a request and follow its redirects. Unlike requests, it skips long bodies of redirects."""
    session = _session(policy.reach)
    for _ in range(MAX_REDIRECTS + 1):
        _check_parses(url)
        response = session.request(
            method, url, headers=headers, stream=True, allow_redirects=False, timeout=policy.timeout
        )
        target = session.get_redirect_target(response)
        if target is None:
            return response
        _drain(response, policy)
        response.close()
        url = _redirected(url, target)
    raise DownloadError(
        "the server redirects without end (more than {max_redirects} times)", max_redirects=MAX_REDIRECTS
    )


def _redirected(url: str, target: str) -> str:
    """The next URL; it keeps the user name and password as long as the server stays the same."""
    new = urljoin(url, target)
    old_parts, parts = urlsplit(url), urlsplit(new)
    if parts.scheme not in ("http", "https"):
        raise DownloadError(
            "the server redirects to {new}, and vidkit follows only http and https",
            new=printable(shown_url(new))[:200],
        )
    same = (parts.scheme, parts.hostname, parts.port) == (
        old_parts.scheme,
        old_parts.hostname,
        old_parts.port,
    )
    if same and "@" in old_parts.netloc and "@" not in parts.netloc:
        userinfo = old_parts.netloc.rpartition("@")[0]
        new = urlunsplit(parts._replace(netloc=f"{userinfo}@{parts.netloc}"))
    return new


def _session(reach: Reach) -> requests.Session:
    """This thread's session, which reuses its connections as long as `reach` stays the same."""
    session: requests.Session | None = getattr(_threads, "session", None)
    if session is None or _threads.reach != reach:
        if session is not None:
            session.close()
        session = _Session()
        # No compression, so that the length can be checked and ranges fit.
        session.headers.update({"User-Agent": f"vidkit/{__version__}", "Accept-Encoding": "identity"})
        if reach.public_only:
            guard(session, reach)
        _threads.session, _threads.reach = session, reach
    return session


def _check_parses(url: str) -> None:
    """Refuse an invalid URL with a user name: messages of other libraries could quote its password.

    Raises:
        DownloadError: the URL is invalid.
    """
    if "@" not in url:
        return
    if is_unclear(url):
        raise DownloadError(
            "it is not clear where the user name and password in this URL end: write %40 for @, %2F for /, %3F "
            "for ? and %23 for # in them, and %40 for an @ after the host"
        )
    try:
        requests.Request("GET", url).prepare()
    except (ValueError, requests.RequestException, urllib3.exceptions.HTTPError):
        if shown_url(url) == url:
            return  # there is no password: the request will report the error
        raise DownloadError(
            "this is no URL that can be fetched: look at its host and its port, and write %40 for @, %2F for / and "
            "%5B for [ in its password"
        ) from None


def _drain(response: requests.Response, policy: DownloadPolicy) -> None:
    """Read a short body that is not needed, so that the connection can be reused; skip it if it is slow."""
    end = time.monotonic() + min(policy.timeout, _DRAINING)
    length = content_length(response.headers)
    if length is not None and length <= _SMALL:
        with suppress(urllib3.exceptions.HTTPError, OSError):
            while time.monotonic() < end and response.raw.read1(_SMALL, decode_content=False):
                pass


def content_length(headers: Mapping[str, str]) -> int | None:
    """The bytes of the body; None if the server sends no valid Content-Length (RFC 9110, 8.6)."""
    text = headers.get("Content-Length", "").strip()
    return int(text) if re.fullmatch("[0-9]{1,18}", text) else None


def _check_status(response: requests.Response, ranged: bool) -> None:
    status = response.status_code
    if status in (200, 203) or (ranged and status in (206, 416)):
        return
    try:
        phrase = f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        phrase = str(status)
    if status >= 500 or status in TRANSIENT_STATUSES:
        raise TransientError(
            message("the server answers {phrase}", phrase=phrase), retry_after=parse_retry_after(response.headers)
        )
    remedies = {
        206: message("the server sends a part of the file, which was not asked for"),
        401: message(
            "the server wants a user name and a password: write them into the URL, https://user:password@host/"
        ),
        403: message("the server refuses access; a signed URL may be out of date"),
        404: message("there is no such file on the server; look at the URL"),
        407: message("the proxy wants a user name and a password"),
        410: message("the file is gone from the server"),
    }
    raise StatusError(
        status,
        message(
            "{reason} ({phrase})",
            reason=remedies.get(status, message("the server does not send it")),
            phrase=phrase,
        ),
    )


@contextmanager
def transport_errors(policy: DownloadPolicy) -> Iterator[None]:
    """Turn errors of requests, urllib3 and sockets into TransientError or DownloadError with a message."""
    try:
        yield
    except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema, UnicodeError) as error:
        raise DownloadError(
            "this is no URL that can be fetched: {error}", error=printable(without_secrets(str(error)))[:200]
        ) from error
    except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
        if _cause(error, urllib3.exceptions.LocationValueError):
            raise DownloadError(
                "this is no URL that can be fetched: {error}", error=printable(without_secrets(str(error)))[:200]
            ) from error
        untrusted = _cause(error, ssl.SSLCertVerificationError)
        if untrusted is not None:
            raise DownloadError(
                "the server's certificate cannot be trusted: {verify_message}. If the server "
                "is your own, set REQUESTS_CA_BUNDLE to the file of its certificate authority",
                verify_message=printable(untrusted.verify_message),
            ) from error
        raise TransientError(_reason(error, policy)) from error
    except ValueError as error:  # from the standard library's urllib, for an impossible port or host
        raise DownloadError(
            "this is no URL that can be fetched: {error}", error=printable(without_secrets(str(error)))[:200]
        ) from error


def _reason(error: BaseException, policy: DownloadPolicy) -> str:
    if _cause(error, socket.gaierror):
        return message("no server of that name is known; look at the URL and the network")
    if _cause(error, ConnectionRefusedError):
        return message("the server refuses the connection")
    proxy = message("the proxy: ") if _cause(error, urllib3.exceptions.ProxyError) else ""
    inner = _cause(error, OSError, lambda each: bool(each.strerror) and not isinstance(each, TimeoutError))
    if inner is not None:
        return message("{proxy}the connection failed: {reason}", proxy=proxy, reason=printable(inner.strerror))
    if _cause(error, urllib3.exceptions.ConnectTimeoutError):
        return message("{proxy}no connection within {timeout:g} s", proxy=proxy, timeout=policy.timeout)
    if _cause(error, urllib3.exceptions.TimeoutError) or _cause(error, TimeoutError):
        return message("{proxy}the server sent nothing for {timeout:g} s", proxy=proxy, timeout=policy.timeout)
    if _cause(error, urllib3.exceptions.DecodeError):
        return message("the compressed answer is damaged")
    return message("{proxy}the connection broke off before the end", proxy=proxy)


Error = TypeVar("Error", bound=BaseException)


def _cause(error: BaseException, kind: type[Error], fits: Callable[[Error], bool] = lambda _: True) -> Error | None:
    """The innermost exception of a kind: requests and urllib3 wrap exceptions in each other."""
    found: Error | None = None
    queue, seen = [error], set[int]()
    while queue:
        here = queue.pop(0)
        if id(here) in seen:
            continue
        seen.add(id(here))
        if isinstance(here, kind) and fits(here):
            found = here
        inner = (here.__cause__, here.__context__, getattr(here, "reason", None), *here.args)
        queue += [each for each in inner if isinstance(each, BaseException)]
    return found
