"""Make the missing vectors in a library, for search by meaning."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice

from vidkit.core.onnx_models import ModelError
from vidkit.core.stores import open_store
from vidkit.errors import LibraryError
from vidkit.library import Library, LibraryEntry, Query
from vidkit.library.vectors.protocol import made_of
from vidkit.meaning.encoding import Video, vectors_of
from vidkit.meaning.models import ImageModel, Models, TextModel

_AT_ONCE = 64  # videos whose vectors are made and saved together

# Called with the number of videos checked so far.
Progress = Callable[[int], None]


@dataclass
class Indexed:
    """The result for one model: `videos` with new vectors, their `moments`, and videos that already had vectors
    (`there`)."""

    model: str
    videos: int = 0
    moments: int = 0
    there: int = 0


def index_library(
    library: Library, models: Models, progress: Progress | None = None, dry_run: bool = False
) -> list[Indexed]:
    """Make the missing vectors of a library, of each model.

    They are saved after every few videos, so an interrupted call can be repeated to continue.

    Args:
        library: the library.
        models: the models.
        progress: called with the number of videos checked so far.
        dry_run: only count; `moments` stays 0.

    Returns:
        The result for each model.

    Raises:
        LibraryError: the library cannot be read or written, or a model fails.
        OutputError: the store of the images fails.
    """
    done = {model.id: Indexed(model.id) for model in models}
    looked_at = 0
    for some in _some(library.records()):
        for model in models:
            _index(library, model, some, done[model.id], dry_run)
        looked_at += len(some)
        if progress is not None:
            progress(looked_at)
    for model in models:
        if not dry_run:  # the first search writes the index beside the library, so that users do not wait for it
            library.nearest(model.id, model.queries([""])[0], Query(), 1)
    return list(done.values())


def _some(entries: Iterator[LibraryEntry]) -> Iterator[list[LibraryEntry]]:
    while some := list(islice(entries, _AT_ONCE)):
        yield some


def _index(
    library: Library, model: TextModel | ImageModel, entries: list[LibraryEntry], done: Indexed, dry_run: bool
) -> None:
    had = library.vectors_made_of(model.id, [entry.record["source"]["url"] for entry in entries])
    missing = [e for e in entries if had.get(e.record["source"]["url"]) != made_of(e.record, model.id)]
    done.there += len(entries) - len(missing)
    done.videos += len(missing)
    if dry_run or not missing:
        return
    try:
        found = vectors_of(model, [Video(entry.record, _store(entry.folder)) for entry in missing])
    except ModelError as error:
        raise LibraryError("no vectors of {id}: {error}", id=model.id, error=error) from None
    library.save_vectors(model.id, found)
    done.moments += sum(len(each.keys) for each in found)


_store = lru_cache(maxsize=4)(open_store)
