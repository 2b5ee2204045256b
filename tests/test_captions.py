"""Subtitles: two short lines, at the times of the words, and no text can break the file."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from vidkit.readers.captions import cues_of, srt, webvtt

TIME = r"\d\d:\d\d:\d\d[.,]\d{3}"


def span(text: str, start: float = 0.0, step: float = 0.3, timed: bool = True) -> dict[str, Any]:
    spoken = [
        {"start_time": start + n * step, "end_time": start + n * step + step, "text": word, "score": 0.9}
        for n, word in enumerate(text.split())
    ]
    found = {"start_time": start, "end_time": start + step * len(spoken), "text": text}
    return {**found, "words": spoken} if timed else found


def test_words_are_grouped_into_two_lines_that_fit() -> None:
    text = "When the time reaches forty seconds, I will say a word that nobody has expected, and then say it again."
    cues = cues_of([span(text), span("Short.", start=40.0)])
    assert all(len(cue.lines) <= 2 and all(len(line) <= 42 for line in cue.lines) for cue in cues)
    assert " ".join(" ".join(cue.lines) for cue in cues) == f"{text} Short."
    assert all(cue.end_time - cue.start_time <= 7 for cue in cues)
    assert (cues[-1].start_time, cues[-1].end_time) == (40.0, 41.0)
    for cue, after in pairwise(cues):
        assert cue.end_time <= after.start_time


@pytest.mark.parametrize("timed", [True, False])
def test_a_text_without_spaces_is_divided_too(timed: bool) -> None:
    cues = cues_of([span("今" * 200, step=20.0, timed=timed)])
    assert all(len(line) <= 42 for cue in cues for line in cue.lines)
    assert "".join("".join(cue.lines) for cue in cues) == "今" * 200
    assert cues[-1].end_time == pytest.approx(20.0)


def test_chinese_words_get_no_spaces() -> None:
    parts = [{"start_time": n, "end_time": n + 0.5, "text": text, "score": 1.0} for n, text in enumerate("你好，")]
    assert cues_of([{"start_time": 0, "end_time": 3, "text": "你好，", "words": parts}])[0].lines == ["你好，"]


def test_a_span_without_words_gets_its_time_by_letters() -> None:
    cues = cues_of([span("word " * 60, step=0.5, timed=False)])
    assert cues[0].start_time == 0
    assert cues[-1].end_time == pytest.approx(30, abs=0.2)
    middle = next(cue for cue in cues if cue.end_time > 15)
    assert middle.start_time < 15.5


HOSTILE = "a --> b\n\n1\n00:00:01,000 --> 00:00:02,000\nX <b>&amp; <c.x> {\\an8} \x1b[31m \u2028NOTE z"


def test_no_text_breaks_the_file() -> None:
    for text, point in ((webvtt(cues_of([span(HOSTILE)])), "."), (srt(cues_of([span(HOSTILE)])), ",")):
        lines = text.splitlines()
        times = [number for number, line in enumerate(lines) if "-->" in line]
        assert all(re.fullmatch(f"{TIME} --> {TIME}", lines[number]) and point in lines[number] for number in times)
        blocks = text.removeprefix("WEBVTT\n\n").strip("\n").split("\n\n")
        assert len(blocks) == len(times)
        assert "\x1b" not in text
        body = "".join(line for line in lines if "-->" not in line)
        assert "<" not in body
        assert "{\\" not in body or point == "."
    assert "&lt;b&gt;&amp;amp;" in webvtt(cues_of([span("<b>&amp;")]))


def test_spans_without_sense_are_left_out() -> None:
    bad: list[Any] = [{"text": "x"}, {"start_time": "0", "end_time": 1, "text": "x"}, 3, None]
    bad += [{"start_time": -1, "end_time": float("nan"), "text": "x"}, {"start_time": 0, "end_time": 1e12}]
    bad += [{"start_time": 0, "end_time": 1, "text": "good", "words": [{"text": "good"}]}]
    assert [cue.lines for cue in cues_of(bad)] == [["good"]]
