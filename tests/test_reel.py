"""`vidkit reel`: each frame of a reel is compared with the frame that it should be."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit import extract_metadata
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.ffmpeg import find_tool
from vidkit.library import LibraryEntry, open_library, parse_query
from vidkit.library.moments import moment_of
from vidkit.record import Record
from vidkit.reel.pieces import pieces_of

from .conftest import turn
from .records import keep, make_record

Capture = pytest.CaptureFixture[str]
# Each picture is grey, and its level says its number, modulo 50. Neighbours differ strongly.
NUMBERS = (
    "nullsrc=s=32x32:r={rate}:d={seconds},geq=lum='48+3.5*mod(N*37,50)':cb=128:cr=128,"
    "scale=320:180,setsar=1,format=yuv420p"
)


def ffmpeg(*arguments: object) -> bytes:
    command = [find_tool("ffmpeg"), "-v", "error", "-y", *arguments]
    return subprocess.run([*map(str, command)], check=True, capture_output=True).stdout


def drawn(name: str, graph: str, *options: object, sound: str = "") -> Path:
    """A video of what ffmpeg draws, with what it plays."""
    heard = ["-f", "lavfi", "-i", sound] if sound else []
    coded = (
        ["-c:v", "libvpx"] if name.endswith(".webm") else ["-c:v", "libx264", "-preset", "ultrafast", "-qp", "4"]
    )
    ffmpeg("-f", "lavfi", "-i", graph, *heard, *coded, *options, f"file:{name}")
    return Path(name)


def stored(video: Path, scenes: Sequence[tuple[float, float]] = (), words: str = "", **changes: Any) -> Record:
    """The record of a video, in the library. Its scenes are told; by default it is one."""
    metadata = extract_metadata(video)
    entries = [
        {
            "index": at + 1,
            "start_time": start,
            "end_time": end,
            "score": None,
            "thumbnail": None,
            "description": None,
        }
        for at, (start, end) in enumerate(scenes or [(0.0, metadata.duration)])
    ]
    url = str(video.absolute())
    record = make_record(video.name, url=url, path=url, size=video.stat().st_size, **changes)
    record |= {"duration": metadata.duration, "width": metadata.width, "height": metadata.height}
    record |= {"scenes": entries, "qwen_description": words or None}  # type: ignore[typeddict-item]
    keep(record)
    return record


def pictures(film: Path, size: tuple[int, int], pixels: str = "gray") -> Any:
    """All pictures: n x height x width, of grey or RGB."""
    shape = (size[1], size[0], 3) if pixels == "rgb24" else (size[1], size[0])
    data = ffmpeg("-i", film, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", pixels, "-")
    return np.frombuffer(data, np.uint8).reshape(-1, *shape).astype(int)


def numbers(film: Path) -> list[int]:
    """Which frames of `NUMBERS` a reel shows."""
    data = ffmpeg("-i", film, "-fps_mode", "passthrough", "-f", "rawvideo", "-pix_fmt", "yuv420p", "-")
    luma = np.frombuffer(data, np.uint8).reshape(-1, 320 * 180 * 3 // 2)[:, : 320 * 180]
    return [round((float(level) - 48) / 3.5) * 23 % 50 for level in luma.mean(axis=1)]


def probed(film: Path) -> dict[str, Any]:
    command = [find_tool("ffprobe"), "-v", "error", "-show_streams", "-of", "json", film]
    streams = json.loads(subprocess.run([*map(str, command)], check=True, capture_output=True).stdout)["streams"]
    return {stream["codec_type"]: stream for stream in streams}


def made(capsys: Capture, *words: str, code: int = 0) -> dict[str, Any]:
    """What `vidkit reel --json` prints."""
    capsys.readouterr()
    assert main(["reel", "--json", *words]) == code
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize("rate", ["25", "30000/1001", "24"])
def test_a_cut_has_the_pictures_of_its_scene_and_no_other(rate: str, capsys: Capture) -> None:
    name = "n.mkv" if "/" in rate else "n.mp4"  # the times of the first are whole milliseconds
    frame = 1 / float(extract_metadata(drawn(name, NUMBERS.format(rate=rate, seconds=4))).fps)
    stored(Path(name), [(round(start * frame, 6), round(end * frame, 6)) for start, end in ((30, 62), (66, 96))])
    film = made(capsys, "--length", str(62 * frame), "--moment", "10")
    assert numbers(Path("reel.mp4")) == [n % 50 for n in (*range(30, 62), *range(66, 96))]
    assert [round(each["film_start"] / frame) for each in film["moments"]] == [0, 32]
    assert film["duration"] == pytest.approx(62 * frame, abs=1e-5)
    video, audio = probed(Path("reel.mp4"))["video"], probed(Path("reel.mp4"))["audio"]
    assert float(video["duration"]) == pytest.approx(62 * frame, abs=1e-3)
    assert float(audio["duration"]) == pytest.approx(62 * frame, abs=0.03)


def test_a_reel_at_another_rate_shows_what_a_viewer_sees_at_each_time(capsys: Capture) -> None:
    stored(drawn("n.mkv", NUMBERS.format(rate=10, seconds=4)), [(1.0, 3.0)])  # its times are whole milliseconds
    made(capsys, "--length", "2")
    assert numbers(Path("reel.mp4")) == [10 + n // 3 for n in range(60)]


def test_a_picture_that_stands_for_long_is_shown_also_where_a_cut_begins_after_it(capsys: Capture) -> None:
    # Pictures 0 and 1 stand for four seconds each, and half a second is cut after the first two.
    slides = "nullsrc=s=320x180:r=1/4:d=8,geq=lum='48+35*N':cb=128:cr=128,format=yuv420p"
    stored(drawn("slides.mkv", slides, "-fps_mode", "passthrough"), [(2.0, 6.0)])
    made(capsys, "--length", "4")
    assert numbers(Path("reel.mp4")) == [0] * 60 + [30] * 60


def test_sound_stays_where_the_picture_is_and_a_silent_video_is_silent(capsys: Capture) -> None:
    beep = "aevalsrc='if(between(t,{at},{at}+0.1),sin(2*PI*1000*t),0)':d=4:s=44100"
    drawn("a.mp4", NUMBERS.format(rate=25, seconds=4), "-c:a", "aac", sound=beep.format(at=2.4))
    drawn("b.mp4", NUMBERS.format(rate=25, seconds=4))
    drawn("c.mkv", NUMBERS.format(rate=25, seconds=4), "-c:a", "pcm_s16le", sound=beep.format(at=3.2))
    for name in ("a.mp4", "b.mp4", "c.mkv"):
        stored(Path(name), [(2.0, 3.6)])
    made(capsys, "--sort", "name", "--length", "4.8")
    data = ffmpeg("-i", "reel.mp4", "-f", "s16le", "-ac", "1", "-ar", "48000", "-")
    heard = np.frombuffer(data, "<i2").astype(int)
    loud = np.abs(heard[: len(heard) // 240 * 240]) > 3000
    edges = np.flatnonzero(np.diff(np.concatenate([[False], loud.reshape(-1, 240).any(axis=1), [False]])))
    seconds = [round(float(edge) / 200, 3) for edge in edges]  # in steps of 5 ms
    assert seconds == pytest.approx([0.4, 0.5, 3.2 + 1.2, 3.2 + 1.3], abs=0.011)


@pytest.mark.slow
def test_all_shapes_sizes_and_codecs_go_into_one_reel_with_their_colours(
    capsys: Capture,
) -> None:
    moving = "color=c={colour}:s={size}:r=25:d=2,drawbox=x=0:y=0:w=4:h=4:c=white:t=fill:enable='lt(mod(t,.2),.1)'"
    drawn("1.mp4", moving.format(colour="red", size="640x360"), "-pix_fmt", "yuv420p")
    turn(
        drawn("upright.mp4", moving.format(colour="lime", size="320x180"), "-pix_fmt", "yuv420p"), 90, Path("2.mp4")
    )
    drawn("3.webm", moving.format(colour="blue", size="180x320"))
    drawn("4.mkv", moving.format(colour="yellow", size="200x200"), "-pix_fmt", "yuv444p10le")
    drawn("5.mp4", moving.format(colour="red", size="321x243"), "-pix_fmt", "yuv444p")
    drawn("6.mkv", moving.format(colour="0x00ffff", size="320x180"), "-vf", "setsar=2")  # shown as 640x180
    full = moving.format(colour="magenta", size="1280x720") + ",scale=out_color_matrix=bt709:out_range=pc"
    drawn("7.mp4", full, "-pix_fmt", "yuvj420p", "-colorspace", "bt709", "-color_range", "pc")
    for name in ("1.mp4", "2.mp4", "3.webm", "4.mkv", "5.mp4", "6.mkv", "7.mp4"):
        stored(Path(name))
    film = made(capsys, "--sort", "name", "--length", "14", "--max_resolution", "360p")
    assert (film["width"], film["height"], film["fps"], len(film["moments"])) == (640, 360, 25.0, 7)
    shown = pictures(Path("reel.mp4"), (640, 360), "rgb24")[25::50]
    assert len(shown) == 7
    expected = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 0), (0, 255, 255), (255, 0, 255)]
    assert np.abs(shown[:, 180, 320] - expected).max() <= 12
    black = [(None, None), (100, None), (100, None), (100, None), (60, None), (None, 60), (None, None)]
    for picture, (bar_x, bar_y) in zip(shown, black, strict=True):
        corner = picture[180, bar_x] if bar_x else picture[bar_y, 320] if bar_y else None
        assert corner is None or corner.max() <= 8
    video = probed(Path("reel.mp4"))["video"]
    assert (video["pix_fmt"], video["color_space"], video["codec_name"]) == ("yuv420p", "bt709", "h264")


def test_hdr_is_shown_as_a_usual_screen_shows_it(capsys: Capture) -> None:
    # 100 cd/m2 of white in PQ is level 520 of 1023 or so: taken as it is, it would be a dark grey.
    grey = "nullsrc=s=320x180:r=25:d=2,format=yuv420p10le,geq=lum='if(lt(X,8)*mod(N,2),900,510)':cb=512:cr=512"
    colours = ["-color_primaries", "bt2020", "-color_trc", "smpte2084", "-colorspace", "bt2020nc"]
    stored(drawn("hdr.mp4", grey, "-pix_fmt", "yuv420p10le", *colours))
    made(capsys, "--length", "2")
    level = pictures(Path("reel.mp4"), (320, 180))[25, 90, 160]
    assert level > 150


def test_the_best_moments_come_first_and_the_reel_is_as_long_as_asked(capsys: Capture) -> None:
    for name, words in (("a.mp4", "a dog"), ("b.mp4", "a cat"), ("c.mp4", "a dog and a dog")):
        stored(drawn(name, NUMBERS.format(rate=25, seconds=4)), words=words)
    film = made(capsys, "dog", "--length", "5", "--moment", "3")
    assert {each["filename"] for each in film["moments"]} == {"a.mp4", "c.mp4"}
    assert all(each["why"] == ["words"] for each in film["moments"])
    assert film["duration"] == 5.0
    assert [each["film_start"] for each in film["moments"]] == [0.0, 3.0]
    assert film["moments"][0]["start_time"] == 0.5  # the middle of four seconds
    assert len(numbers(Path("reel.mp4"))) == 125
    film = made(capsys, "-cat", "--length", "60", "--out", "less.mp4", "--moment", "9")
    assert (film["duration"], len(film["moments"])) == (8.0, 2)  # there is no more


def test_what_is_said_is_shown_from_just_before_it(capsys: Capture) -> None:
    words = [{"start_time": 2.0, "end_time": 2.4, "text": "Hello", "score": 1.0}]
    span = {"start_time": 1.6, "end_time": 2.4, "text": "Well, hello", "score": 1.0, "words": words}
    reading = {"model": None, "version": "1", "error": None, "spans": [span]}
    stored(drawn("a.mp4", NUMBERS.format(rate=25, seconds=5)), readings={"speech": reading})
    (shown,) = made(capsys, "hello", "--in", "speech", "--length", "3")["moments"]
    assert (shown["kind"], shown["start_time"], shown["end_time"]) == ("speech", 1.5, 2.9)
    assert shown["film_end"] == pytest.approx(1.4)


def test_near_repeats_are_left_out_and_black_and_still_parts_come_only_at_need(capsys: Capture) -> None:
    black = "color=black:s=320x180:r=25:d=2[a]"
    still = "smptebars=s=320x180:r=25:d=2[b]"
    moving = "mandelbrot=s=320x180:r=25:start_scale=2:end_scale=0.5:end_pts=60,trim=duration=2[c]"
    again = "mandelbrot=s=320x180:r=25:start_scale=2:end_scale=0.5:end_pts=60,trim=duration=2,eq=brightness=0.05[d]"
    joined = "[a][b][c][d]concat=n=4,format=yuv420p"
    drawn("v.mp4", f"{black};{still};{moving};{again};{joined}")
    stored(Path("v.mp4"), [(0.0, 2.0), (2.0, 4.0), (4.0, 6.0), (6.0, 8.0)])
    film = made(capsys, "--video", "v.mp4", "--length", "2")
    (shown,) = film["moments"]
    assert (shown["start_time"] in (4.0, 6.0), shown["dull"]) == (True, None)
    capsys.readouterr()
    film = made(capsys, "--video", "v.mp4", "--length", "20", "--out", "all.mp4")
    assert [(each["start_time"], each["dull"]) for each in film["moments"]] == [
        (0.0, "black"),
        (2.0, "still"),
        (shown["start_time"], None),
    ]
    assert (film["alike"], film["duration"]) == (1, 6.0)


def test_one_video_is_spread_over_its_scenes() -> None:
    record = make_record(duration=1000.0, scenes=[None] * 100)
    entry = LibraryEntry(record, Path())
    whole = moment_of(entry, "video", 0, parse_query())
    assert whole is not None
    pieces = list(pieces_of(record, whole, 6.0))
    first = sorted(piece.start for piece in pieces[:10])
    gaps = np.diff([0.0, *first, 1000.0])
    assert gaps.max() <= 170
    assert gaps[1:-1].min() >= 55
    assert all(piece.end - piece.start == 6.0 for piece in pieces[:100])  # the middle of each scene, first
    shown = sorted(pieces)
    assert all(one.end <= other.start for one, other in pairwise(shown))
    assert sum(piece.end - piece.start for piece in pieces) == pytest.approx(1000.0)


def test_titles_are_drawn_whatever_the_names_are(capsys: Capture) -> None:
    names = ["a's: [50%],;\\{x}%{pts}\\n.mp4", "b\x1b[31mred\u202e.mp4", "c日本 देव 한국.mp4", "d<b>\"'`$(id).mp4"]
    drawn("plain.mp4", NUMBERS.format(rate=25, seconds=1))
    for name in names:
        Path(name).write_bytes(Path("plain.mp4").read_bytes())
        stored(Path(name), words=f"a \ud800 description: %{{n}} 'quoted'{'x' * 100_000}")
    folder = Path("out, it's: [here]")
    made(capsys, "--length", "4", "--out", "without.mp4")
    film = made(capsys, "--length", "4", "--titles", "--out", str(folder / "titled.mp4"))
    assert len(film["moments"]) == 4
    plain, titled = (pictures(each, (320, 180)) for each in (Path("without.mp4"), folder / "titled.mp4"))
    changed = np.abs(plain - titled)
    assert changed[12::25, 150:, 10:100].max(axis=(1, 2)).min() > 60
    assert changed[:, :100].max() <= 8
    assert [path.name for path in folder.iterdir()] == ["titled.mp4"]


def test_what_is_gone_is_skipped_and_named(capsys: Capture) -> None:
    for name in ("gone.mp4", "other.mp4", "there.mp4"):
        stored(drawn(name, NUMBERS.format(rate=25, seconds=2)))
    Path("gone.mp4").unlink()
    Path("other.mp4").write_bytes(Path("there.mp4").read_bytes() + b"x")
    with open_library(load_config()) as library:
        library.save(make_record("away.mp4"), "s3://bucket/results")
    keep(make_record("unkept\x1b.mp4", path=None))
    assert main(["reel", "--length", "8"]) == 1
    out, said = capsys.readouterr()
    assert out.splitlines()[0].split("  ")[1] == "there.mp4"
    for why in (
        "gone.mp4: its file is gone",
        "other.mp4: its file is not the one that",
        "away.mp4: its file is not on this machine",
    ):
        assert why in said
    assert "unkept?.mp4: its download was not kept" in said
    Path("there.mp4").unlink()
    assert main(["reel", "--overwrite"]) == 1
    assert "no video that was found can be shown" in capsys.readouterr().err


def test_a_damaged_video_costs_its_own_moments_alone(capsys: Capture) -> None:
    whole = drawn("whole.mp4", NUMBERS.format(rate=25, seconds=2))
    drawn("torn.mkv", NUMBERS.format(rate=25, seconds=8))
    torn = Path("torn.mkv").read_bytes()
    Path("torn.mkv").write_bytes(torn[: len(torn) // 2])
    stored(Path("torn.mkv"), [(0.0, 2.0), (6.0, 8.0)])
    stored(whole)
    film = made(capsys, "--sort", "name", "--length", "6", code=1)
    assert [each["filename"] for each in film["moments"]] == ["torn.mkv", "whole.mp4"]
    assert [each["url"].rpartition("/")[2] for each in film["skipped"]] == ["torn.mkv"]
    assert len(numbers(Path("reel.mp4"))) == 100


def test_an_older_file_stays_unless_one_says_so(capsys: Capture) -> None:
    video = stored(drawn("v.mp4", NUMBERS.format(rate=25, seconds=2)))
    Path("reel.mp4").write_text("mine")
    assert main(["reel"]) == 2
    assert "--out reel.mp4 is there already: say --overwrite" in capsys.readouterr().err
    assert Path("reel.mp4").read_text() == "mine"
    assert main(["reel", "--out", "v.mp4", "--overwrite"]) == 2
    assert "is one of the videos" in capsys.readouterr().err
    assert Path("v.mp4").stat().st_size == video["size"]
    assert main(["reel", "--overwrite", "--length", "1"]) == 0
    assert len(numbers(Path("reel.mp4"))) == 25


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["submarine"], 1, "nothing is found\n"),
        (["--video", "none.mp4"], 1, "no video of the library has this id, file name or URL: none.mp4\n"),
        (["--video", "v.mp4", "dog"], 2, "--video goes with no search words"),
        (["--length", "0"], 2, "--length: 0 s is too short"),
        (["--length", "soon"], 2, "--length: 'soon' is not a duration"),
        (["--out", "reel.avi"], 2, "has to end with .mp4"),
        (["--out", "s3://bucket/reel.mp4"], 2, "is not on this machine"),
    ],
)
def test_impossible_requests_are_refused_in_one_sentence(
    words: list[str], code: int, said: str, capsys: Capture
) -> None:
    keep(make_record("v.mp4"))
    assert main(["reel", *words]) == code
    err = capsys.readouterr().err
    assert said in err
    assert len(err.splitlines()) == 1
    assert not list(Path().glob("reel.*"))
