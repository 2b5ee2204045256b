"""Export the library as a dataset in two passes: plan it, then collect the files and write the format."""

from __future__ import annotations

import difflib
import logging
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from vidkit.core import printable
from vidkit.core.buckets import is_bucket
from vidkit.core.stores import Address, within
from vidkit.core.units import format_count
from vidkit.errors import ConfigError
from vidkit.export import webdataset
from vidkit.export.bucket import DatasetInBucket
from vidkit.export.card import DatasetInfo, write_card
from vidkit.export.copies import find_copies
from vidkit.export.folder import WORK, building, target_of
from vidkit.export.formats import Format
from vidkit.export.items import DatasetSpec
from vidkit.export.labels import column_of, label_folders
from vidkit.export.media import ClipLimits, Hide
from vidkit.export.plan import ExportPlan, make_plan
from vidkit.export.readings import with_subtitles
from vidkit.export.request import ExportRequest, read_request
from vidkit.export.samples import (
    MISSING,
    REMEDIES,
    UNUSABLE,
    ExportReport,
    count_samples,
    items_in,
    samples,
)
from vidkit.library.query import Bounds, Query
from vidkit.messages import message

if TYPE_CHECKING:
    from vidkit.library import LibraryEntry

T = TypeVar("T")
log = logging.getLogger(__name__)

# Called with the step, how much of it is done, and the total if it is known.
Progress = Callable[[str, int, "int | None"], None]


class Records(Protocol):
    """The source of the records of a dataset: a library, or some videos of one."""

    @property
    def name(self) -> str:
        """The name of the library."""

    def records(self, query: Query | None = None) -> Iterator[LibraryEntry]:
        """The records that match a query, in the same order each time."""


@dataclass(frozen=True, kw_only=True)
class DatasetCounts:
    """The content of a dataset. `counts` is split -> label -> items, with "" for no label.

    `missing` is reason -> items left out, `without_file` is reason -> rows without a file. `scarce` is label ->
    videos, for labels that are not in every split.
    """

    items: int
    videos: int
    counts: Mapping[str, Mapping[str, int]]
    missing: Mapping[str, int]
    without_file: Mapping[str, int]
    unlabelled: int
    scarce: Mapping[str, int]
    at_odds: int


@dataclass(frozen=True, kw_only=True)
class Exported(DatasetCounts):
    """The result of an export. The file `missing_list`, if there is one, lists items that are missing or without a
    file."""

    folder: Address
    missing_list: Address | None
    resumed: bool

    @property
    def unusable(self) -> int:
        """The number of items that were left out because of their file."""
        return sum(self.missing.get(reason, 0) for reason in UNUSABLE)


def export_dataset(
    library: Records,
    directory: str | os.PathLike[str],
    format: str,
    *,
    query: Query | None = None,
    level: str = "video",
    label: str = "class",
    split: str | None = None,
    seed: int = 0,
    files: str | None = None,
    overwrite: bool = False,
    caps: ClipLimits | None = None,
    hide: Hide | None = None,
    no_duplicates: bool = False,
    command: str = "",
    progress: Progress | None = None,
    scratch: Path | None = None,
) -> Exported:
    """Export the videos of a library, their clips or their scenes as a dataset.

    The dataset is built in `<directory>.exporting` and renamed when it is complete. After an interruption, the same
    call continues, or starts over if the library or the arguments have changed. It streams: only the split and the
    name of each video are kept in memory.

    Args:
        library: an open library.
        directory: the output folder; or an address in a bucket, such as `s3://bucket/set`.
        format: a name in FORMATS.
        query: selects videos; by default all. Its limits on the duration apply to the items: with clips or scenes,
            to the length of each.
        level: one item per video (`video`), per clip (`segments`) or per scene (`scenes`).
        label: the source of the label, see `label_reader`.
        split: such as `80/10/10`, see `parse_split`; by default everything is in `train`.
        seed: random seed of the splits.
        files: `copy`, `link` or `reference`; by default the default of the format.
        overwrite: replace the folder, if it is empty or an older dataset of vidkit.
        caps: limits of size and frame rate for scenes that are cut.
        hide: makes each file again, such as without faces; then files are copied.
        no_duplicates: leave out copies of other videos in the dataset.
        command: the command line, for the dataset card.
        progress: called with the progress.
        scratch: where a dataset for a bucket is built, so that an interrupted export can continue; by default in a
            new temporary folder.

    Raises:
        ConfigError: an argument is invalid, or there is nothing to export.
        LibraryError: the library cannot be read.
        OutputError: the folder already exists or cannot be written.
        ToolMissingError: a package for the format, or ffmpeg for cutting scenes, is not installed.
    """
    request = read_request(format, query, level, label, split, seed, files, caps, command, hide, no_duplicates)
    tell = progress or (lambda what, done, total: None)
    if not is_bucket(directory):
        return _built(library, request, target_of(directory, overwrite), tell)
    place = DatasetInBucket(str(directory), overwrite)
    with place.scratch(scratch) as target:
        made = _built(library, request, target, tell)
        place.publish(target, lambda done, total: tell("uploading", done, total))
    listed = within(place.address, MISSING) if made.missing_list else None
    return replace(made, folder=place.address, missing_list=listed)


