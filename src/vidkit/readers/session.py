"""One reader reads one video, in a thread of its own. Its errors affect only its own reading."""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence

from vidkit.core import printable, without_secrets
from vidkit.errors import VidkitError
from vidkit.messages import message
from vidkit.readers.checks import InvalidReadingError, check_reading
from vidkit.readers.opened import EnabledReader, OpenedReader, ReaderOff
from vidkit.readers.protocol import Batch, Reading, Scene, Video

log = logging.getLogger(__name__)

_MAX_QUEUED = 2  # batches
_POLL = 0.1  # seconds between two checks whether the run was stopped or the reader hangs
_SHARE_OF_DURATION = 2.0  # times the video's length that are added to a reader's timeout
_LONGEST_REASON = 500


class _Cancelled(BaseException):
    """The reading is no longer needed. It is no Exception, so that readers do not handle it as their own error."""


class Session:
    """One reader reads one video.

    Batches wait in a short queue; `put` waits while it is full. Several videos use the reader's object in turn: a
    turn is the time from one batch until the reader asks for the next. If a turn takes longer than the timeout plus
    twice the video's length, the reader hangs and is given up.
    """

    def __init__(self, enabled: EnabledReader, video: Video, stop: threading.Event) -> None:
        """Start reading.

        Args:
            enabled: the reader.
            video: the video's properties; `end` fills in the rest.
            stop: set when the run is stopped.
        """
        self.enabled = enabled
        self.video = video
        self._stop = stop
        self._limit = enabled.timeout + _SHARE_OF_DURATION * video.duration
        self._queue: deque[Batch] = deque()
        self._changed = threading.Condition()
        self._ended = False
        self._cancelled = False
        self._done = False
        self._turn_began: float | None = None
        self._opened: OpenedReader | None = None
        self._reading: Reading | None = None
        self._error: str | None = None
        context = contextvars.copy_context()  # it makes the thread part of the same run
        name = f"reader-{enabled.name}"
        threading.Thread(target=context.run, args=(self._run,), name=name, daemon=True).start()

    @property
    def is_over(self) -> bool:
        """Whether the reader needs no more batches."""
        return self._done or self._cancelled

    def put(self, batch: Batch) -> None:
        """Queue a batch; wait while the queue is full. If the reader has ended, the batch is dropped."""
        with self._changed:
            while len(self._queue) >= _MAX_QUEUED and not self._has_ended():
                self._changed.wait(_POLL)
            if not self.is_over:
                self._queue.append(batch)
                self._changed.notify_all()

    def end(self, scenes: Sequence[Scene], duration: float) -> None:
        """End the batches, without waiting.

        Args:
            scenes: the video's.
            duration: its decoded duration in seconds.
        """
        with self._changed:
            self.video.scenes, self.video.duration = tuple(scenes), duration
            self._ended = True
            self._changed.notify_all()

    def result(self) -> tuple[Reading | None, str | None]:
        """Wait for the reading, after `end`. Return it, or the reason why there is none."""
        with self._changed:
            while not self._done and not self._has_ended():
                self._changed.wait(_POLL)
        return self._reading, self._error

    def cancel(self) -> None:
        """Cancel the reading; the thread ends when the reader asks for the next batch."""
        with self._changed:
            self._cancelled = True
            self._queue.clear()
            self._changed.notify_all()

    def _has_ended(self) -> bool:
        """Whether the reader has ended or hangs, or the run was stopped."""
        if self.is_over:
            return True
        if self._stop.is_set():
            self._fail(message("the run was stopped"))
        elif self._turn_began is not None and time.monotonic() - self._turn_began > self._limit:
            if self._opened is not None:
                self.enabled.give_up(self._opened)
            self._fail(
                message(
                    "it was still busy with one part after {limit:.0f} seconds ([Readers] Timeout)",
                    limit=self._limit,
                )
            )
        return self.is_over

    def _fail(self, reason: str) -> None:
        self._error = reason
        self._cancelled = True
        self._queue.clear()
        self._changed.notify_all()

    def _run(self) -> None:
        reading, reason = None, None
        try:
            reading = self._read()
        except _Cancelled:
            pass
        except (ReaderOff, InvalidReadingError) as error:
            reason = str(error)
        except BaseException as error:  # also SystemExit: this thread is only for the reader
            log.info("reader %s failed", self.enabled.name, exc_info=True)
            reason = _message_of(error)
        with self._changed:
            if not self._cancelled:
                self._reading, self._error = reading, reason
            self._done = True
            self._queue.clear()
            self._changed.notify_all()

    def _read(self) -> Reading:
        opened = self._opened = self.enabled.opened()
        batches = self._batches(opened)
        self._take_turn(opened)
        try:
            opened.ensure_open()
            found = opened.reader.read(self.video, batches)
            for _ in self._batches(opened):  # if it returned early: the duration is known only after the last batch
                pass
            return check_reading(found, self.video.duration)  # within the turn: its spans may be endless
        finally:
            self._leave_turn(opened)

    def _batches(self, opened: OpenedReader) -> Iterator[Batch]:
        """The batches. While this session waits for one, other sessions have their turn."""
        while True:
            self._leave_turn(opened)
            with self._changed:
                while not self._queue and not self._ended and not self._has_ended():
                    self._changed.wait(_POLL)
                if self._cancelled:
                    raise _Cancelled
                batch = self._queue.popleft() if self._queue else None
                self._changed.notify_all()
            self._take_turn(opened)
            if batch is None:
                return
            yield batch

    def _take_turn(self, opened: OpenedReader) -> None:
        while not opened.turn.acquire(timeout=_POLL):
            if opened.given_up.is_set():
                raise ReaderOff(message("it hung on another video"))
            with self._changed:
                if self._has_ended():
                    raise _Cancelled
        self._turn_began = time.monotonic()

    def _leave_turn(self, opened: OpenedReader) -> None:
        if self._turn_began is not None:
            self._turn_began = None
            opened.turn.release()


def _message_of(error: BaseException) -> str:
    """The message of a reader's exception, for the record and the screen."""
    said = printable(without_secrets(str(error))).strip()
    if isinstance(error, VidkitError) and said:
        return said[:_LONGEST_REASON]
    kind = type(error).__name__
    if isinstance(error, MemoryError):
        return message("there was not enough memory")
    return f"{kind}: {said}"[:_LONGEST_REASON] if said else kind
