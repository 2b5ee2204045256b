"""What readers are given: which pictures, at which seconds, the right way up; the sound from its start; texts."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.ffmpeg import find_tool
from vidkit.readers.protocol import PictureBatch, Pictures
from vidkit.readers.sampling import Sampler, rate_of

from .conftest import MakeVideo, turn
from .readers import Install, install
from .test_readers import COUNTS, processed

__all__ = ["install"]

# The mean colour of each picture's four quarters, as text.
QUARTERS = """
class It(Reader):
    needs = Needs(Pictures(1, 64, "all"))

    def read(self, video, batches):
        spans = []
        for batch in batches:
            for time, image in zip(batch.times, batch.images):
                h, w = image.shape[0] // 2, image.shape[1] // 2
                parts = [image[:h, :w], image[:h, w:], image[h:, :w], image[h:, w:]]
                names = ["RGB"[part.mean(axis=(0, 1)).argmax()] for part in parts]
                spans.append(Span(time, time, text="".join(names)))
        return Reading(spans)
"""
# The first second that is not silent.
FIRST_SOUND = """
class It(Reader):
    needs = Needs(sound=True)

    def read(self, video, batches):
        first, end = None, 0.0
        for batch in batches:
            loud = abs(batch.samples) > 0.01
            if first is None and loud.any():
                first = batch.start_time + loud.argmax() / 16000
            end = batch.start_time + len(batch.samples) / 16000
        return Reading([], {"first": first, "end": end})
"""
WORDS = """
class It(Reader):
    needs = Needs(text=True)

    def read(self, video, batches):
        assert list(batches) == []
        return Reading([Span(t.start_time, t.end_time, text=t.source + ": " + t.text) for t in video.texts])
"""
SAYS = """
class It(Reader):
    needs = Needs(sound=True)

    def read(self, video, batches):
        return Reading([Span(1, 2, text="hello")])
