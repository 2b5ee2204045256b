"""Files in buckets for a describer: by a signed URL, or fetched if the server does not take the URL."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from vidkit.core.buckets import readable_url
from vidkit.core.stores import Store


class StoredClip:
    """A clip in the results store.

    Args:
        store: where it is.
        name: its name there.
        folder: for the downloaded copy; the caller removes it.
    """

    def __init__(self, store: Store, name: str, folder: Path) -> None:
        self.name = name
        self._store = store
        self._folder = folder
        self._lock = threading.Lock()
        self._path: Path | None = None

    def url(self) -> str:
        """See `Remote.url`."""
        return self._store.url(self.name)

    def fetch(self) -> Path:
        """See `Remote.fetch`."""
        with self._lock:
            self._path = self._path or self._store.fetch(self.name, self._folder)
            return self._path


class StoredSource:
    """The video itself, if it is an object in a bucket; `fetch` downloads it."""

    def __init__(self, address: str, fetch: Callable[[], Path]) -> None:
        self.name = address
        self.fetch = fetch

    def url(self) -> str:
        """See `Remote.url`."""
        return readable_url(self.name)
