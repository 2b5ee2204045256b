"""The video that a request names by its key."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends

from vidkit.library import LibraryEntry
from vidkit.web.problems import not_found
from vidkit.web.services import Shared


def entry_of(key: str, services: Shared) -> LibraryEntry:
    """The record of a key, and the folder that its paths are relative to.

    Raises:
        Problem: 404.
    """
    entry = services.library.by_key(key)
    if entry is None:
        raise not_found("the library has no video with this key; it may have been removed")
    return entry


# The video of the address, as an argument of a view.
Entry = Annotated[LibraryEntry, Depends(entry_of)]
