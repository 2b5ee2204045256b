"""Corrections of tags and class by a person: they override all rules and are stored in the record."""

from __future__ import annotations

import json
import logging
import os
import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import EllipsisType

from vidkit.core import printable
from vidkit.core.stores import Address, open_store
from vidkit.core.units import timestamp
from vidkit.curate.retag import retagged, write_json
from vidkit.errors import ConfigError
from vidkit.export import read_record
from vidkit.library import Library, LibraryEntry
from vidkit.record import Corrections, Record
from vidkit.rows import NAME_COLUMNS, URL_COLUMNS, BadRow
from vidkit.rows.table import find_column, find_delimiter, open_text, readable_cells, records, too_many_cells
from vidkit.tagging import RuleSet, same_tag

log = logging.getLogger(__name__)

# Meaning of a column -> its possible names, in any case, with `_`, `-` or a space between words.
COLUMNS = {
    "url": URL_COLUMNS,
    "id": ("id", "sha256"),
    "file_name": NAME_COLUMNS,
    "class": ("class", "classification"),
    "add_tags": ("add_tags", "add_tag"),
    "remove_tags": ("remove_tags", "remove_tag"),
    "tags": ("tags",),
}
KEYS = ("url", "id", "file_name")  # the first of these in a row selects the video
# Corrections are read and changed by one thread at a time, so that none is lost.
_correcting = threading.Lock()


@dataclass(frozen=True)
class Change:
    """A correction of a video. `tags` is all its tags; `clear` removes the earlier corrections."""

    classification: str | None = None
    add_tags: tuple[str, ...] = ()
    remove_tags: tuple[str, ...] = ()
    tags: tuple[str, ...] | None = None
    clear: bool = False


@dataclass(frozen=True)
class Correction:
    """A row of a CSV of corrections: the video and the change. `line` counts from 1."""

    line: int
    key: str
    change: Change


@dataclass(frozen=True)
class CorrectedVideo:
    """A corrected video: its new record, and the folder in which its JSON record is missing, if it is.

    `before` is its earlier corrections.
    """

    record: Record
    without_json: Address | None
    before: Corrections | None


def make_change(
    classification: str | None = None,
    add_tags: Iterable[str] = (),
    remove_tags: Iterable[str] = (),
    tags: Iterable[str] | None = None,
    clear: bool = False,
) -> Change:
    """A checked change.

    Raises:
        ConfigError: the change is empty, a tag or a class is empty, or a tag is both added and removed.
    """
    name = None if classification is None else _text(classification, "class")
    added, removed = (tuple(_text(tag, "tag") for tag in each) for each in (add_tags, remove_tags))
    whole = None if tags is None else tuple(_text(tag, "tag") for tag in tags)
    if both := [tag for tag in added if _among(tag, removed)]:
        raise ConfigError("the tag {both} is both added and taken away", both=printable(both[0]))
    if whole is not None and (added or removed):
        raise ConfigError("say all the tags (tags), or which to add and to take away, and not both")
    change = Change(name, added, removed, whole, clear)
    if change == Change():
        raise ConfigError("nothing is said of the video: give a class, a tag to add, or a tag to take away")
    return change


def _text(text: str, what: str) -> str:
    plain = " ".join(text.split())
    if not plain:
        raise ConfigError("a {what} has at least one letter", what=what)
    return plain


def correct_video(library: Library, rules: RuleSet, key: str, change: Change) -> list[CorrectedVideo]:
    """Correct a video in the library, and in its JSON record if that exists.

    Args:
        library: the library.
        rules: the rules for tags and class, where there is no correction.
        key: the id or its beginning, the file name or the URL. All sources with the same content are corrected.
        change: the correction.

    Returns:
        The corrected videos; empty if there is no such video in the library.

    Raises:
        ConfigError: the key fits videos with different content.
        OutputError: a JSON record cannot be written; that video is unchanged.
        LibraryError: the library cannot be read or written; a video is corrected in both or in neither.
    """
    with _correcting:
        found = library.find(key)
        if len({entry.record["sha256"] for entry in found}) > 1:
            urls = ", ".join(printable(entry.record["source"]["url"]) for entry in found[:3])
            raise ConfigError(
                "{key} fits {count} videos ({urls}): say which by its URL",
                key=printable(key),
                count=len(found),
                urls=urls,
            )
        return [_save(library, rules, entry, _corrections_with(rules, entry, change)) for entry in found]


