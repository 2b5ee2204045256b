from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from vidkit.analysis import extract_metadata
from vidkit.errors import MediaError
from vidkit.ffmpeg import find_tool

from .conftest import MakeVideo, turn


def ffmpeg(*arguments: object) -> None:
    subprocess.run([find_tool("ffmpeg"), "-v", "error", "-y", *map(str, arguments)], check=True)


def test_the_keys_of_a_plain_video(make_video: MakeVideo) -> None:
    path = make_video(shots=2, shot_length=1.5, size="320x180", fps="30000/1001")
    found = extract_metadata(path)
    assert (found.width, found.height, found.resolution, found.rotation) == (320, 180, "320x180", 0)
    assert (found.frame_rate, found.codec, found.size) == ("30000/1001", "h264", path.stat().st_size)
    assert found.duration == pytest.approx(3.0, abs=0.05)
    assert found.fps == pytest.approx(29.97, abs=0.001)
    assert found.audio is not None
    assert (found.audio.codec, found.audio.channels, found.audio.sample_rate) == ("aac", 1, 44100)
    assert "mp4" in found.container
    assert found.bit_rate == pytest.approx(path.stat().st_size * 8 / found.duration, rel=0.05)


def test_rotation_is_applied_to_the_size(make_video: MakeVideo, tmp_path: Path) -> None:
    for degrees, shown in ((90, "180x320"), (180, "320x180"), (270, "180x320")):
        found = extract_metadata(turn(make_video(), degrees, tmp_path / f"{degrees}.mp4"))
        assert (found.resolution, found.rotation) == (shown, degrees)


def test_a_cover_picture_is_not_the_video(make_video: MakeVideo, tmp_path: Path) -> None:
    cover, both = tmp_path / "cover.png", tmp_path / "both.mp4"
    ffmpeg("-f", "lavfi", "-i", "color=red:s=64x64", "-frames:v", 1, cover)
    arguments = ["-i", cover, "-i", make_video(), "-map", 0, "-map", 1, "-c", "copy", "-disposition:v:0"]
    ffmpeg(*arguments, "attached_pic", both)
    assert extract_metadata(both).resolution == "320x180"


def test_a_duration_that_the_container_does_not_say_is_measured(make_video: MakeVideo, tmp_path: Path) -> None:
    raw = tmp_path / "raw.h264"
    ffmpeg("-i", make_video(audio=False), "-c", "copy", raw)
    assert extract_metadata(raw).duration == pytest.approx(2.0, abs=0.1)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", ["Invalid data"]),
        (b"<!doctype html><title>Not found</title>", ["Invalid data"]),
        (b"\x00" * 5000, ["playable"]),
    ],
)
def test_what_is_no_video_fails_in_ffprobes_words(content: bytes, words: list[str], tmp_path: Path) -> None:
    path = tmp_path / "fake.mp4"
    path.write_bytes(content)
    with pytest.raises(MediaError) as caught:
        extract_metadata(path)
    for word in ["fake.mp4 is not a playable video", *words]:
        assert word in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert "0x" not in str(caught.value)


def test_a_video_cut_short_before_its_index_fails(make_video: MakeVideo, tmp_path: Path) -> None:
    path = tmp_path / "short.mp4"
    path.write_bytes(make_video().read_bytes()[:-4000])
    with pytest.raises(MediaError, match="moov atom not found"):
        extract_metadata(path)


def test_sound_alone_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp3"
    ffmpeg("-f", "lavfi", "-i", "sine=d=1", path)
    with pytest.raises(MediaError, match=r"no video stream, only audio \(mp3\)"):
        extract_metadata(path)


def test_a_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="No such file"):
        extract_metadata(tmp_path / "nowhere.mp4")