"""


def pictures_of(levels: list[int], wanted: Pictures, per_second: float = 2.0) -> list[float]:
    """The seconds of the frames that a reader gets of a video: a level of grey for each frame of the decode."""
    sampler = Sampler(wanted, per_second)
    batches: list[PictureBatch | None] = []
    for number, level in enumerate(levels):
        image = np.full((36, 64, 3), level, np.uint8)
        batches.append(sampler.take(number, number / per_second, image))
    return [time for batch in [*batches, sampler.rest()] if batch for time in batch.times]


def test_frames_that_hardly_differ_are_left_out_and_every_scene_has_one() -> None:
    film = [10] * 7 + [200] + [90] * 8 + [93] * 4  # half a second of something else after 3.5 s
    assert pictures_of(film, Pictures()) == [0.0, 3.5, 4.0]
    assert pictures_of(film, Pictures(choose="all")) == [float(second) for second in range(10)]
    assert pictures_of(film, Pictures(choose="scene")) == [1.5, 3.5, 7.0]


def test_a_change_in_a_corner_counts() -> None:
    sampler = Sampler(Pictures(per_second=2), 2)
    still, changed = np.full((360, 640, 3), 80, np.uint8), np.full((360, 640, 3), 80, np.uint8)
    changed[340:352, 620:628] = 250  # a digit
    times = []
    for number, image in enumerate([still, still, changed, changed, still]):
        sampler.take(number, number / 2, image)
    batch = sampler.rest()
    times = list(batch.times) if batch else []
    assert times == [0.0, 1.0, 2.0]


@pytest.mark.parametrize(
    "wanted", [Pictures(), Pictures(0.25), Pictures(2, choose="all"), Pictures(choose="scene")]
)
def test_what_a_reader_gets_does_not_depend_on_the_rate_that_others_need(wanted: Pictures) -> None:
    random = np.random.default_rng(1)
    film = [
        int(level) for level in np.repeat(random.integers(0, 255, 24), random.integers(1, 30, 24))
    ]  # at 16 a second
    rate = rate_of(wanted)
    own = pictures_of(film[:: round(16 / rate)], wanted, rate)
    assert pictures_of(film, wanted, 16) == own != []


def test_a_long_scene_takes_little_memory() -> None:
    sampler = Sampler(Pictures(choose="scene"), 2)
    for number in range(5000):
        assert sampler.take(number, number / 2, np.zeros((4, 4, 3), np.uint8)) is None
    assert len(sampler._scene._kept) <= 9
    batch = sampler.rest()
    assert batch
    assert abs(batch.times[0] - 1250) < 320


@pytest.mark.parametrize(("degrees", "seen"), [(0, "RGBR"), (90, "BRRG"), (180, "RBGR"), (270, "GRRB")])
def test_pictures_are_turned_as_a_viewer_sees_them(install: Install, degrees: int, seen: str) -> None:
    install("quarters", QUARTERS)
    boxes = "drawbox=x=160:y=0:w=160:h=90:c=lime:t=fill,drawbox=x=0:y=90:w=160:h=90:c=blue:t=fill"
    source = f"color=c=red:s=320x180:r=10:d=2,{boxes}"
    command = [find_tool("ffmpeg"), "-v", "error", "-f", "lavfi", "-i", source, "-c:v", "libx264", "plain.mp4"]
    subprocess.run([*map(str, command)], check=True)
    video = turn(Path("plain.mp4"), degrees, Path("turned.mp4")) if degrees else Path("plain.mp4")
    record, _ = processed(video, "quarters")
    assert record["rotation"] == degrees
    assert [span["text"] for span in record["readings"]["quarters"]["spans"]] == [seen, seen]


def test_real_footage_that_is_turned_is_read_upright(install: Install, media: Path) -> None:
    install("counts", COUNTS)
    record, _ = processed(media / "rotated.mp4", "counts")
    reading = record["readings"]["counts"]
    assert (reading["width"] < reading["height"]) == (record["width"] < record["height"]) == True  # noqa: E712


def test_pictures_are_those_that_are_shown_at_their_second(install: Install) -> None:
    install("quarters", QUARTERS)
    # Red to 1.04 s, then green to 2.96 s, then blue.
    colours = [("red", 1.04), ("lime", 1.92), ("blue", 1.54)]
    inputs = [w for c, d in colours for w in ("-f", "lavfi", "-i", f"color=c={c}:s=64x36:r=25:d={d}")]
    command = [str(find_tool("ffmpeg")), "-v", "error", *inputs, "-filter_complex", "concat=n=3", "v.mp4"]
    subprocess.run(command, check=True)
    record, _ = processed(Path("v.mp4"), "quarters")
    spans = record["readings"]["quarters"]["spans"]
    assert [(span["start_time"], span["text"][0]) for span in spans] == [
        (0, "R"),
        (1, "R"),
        (2, "G"),
        (3, "B"),
        (4, "B"),
    ]


@pytest.mark.parametrize("late", [0.0, 1.5])
def test_sound_that_starts_late_has_its_second(install: Install, make_video: MakeVideo, late: float) -> None:
    install("first", FIRST_SOUND)
    video = make_video(shot_length=4)
    command = [str(find_tool("ffmpeg")), "-v", "error", "-i", str(video), "-itsoffset", str(late), "-i", str(video)]
    subprocess.run([*command, "-map", "0:v", "-map", "1:a", "-c", "copy", "late.mkv"], check=True)
    reading = processed(Path("late.mkv"), "first")[0]["readings"]["first"]
    assert reading["first"] == pytest.approx(late, abs=0.06)
    assert reading["end"] == pytest.approx(4 + late, abs=0.1)


def test_a_video_without_sound_has_no_batches_of_it(install: Install, make_video: MakeVideo) -> None:
    install("first", FIRST_SOUND)
    reading = processed(make_video(audio=False), "first")[0]["readings"]["first"]
    assert (reading["error"], reading["first"], reading["end"]) == (None, None, 0.0)


def test_a_reader_of_sound_that_is_read_alone_decodes_no_picture(
    install: Install, make_video: MakeVideo, caplog: pytest.LogCaptureFixture
) -> None:
    install("first", FIRST_SOUND)
    video = make_video(shots=2)
    processed(video, "")
    with caplog.at_level("DEBUG", "vidkit.ffmpeg"):
        record, made = processed(video, "first")
    (decode,) = [said for said in caplog.messages if "-filter_complex" in said]
    assert "0:a:0" in decode
    assert "0:0" not in decode
    assert record["readings"]["first"]["first"] is not None
    assert "scenes" not in made


def test_readers_of_texts_come_last_and_see_what_the_others_read(install: Install, make_video: MakeVideo) -> None:
    install("words", WORDS)
    install("says", SAYS)
    video = make_video()
    record, made = processed(video, "words,says")
    assert made.index("reader:says") < made.index("reader:words")
    assert record["readings"]["words"]["spans"] == [{"start_time": 1, "end_time": 2, "text": "says: hello"}]
    assert processed(video, "words,says") == (record, [])
    install("says", SAYS.replace("hello", "goodbye").replace("needs =", "version = 2\n    needs ="))
    record, made = processed(video, "words,says")
    assert made[:2] == ["reader:says", "reader:words"]
    assert record["readings"]["words"]["spans"][0]["text"] == "says: goodbye"
    assert json.loads(json.dumps(record)) == record


def test_readers_of_many_sizes_share_one_decode(
    install: Install, make_video: MakeVideo, caplog: pytest.LogCaptureFixture
) -> None:
    for name, side in (("one", 64), ("two", 64), ("three", 128)):
        install(name, COUNTS.replace("64", str(side)))
    with caplog.at_level("DEBUG", "vidkit.ffmpeg"):
        record, _ = processed(
            make_video(shots=2, shot_length=2), "one,two,three,quality", Processing_ClipMode="encode"
        )
    (decode,) = [said for said in caplog.messages if "-filter_complex" in said]
    assert "split=8" in decode  # scenes, thumbnails, sheet, clips, hashes, and 64, 128 and 320 pixels
    sizes: dict[str, Any] = {name: reading.get("width") for name, reading in record["readings"].items()}
    assert sizes == {"one": 64, "two": 64, "three": 128, "quality": None}
    assert all(reading["error"] is None for reading in record["readings"].values())