def _built(library: Records, request: ExportRequest, target: Path, tell: Progress) -> Exported:
    """The whole export into a local folder."""
    plan = _planned(library, request, tell)
    with building(target, request.fingerprint(plan)) as (folder, resumed), request.report(folder) as report:
        info = _written(library, request, plan.kept_in(folder / WORK), report, folder, target.name, tell)
    return Exported(
        **_counts_of(info, report),
        folder=target,
        missing_list=target / MISSING if info.missing else None,
        resumed=resumed,
    )


def _written(
    library: Records,
    request: ExportRequest,
    plan: ExportPlan,
    report: ExportReport,
    folder: Path,
    name: str,
    tell: Progress,
) -> DatasetInfo:
    """The second pass: write files, lists and card into a folder. Returns the content of the card."""
    work, form = folder / WORK, request.how.form
    folders, packed = label_folders([*plan.labels, ""]), webdataset.packed(work)
    spec = DatasetSpec(folder, work, request.level, tuple(request.shares), plan.labels, folders, packed)
    records = _counted(library.records(request.query), lambda done: tell("exporting", done, plan.videos))
    taken = samples(records, plan, spec, request.how, request.selection, report)
    form.write(taken if request.how.mode == "pack" else with_subtitles(taken, spec), spec)
    info = _dataset_info(request, plan, report, name, library.name)
    if not info.items:
        remedies = "".join(f". {REMEDIES[reason]}" for reason in report.missing if reason in REMEDIES)
        raise ConfigError(
            "nothing could be exported: {reason}{remedies}", reason=_reasons(report.missing), remedies=remedies
        )
    write_card(folder, info, form)
    return info


def preview_dataset(
    library: Records,
    format: str,
    *,
    query: Query | None = None,
    level: str = "video",
    label: str = "class",
    split: str | None = None,
    seed: int = 0,
    files: str | None = None,
    no_duplicates: bool = False,
    progress: Progress | None = None,
) -> DatasetCounts:
    """Count the items that `export_dataset` would export with the same arguments. Nothing is written.

    Scenes that ffmpeg cannot cut, and files that are missing in another store, are counted as if they were usable.

    Raises:
        ConfigError: an argument is invalid, or there is nothing to export.
        LibraryError: the library cannot be read.
    """
    request = read_request(format, query, level, label, split, seed, files, None, "", None, no_duplicates)
    tell = progress or (lambda what, done, total: None)
    plan = _planned(library, request, tell)
    report = request.report(None)
    records = _counted(library.records(request.query), lambda done: tell("counting", done, plan.videos))
    count_samples(records, plan, request.how, request.selection, report)
    return DatasetCounts(**_counts_of(_dataset_info(request, plan, report, "", library.name), report))


