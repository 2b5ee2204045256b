"""`vidkit process`, `prepare` and `infer`: run rows through the pipeline."""

from __future__ import annotations

import argparse
import gc
import logging
import os
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from vidkit.batch import Summary, process_rows
from vidkit.batch.prepare import csv_to_json
from vidkit.batch.shards import Shard, read_shard, rows_in
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_INTERRUPTED, EXIT_SOME_FAILED
from vidkit.cli.screen import Screen, cost_line, counted, say, summary_line
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.errors import ConfigError
from vidkit.ffmpeg import find_tool
from vidkit.infer import run_inference_on_videos
from vidkit.messages import message
from vidkit.qwen_model import open_describer
from vidkit.rows import CsvRow, Row, read_video_metadata_from_csv
from vidkit.rows.counting import count_in_background
from vidkit.rows.filters import read_filters
from vidkit.rows.folder import rows_of
from vidkit.tagging import missing_columns
from vidkit.workflow.layout import reports_folder
from vidkit.workflow.run import Run, RunSpec, open_run

log = logging.getLogger(__name__)


def process(options: argparse.Namespace, config: Config) -> int:
    """`vidkit process`: rows through the pipeline."""

    for tool in ("ffmpeg", "ffprobe"):
        find_tool(tool)
    _collect_less_often()
    filters = read_filters(vars(options))
    shard = None if options.shard is None else read_shard(options.shard)
    rows: Any
    if options.csv is not None:
        rows = rows_in(shard, read_video_metadata_from_csv(options.csv, options.base_url))
    else:
        paths = config.paths
        rows = list(rows_in(shard, rows_of(options.urls, [paths.processed_directory, paths.download_directory])))
    spec = RunSpec(
        config,
        level=options.describe,
        use_vpc=options.use_vpc,
        force=options.force,
        filters=filters,
        max_requests=options.max_requests,
        priority=options.priority,
        skip_duplicates=options.skip_duplicates,
    )
    with open_run(spec) as run:
        if run.describer is None and options.describe != "none":
            say(
                "No model is configured, so nothing is described: see [QwenVL] in config.ini. "
                "Everything else is done."
            )
        workers = config.concurrency.max_workers
        screen = Screen(None if options.csv else len(rows), as_json=options.json, workers=workers)
        if options.csv and screen.live:
            _count(options.csv, shard, screen)
        try:
            summary = process_rows(run, _checked(rows, run, options.csv), workers, screen)
        finally:
            screen.close()
        if run.describer is not None:
            say(cost_line(run.describer.cost))
    if summary.interrupted:
        say("interrupted: the same command continues from here")
    if options.csv is not None or shard or len(rows) > 1 or summary.filtered or summary.duplicates:
        say(summary_line(summary, config.paths.processed_directory, reports_folder(config.paths)))
    return _exit_code(summary)


def _collect_less_often() -> None:
    """Run the garbage collector less often: rows are many objects, and none of them is in a reference cycle."""
    gc.set_threshold(20_000)


def _checked(rows: Iterable[CsvRow], run: Run, csv: str | None) -> Iterator[CsvRow]:
    """The rows; at the first one, warn about each column that a rule needs and the CSV does not have."""
    rows = iter(rows)
    for row in rows:
        if isinstance(row, Row):
            for missing in missing_columns(run.rules, list(row.columns), str(csv)) if row.columns else ():
                log.warning("%s", missing)
            yield row
            break
        yield row
    yield from rows


def prepare(options: argparse.Namespace, config: Config) -> int:
    """`vidkit prepare`: cut the videos of a CSV and write the JSON for inference."""
    for tool in ("ffmpeg", "ffprobe"):
        find_tool(tool)
    _collect_less_often()
    screen = Screen(None, quiet=True, workers=config.concurrency.max_workers)
    shard = None if options.shard is None else read_shard(options.shard)
    if screen.live:
        _count(options.csv, shard, screen)
    try:
        summary = csv_to_json(
            options.csv,
            options.out,
            base_url=options.base_url,
            clips_url=options.clips_url,
            config=config,
            reporter=screen,
            priority=options.priority,
            shard=shard,
        )
    finally:
        screen.close()
    say(summary_line(summary, config.paths.processed_directory, reports_folder(config.paths)))
    say("{out} written", out=printable(options.out))
    return _exit_code(summary)


def _count(csv: str, shard: Shard | None, screen: Screen) -> None:
    """Count the rows of a CSV, or about those of a shard, and tell the screen as soon as they are known."""
    if shard is None:
        count_in_background(csv, screen.expect)
    else:
        count_in_background(csv, lambda rows: screen.expect(round(rows / shard.parts), about=True))


def infer(options: argparse.Namespace, config: Config) -> int:
    """`vidkit infer`: describe the clips of the JSON for inference."""
    describer = open_describer(config, options.use_vpc, options.max_requests)
    if describer is None:
        raise ConfigError("no model is configured: see [QwenVL] in config.ini")
    try:
        with counted(" videos") as progress:
            results = run_inference_on_videos(
                options.videos, out=options.out, config=config, describer=describer, progress=progress
            )
    finally:
        describer.close()
    segments = [segment for video in results for segment in video["segments"]]
    failed = [segment for segment in segments if segment["description"] is None]
    for segment in failed[:10]:
        why = message(
            "{url}: {reason}", url=printable(segment["segment_url"]), reason=printable(segment.get("error", ""))
        )
        say("failed: {what}", what=why)
    described = len(segments) - len(failed)
    say(
        "{described} described, {failed} failed: {out}",
        described=described,
        failed=len(failed),
        out=printable(options.out),
    )
    say(cost_line(describer.cost))
    return EXIT_SOME_FAILED if failed else EXIT_DONE


def _exit_code(summary: Summary) -> int:
    if summary.stopped:
        # Python would wait for a thread that waits for a server, and abort in one that runs a model.
        logging.shutdown()
        sys.stdout.flush()
        os._exit(EXIT_INTERRUPTED)
    if summary.interrupted:
        return EXIT_INTERRUPTED
    return EXIT_SOME_FAILED if summary.failed else EXIT_DONE