def correct_entry(library: Library, rules: RuleSet, entry: LibraryEntry, change: Change) -> CorrectedVideo | None:
    """Correct the video of an entry in the library, as `correct_video` does.

    Returns:
        The video; None if it was removed.

    Raises:
        OutputError, LibraryError: as in `correct_video`.
    """
    with _correcting:
        now = _current(library, entry)
        return None if now is None else _save(library, rules, now, _corrections_with(rules, now, change))


def set_corrections(
    library: Library,
    rules: RuleSet,
    entry: LibraryEntry,
    corrections: Corrections | None,
    known: Corrections | EllipsisType | None = ...,
) -> CorrectedVideo | None:
    """Replace all corrections of a video, to undo a correction.

    Args:
        library: the library.
        rules: the rules for tags and class, where there is no correction.
        entry: the video.
        corrections: its new corrections; None for none.
        known: the corrections that the caller expects it to have; by default they are not compared.

    Returns:
        The video; None if it has other corrections than expected, or was removed. Then nothing changes.

    Raises:
        OutputError, LibraryError: as in `correct_video`.
    """
    with _correcting:
        now = _current(library, entry)
        if now is None or known not in (..., now.record.get("corrections")):
            return None
        return _save(library, rules, now, corrections)


def _current(library: Library, entry: LibraryEntry) -> LibraryEntry | None:
    url = entry.record["source"]["url"]
    return next((each for each in library.find(url) if each.record["source"]["url"] == url), None)


def _corrections_with(rules: RuleSet, entry: LibraryEntry, change: Change) -> Corrections | None:
    """The corrections of a video with a change."""
    before = None if change.clear else entry.record.get("corrections")
    if change.tags is not None:  # all tags -> the tags to add to and to remove from those of the rules
        now = retagged({**entry.record, "corrections": before}, rules)["tags"]
        added = tuple(tag for tag in change.tags if not _among(tag, now))
        removed = tuple(tag for tag in now if not _among(tag, change.tags))
        change = replace(change, add_tags=added, remove_tags=removed)
    return _merged_corrections(before, change)


def _save(library: Library, rules: RuleSet, entry: LibraryEntry, corrections: Corrections | None) -> CorrectedVideo:
    """Save the corrections of a video in its JSON record and in the library."""
    record = retagged({**entry.record, "corrections": corrections}, rules)
    # The JSON record first: without the corrections in it, they would be lost when the video is processed again.
    known = read_record(open_store(entry.folder), record["filename"])
    written = write_json(entry, record)
    try:
        library.save(record, entry.folder)
    except BaseException:  # the library is locked or unreachable, or the call is cancelled: undo the JSON record
        if written and known is not None:
            write_json(entry, known)
        raise
    return CorrectedVideo(record, None if written else entry.folder, entry.record.get("corrections"))


def _merged_corrections(before: Corrections | None, change: Change) -> Corrections | None:
    """Earlier corrections with a change, which wins for each of its tags and for the class; None if empty."""
    earlier = before or {"classification": None, "add_tags": [], "remove_tags": [], "at": ""}
    changed = (*change.add_tags, *change.remove_tags)
    added = [*(tag for tag in earlier["add_tags"] if not _among(tag, changed)), *change.add_tags]
    removed = [*(tag for tag in earlier["remove_tags"] if not _among(tag, changed)), *change.remove_tags]
    name = change.classification or earlier["classification"]
    if not (added or removed or name):
        return None
    return {"classification": name, "add_tags": added, "remove_tags": removed, "at": timestamp()}


def _among(tag: str, tags: Iterable[str]) -> bool:
    return any(same_tag(tag, other) for other in tags)


