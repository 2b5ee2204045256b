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
MAX_TEXT = 10 * 2**20  # bytes of a page or a manifest
_OWN_ENCODINGS = frozenset({"gzip", "x-gzip", "deflate"})


def blocks(response: requests.Response, policy: DownloadPolicy) -> Iterator[bytes]:
    """The blocks of a body, up to 1 MiB each, decompressed if the server compressed it without a request to do so.

    Call it once for a body: a second iterator would begin in the middle of the compressed data.

    Raises:
        TransientError: the connection broke, stalled, or ended early; the compressed data is damaged or ends early.
        DownloadError: the compression is unknown, or the body is slower than `policy` allows.
    """
    encodings = [each.strip().lower() for each in response.headers.get("Content-Encoding", "").split(",")]
    encodings = [each for each in encodings if each not in ("", "identity")]
    unknown = [each for each in encodings if each not in (*_OWN_ENCODINGS, *response.raw.CONTENT_DECODERS)]
    if unknown:
        raise DownloadError(
            "the server compresses with {unknown}, which cannot be read here", unknown=printable(unknown[0])[:40]
        )
    # urllib3 does not report gzip or deflate data that ends early, and inflates 1 MiB to 1 GiB at once.
    own = _OWN_ENCODINGS.issuperset(encodings)
    body = _received(response, policy, decode=not own)
    for encoding in reversed(encodings) if own else ():
        body = _decompressed(body, encoding)
    with transport_errors(policy):
        for block in body:
            yield block
            policy.check()


class SpeedCheck:
    """Checks the speed of a download: at least `min_pace` bytes a second in each `pace_window` seconds."""

    def __init__(self, policy: DownloadPolicy) -> None:
        self._policy = policy
        self._began, self._received_bytes = time.monotonic(), 0

    def add(self, count: int) -> None:
        """Count received bytes.

        Raises:
            DownloadError: the download is too slow.
        """
        self._received_bytes += count
        seconds = time.monotonic() - self._began
        if seconds < self._policy.pace_window:
            return
        if self._received_bytes < self._policy.min_pace * seconds:
            least = message("{pace:g} bytes a second", pace=self._policy.min_pace)
            raise DownloadError(
                "the server sent {came} bytes in {seconds:.0f} s: a download slower than {least} is "
                "stopped, and the next run continues it",
                came=self._received_bytes,
                seconds=seconds,
                least=least,
            )
        self._began, self._received_bytes = time.monotonic(), 0


def _received(response: requests.Response, policy: DownloadPolicy, decode: bool) -> Iterator[bytes]:
    """The blocks from the network, as long as they are fast enough."""
    pace = SpeedCheck(policy)
    # read1 returns what has arrived, so that a slow server still shows progress.
    while block := response.raw.read1(BLOCK, decode_content=decode):
        pace.add(len(block))
        yield block


def _decompressed(body: Iterable[bytes], encoding: str) -> Iterator[bytes]:
    """Decompress gzip (RFC 1952) or deflate (RFC 1950; some servers send RFC 1951).

    Data after the last member of gzip is ignored, as in browsers.
    """
    machine, members = None, 0
    for block in body:
        while block:
            if machine is None:
                if members and (encoding == "deflate" or block[:1] != b"\x1f"):
                    return
                machine = zlib.decompressobj(_window_bits(encoding, block))
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


def _window_bits(encoding: str, block: bytes) -> int:
    """The `wbits` argument of zlib for data that begins with this block."""
    if encoding != "deflate":
        return 16 + zlib.MAX_WBITS
    return zlib.MAX_WBITS if block[0] & 0x8F == 8 else -zlib.MAX_WBITS
