"""What pictures show becomes spans: one for a text, however often it is read, and with which slips."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from vidkit.readers.protocol import Span
from vidkit.readers.text_spans import Line, TextSpans

LOWER = (0.3, 0.8, 0.4, 0.06)
CORNER = (0.8, 0.05, 0.15, 0.04)
Seen = str | tuple[str, float] | Line


def spans_of(*pictures: tuple[float, Sequence[Seen]], duration: float, step: float = 1.0) -> list[Span]:
    """The spans of pictures: the second of each, and what is read in it, by default at the lower edge."""
    found = TextSpans(step)
    for time, lines in pictures:
        given = [(line, 0.97) if isinstance(line, str) else line for line in lines]
        found.add(time, [line if isinstance(line, Line) else Line(*line, LOWER) for line in given])
    return found.spans(duration)


def times_of(spans: Sequence[Span]) -> list[tuple[float, float, str | None]]:
    return [(span.start_time, span.end_time, span.text) for span in spans]


def test_a_text_that_is_misread_now_and_then_in_a_box_that_trembles_is_one_span() -> None:
    random.seed(1)
    read = [
        "Brandon Castellano",
        "Brandon Castelano",
        "Brandon Castellano",
        "Brand0n Castellano",
        "BrandonCastellano",
    ]
    pictures = []
    for time in range(20):
        box = tuple(side + random.uniform(-0.008, 0.008) for side in LOWER)
        pictures.append((time, [Line(read[time % 5], 0.97, box)]))  # type: ignore[arg-type]
    assert times_of(spans_of(*pictures, duration=20)) == [(0, 20, "Brandon Castellano")]


def test_a_text_that_is_missed_in_two_pictures_is_one_span_and_one_that_went_ends_where_it_went() -> None:
    missed = [(time, ["Good evening"] if time not in (4, 5) else []) for time in range(10)]
    assert times_of(spans_of(*missed, duration=10)) == [(0, 10, "Good evening")]
    went = [(time, ["Good evening"] if time < 3 else []) for time in range(10)]
    assert times_of(spans_of(*went, duration=10)) == [(0, 2.5, "Good evening")]


def test_a_text_that_comes_back_much_later_is_two_spans_also_where_only_pictures_that_change_are_read() -> None:
    pictures = [(0, ["Yes."]), (2, []), (60, ["Yes."]), (62, [])]
    assert times_of(spans_of(*pictures, duration=90)) == [(0, 1.5, "Yes."), (60, 61.5, "Yes.")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Where were you?", "I was at home."),
        ("Chapter One", "Chapter Two"),
        ("Round A", "Round B"),
        ("HOME 2 : 1 AWAY", "HOME 3 : 1 AWAY"),  # a score that stays is no clock
        ("Page 7 of 20", "Page 8 of 20"),
    ],
)
def test_another_text_in_the_same_place_is_another_span(one: str, other: str) -> None:
    pictures = [(time, [one if time < 5 else other]) for time in range(10)]
    assert times_of(spans_of(*pictures, duration=10)) == [(0, 4.5, one), (5, 10, other)]
    slides = spans_of((0, [one]), (40, [other]), duration=90)  # each is read once: nothing changes between
    assert times_of(slides) == [(0, 39.5, one), (40, 90, other)]


def test_a_ticking_clock_is_one_span_with_all_that_it_has_shown() -> None:
    clock = [f"00:{time // 60:02}:{time % 60:02}" for time in range(90)]
    misread = {7: "O0:00:07", 31: "00:0031", 62: "00:01:0Z"}
    pictures = [(time, [(misread.get(time, text), 0.95)]) for time, text in enumerate(clock)]
    (span,) = spans_of(*pictures, duration=90)
    assert (span.start_time, span.end_time) == (0, 90)
    words = (span.text or "").split()
    assert len(words) == len(set(words))
    assert set(clock) - set(words) <= {clock[time] for time in misread}


def test_a_clock_of_hours_keeps_first_and_last_and_a_text_that_can_be_stored() -> None:
    clock = [f"{time // 3600:02}:{time // 60 % 60:02}:{time % 60:02}" for time in range(5000)]
    (span,) = spans_of(*((time, [text]) for time, text in enumerate(clock)), duration=5000)
    words = (span.text or "").split()
    assert (words[0], words[-1]) == (clock[0], clock[-1])
    assert 3000 < len(span.text or "") <= 4000


def test_two_counters_and_a_word_beside_them_do_not_mix() -> None:
    def lines(time: int) -> list[Line]:
        return [
            Line(f"Frame = {time}", 0.95, (0.6, 0.7, 0.3, 0.08)),
            Line(f"PTS = {time / 10}s", 0.95, (0.62, 0.8, 0.27, 0.08)),
            Line("Camera 4", 0.95, (0.1, 0.7, 0.2, 0.08)),
        ]

    spans = spans_of(*((time, lines(time)) for time in range(12)), duration=12)
    assert {span.text for span in spans} == {
        "Frame = 0 1 2 3 4 5 6 7 8 9 10 11",
        "PTS = 0.0s 0.1s 0.2s 0.3s 0.4s 0.5s 0.6s 0.7s 0.8s 0.9s 1.0s 1.1s",
        "Camera 4",
    }


def test_a_watermark_that_cannot_be_read_half_of_the_time_is_one_span() -> None:
    bright = {*range(20, 35), *range(50, 75)}
    logo = Line("www.example.org", 0.95, CORNER)
    pictures = [(time, [logo] if time not in bright else []) for time in range(100)]
    assert times_of(spans_of(*pictures, duration=100)) == [(0, 100, "www.example.org")]


def test_a_sign_in_front_of_a_moving_camera_is_one_span() -> None:
    pictures = [
        (time, [Line("Platform 9", 0.95, (0.7 - 0.1 * time, 0.4 + 0.03 * time, 0.2, 0.05))]) for time in range(6)
    ]
    assert times_of(spans_of(*pictures, duration=6)) == [(0, 6, "Platform 9")]


def test_a_text_that_is_not_sure_has_to_be_read_twice() -> None:
    pictures = [(0, [("BUNKY", 0.82)]), (1, []), (9, [("BUNNY", 0.82)]), (10, [("BUNNY", 0.81)]), (11, [])]
    assert [span.text for span in spans_of(*pictures, duration=12)] == ["BUNNY"]


def test_pages_full_of_text_take_no_time() -> None:
    """Ten pictures with 300 lines each: each line is compared with its neighbours only."""
    import time

    def page(number: int) -> list[Line]:
        words = [f"line {number} {line} of a long page of text that goes on" for line in range(300)]
        return [Line(text, 0.95, (0.1, line / 300, 0.8, 0.003)) for line, text in enumerate(words)]

    began = time.process_time()
    spans_of(*((number, page(number)) for number in range(10)), duration=10)
    assert time.process_time() - began < 10