def read_corrections(csv_file: str | os.PathLike[str]) -> Iterator[Correction | BadRow]:
    """The rows of a CSV of corrections, in order; an invalid row says why.

    It has a column for the video (`url`, `id` or `file_name`; the first one that is not empty counts), and one or
    more of `class`, `add_tags`, `remove_tags` and `tags` (all tags of the video). Tags in a cell are separated by
    `;`, `|` or `,`, or are a JSON list. An empty cell changes nothing; other columns are ignored. Cells that
    `vidkit export --format csv` has escaped are restored (`text_of_cell`).

    Args:
        csv_file: UTF-8 or UTF-16; comma, semicolon, tab or `|` between the cells.

    Raises:
        ConfigError: the file cannot be read, is not text, or lacks rows or these columns.
    """
    path = Path(csv_file)
    with open_text(path) as lines:
        first = next((line for line in lines if line[1].strip()), None)
        if first is None:
            raise ConfigError("{path} is empty", path=printable(path))
        delimiter = find_delimiter(first[1].rstrip("\r\n"), lambda cells: (len(_columns_of(cells)),))
        header = next(records(iter([first]), delimiter, None))[2] or []
        columns = _columns_of(header)
        _check(path, header, columns)
        rows = 0
        for number, text, cells in records(lines, delimiter, len(header)):
            if cells is None or any(cell.strip() for cell in cells):
                rows += 1
                try:
                    yield _correction(number, _as_in_header(text, cells, len(header), delimiter), columns)
                except (ConfigError, ValueError) as error:
                    yield BadRow(number, text[:300].rstrip("\r\n"), str(error))
        if not rows:
            raise ConfigError("{path} has a header and no rows under it", path=printable(path))


def _columns_of(header: Sequence[str]) -> dict[str, int]:
    """Meaning -> index of the column, from 0."""
    found = {what: find_column(header, names) for what, names in COLUMNS.items()}
    return {what: index for what, index in found.items() if index is not None}


def _check(path: Path, header: Sequence[str], columns: dict[str, int]) -> None:
    seen = printable(", ".join(header))[:300]
    if not columns.keys() & set(KEYS):
        raise ConfigError(
            "{path} has no column that says which video; its columns are: {seen}. "
            "Name one of them {keys} or {keys2}",
            path=printable(path),
            seen=seen,
            keys=", ".join(KEYS[:-1]),
            keys2=KEYS[-1],
        )
    if not columns.keys() - set(KEYS):
        raise ConfigError(
            "{path} has no column that says anything of a video; its columns are: {seen}. "
            "Name one of them class, add_tags, remove_tags or tags",
            path=printable(path),
            seen=seen,
        )


def _as_in_header(text: str, cells: list[str] | None, width: int, delimiter: str) -> list[str]:
    """The cells of a row, as many as the header has.

    Raises:
        ValueError: the row cannot be read; the message says why.
    """
    cells = readable_cells(text, cells, width)
    if len(cells) > width:
        raise too_many_cells(cells, width, delimiter)
    return [cell.strip() for cell in cells] + [""] * (width - len(cells))


def _correction(line: int, cells: Sequence[str], columns: dict[str, int]) -> Correction:
    values = {what: text_of_cell(cells[index]) for what, index in columns.items() if cells[index]}
    key = next((values[what] for what in KEYS if what in values), None)
    if key is None:
        raise ConfigError("it does not say which video")
    tags = {what: _tags(values[what]) for what in ("add_tags", "remove_tags", "tags") if what in values}
    change = make_change(
        values.get("class"), tags.get("add_tags", ()), tags.get("remove_tags", ()), tags.get("tags"), clear=False
    )
    return Correction(line, key, change)


def text_of_cell(cell: str) -> str:
    """A cell without the `'` that an export added so that a spreadsheet does not run it (`export.rows.cell`)."""
    return cell[1:] if re.match(r"''*[=+\-@\t\n]", cell) else cell


def _tags(cell: str) -> list[str]:
    if cell.startswith("["):
        try:
            listed = json.loads(cell)
        except ValueError:
            listed = None
        if isinstance(listed, list) and all(isinstance(tag, str) for tag in listed):
            return listed
        raise ConfigError(
            '{cell} is not a JSON list of tags: write it like ["one", "two"]', cell=printable(cell[:100])
        )
    return [tag.strip() for tag in re.split("[;|,]", cell) if tag.strip()]
