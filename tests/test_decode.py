"""Several readers of one decode, each with a pipe of its own."""

from __future__ import annotations

import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest

from vidkit.analysis import decode as decoding
from vidkit.analysis import extract_metadata
from vidkit.analysis.decode import PIPE, PIPE_IN_CHAIN, DecodeOutput, decode, escaped
from vidkit.analysis.scenes import DETECTORS
from vidkit.errors import MediaError

from .conftest import MakeVideo
from .waiting import until

Read = Callable[[IO[bytes]], None]


def pictures(read: Read, name: str, size: str, rate: int) -> DecodeOutput:
    """Grey pictures of a size, so many a second."""
    graph = f"fps={rate},scale={size},format=gray"
    arguments = ["-map", f"[{name}]", "-f", "rawvideo", PIPE]
    return DecodeOutput(lambda source: [f"[{source}]{graph}[{name}]"], arguments, read)


def sound(read: Read) -> DecodeOutput:
    """One channel of 16 kHz, 16 bits."""
    graph = "aresample=16000,aformat=sample_fmts=s16:channel_layouts=mono"
    arguments = ["-map", "[sound]", "-f", "s16le", PIPE]
    return DecodeOutput(lambda source: [f"[{source}]{graph}[sound]"], arguments, read, stream="audio")


def open_files() -> set[str]:
    return {os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if _is_open(fd)}


def _is_open(fd: str) -> bool:
    return os.path.lexists(f"/proc/self/fd/{fd}") and "pipe" in os.readlink(f"/proc/self/fd/{fd}")


