"""Read the body of an answer: decompress it, check that it is complete, and stop if it is too slow."""

from __future__ import annotations

import time
import zlib
from collections.abc import Iterable, Iterator

import requests

from vidkit.core import printable
from vidkit.core.retry import TransientError
from vidkit.download.http import DownloadPolicy, transport_errors
from vidkit.errors import DownloadError
from vidkit.messages import message

BLOCK = 2**20
_INFLATED = frozenset({"gzip", "x-gzip", "deflate"})


def blocks(response: requests.Response, policy: DownloadPolicy) -> Iterator[bytes]:
    """The body as it comes, up to 1 MiB at a time, decompressed if the server compressed it though not asked to.

    A body has one such iterator: another one would begin in the middle of what is compressed.

    Raises:
        TransientError: the connection broke, stalled, or ended before the length that was promised; what is
            compressed is damaged or ends early.
        DownloadError: it is compressed in a way that is not known here, or comes slower than `policy` allows.
    """
    encodings = [each.strip().lower() for each in response.headers.get("Content-Encoding", "").split(",")]
    encodings = [each for each in encodings if each not in ("", "identity")]
    unknown = [each for each in encodings if each not in (*_INFLATED, *response.raw.CONTENT_DECODERS)]
    if unknown:
        raise DownloadError(
            "the server compresses with {unknown}, which cannot be read here", unknown=printable(unknown[0])[:40]
        )
    # urllib3 does not say that gzip or deflate ends early, and makes 1 GiB of 1 MiB at once.
    own = _INFLATED.issuperset(encodings)
    body = _received(response, policy, decode=not own)
    for encoding in reversed(encodings) if own else ():
        body = _inflated(body, encoding)
    with transport_errors(policy):
        for block in body:
            yield block
            policy.check()


class Pace:
    """How fast a download goes on: at least `min_pace` bytes a second in each `pace_window` seconds."""

    def __init__(self, policy: DownloadPolicy) -> None:
        self._policy = policy
        self._began, self._came = time.monotonic(), 0

    def came(self, count: int) -> None:
        """Count bytes that came.

        Raises:
            DownloadError: they were too few in the time that is over.
        """
        self._came += count
        seconds = time.monotonic() - self._began
        if seconds < self._policy.pace_window:
            return
        if self._came < self._policy.min_pace * seconds:
            least = message("{pace:g} bytes a second", pace=self._policy.min_pace)
            raise DownloadError(
                "the server sent {came} bytes in {seconds:.0f} s: a download slower than {least} is given "
                "up, and the next run goes on with it",
                came=self._came,
                seconds=seconds,
                least=least,
            )
        self._began, self._came = time.monotonic(), 0


def _received(response: requests.Response, policy: DownloadPolicy, decode: bool) -> Iterator[bytes]:
    """What comes over the line, as long as it comes fast enough."""
    pace = Pace(policy)
    # read1 gives what is there, so a slow server still shows progress.
    while block := response.raw.read1(BLOCK, decode_content=decode):
        pace.came(len(block))
        yield block


def _inflated(body: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """What gzip (RFC 1952) or deflate (RFC 1950, and 1951 as some servers send it) was made from.

    What follows the last member of gzip is passed over, as every browser does.
    """
    machine, members = None, 0
    for block in body:
        while block:
            if machine is None:
                if members and (encoding == "deflate" or block[:1] != b"\x1f"):
                    return
                machine = zlib.decompressobj(_window(encoding, block))
            try:
                made = machine.decompress(block, BLOCK)
                while made:
                    yield made
                    made = machine.decompress(machine.unconsumed_tail, BLOCK) if not machine.eof else b""
            except zlib.error:
                raise TransientError(message("the compressed answer is damaged")) from None
            block = b""
            if machine.eof:
                block, machine, members = machine.unused_data, None, members + 1
    if machine is not None:
        raise TransientError(message("the compressed answer ends early"))


def _window(encoding: str, block: bytes) -> int:
    """zlib's word for the form of what begins so."""
    if encoding != "deflate":
        return 16 + zlib.MAX_WBITS
    return zlib.MAX_WBITS if block[0] & 0x8F == 8 else -zlib.MAX_WBITS
