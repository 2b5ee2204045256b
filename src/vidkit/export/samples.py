"""The second pass over the library: put the file of each item in place, and list what is missing."""

from __future__ import annotations

import csv
import shlex
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import IO, TYPE_CHECKING, Any

from vidkit.core import shown_url
from vidkit.core.stores import Address, kept_address, local_files, open_store
from vidkit.errors import MediaError
from vidkit.export.formats import Format
from vidkit.export.items import DatasetSpec, Item, ItemSelection, Sample, items_of, video_file
from vidkit.export.media import ClipLimits, Hide, cut, extension, put
from vidkit.export.plan import ExportPlan
from vidkit.export.rows import cell
from vidkit.messages import message

if TYPE_CHECKING:
    from vidkit.library import LibraryEntry
    from vidkit.record import Record

MISSING = "missing.csv"
NO_LABEL, GONE, NOT_KEPT = (
    message("without a label"),
    message("whose file is gone"),
    message("whose download was not kept"),
)
DIFFERS = message("whose file is not the one that was processed")
UNCUT, ODD_PATH = message("that ffmpeg cannot cut"), message("whose path no list can hold (say --copy)")
ELSEWHERE = message("whose file is not on this machine (say --copy)")
UNHIDDEN = message("whose faces cannot be hidden")
CHANGED = message("that changed during the export")
COPY = message("of copies of other videos")
UNUSABLE = (GONE, NOT_KEPT, DIFFERS, UNCUT, UNHIDDEN, ODD_PATH, ELSEWHERE)
# What a person can do about a reason. With only URLs, records would lack the CSV's columns, which may be labels.
_AGAIN = message(
    "`vidkit process --force --urls URL` (what came from a CSV: --csv with its rows, for their columns)"
)
REMEDIES = {
    GONE: message("{again} fetches them again", again=_AGAIN),
    NOT_KEPT: message("{again} fetches them again; set KeepDownloads = yes before", again=_AGAIN),
    DIFFERS: message("{again} makes file and record one again", again=_AGAIN),
}


@dataclass(frozen=True)
class FileOptions:
    """How files come into the dataset."""

    form: Format
    mode: str
    caps: ClipLimits
    hide: Hide | None = None


