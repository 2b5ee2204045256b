"""Write the JSON for inference from a CSV: each video with its clips, for `vidkit infer` or other tools."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from vidkit.batch import NullReporter, Reporter, Summary, process_rows
from vidkit.batch.ordering import pack_row, unpack_row
from vidkit.batch.shards import Shard, rows_in
from vidkit.core import ensure_directory, printable, shown_url, writing_whole
from vidkit.core.config import Config, load_config
from vidkit.core.files import check_local
from vidkit.core.sorting import Sorter
from vidkit.core.stores import Store, within
from vidkit.errors import OutputError
from vidkit.export import read_record
from vidkit.record import Record
from vidkit.rows import CsvRow, Row, read_video_metadata_from_csv
from vidkit.workflow import source_key
from vidkit.workflow.run import Run, RunSpec, open_run


def csv_to_json(
    csv_file: str | os.PathLike[str],
    output_json_file: str | os.PathLike[str],
    max_resolution: str | None = None,
    max_fps: float | None = None,
    *,
    base_url: str | None = None,
    clips_url: str | None = None,
    config: Config | None = None,
    reporter: Reporter | None = None,
    priority: int = 0,
    shard: Shard | None = None,
) -> Summary:
    """Download the videos of a CSV, cut them into clips, and write the list that `vidkit infer` reads.

    The list is `[{file_name, file_size, last_modified, public_url, segments, max_resolution, max_fps}]`. It resumes
    like `vidkit process`, and adds the videos to the library without a description.

    Args:
        csv_file: the CSV.
        output_json_file: the JSON, written atomically. Paths of clips in it are relative to its folder.
        max_resolution: overrides `[Processing] MaxResolution`.
        max_fps: overrides `[Processing] MaxFPS`.
        base_url: base URL of the files, if the CSV has names but no URLs.
        clips_url: base URL where the clips will be published: `segments` then contains URLs instead of paths.
        config: the settings, instead of config.ini and the environment; `max_resolution` and `max_fps` are ignored
            then.
        reporter: called for every row.
        priority: of rows without a priority, and of this run among others, as in `RunSpec`.
        shard: process only these rows of the CSV.

    Returns:
        The summary of the rows. Failed rows are in `failures.csv`, not in the list.

    Raises:
        ConfigError: the CSV or a setting is wrong.
        LibraryError: the library cannot be opened.
        OutputError: a folder or file cannot be written.
    """
    caps = {("Processing", "MaxResolution"): max_resolution, ("Processing", "MaxFPS"): max_fps}
    config = config or load_config(overrides={key: str(cap) for key, cap in caps.items() if cap is not None})
    check_local(output_json_file)
    if Path(output_json_file).is_dir():
        raise OutputError(
            "{output_json_file} is a folder: name the JSON file to write",
            output_json_file=printable(output_json_file),
        )
    folder = ensure_directory(Path(output_json_file).absolute().parent)
    with open_run(RunSpec(config, level="none", priority=priority)) as run, Sorter(run.layout.work) as wanted:
        rows = _copy_rows(rows_in(shard, read_video_metadata_from_csv(csv_file, base_url)), wanted)
        summary = process_rows(run, rows, config.concurrency.max_workers, reporter or NullReporter())
        with writing_whole(output_json_file) as file:
            file.writelines(_json_list(_entries(run, map(unpack_row, wanted), folder, clips_url)))
    return summary


def _copy_rows(rows: Iterable[CsvRow], wanted: Sorter) -> Iterator[CsvRow]:
    """The rows, which are also written to `wanted` in the order of the file."""
    for row in rows:
        if isinstance(row, Row):
            wanted.add(0, pack_row(row))
        yield row


def _entries(run: Run, rows: Iterable[Row], folder: Path, clips_url: str | None) -> Iterator[dict[str, Any]]:
    for row in rows:
        filename = run.journal.filename(source_key(row.url))
        record = read_record(run.layout.store, filename) if filename else None
        if record is not None:
            names = [segment["path"] for segment in record["segments"]]
            clips = [_clip_address(run.layout.store, name, folder, clips_url) for name in names]
            yield _entry(row, record, clips, run.config)


def _json_list(entries: Iterable[dict[str, Any]]) -> Iterator[str]:
    """The texts of one JSON list, entry by entry: there may be millions."""
    before = "["
    for entry in entries:
        text = json.dumps(entry, ensure_ascii=False, indent=2).replace("\n", "\n  ")
        yield f"{before}\n  {text}"
        before = ","
    yield "[]\n" if before == "[" else "\n]\n"


def _clip_address(store: Store, name: str, folder: Path, clips_url: str | None) -> str:
    """The path or URL of a clip in the JSON, which is in `folder`."""
    if clips_url is not None:
        return f"{clips_url.rstrip('/')}/{quote(name.rpartition('/')[2])}"
    if store.folder is None:
        return str(within(store.address, name))  # not a signed URL: that is secret, and expires
    clip = store.folder / name
    try:
        return Path(os.path.relpath(clip, folder)).as_posix()
    except ValueError:  # another drive
        return clip.as_posix()


def _entry(row: Row, record: Record, segments: list[str], config: Config) -> dict[str, Any]:
    rate = config.processing.max_fps
    return {
        "file_name": row.file_name or record["filename"],
        "file_size": row.file_size or str(record["size"]),
        "last_modified": row.last_modified,
        "public_url": shown_url(row.url),
        "segments": segments,
        "max_resolution": config.processing.max_resolution,
        "max_fps": int(rate) if rate.is_integer() else rate,
    }
