"""A run: opened from plain values, with processes and results of its own."""

from __future__ import annotations

import csv
import json
import os
import pickle
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone
from pathlib import Path

import pytest

from vidkit.batch import NullReporter, Summary, process_rows
from vidkit.core.config import Config, load_config
from vidkit.errors import MediaError
from vidkit.ffmpeg import ProcessGroup, find_tool, run_tool
from vidkit.qwen_model import in_parallel
from vidkit.rows import Filters, Row
from vidkit.workflow.run import Run, RunSpec, open_run
from vidkit.workflow.stages import settings_fingerprint

from .conftest import MakeVideo
from .waiting import PATIENCE, until

two_cores = pytest.mark.skipif((os.cpu_count() or 1) < 2, reason="two ffmpeg at once need two cores")


def settings(folder: str, **keys: str) -> Config:
    paths = {"ProcessedDirectory": f"{folder}/processed", "DownloadDirectory": f"{folder}/downloads"}
    overrides = {("Paths", key): path for key, path in paths.items()}
    overrides |= {("Library", "Path"): f"{folder}.db", ("Processing", "ClipMode"): "encode"}
    overrides |= {("QwenVL", key): value for key, value in keys.items()}
    return load_config(overrides=overrides, environment={})


def clips_under_way(folder: str) -> list[Path]:
    # Folders disappear while they are read; `os.walk` ignores that.
    found = (Path(inside, name) for inside, _, names in os.walk(Path(folder) / "processed") for name in names)
    return [path for path in found if path.suffix == ".mp4" and "/.vidkit-" in path.as_posix()]


@two_cores
def test_stopping_one_run_leaves_the_ffmpeg_of_another_alone(make_video: MakeVideo) -> None:
    video = str(make_video(shots=6, shot_length=5.0, size="640x360"))

    def process(run: Run) -> Summary:
        return process_rows(run, [Row(line=1, url=video)], 1, NullReporter())

    with (
        open_run(RunSpec(settings("one"), level="none")) as one,
        open_run(RunSpec(settings("other"), level="none")) as other,
        ThreadPoolExecutor(2) as pool,
    ):
        stopped, left_alone = pool.submit(process, one), pool.submit(process, other)
        until(lambda: clips_under_way("one") and clips_under_way("other"))
        one.processes.stop()
        until(lambda: not clips_under_way("one"))
        assert clips_under_way("other"), "it must be under way when the first one is stopped"
        summary = left_alone.result(PATIENCE)
        assert (summary.processed, summary.failed) == (1, 0)
        assert stopped.result(PATIENCE).processed == 0
    assert [path.name for path in Path("one/processed").glob("*.json")] == ["summary.json"]
    assert len(list(Path("other/processed/clips").glob("*/*/*.mp4"))) == 2


@pytest.mark.skipif(os.name == "nt", reason="a script of the shell")
def test_what_threads_of_a_run_start_is_stopped_with_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "ffprobe"
    version = '[ "$1" = -version ] && echo ffprobe version 7.0 && exit'
    script.write_text(f"#!/bin/sh\n{version}\ntouch started\nsleep 600\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    find_tool.cache_clear()
    group = ProcessGroup()

    def stop() -> None:
        until(Path("started").exists)
        group.stop()

    thread = threading.Thread(target=stop)
    thread.start()
    began = time.monotonic()
    try:
        with group.active(), pytest.raises(MediaError):
            in_parallel(lambda _: run_tool(["ffprobe"], 500), [1], 1, "test")
        with group.active(), pytest.raises(MediaError, match="stopped"):
            run_tool(["ffprobe", "-version"], 30)
        assert run_tool(["ffprobe", "-version"], 30), "other groups go on"
    finally:
        thread.join()
        find_tool.cache_clear()
    assert time.monotonic() - began < PATIENCE + 60


def test_a_run_opened_from_a_pickled_spec_is_the_same_run() -> None:
    spec = RunSpec(
        settings("one", PublicEndpoint="http://127.0.0.1:9/v1", AccessKey="hidden", DefaultInstruction="What?"),
        level="segments",
        force=True,
        filters=Filters(min_size=10, modified_after=datetime(2026, 1, 2, tzinfo=timezone.utc)),
        max_requests=3,
        job=Path("jobs/7"),
    )
    copy = pickle.loads(pickle.dumps(spec))
    assert copy == spec
    assert "hidden" not in repr(copy)
    with open_run(spec) as run, open_run(copy) as other:
        assert settings_fingerprint(run) == settings_fingerprint(other)
        assert (other.level, other.force, other.filters, other.job) == ("segments", True, spec.filters, run.job)
        assert other.config.qwen_vl.access_key == "hidden"


def test_a_row_can_be_sent_to_another_process() -> None:
    for row in (Row(2, "https://h/a.mp4"), Row(3, "https://h/b.mp4", columns={"label": "walk"})):
        assert pickle.loads(pickle.dumps(row)) == row


def test_two_jobs_over_one_results_folder_have_summaries_and_failures_of_their_own(make_video: MakeVideo) -> None:
    config = settings("one")
    for job, url in (("a", str(make_video())), ("b", str(Path("gone.mp4").absolute()))):
        with open_run(RunSpec(config, level="none", job=Path("jobs", job))) as run:
            process_rows(run, [Row(line=2, url=url)], 1, NullReporter())
    counts = [json.loads(Path("jobs", job, "summary.json").read_text()) for job in "ab"]
    assert [(count["processed"], count["failed"]) for count in counts] == [(1, 0), (0, 1)]
    assert not Path("jobs/a/failures.csv").exists()
    with open("jobs/b/failures.csv", newline="") as file:
        assert [Path(row["public_url"]).name for row in csv.DictReader(file)] == ["gone.mp4"]
    assert not [path for path in Path("one/processed").iterdir() if path.name in ("summary.json", "failures.csv")]