@dataclass
class ExportReport:
    """The result for all items: `counts` is split -> label -> items, `missing` and `kept` are reason -> items.

    `missing` items are left out; `kept` ones have a row without a file. Both are listed in `missing.csv` in the
    folder, if there is a folder.
    """

    folder: Path | None
    counts: dict[str, Counter[str]]
    videos: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    kept: Counter[str] = field(default_factory=Counter)
    _file: IO[str] | None = None
    _table: Any = None

    def __enter__(self) -> ExportReport:
        if self.folder is not None:
            (self.folder / MISSING).unlink(missing_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._file is not None:
            self._file.close()

    def exported(self, sample: Sample) -> None:
        self.counts[sample.split].update(item.label or "" for item in sample.items)

    def missed(self, sample: Sample, reason: str, detail: str = "", kept: bool = False) -> None:
        """Note that a sample is not in the dataset, or is there without a file."""
        (self.kept if kept else self.missing)[reason] += len(sample.items)
        if self.folder is None:
            return
        if self._file is None:
            self._file = (self.folder / MISSING).open("w", encoding="utf-8", errors="replace", newline="")
            self._table = csv.writer(self._file, lineterminator="\n")
            self._table.writerow(("name", "reason", "exported", "path", "filename", "url", "detail"))
        record = sample.record
        path, url = str(sample.file or ""), shown_url(record["source"]["url"])
        row = (sample.name, reason, "yes" if kept else "no", path, record["filename"], url, detail)
        self._table.writerow(map(cell, row))


def items_in(entry: LibraryEntry, selection: ItemSelection, files: FileOptions) -> tuple[list[Item], list[Item]]:
    """The items of a record, and those that will be in the dataset: with a label if the format needs one, and with
    a file or a row without it."""
    items: list[Item] = []
    usable: list[Item] = []
    for sample in _planned(entry, "", "", selection, files.form):
        items += sample.items
        there = [item for item in sample.items if item.label is not None or not files.form.needs_label]
        if there and (not _problem(sample, files) or _is_kept(sample, files)):
            usable += there
    return items, usable


def samples(
    records: Iterable[LibraryEntry],
    plan: ExportPlan,
    spec: DatasetSpec,
    files: FileOptions,
    selection: ItemSelection,
    report: ExportReport,
) -> Iterator[Sample]:
    """The samples of a dataset, each with its file in place. The ordinals are the same in every run."""
    ordinal = 0
    for entry in _without_copies(records, plan, selection, files, report):
        split = plan.split_of(entry.record)
        if split is None:  # it came in after the first pass
            continue
        exported = False
        with _on_this_machine(entry, selection, files) as (entry, mode):
            for sample in _planned(entry, split, plan.name(entry.record), selection, files.form):
                ordinal += 1
                sample = replace(sample, ordinal=ordinal)
                brought = _checked(sample, spec, replace(files, mode=mode), report)
                if brought is not None:
                    report.exported(brought)
                    exported = True
                    yield brought
                    if isinstance(brought.file, Path) and brought.file.parent == spec.work / "cuts":
                        brought.file.unlink(missing_ok=True)
        report.videos += exported


@contextmanager
def _on_this_machine(
    entry: LibraryEntry, selection: ItemSelection, files: FileOptions
) -> Iterator[tuple[LibraryEntry, str]]:
    """A record with its clips as local files (downloaded from another store), and the file mode for them."""
    if isinstance(entry.folder, Path) or files.mode == "reference":
        yield entry, files.mode
        return
    clips = [clip["path"] for clip in entry.record["segments"]] if selection.level == "segments" else []
    with local_files(open_store(entry.folder), clips) as folder:
        yield replace(entry, folder=folder), "copy" if files.mode == "link" else files.mode


def count_samples(
    records: Iterable[LibraryEntry],
    plan: ExportPlan,
    files: FileOptions,
    selection: ItemSelection,
    report: ExportReport,
) -> None:
    """Report the same as `samples`, without writing files.

    Scenes, which ffmpeg may fail to cut, and files in another store are counted as if they were usable.
    """
    for entry in _without_copies(records, plan, selection, files, report):
        split = plan.split_of(entry.record)
        if split is None:
            continue
        exported = False
        for planned in _planned(entry, split, plan.name(entry.record), selection, files.form):
            sample = _wanted(planned, plan.labels, files, report)
            if sample is None:
                continue
            problem = _problem(sample, files)
            kept = bool(problem) and _is_kept(sample, files)
            if problem:
                report.missed(sample, problem, kept=kept)
            if kept or not problem:
                report.exported(sample)
                exported = True
        report.videos += exported


def _checked(sample: Sample, spec: DatasetSpec, files: FileOptions, report: ExportReport) -> Sample | None:
    """The sample with only the items for the dataset, and its file in place; None without items."""
    wanted = _wanted(sample, spec.labels, files, report)
    return None if wanted is None else _brought(wanted, spec, files, report)


def _wanted(sample: Sample, labels: Mapping[str, int], files: FileOptions, report: ExportReport) -> Sample | None:
    """The sample with only the items for the dataset; None without items."""
    if files.form.needs_label:
        sample = _labelled(sample, report)
    if not sample.items:
        return None
    if any(item.label is not None and item.label not in labels for item in sample.items):
        report.missed(sample, CHANGED)
        return None
    return sample


def _without_copies(
    records: Iterable[LibraryEntry],
    plan: ExportPlan,
    selection: ItemSelection,
    files: FileOptions,
    report: ExportReport,
) -> Iterator[LibraryEntry]:
    """The records without copies of other videos. The samples of the copies are reported."""
    for entry in records:
        if not plan.copies.is_left_out(entry.record):
            yield entry
            continue
        for sample in _planned(entry, "", plan.name(entry.record), selection, files.form):
            report.missed(sample, COPY)


def _planned(
    entry: LibraryEntry, split: str, name: str, selection: ItemSelection, form: Format
) -> Iterator[Sample]:
    items = items_of(entry, selection)
    record, video = entry.record, video_file(entry)
    if form.whole_videos or selection.level == "video":
        yield Sample(0, name, name, split, record, tuple(items), _path(video), None, apart=False)
        return
    for item in items:
        own = f"{name}_{item.kind}_{item.number:03d}"
        clip = selection.level == "segments"
        file = _path(item.file if clip else video)
        yield Sample(0, name, own, split, record, (item,), file, None, apart=clip)


def _path(text: str | None) -> Address | None:
    return None if text is None else kept_address(text)


def _labelled(sample: Sample, report: ExportReport) -> Sample:
    """The sample with only the items that have a label."""
    without = tuple(item for item in sample.items if item.label is None)
    if without:
        report.missed(replace(sample, items=without), NO_LABEL)
    return replace(sample, items=tuple(item for item in sample.items if item.label is not None))


def _brought(sample: Sample, spec: DatasetSpec, files: FileOptions, report: ExportReport) -> Sample | None:
    """The sample with its file in place; None if it has to be left out."""
    if sample.ordinal in spec.packed:
        return sample
    form, file = files.form, sample.file
    problem = _problem(sample, files)
    if problem or not isinstance(file, Path):
        kept = _is_kept(sample, files)
        report.missed(sample, problem, _remedy(sample.record, problem), kept)
        return replace(sample, file=None) if kept else None
    if files.mode == "reference":
        return replace(sample, path=file.as_posix())
    if sample.items[0].kind == "scene" and not form.whole_videos:
        return _cut_out(sample, file, sample.items[0], spec, files, report)
    if files.hide is not None:
        return _hidden(sample, file, files.hide, spec, files, report)
    if files.mode == "pack":
        return sample
    path = form.place(sample, spec, extension(file))
    put(file, spec.folder / path, files.mode)
    return replace(sample, path=path)


def _is_kept(sample: Sample, files: FileOptions) -> bool:
    """Whether a sample is in the dataset even if its file is missing."""
    return files.mode == "reference" and files.form.keeps_gone(sample.record)


def _problem(sample: Sample, files: FileOptions) -> str:
    """Why a sample's file cannot be used; empty if it can."""
    if sample.file is None:
        return NOT_KEPT
    if isinstance(sample.file, str):  # in another store, where it is not checked
        return ELSEWHERE if files.mode == "reference" else ""
    try:
        size = sample.file.stat().st_size
    except OSError:
        return GONE
    if not sample.file.is_file():
        return GONE
    # A clip is not compared: the record has only the size of the video.
    if not size or not (sample.apart or size == sample.record["size"]):
        return DIFFERS
    return ODD_PATH if files.mode == "reference" and not _in_one_line(str(sample.file)) else ""


def _remedy(record: Record, problem: str) -> str:
    """How to restore the file of a video, for `missing.csv`."""
    if problem not in REMEDIES:
        return ""
    url = record["source"]["url"]
    if "://" not in url and problem == GONE:
        return message("put the file back")
    if record["source"]["columns"]:
        return message("vidkit process --force with this row of your CSV")
    return f"vidkit process --force --urls {shlex.quote(shown_url(url))}"


def _cut_out(
    sample: Sample, video: Path, item: Item, spec: DatasetSpec, files: FileOptions, report: ExportReport
) -> Sample | None:
    path = None if files.mode == "pack" else files.form.place(sample, spec, ".mp4")
    target = spec.work / "cuts" / f"{sample.name}.mp4" if path is None else spec.folder / path
    shown = spec.work / "shown" / f"{sample.name}.mp4" if files.hide is not None else target
    try:
        cut(video, item.start, item.end, shown, spec.work, files.caps)
    except (MediaError, ValueError) as error:
        report.missed(sample, UNCUT, str(error))
        return None
    if files.hide is not None:
        hidden = _hidden(replace(sample, apart=True), shown, files.hide, spec, files, report)
        shown.unlink(missing_ok=True)
        return hidden
    return replace(sample, file=target, path=path, apart=True)


def _hidden(
    sample: Sample, file: Path, hide: Hide, spec: DatasetSpec, files: FileOptions, report: ExportReport
) -> Sample | None:
    """The sample with its file made again by `hide`. A file from an interrupted export stays."""
    suffix = hide.suffix(file)
    path = None if files.mode == "pack" else files.form.place(sample, spec, suffix)
    target = spec.work / "cuts" / f"{sample.name}{suffix}" if path is None else spec.folder / path
    try:
        if not target.is_file():
            hide.run(file, target)
    except MediaError as error:
        report.missed(sample, UNHIDDEN, str(error))
        return None
    return replace(sample, file=target, path=path)


def _in_one_line(path: str) -> bool:
    """Whether a path is valid text on one line. On Linux it may be neither."""
    return not any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in path)
