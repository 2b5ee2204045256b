"""The reader `speech`: what is said is heard with its times, and nothing where nobody speaks."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.cli import main
from vidkit.errors import ConfigError
from vidkit.ffmpeg import find_tool
from vidkit.readers.protocol import SAMPLE_RATE, SoundBatch, Span, Video, Word
from vidkit.readers.speech import Speech
from vidkit.readers.transcript import spans_of
from vidkit.readers.voice import LONGEST, groups_of, parts_with_voice

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .speech import APPLES, FOX, configured, tiny, track, with_sound
from .test_batch import interrupt
from .test_readers import processed
from .waiting import PATIENCE, until

__all__ = ["configured", "tiny"]


def heard(path: Path, **settings: str) -> dict[str, Any]:
    reading: dict[str, Any] = processed(path, "speech", **settings)[0]["readings"]["speech"]
    assert reading["error"] is None
    return reading


def plain(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.lower()))


@pytest.mark.slow
def test_words_have_the_times_of_the_video_and_the_second_run_and_a_lost_voice_read_nothing(
    configured: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sound starts two seconds late, ends early, and the second track says something else."""
    first, second = track(9, (1.0, FOX), (6.0, "Stop.")), track(9, (1.0, APPLES), voice="rms")
    path = with_sound("talk.mkv", 14, [first, second], offset=2.0)
    assert main(["process", "--readers", "speech", "--urls", str(path)]) == 0
    assert not re.search(r"(?i)whisper|ctranslate|onnx|warn", capfd.readouterr().err)
    record = json.loads(Path("processed_videos/talk.mkv.json").read_text())
    reading = record["readings"]["speech"]
    assert plain(" ".join(span["text"] for span in reading["spans"])) == plain(FOX) + " stop"
    assert (reading["language"], reading["words"]) == ("en", 10)
    assert reading["model"].startswith("tiny.en ")
    first_span, last_span = reading["spans"]
    assert first_span["start_time"] == pytest.approx(3.2, abs=0.3)
    assert last_span["start_time"] == pytest.approx(8.2, abs=0.3)
    assert last_span["end_time"] < 9.5
    words = first_span["words"]
    assert [word["text"] for word in words][:3] == ["The", "quick", "brown"]
    assert all(3 <= word["start_time"] <= word["end_time"] <= 6.5 and 0 < word["score"] <= 1 for word in words)
    assert words[3]["start_time"] == pytest.approx(3.0 + 1.05, abs=0.3)  # "fox"

    vtt = Path("processed_videos", reading["vtt"])
    assert vtt.read_text().startswith("WEBVTT\n\n00:00:03.")
    assert main(["show", "talk.mkv", "--format", "vtt"]) == 0
    assert capfd.readouterr().out == vtt.read_text()
    assert main(["show", "talk.mkv", "--format", "srt"]) == 0
    assert re.match(r"1\n00:00:0[23],\d{3} --> 00:00:0\d,\d{3}\nThe quick", capfd.readouterr().out)

    monkeypatch.setattr(Speech, "open", lambda self: pytest.fail("nothing is to be heard again"))
    assert processed(path, "speech")[1] == []
    assert main(["remove", "talk.mkv", "--files", "--yes"]) == 0
    assert not vtt.exists()


@pytest.mark.slow
def test_no_words_are_heard_in_silence_noise_and_music(configured: Path) -> None:
    chord = "+".join(f"0.1*sin(2*PI*{tone}*t)*exp(-2*mod(t\\,0.5))" for tone in (220, 277, 330, 440))
    sounds = [
        "anullsrc=r=16000:cl=mono,atrim=duration=6",
        "anoisesrc=d=6:a=0.3:seed=1:r=16000",
        "sine=440:d=6:r=16000",
        f"aevalsrc={chord}:d=6:s=16000",
        "aevalsrc=0.5*sin(2*PI*(500+200*sin(t*4))*t):d=6:s=16000",
        "aevalsrc=0.3*sin(2*PI*300*t+20*sin(2*PI*5*t)):d=12:s=16000",  # the voice detector takes it for a voice
    ]
    parts = ";".join(f"{sound}[s{number}]" for number, sound in enumerate(sounds))
    joined = "".join(f"[s{number}]" for number in range(len(sounds)))
    reading = heard(with_sound("sounds.mkv", 42, [f"{parts};{joined}concat=n={len(sounds)}:v=0:a=1"]))
    assert (reading["spans"], reading["words"], reading["language"]) == ([], 0, None)
    assert "vtt" not in reading


