"""Readers that raise, hang, talk nonsense, want all memory, are slow or leave early: they harm nothing else."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.batch import process_rows
from vidkit.core.config import load_config
from vidkit.readers.checks import InvalidReadingError, check_reading
from vidkit.readers.opened import EnabledReader
from vidkit.readers.protocol import Batch, Needs, Reader, Reading, SoundBatch, Span, Video
from vidkit.readers.session import Session
from vidkit.rows import Row
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .readers import Install, install
from .test_batch import interrupt
from .test_readers import COUNTS, processed
from .waiting import PATIENCE

__all__ = ["install"]

HEAD = """
class It(Reader):
    needs = Needs(Pictures(4, 64, "all"))

    def read(self, video, batches):
"""


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        ("exits", "raise SystemExit(3)", "SystemExit: 3"),
        ("memory", "import numpy; numpy.empty((2**60,), 'u1')", "there was not enough memory"),
        ("nothing", "pass", "it returned None, and not a Reading"),
        ("secret", "raise OSError('https://me:pass@host/x is away')", "OSError: https://host/x is away"),
        ("late", "return Reading([Span(0, 1e9, text='x')])", "span 1 is from 0 to 1e+09 s in a video of 4 s"),
        ("endless", "return Reading(Span(0, 1) for _ in iter(int, 1))", "it returned more than 50000 spans"),
        ("second", "next(batches); next(batches); raise KeyError('x')", "KeyError: 'x'"),
        ("writes", "next(batches).images[:] = 0", "ValueError: assignment destination is read-only"),
    ],
)
def test_what_a_reader_does_costs_its_own_reading_only(
    install: Install, make_video: MakeVideo, name: str, body: str, error: str
) -> None:
    install("counts", COUNTS)
    install(name, HEAD + f"        {body}\n")
    record, _ = processed(make_video(shots=2, shot_length=2), f"{name},counts")
    assert (record["readings"][name]["error"], record["readings"][name]["spans"]) == (error, [])
    assert record["readings"]["counts"]["error"] is None
    assert len(record["readings"]["counts"]["spans"]) == 8
    assert len(record["scenes"]) == 2


def test_a_reader_that_has_enough_slows_and_breaks_nothing(install: Install, make_video: MakeVideo) -> None:
    install("counts", COUNTS)
    install("enough", HEAD + "        return Reading([Span(t, t, label='first') for t in next(batches).times])\n")
    record, _ = processed(make_video(shots=2, shot_length=2), "enough,counts")
    assert len(record["readings"]["enough"]["spans"]) == 8  # one batch
    assert len(record["readings"]["counts"]["spans"]) == 8


@pytest.mark.parametrize("where", ["in a batch", "at its end", "when it is opened"])
def test_a_reader_that_hangs_is_left_after_its_time_and_the_video_is_whole(
    install: Install, make_video: MakeVideo, where: str
) -> None:
    install("counts", COUNTS)
    hang = "import time; time.sleep(120)"
    body = {
        "in a batch": f"next(batches); {hang}",
        "at its end": f"list(batches); {hang}",
        "when it is opened": "return Reading()",
    }[where]
    opening = f"    def open(self):\n        {hang}\n" if where == "when it is opened" else ""
    install("sleeps", HEAD + f"        {body}\n{opening}")
    began = time.monotonic()
    path = make_video(shots=2, shot_length=2)
    record, _ = processed(path, "sleeps,counts", Readers_Timeout="0.5")
    assert time.monotonic() - began < 100
    assert record["readings"]["sleeps"]["error"] == (
        "it was still busy with one part after 8 seconds ([Readers] Timeout)"
    )
    assert len(record["readings"]["counts"]["spans"]) == 8


@pytest.mark.slow
def test_a_reader_that_hangs_on_every_video_is_not_used_any_more(install: Install, make_video: MakeVideo) -> None:
    install("sleeps", HEAD + "        import time; time.sleep(60)\n")
    install("counts", COUNTS)
    video = make_video(shot_length=0.5)
    errors = []
    overrides = {("Readers", "Use"): "sleeps,counts", ("Readers", "Timeout"): "0.3"}
    for number in range(5):
        os.link(video, f"{number}.mp4")
    with open_run(load_config(overrides=overrides, environment={}), level="none") as run:
        summary = process_rows(run, [Row(0, f"{number}.mp4") for number in range(5)], 1, Records(errors))
    assert summary.partial == 5
    assert [error.partition(" ([")[0] for error in errors[:3]] == [
        "it was still busy with one part after 1 seconds"
    ] * 3
    assert errors[3:] == ["it hung 3 times and is not used any more in this run"] * 2


class Records:
    """A reporter that notes the errors of the reader `sleeps`."""

    def __init__(self, errors: list[str]) -> None:
        self._errors = errors

    def finished(self, url: str, record: Any, new: bool) -> None:
        self._errors.append(record["readings"]["sleeps"]["error"])
        assert record["readings"]["counts"]["error"] is None

    def __getattr__(self, name: str) -> Any:
        return lambda *_: None


def test_a_slow_reader_slows_the_decode_and_little_waits_for_it() -> None:
    waiting: list[int] = []
    put = 0

    class Slow(Reader):
        needs = Needs(sound=True)

        def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
            for taken, _ in enumerate(batches, 1):
                time.sleep(0.02)
                waiting.append(put - taken)
            return Reading()

    session = session_of(Slow({}))
    for number in range(20):
        session.put(SoundBatch(number, np.zeros(16_000, np.float32)))
        put = number + 1
    session.end([], 20.0)
    assert session.result()[1] is None
    assert len(waiting) == 20
    assert max(waiting) <= 3


def session_of(reader: Reader, duration: float = 20.0) -> Session:
    enabled = EnabledReader("it", reader, lambda: reader, {}, timeout=5)
    return Session(enabled, Video("v.mp4", duration, 64, 36, 25.0, True), threading.Event())


def test_two_videos_use_a_reader_in_turn_and_neither_waits_for_the_other_to_end() -> None:
    inside, most = 0, 0
    lock = threading.Lock()

    class Careful(Reader):
        needs = Needs(sound=True)

        def read(self, video: Video, batches: Iterator[Batch]) -> Reading:
            nonlocal inside, most
            for _ in batches:
                with lock:
                    inside += 1
                    most = max(most, inside)
                time.sleep(0.01)
                with lock:
                    inside -= 1
            return Reading()

    enabled = EnabledReader("it", reader := Careful({}), lambda: reader, {}, timeout=5)
    video = Video("v.mp4", 20.0, 64, 36, 25.0, True)
    sessions = [Session(enabled, video, threading.Event()) for _ in range(3)]
    for number in range(8):  # all three run at once: none is held up by one that waits for its next batch
        for session in sessions:
            session.put(SoundBatch(number, np.zeros(1600, np.float32)))
    for session in sessions:
        session.end([], 20.0)
    assert [session.result()[1] for session in sessions] == [None] * 3
    assert most == 1


@pytest.mark.parametrize(
    ("reading", "said"),
    [
        (Reading([Span(math.nan, 1)]), "span 1: start_time is nan, and not a finite number"),
        (Reading([Span(0, 1), Span(2, 1)]), "span 2 is from 2 to 1 s"),
        (Reading([Span(-1, 1)]), "span 1 is from -1 to 1 s"),
        (Reading([Span("0", 1)]), "span 1: start_time is '0'"),  # type: ignore[arg-type]
        (Reading([Span(0, 1, text=b"x")]), "span 1: text is b'x'"),  # type: ignore[arg-type]
        (Reading([Span(0, 1, text="x" * 30_000)]), "has 30000 characters"),
        (Reading([Span(0, 1, score=1.5)]), "score is 1.5, and not between 0 and 1"),
        (Reading([Span(0, 1, box=(0, 0, 1))]), "not left, top, width, height"),
        (Reading([Span(0, 1, box=(0.5, 0.5, 0.9, 0.1))]), "goes beyond the frame"),
        (Reading([Span(0, 1, box=(0, 0, math.inf, 1))]), "not a finite number"),
        (Reading([{"start_time": 0}]), "span 1 is {'start_time': 0}"),  # type: ignore[list-item]
        (Reading([], {"spans": 1}), "a value is called 'spans'"),
        (Reading([], {"a.b": 1}), "a value is called 'a.b'"),
        (Reading([], {"max": math.inf}), "max is inf, and not a finite number"),
        (Reading([], {"max": [1]}), "max is [1], and not a number"),  # type: ignore[dict-item]
        (Reading(5), "its spans are 5"),  # type: ignore[arg-type]
    ],
)
def test_nonsense_is_named(reading: Any, said: str) -> None:
    with pytest.raises(InvalidReadingError) as error:
        check_reading(reading, 10.0)
    assert said in str(error.value)


def test_what_is_nearly_right_is_put_right() -> None:
    span = Span(
        np.float32(9.5), 10.4, text="a\x1b[31m\nb \u202ec", score=np.float64(0.123456), box=(-0.01, 0, 1.02, 1)
    )
    zwj = Span(0, 0, text="\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645")
    first, second = check_reading(Reading([span, zwj], {"max": np.float32(0.25)}), 10.0).spans
    assert first.text == zwj.text
    assert (second.start_time, second.end_time, second.score) == (9.5, 10.0, 0.1235)
    assert second.text == "a?[31m b ?c"
    assert second.box == [0.0, 0.0, 1.0, 1.0]


@pytest.mark.slow
def test_ctrl_c_in_the_middle_of_a_reading_ends_at_once(install: Install, make_video: MakeVideo) -> None:
    folder = install("sleeps", HEAD + "        print('reading', flush=True); import time; time.sleep(600)\n")
    video = make_video(shots=2, shot_length=2)
    paths = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    words = [
        sys.executable,
        "-m",
        "vidkit",
        "process",
        "--readers",
        "sleeps",
        "--describe",
        "none",
        "--urls",
        video,
    ]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    process = subprocess.Popen(list(map(str, words)), env={**os.environ, "PYTHONPATH": paths}, text=True, **pipes)
    assert process.stdout
    assert process.stdout.readline() == "reading\n"
    interrupt(process)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert not Path(f"processed_videos/{video.name}.json").exists()


SLOW = "for _ in batches: time.sleep(1)\n        return Reading()\n"


@pytest.mark.slow
def test_the_time_that_a_slow_reader_takes_is_not_ffmpegs(
    install: Install, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    # 96 pictures of 1.7 MB: neither the queue nor the pipe has room for them.
    install("slow", HEAD.replace("64", "1024") + "        import time\n        " + SLOW)
    video = make_video(shots=2, shot_length=12, size="1024x576", fps=10)
    processed(video, "")
    monkeypatch.setattr("vidkit.analysis.probe.Metadata.time_allowed", 8.0)
    began = time.monotonic()
    record, made = processed(video, "slow")
    assert record["readings"]["slow"]["error"] is None
    assert time.monotonic() - began > 9
    assert "scenes" not in made


def test_a_decode_that_fails_for_readers_alone_costs_their_readings_only(
    install: Install, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    install("counts", COUNTS)
    video = make_video(shots=2)
    plain, _ = processed(video, "")
    monkeypatch.setattr("vidkit.analysis.probe.Metadata.time_allowed", 0.001)
    record, _ = processed(video, "counts")
    assert record["readings"]["counts"]["error"] == (
        f"{video.name} cannot be read: ffmpeg was stopped: it was not done after 0 seconds"
    )
    assert record["scenes"] == plain["scenes"]