@pytest.fixture(params=["pipes", "files"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Pipes, and the temporary files of systems that hand over no pipes beside the standard output."""
    if request.param == "files":
        monkeypatch.setattr(decoding, "MANY_PIPES", False)
    elif os.name != "posix":
        pytest.skip("a child gets no pipes here")
    return str(request.param)


def test_readers_of_one_decode_get_pictures_at_their_size_and_rate_and_sound(
    make_video: MakeVideo, transport: str
) -> None:
    path = make_video(shots=2, shot_length=2, fps=25, audio=True)
    got: dict[str, bytes] = {}

    def keep(name: str) -> Read:
        return lambda pipe: got.update({name: pipe.read()})

    outputs = [
        pictures(keep("small"), "small", "16:9", 25),
        pictures(keep("large"), "large", "64:36", 5),
        sound(keep("sound")),
    ]
    decode(path, extract_metadata(path), outputs)
    assert len(got["small"]) == 16 * 9 * 100
    assert len(got["large"]) == 64 * 36 * 20
    assert len(got["sound"]) == pytest.approx(4 * 16000 * 2, rel=0.02)
    shot = 64 * 36 * 10
    assert abs(got["large"][shot - 1] - got["large"][shot]) > 20  # the cut is between the shots


def test_readers_of_real_footage_agree_with_those_that_are_alone(media: Path) -> None:
    path = next(iter(sorted(media.rglob("*.mp4"), key=lambda file: file.stat().st_size)))
    metadata = extract_metadata(path)
    alone: list[bytes] = []
    together: list[bytes] = []
    for size, rate in (("32:18", 5), ("48:48", 2)):
        decode(path, metadata, [pictures(lambda pipe: alone.append(pipe.read()), "p", size, rate)])
    outputs = [
        pictures(lambda pipe: together.append(pipe.read()), f"p{rate}", size, rate)
        for size, rate in (("32:18", 5), ("48:48", 2))
    ]
    decode(path, metadata, outputs)
    assert sorted(map(len, together)) == sorted(map(len, alone))
    assert sorted(together) == sorted(alone)


def test_scenes_are_found_whichever_reader_comes_first(make_video: MakeVideo, transport: str) -> None:
    path = make_video(shots=3)
    metadata = extract_metadata(path)
    for detector in ("adaptive", "threshold"):
        detection = DETECTORS[detector](0.3, metadata)
        heard = decode(path, metadata, [pictures(lambda pipe: None, "other", "16:16", 1), detection.output])
        assert [round(cut.time, 2) for cut in detection.cuts(heard)] == [2, 4]


def test_a_reader_that_fails_ends_the_decode_and_its_error_is_raised(make_video: MakeVideo) -> None:
    path = make_video(shots=6, shot_length=5, size="640x360")
    read: list[int] = []

    def fail(pipe: IO[bytes]) -> None:
        pipe.read(1000)
        raise ValueError("these pictures are of no use")

    for outputs in (
        [
            pictures(lambda pipe: read.append(len(pipe.read())), "a", "640:360", 25),
            pictures(fail, "b", "64:36", 25),
        ],
        [
            pictures(fail, "b", "64:36", 25),
            pictures(lambda pipe: read.append(len(pipe.read())), "a", "640:360", 25),
        ],
    ):
        with pytest.raises(ValueError, match="of no use"):
            decode(path, extract_metadata(path), outputs)
    assert all(size < 640 * 360 * 750 for size in read)


def test_a_reader_that_stops_early_stops_no_other(make_video: MakeVideo) -> None:
    path = make_video(shots=2, size="640x360")
    read: list[int] = []
    outputs = [
        pictures(lambda pipe: None, "a", "640:360", 25),
        pictures(lambda pipe: read.append(len(pipe.read())), "b", "32:18", 25),
        sound(lambda pipe: None),
    ]
    decode(path, extract_metadata(path), outputs)
    assert read == [32 * 18 * 100]


def test_a_slow_reader_slows_the_decode_and_loses_nothing(make_video: MakeVideo) -> None:
    path = make_video(shots=2, size="640x360")
    read: list[int] = []

    def slowly(pipe: IO[bytes]) -> None:
        while block := pipe.read(640 * 360 * 10):
            read.append(len(block))
            time.sleep(0.02)

    fast = pictures(lambda pipe: read.append(-len(pipe.read())), "b", "16:9", 25)
    decode(path, extract_metadata(path), [fast, pictures(slowly, "a", "640:360", 25)])
    assert sum(size for size in read if size > 0) == 640 * 360 * 100
    assert -16 * 9 * 100 in read


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="there is no /proc to look into")
def test_no_thread_and_no_pipe_is_left_of_a_decode(make_video: MakeVideo, tmp_path: Path) -> None:
    path = make_video(shots=2)
    metadata = extract_metadata(path)
    before, threads = open_files(), set(threading.enumerate())  # those of older tests may end meanwhile

    def fail(pipe: IO[bytes]) -> None:
        raise ValueError("no")

    bad = DecodeOutput(lambda source: [f"[{source}]no_such_filter[x]"], ["-map", "[x]", PIPE], lambda pipe: None)
    good = pictures(lambda pipe: None, "a", "64:36", 25)
    decode(path, metadata, [good, sound(lambda pipe: None)])
    with pytest.raises(ValueError, match="no"):
        decode(path, metadata, [good, sound(fail)])
    with pytest.raises(MediaError):
        decode(path, metadata, [good, bad])
    with pytest.raises(MediaError):
        decode(tmp_path / "gone.mp4", metadata, [good, sound(lambda pipe: None)])
    until(lambda: set(threading.enumerate()) <= threads)  # a timer that was cancelled ends a moment later
    until(lambda: open_files() <= before)


def test_where_ffmpeg_fails_its_words_count_and_not_the_complaint_of_a_reader(make_video: MakeVideo) -> None:
    path = make_video(shots=2)

    def whole(pipe: IO[bytes]) -> None:
        if len(pipe.read()) < 1000:
            raise ValueError("this ends too early")

    bad = DecodeOutput(lambda source: [f"[{source}]no_such_filter[x]"], ["-map", "[x]", "-f", "null", "-"])
    with pytest.raises(MediaError, match=r"[Ff]ilter"):
        decode(path, extract_metadata(path), [pictures(whole, "a", "64:36", 25), sound(whole), bad])


def test_what_a_pipe_is_called_in_a_filter_is_escaped() -> None:
    assert escaped(PIPE) == PIPE_IN_CHAIN
    assert re.fullmatch(r"C\\\\:/it\\\\\\'s\\,here", escaped("C:/it's,here"))
