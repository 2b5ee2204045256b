"""Where records are kept and searched: by default in a SQLite file, with a URI in MongoDB. Both behave the same."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TYPE_CHECKING, Any, cast

from vidkit.core import printable
from vidkit.core.stores import Store, open_store, within
from vidkit.errors import LibraryError
from vidkit.library.advice import unknown_keys, unknown_sources
from vidkit.library.backends import BACKENDS, Backend, open_library, open_library_at
from vidkit.library.facts import summary_of
from vidkit.library.moments import LibraryEntry, Moment, MomentKey, moment_as_json, moment_of, texts_of, video_key
from vidkit.library.paging import Page, Position
from vidkit.library.protocol import Library, Stats
from vidkit.library.query import SORTS, Query, parse_query, read_query
from vidkit.library.vectors.protocol import NoVectorsHere
from vidkit.record import LATER, SCHEMA, Record, record_name

if TYPE_CHECKING:
    from vidkit.library.mongodb.server import connect_to_mongodb, get_mongodb_collection

__all__ = [
    "BACKENDS",
    "SORTS",
    "Backend",
    "Library",
    "LibraryEntry",
    "Moment",
    "MomentKey",
    "Page",
    "Position",
    "Query",
    "Stats",
    "add_folder",
    "connect_to_mongodb",
    "copy_library",
    "get_mongodb_collection",
    "moment_as_json",
    "moment_of",
    "open_library",
    "open_library_at",
    "parse_query",
    "read_query",
    "unknown_keys",
    "unknown_sources",
    "video_key",
]

log = logging.getLogger(__name__)

_AT_ONCE = 16  # records that are read from a bucket at a time

# Is told how many records were read so far.
Progress = Callable[[int], None]
# Is told of a record that keeps the corrections which the library had.
Kept = Callable[[LibraryEntry], None]


def __getattr__(name: str) -> Any:
    # pymongo takes a third of a second to import, and most libraries are files.
    if name in ("connect_to_mongodb", "get_mongodb_collection"):
        from vidkit.library.mongodb import server

        return getattr(server, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def copy_library(
    source: Library, target: Library, progress: Progress | None = None, kept: Kept | None = None
) -> int:
    """Carry every record, with its vectors, from one library into another, which keeps what else it has; how many.

    The source stays as it is. A record whose source URL the target has is replaced, so that this may be done again
    after it was interrupted; but corrections of the target's that are later stay, see `_merged`.

    Args:
        source: what is read.
        target: what is written.
        progress: told how far it is.
        kept: told of each record that keeps what the target had.

    Raises:
        LibraryError: one of them cannot be read or written; what was carried until then is there.
    """
    count = target.save_all(_merged(_told(source.records(), progress), target, kept))
    for model in source.vector_models():
        try:
            target.save_vectors(model, (each.found for each in source.vectors(model) if each.found is not None))
        except NoVectorsHere as error:
            log.warning("%s The vectors of %s stay where they are: `vidkit index` makes them anew.", error, model)
    return count


def add_folder(
    library: Library,
    folder: str | os.PathLike[str],
    progress: Progress | None = None,
    kept: Kept | None = None,
) -> int:
    """Put the records of a folder (`*.json`, as `vidkit process` writes them) into a library; how many.

    This builds a lost library again. Other JSON files are skipped, damaged records with a warning. Corrections
    of the library's that are later stay, see `_merged`.

    Args:
        library: what is written.
        folder: the folder of the JSON records, or another store's address.
        progress: told how far it is.
        kept: told of each record that keeps what the library had.

    Raises:
        LibraryError: the folder cannot be read, or the library not written.
        OutputError: the store of the records fails.
    """
    return library.save_all(_merged(_told(_records_in(open_store(folder)), progress), library, kept))


def _merged(comes: Iterator[LibraryEntry], target: Library, kept: Kept | None) -> Iterator[LibraryEntry]:
    """Records as they go into a library: of two corrections of one content at one URL the later stays.

    Its tags and class stay with it, and their fingerprint, by which the next run sees whether the rules say the
    same of the record as it is now.
    """
    if not target.stats().videos:
        yield from comes
        return
    for entry in comes:
        record = entry.record
        url = record["source"]["url"]
        there = next((each.record for each in target.find(url) if each.record["source"]["url"] == url), None)
        if there is not None and there["sha256"] == record["sha256"] and _said_at(there) > _said_at(record):
            tagged = there["processing"]["stages"]["tag"]
            processing = {**record["processing"], "stages": {**record["processing"]["stages"], "tag": tagged}}
            said = {key: there[key] for key in ("corrections", "tags", "classification")}
            entry = LibraryEntry(cast(Record, {**record, **said, "processing": processing}), entry.folder)
            if kept is not None:
                kept(entry)
        yield entry


def _said_at(record: Record) -> str:
    """When a person corrected a record last (all in the same form, in UTC); empty where nobody did."""
    corrections = record.get("corrections")
    return corrections["at"] if corrections else ""


def _told(entries: Iterator[LibraryEntry], progress: Progress | None) -> Iterator[LibraryEntry]:
    for number, each in enumerate(entries, 1):
        if progress is not None:
            progress(number)
        yield each


def _records_in(store: Store) -> Iterator[LibraryEntry]:
    folder = store.folder
    if folder is not None and folder.is_file():
        raise LibraryError(
            "{folder} is a file: give the folder that the JSON records are in", folder=printable(folder)
        )
    if folder is not None and not folder.is_dir():
        raise LibraryError("{folder} cannot be read: no such folder", folder=printable(folder))
    names = (name for name in store.names() if name.endswith(record_name("")))
    read: Iterator[Record | None]
    if folder is not None:
        read = (_read_record(store, name) for name in sorted(names))
    else:  # each is a request, and there may be millions
        read = _read_at_once(store, names)
    for record in read:
        if record is not None:
            yield LibraryEntry(record, store.address)


def _read_at_once(store: Store, names: Iterator[str]) -> Iterator[Record | None]:
    """The records of these names, in order, some of them read at the same time."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        while some := list(islice(names, 16 * _AT_ONCE)):
            yield from pool.map(lambda name: _read_record(store, name), some)


def _read_record(store: Store, name: str) -> Record | None:
    """The record in a JSON file; None for other JSON, and with a warning where it is damaged."""
    try:
        content = json.loads(store.read(name))
        if not isinstance(content, dict) or content.get("schema") != SCHEMA:
            return None
        if missing := [key for key in Record.__annotations__ if key not in content and key not in LATER]:
            raise KeyError(", ".join(missing))
        record = cast(Record, content)
        texts_of(record), summary_of(record)  # what a library reads of it is there
        return record
    except (OSError, ValueError) as error:
        log.warning("%s is skipped: %s", printable(within(store.address, name)), printable(error))
    except (KeyError, TypeError, AttributeError) as error:
        place = printable(within(store.address, name))
        log.warning("%s is skipped: it is not a complete record (%s)", place, printable(error))
    return None