def check_export(
    format: str,
    *,
    query: Query | None = None,
    level: str = "video",
    label: str = "class",
    split: str | None = None,
    seed: int = 0,
    files: str | None = None,
    no_duplicates: bool = False,
) -> None:
    """Check the arguments of an export, without reading the library.

    Raises:
        ConfigError: an argument is invalid.
    """
    read_request(format, query, level, label, split, seed, files, None, "", None, no_duplicates)


def _counts_of(info: DatasetInfo, report: ExportReport) -> dict[str, Any]:
    return {
        "items": info.items,
        "videos": info.videos,
        "counts": info.counts,
        "missing": dict(report.missing),
        "without_file": dict(report.kept),
        "unlabelled": info.unlabelled,
        "scarce": info.scarce,
        "at_odds": info.at_odds,
    }


def _planned(library: Records, request: ExportRequest, tell: Progress) -> ExportPlan:
    """The first pass over the library.

    Raises:
        ConfigError: there is nothing to export.
    """
    copies = None
    if len(request.shares) > 1 or request.no_duplicates:
        videos = _counted(library.records(request.query), lambda done: tell("comparing", done, None))
        copies = find_copies(videos, request.no_duplicates)
    plan = make_plan(
        library.records(request.query),
        lambda entry: items_in(entry, request.selection, request.how),
        request.shares,
        request.seed,
        lambda done: tell("looking", done, None),
        copies,
    )
    _check_not_empty(plan, request, request.how.form)
    return plan


def _dataset_info(
    request: ExportRequest, plan: ExportPlan, report: ExportReport, name: str, library: str
) -> DatasetInfo:
    there = [{label for label, items in counts.items() if label and items} for counts in report.counts.values()]
    in_some, in_all = set.union(*there), set.intersection(*there)
    return DatasetInfo(
        name=name,
        format=request.format,
        level=request.level,
        label=request.label,
        mode=request.how.mode,
        seed=request.seed,
        shares=request.shares,
        labels=tuple(plan.labels),
        counts={split: dict(counts) for split, counts in report.counts.items()},
        videos=report.videos,
        unlabelled=sum(counts[""] for counts in report.counts.values()),
        missing=report.missing + report.kept,
        scarce={label: plan.videos_of.get(label, 1) for label in sorted(in_some) if label not in in_all},
        at_odds=plan.at_odds,
        # A card is published, so it must not contain the name of a server or a folder.
        library=os.path.basename(library),
        hosts=plan.hosts,
        command=request.command,
        made_at=datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z"),
    )


def _check_not_empty(plan: ExportPlan, request: ExportRequest, form: Format) -> None:
    if not plan.videos:
        raise ConfigError("there is nothing to export: no video of the library is meant")
    if not plan.items:
        what = "clips" if request.level == "segments" else "scenes"
        long = message(" as long as --min-duration and --max-duration say") if request.lengths != Bounds() else ""
        raise ConfigError(
            "there is nothing to export: {videos} found, but no {what}{long}",
            videos=format_count(plan.videos, "video"),
            what=what,
            long=long,
        )
    key = request.label
    if plan.labels:
        return
    column = column_of(key)
    if column is None or column.casefold() in (known.casefold() for known in plan.columns):
        if not form.needs_label:
            return
        raise ConfigError("there is nothing to export: nothing has a label by --label {key}", key=printable(key))
    near = difflib.get_close_matches(column, [*plan.columns, "class", "tag", "ai_tag", "folder"], 1)
    guess = message("; did you mean {near}?", near=printable(near[0])) if near else ""
    known = ", ".join(map(printable, plan.columns[:20])) or "none"
    raise ConfigError(
        "--label {key}: the CSV of these videos had no such column (it had: {known}){guess}",
        key=printable(key),
        known=known,
        guess=guess,
    )


def _counted(things: Iterable[T], progress: Callable[[int], None]) -> Iterator[T]:
    for number, thing in enumerate(things, 1):
        yield thing
        progress(number)


def _reasons(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {reason}" for reason, count in counts.items()) or message("nothing was found")
