"""Spans of text -> subtitles: cues of at most two lines, as SRT or WebVTT."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vidkit.readers.checks import shown_text

_LINE = 42  # characters: what fits on a screen, and what the subtitles of films keep to
_LINES = 2
_LEAST = 1.0  # seconds that a cue stays, if the next one does not come before
_PAUSE = 1.0  # seconds without a word that end a cue
_LONGEST = 7.0  # seconds of a cue
_LATEST = 360_000.0  # seconds: a hundred hours


class Cue(NamedTuple):
    """A subtitle: from one second to another, and its lines."""

    start_time: float
    end_time: float
    lines: list[str]


class _Piece(NamedTuple):
    """A part of a text that is not divided, with its seconds. `space`: whether one comes before it."""

    start_time: float
    end_time: float
    text: str
    space: bool


def cues_of(spans: Iterable[Mapping[str, Any]]) -> list[Cue]:
    """The cues of the spans of a record that have a text, in order of time.

    A cue begins with each span, and where its lines are full, a pause comes, or it lasts too long. The words give
    the times. The time of a span without words is divided by letters.
    """
    found: list[list[_Piece]] = []
    timed = [span for span in spans if _is_timed(span)]  # a record may be of another program
    for span in sorted(timed, key=lambda span: (span["start_time"], span["end_time"])):
        found += _divided(list(_pieces(span)))
    cues = [Cue(some[0].start_time, some[-1].end_time, _lines(some)) for some in found]
    afters = [*cues[1:], None][: len(cues)]
    return [_readable(cue, after) for cue, after in zip(cues, afters, strict=True)]


def srt(cues: Sequence[Cue]) -> str:
    """Cues as SubRip text. There are no escapes, so what players take for markup, `<` and `{\\`, is replaced."""
    blocks = _blocks(cues, ",", lambda line: line.replace("<", "‹").replace(">", "›").replace("{\\", "(\\"))
    return "\n".join(f"{number}\n{block}" for number, block in enumerate(blocks, 1))


def webvtt(cues: Sequence[Cue]) -> str:
    """Cues as a WebVTT file.

    Source: https://www.w3.org/TR/webvtt1/, where `&` and `<` are escaped, and `-->` cannot be in a text.
    """
    return "\n".join(["WEBVTT\n", *_blocks(cues, ".", lambda line: html.escape(line, quote=False))])


def spoken(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The spans of the readings of a record that have words with times."""
    found = []
    for reading in (record.get("readings") or {}).values():
        if any(span.get("words") for span in reading["spans"]):
            found += reading["spans"]
    return found


FORMATS: dict[str, Callable[[Sequence[Cue]], str]] = {"srt": srt, "vtt": webvtt}


def _pieces(span: Mapping[str, Any]) -> Iterator[_Piece]:
    text = _plain(span.get("text"))
    words = span.get("words")
    if isinstance(words, Sequence) and words and all(_is_timed(word) for word in words):
        place = 0
        for word in words:
            plain = _plain(word.get("text"))
            at = text.find(plain, place)
            space = at < 0 or at == 0 or text[at - 1] == " "
            place = at + len(plain) if at >= 0 else place
            yield from _short(_Piece(word["start_time"], word["end_time"], plain, space))
    elif text:
        seconds, done = span["end_time"] - span["start_time"], 0
        for word in text.split():
            after = done + len(word) + 1
            start, end = (span["start_time"] + seconds * min(1, at / (len(text) + 1)) for at in (done, after))
            yield from _short(_Piece(start, end, word, True))
            done = after


def _plain(text: object) -> str:
    """A text in one line, without control characters."""
    return shown_text(" ".join(str(text or "").split()))


def _is_timed(part: object) -> bool:
    """Whether it is a span or a word with times."""
    if not isinstance(part, Mapping):
        return False
    times = [part.get("start_time"), part.get("end_time")]
    return all(isinstance(time, int | float) and 0 <= time < _LATEST for time in times)


def _short(piece: _Piece) -> Iterator[_Piece]:
    """A piece in parts that fit into a line: a text without spaces, such as Chinese, is divided anywhere."""
    if not piece.text:
        return
    parts = re.findall(rf".{{1,{_LINE}}}", piece.text)
    step = (piece.end_time - piece.start_time) / len(parts)
    for number, part in enumerate(parts):
        start = piece.start_time + number * step
        yield _Piece(start, start + step, part, piece.space and number == 0)


def _divided(pieces: Sequence[_Piece]) -> list[list[_Piece]]:
    """The pieces of a span in cues."""
    found: list[list[_Piece]] = []
    for piece in pieces:
        some = found[-1] if found else []
        if (
            some
            and piece.start_time - some[-1].end_time <= _PAUSE
            and piece.end_time - some[0].start_time <= _LONGEST
            and len(_lines([*some, piece])) <= _LINES
        ):
            some.append(piece)
        else:
            found.append([piece])
    return found


def _lines(pieces: Sequence[_Piece]) -> list[str]:
    lines: list[str] = []
    for piece in pieces:
        space = " " if piece.space else ""
        if lines and len(lines[-1]) + len(space) + len(piece.text) <= _LINE:
            lines[-1] += space + piece.text
        else:
            lines.append(piece.text)
    return lines


def _readable(cue: Cue, after: Cue | None) -> Cue:
    """A cue that stays long enough to be read, and ends before the next one begins."""
    end = max(cue.end_time, cue.start_time + _LEAST)
    if after is not None:
        end = min(end, max(after.start_time, cue.start_time))
    return Cue(cue.start_time, max(end, cue.start_time + 0.001), cue.lines)


def _blocks(cues: Sequence[Cue], point: str, escape: Callable[[str], str]) -> Iterator[str]:
    for cue in cues:
        times = f"{_time(cue.start_time, point)} --> {_time(cue.end_time, point)}"
        yield "\n".join([times, *(escape(line) for line in cue.lines), ""])


def _time(seconds: float, point: str) -> str:
    """`00:01:02.500`, as both formats want it but for the point."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{thousandths:03}"