@pytest.mark.parametrize("kind", ["hls", "concat", "hls-in-disguise"])
def test_a_script_called_mp4_reads_nothing(kind: str, make_video: MakeVideo, tmp_path: Path) -> None:
    secret = tmp_path / "secret.ts"
    ffmpeg("-i", make_video(), "-c", "copy", secret)
    evil = tmp_path / "evil.mp4"
    if kind == "concat":
        evil.write_text(f"ffconcat version 1.0\nfile '{secret}'\n")
    else:
        first = "#EXTM3U\n" if kind == "hls" else "\n#EXTM3U\n"
        evil.write_text(f"{first}#EXT-X-TARGETDURATION:9\n#EXTINF:2,\nfile://{secret}\n#EXT-X-ENDLIST\n")
    with pytest.raises(MediaError, match="not a playable video"):
        extract_metadata(evil)


@pytest.mark.parametrize("name", ["-i.mp4", "pipe:0.mp4", "a b 'c' %d.mp4", "übung 视频.mp4", "http:x.mp4"])
def test_a_name_is_never_an_option_or_a_protocol(name: str, make_video: MakeVideo, tmp_path: Path) -> None:
    shutil.copy(make_video(), tmp_path / name)
    assert extract_metadata(tmp_path / name).resolution == "320x180"
    assert extract_metadata(name).resolution == "320x180"


def test_a_transport_stream_with_a_service_name_is_read(make_video: MakeVideo, tmp_path: Path) -> None:
    stream = tmp_path / "v.ts"
    ffmpeg("-i", make_video(), "-c", "copy", "-metadata", "service_name=Bühne", stream)
    assert extract_metadata(stream).resolution == "320x180"


REAL = {
    # name: resolution, rotation, duration, fps, codec, sound
    "armwrestling_short.mp4": ("427x256", 0, 10.0, 28.0, "h264", None),
    "bunny_vp8.webm": ("1280x720", 0, 30.003, 24.0, "vp8", "vorbis"),
    "chaplin.mp4": ("640x360", 0, 9.64, 25.0, "h264", "mp3"),
    "city_720p_cuts_fades.mp4": ("1280x720", 0, 24.023, 29.97, "h264", None),
    "corrupted.mp4": ("1280x720", 0, 5.0, 10.0, "h264", None),
    "counter_1080p_10fps.mp4": ("1920x1080", 0, 3.0, 10.0, "h264", None),
    "cover_art_png.mp4": ("640x360", 0, 2.02, 30.0, "h264", "aac"),
    "fades.mp4": ("480x320", 0, 10.0, 25.0, "mpeg4", None),
    "hevc.mp4": ("640x360", 0, 2.02, 30.0, "hevc", "aac"),
    "no_duration.webm": ("1280x720", 0, 4.938, 14.985, "vp9", "opus"),
    "one_pixel.mp4": ("1x1", 0, 5.0, 1.0, "h264", None),
    "rotated.mp4": ("544x1280", 90, 10.01, 23.976, "h264", "aac"),
    "rotated_90.mov": ("320x568", 90, 0.1, 30.0, "h264", None),
    "subtitles.mkv": ("300x200", 0, 2.023, 20.0, "h264", "aac"),
    "talk_720p.mp4": ("1280x720", 0, 42.4, 30.0, "h264", "aac"),
    "vfr_fire.mp4": ("1280x720", 180, 2.38, 10.505, "h264", "aac"),
}


@pytest.mark.parametrize("name", REAL)
def test_real_footage_is_what_it_is(name: str, media: Path) -> None:
    resolution, rotation, duration, fps, codec, sound = REAL[name]
    found = extract_metadata(media / name)
    assert (found.resolution, found.rotation, found.codec) == (resolution, rotation, codec)
    assert found.duration == pytest.approx(duration, abs=0.06)  # 5.1 and 6.0 see another end of the sound
    assert found.fps == pytest.approx(fps, abs=0.001)
    assert (found.audio.codec if found.audio else None) == sound


def test_real_files_that_are_no_videos_fail(media: Path) -> None:
    with pytest.raises(MediaError, match="EBML header parsing failed"):
        extract_metadata(media / "empty.webm")
    with pytest.raises(MediaError, match="only audio"):
        extract_metadata(media / "audio_only.mp3")
