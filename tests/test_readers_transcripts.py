"""Readers that hear words: their WebVTT file is one of the results, like clips and thumbnails."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.stores import open_store
from vidkit.readers.checks import MOST_WORDS, InvalidReadingError, check_reading
from vidkit.readers.protocol import Reading, Span, Word
from vidkit.readers.speech import _Languages, _with_fewer_words
from vidkit.workflow.layout import files_of

from .conftest import MakeVideo
from .readers import Install, install
from .test_readers import processed

__all__ = ["install"]

HEARS = """
from vidkit.readers import Word

class It(Reader):
    needs = Needs(sound=True)

    def read(self, video, batches):
        words = [Word(0.5, 0.9, "Good", 0.9), Word(1.0, 1.4, "<evening>", 0.8)]
        return Reading([Span(0.5, 1.4, text="Good <evening>", words=words)])
"""
VTT = "WEBVTT\n\n00:00:00.500 --> 00:00:01.500\nGood &lt;evening&gt;\n"


def files(folder: str = "processed_videos") -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder, "transcripts").rglob("*.vtt"))


def vtt(record: dict[str, Any], reader: str = "hears") -> str:
    name: str = record["readings"][reader]["vtt"]
    return name


def test_the_words_are_in_a_file_that_follows_the_reading(install: Install, make_video: MakeVideo) -> None:
    install("hears", HEARS)
    install("other", HEARS.replace("Good", "Bad"))
    path = make_video()
    record, _ = processed(path, "hears,other")
    assert Path("processed_videos", vtt(record)).read_text() == VTT
    assert files() == sorted([vtt(record), vtt(record, "other")])
    span = record["readings"]["hears"]["spans"][0]
    assert span["words"][0] == {"start_time": 0.5, "end_time": 0.9, "text": "Good", "score": 0.9}

    install("hears", HEARS.replace("needs", "version = 2\n    needs"))
    newer, _ = processed(path, "hears")  # without the other, whose file stays
    assert vtt(newer) != vtt(record)
    assert files() == sorted([vtt(newer), vtt(record, "other")])

    Path("processed_videos", vtt(newer)).unlink()
    assert processed(path, "hears")[1][:1] == ["reader:hears"]
    assert Path("processed_videos", vtt(newer)).read_text() == VTT

    assert main(["remove", path.name, "--files", "--yes"]) == 0
    assert files() == []


def test_the_file_is_in_the_bucket_and_goes_with_the_video(
    install: Install, make_video: MakeVideo, results: str, capsys: pytest.CaptureFixture[str]
) -> None:
    install("hears", HEARS)
    path = make_video()
    assert main(["process", "--readers", "hears", "--urls", str(path)]) == 0
    store = open_store(results)
    record = json.loads(store.read(f"{path.name}.json"))
    assert store.read(vtt(record)).decode() == VTT
    assert f"transcripts/{path.name}" in files_of(record, results, Path("downloaded_videos")).names
    capsys.readouterr()
    assert main(["process", "--readers", "hears", "--urls", str(path)]) == 0
    assert "nothing to do" in capsys.readouterr().out
    assert main(["remove", path.name, "--files", "--yes"]) == 0
    assert not store.exists(vtt(record))


def test_a_video_in_which_nobody_speaks_has_no_subtitles(
    make_video: MakeVideo, capsys: pytest.CaptureFixture[str]
) -> None:
    path = make_video()
    record, _ = processed(path, "quality")
    assert "vtt" not in record["readings"]["quality"]
    assert main(["show", path.name, "--format", "srt"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert f"no words were heard in {path.name}" in said.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (3, "its words are 3"),
        (["x"], "span 1, word 1 is 'x'"),
        ([Word(0, math.nan, "x", 1)], "word 1: end_time is nan"),
        ([Word(0, 1, "x", 1), Word(2, 1, "x", 1)], "word 2 is from 2 to 1 s"),
        ([Word(0, 1, b"x", 1)], "word 1: text is b'x'"),  # type: ignore[arg-type]
        ([Word(0, 1, "x", 2)], "word 1: score is 2, and not between 0 and 1"),
        ((Word(0, 1, "x", 1) for _ in iter(int, 1)), f"more than {MOST_WORDS} words"),
    ],
)
def test_impossible_words_are_no_reading(words: Any, said: str) -> None:
    with pytest.raises(InvalidReadingError) as error:
        check_reading(Reading([Span(0, 1, text="x", words=words)]), 10.0)
    assert said in str(error.value)


def test_a_video_of_days_keeps_its_text_if_there_is_no_room_for_the_times_of_its_words() -> None:
    some = [Word(0, 1, "x", 1.0)] * (MOST_WORDS // 2)
    spans = _with_fewer_words([Span(number, number, text="x", words=some) for number in range(4)])
    assert [bool(span.words) for span in spans] == [True, True, False, False]
    assert [span.text for span in check_reading(Reading(spans), 10.0).spans] == ["x"] * 4


class Whisper:
    """Says the language as faster-whisper does. No model of several languages is on a package index."""

    def __init__(self, *found: tuple[str, float]) -> None:
        self.model = self
        self.is_multilingual = True
        self._found = iter(found)

    def detect_language(self, samples: object) -> tuple[str, float, list[tuple[str, float]]]:
        language, probability = next(self._found)
        return language, probability, [(language, probability), ("en", 0.1), ("de", 0.05)]


def test_another_language_counts_where_it_is_sure_and_spoken_for_some_seconds() -> None:
    whisper = Whisper(("en", 0.9), ("fr", 0.5), ("fr", 0.99), ("de", 0.95), ("de", 0.8))
    languages = _Languages(whisper, "auto")
    heard = [languages.next(None, seconds) for seconds in (20.0, 20.0, 3.0, 28.0, 28.0)]  # type: ignore[arg-type]
    assert heard == ["en", "en", "en", "de", "de"]
    language, probability = languages.main_language()
    assert (language, probability) == ("de", pytest.approx((0.95 + 0.8) / 2))
    told = _Languages(whisper, "fr")
    assert [told.next(None, 1.0), told.main_language()] == ["fr", ("fr", None)]  # type: ignore[arg-type]