def test_a_video_without_sound_has_no_words(configured: Path, make_video: MakeVideo) -> None:
    reading = heard(make_video(audio=False))
    assert (reading["spans"], reading["words"]) == ([], 0)


def test_only_a_new_version_or_model_reads_again_and_not_a_moved_model(
    configured: Path, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = make_video(audio=False)
    processed(path, "speech,quality")
    monkeypatch.setattr(Speech, "version", 1000)
    assert [name for name in processed(path, "speech,quality")[1] if name != "tag"] == ["reader:speech"]
    moved = shutil.copytree(configured, tmp_path / "moved")
    Path("config.ini").write_text(f"[Readers.speech]\nModel = {moved}\n")
    assert processed(path, "speech,quality")[1] == []
    with (moved / "vocabulary.txt").open("a") as file:
        file.write("another\n")
    assert [name for name in processed(path, "speech,quality")[1] if name != "tag"] == ["reader:speech"]


def _missing(folder: Path) -> str:
    shutil.rmtree(folder)
    return "is no folder"


def _without_weights(folder: Path) -> str:
    (folder / "model.bin").unlink()
    return "model.bin is missing"


def _without_tokenizer(folder: Path) -> str:
    (folder / "tokenizer.json").unlink()
    return "tokenizer.json is missing"


def _cut_short(folder: Path) -> str:
    os.truncate(folder / "model.bin", 50_000_000)
    return "model.bin is cut short or damaged"


def _cut_to_its_head(folder: Path) -> str:
    os.truncate(folder / "model.bin", 9)
    return "model.bin is cut short or damaged"


def _a_page_of_an_error(folder: Path) -> str:
    (folder / "model.bin").write_bytes(b"<!DOCTYPE html><title>404 Not Found</title>" * 20)
    return "model.bin is of another kind of model"


def _of_another_kind(folder: Path) -> str:
    content = (folder / "model.bin").read_bytes().replace(b"WhisperSpec", b"CamelTongue", 1)
    (folder / "model.bin").write_bytes(content)
    return "model.bin is of another kind of model"


def _of_torch(folder: Path) -> str:
    for name in ("model.bin", "vocabulary.txt"):
        (folder / name).unlink()
    (folder / "model.safetensors").write_bytes(b"\0" * 100)
    return "model.bin is missing"


def _of_another_language(folder: Path) -> str:
    with Path("config.ini").open("a") as file:
        file.write("Language = de\n")
    return "Language de is none that the model knows: en"


@pytest.mark.parametrize(
    "break_it",
    [
        _missing,
        _without_weights,
        _without_tokenizer,
        _cut_short,
        _cut_to_its_head,
        _a_page_of_an_error,
        _of_another_kind,
        _of_torch,
        _of_another_language,
    ],
)
def test_a_model_that_cannot_be_used_is_named_before_the_first_download(
    tiny: Path, server: Server, capsys: pytest.CaptureFixture[str], tmp_path: Path, break_it: Any
) -> None:
    folder = shutil.copytree(tiny, tmp_path / "model")
    Path("config.ini").write_text(f"[Readers.speech]\nModel = {folder}\n")
    said = break_it(folder)
    assert main(["process", "--readers", "speech", "--urls", server.at("/v.mp4", Reply(b"x"))]) == 2
    assert said in capsys.readouterr().err
    assert server.asked == []


@pytest.mark.parametrize(
    ("model", "said"),
    [("smal", "did you mean small?"), ("small", "the model small is not on this machine"), ("a/../b", "no folder")],
)
def test_a_model_that_no_hub_gives_is_named(
    tiny: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: str, said: str
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "kept"))
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    Path("config.ini").write_text(f"[Readers.speech]\nModel = {model}\n")
    with pytest.raises(ConfigError, match=re.escape(said)):
        processed(Path("v.mp4"), "speech")


@pytest.mark.slow
def test_ctrl_c_while_it_listens_stops_at_once_and_leaves_nothing(configured: Path) -> None:
    path = with_sound("long.mkv", 130, [track(130, *((second, FOX) for second in range(1, 125, 4)))])
    command = [sys.executable, "-m", "vidkit", "process", "--readers", "speech", "--urls", str(path)]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    until(lambda: "ctranslate2" in Path(f"/proc/{running.pid}/maps").read_text())
    said = interrupt(running)
    os.kill(running.pid, signal.SIGINT)
    said += running.communicate(timeout=PATIENCE)[1]
    assert running.returncode == 130, said
    assert "Traceback" not in said
    assert not Path("processed_videos/long.mkv.json").exists()
    assert list(Path("processed_videos/transcripts").rglob("*")) == []


