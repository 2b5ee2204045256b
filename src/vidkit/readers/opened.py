"""A reader that a run uses: opened once in each process, and used by one video at a time."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping

from vidkit.messages import message
from vidkit.readers.protocol import Needs, Reader

log = logging.getLogger(__name__)

_MAX_HANGS = 3  # threads that a reader may leave behind; each holds a model


class ReaderOff(Exception):
    """A reader is no longer used in this run."""


class OpenedReader:
    """One reader object. `turn` is held by the video that uses it; `given_up` is set if it hangs."""

    def __init__(self, reader: Reader) -> None:
        self.reader = reader
        self.turn = threading.Lock()
        self.given_up = threading.Event()
        self._is_open = False

    def ensure_open(self) -> None:
        """Open it if it is not open; only with `turn`."""
        if not self._is_open:
            self.reader.open()
            self._is_open = True

    def close(self) -> None:
        """Close it if it is open and not in use."""
        if self._is_open and self.turn.acquire(blocking=False):
            try:
                self.reader.close()
            except Exception:
                log.info("a reader cannot be closed", exc_info=True)
            finally:
                self._is_open = False
                self.turn.release()


class EnabledReader:
    """A reader that a run uses.

    `settings` are the settings on which its results depend, as texts. `timeout` is in seconds, see `Session`.
    """

    def __init__(
        self, name: str, reader: Reader, make: Callable[[], Reader], settings: Mapping[str, str], timeout: float
    ) -> None:
        self.name = name
        self.needs: Needs = reader.needs
        self.version = str(reader.version)
        self.model = reader.model
        self.settings = settings
        self.timeout = timeout
        self._make = make
        self._opened = OpenedReader(reader)
        self._hangs = 0
        self._lock = threading.Lock()

    @property
    def fingerprint(self) -> list[object]:
        """Everything on which its results depend, except the content of the video."""
        return [self.name, self.version, self.model, sorted(self.settings.items())]

    def opened(self) -> OpenedReader:
        """The object to read with; `OpenedReader.ensure_open` opens it.

        Raises:
            ReaderOff: it hung too often in this run.
        """
        with self._lock:
            if self._hangs >= _MAX_HANGS:
                raise ReaderOff(
                    message("it hung {hangs} times and is not used any more in this run", hangs=self._hangs)
                )
            return self._opened

    def give_up(self, opened: OpenedReader) -> None:
        """Stop using an object that hangs: its thread cannot be ended. The next video gets a new object."""
        with self._lock:
            if opened.given_up.is_set():
                return
            opened.given_up.set()
            self._hangs += 1
            try:
                self._opened = OpenedReader(self._make())
            except Exception:
                log.info("reader %s cannot be made again", self.name, exc_info=True)
                self._hangs = _MAX_HANGS

    def close(self) -> None:
        """Close the object if it is open."""
        with self._lock:
            self._opened.close()