def sound(path: Path) -> Iterator[SoundBatch]:
    """A file's sound as readers get it."""
    command = [find_tool("ffmpeg"), "-v", "error", "-i", path, "-ac", "1", "-ar", "16000", "-f", "f32le", "-"]
    samples = np.frombuffer(subprocess.run(command, capture_output=True, check=True).stdout, np.float32)
    for at in range(0, len(samples), 2 * SAMPLE_RATE):
        yield SoundBatch(at / SAMPLE_RATE, samples[at : at + 2 * SAMPLE_RATE])


def test_long_sound_is_cut_where_nobody_speaks_and_its_times_stay(tiny: Path) -> None:
    seconds = [1.0, 30.0, 58.5, 100.0, 117.0]  # two of them speak when a minute is over
    path = with_sound("long.mkv", 130, [track(130, *((second, FOX) for second in seconds))])
    parts = list(parts_with_voice(sound(path)))
    assert [part.start_time for part in parts] == pytest.approx(seconds, abs=0.35)
    assert all(2 < part.seconds < 3.5 for part in parts)
    groups = list(groups_of(parts))
    assert [len(group.parts) for group in groups] == [5]
    start, end = groups[0].times(0.3 + sum(part.seconds + 0.5 for part in parts[:3]), 13.0)
    assert start == pytest.approx(parts[3].start_time + 0.3, abs=0.01)
    assert end <= parts[3].start_time + parts[3].seconds


def test_speech_without_a_pause_is_cut_too(tiny: Path) -> None:
    path = with_sound("long.mkv", 100, [track(100, *((second, FOX) for second in np.arange(0, 100, 2.4)))])
    parts = list(parts_with_voice(sound(path)))
    assert max(part.seconds for part in parts) <= LONGEST
    assert sum(part.seconds for part in parts) > 90
    for before, after in pairwise(parts):
        assert after.start_time >= before.start_time + before.seconds - 1e-6
    assert all(group.seconds <= LONGEST + 0.5 * len(group.parts) for group in groups_of(parts))


def words(text: str, score: float = 0.9, start: float = 0.0, step: float = 0.4) -> list[Word]:
    return [
        Word(start + number * step, start + number * step + 0.3, f" {word}", score)
        for number, word in enumerate(text.split())
    ]


def texts(spans: list[Span]) -> list[str | None]:
    return [span.text for span in spans]


def test_spans_end_with_sentences_pauses_and_after_fifteen_seconds() -> None:
    said = words("It is late. Are you there?") + words("Yes I am", start=6.0)
    assert texts(spans_of(said)) == ["It is late.", "Are you there?", "Yes I am"]
    long = spans_of(words(" ".join(str(number) for number in range(100))))
    assert len(long) > 2
    assert all(span.end_time - span.start_time <= 15 for span in long)
    assert [word.text for span in long for word in span.words or ()] == [str(number) for number in range(100)]


def test_what_a_model_makes_up_is_left_out() -> None:
    assert spans_of(words("you", score=0.03)) == []
    assert texts(spans_of(words("It is late.") + words("Thank you.", score=0.3, start=9))) == ["It is late."]
    assert spans_of([Word(0, 1, " ♪", 0.9), Word(1, 2, " ...", 0.9)]) == []
    assert texts(spans_of(words("Thank you. " * 8))) == ["Thank you."]
    assert texts(spans_of(words("so " + "on and " * 6 + "there"))) == ["so on and", "there"]
    assert texts(spans_of(words("no no no way"))) == ["no no no way"]


@pytest.mark.slow
def test_speech_of_real_footage_is_found_and_videos_without_speech_have_none(configured: Path, media: Path) -> None:
    reader = Speech({"Model": str(configured), "Language": "auto", "Device": "cpu"})
    assert reader.missing() is None
    reader.open()

    def spans(name: str) -> Sequence[Span]:
        return reader.read(Video(name, 60.0, 1, 1, 1.0, True), sound(media / name)).spans

    talk = spans("talk_720p.mp4")
    said = plain(" ".join(span.text or "" for span in talk))
    assert "this is an example video for your convenience and pleasure" in said
    assert "when the time reaches 40 seconds i will say banana banana" in said
    assert talk[-1].start_time == pytest.approx(40.0, abs=0.5)
    assert [spans(name) for name in ("chaplin.mp4", "bunny_vp8.webm", "static/green_screen.mp4")] == [[], [], []]
