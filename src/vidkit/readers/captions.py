"""Spans of text -> subtitles: cues of at most two lines, as SRT or WebVTT."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from vidkit.readers.checks import shown_text

_LINE = 42  # characters of a line, as usual in subtitles
_LINES = 2
_LEAST = 1.0  # minimum seconds of a cue, if the next one does not start before
_PAUSE = 1.0  # seconds without a word that end a cue
_LONGEST = 7.0  # maximum seconds of a cue
_LATEST = 360_000.0  # seconds: a hundred hours


class Cue(NamedTuple):
    """A subtitle: its start and end in seconds, and its lines."""

    start_time: float
    end_time: float
    lines: list[str]


class _Part(NamedTuple):
    """A part of a text that is not split, with its times. `space`: whether there is a space before it."""

    start_time: float
    end_time: float
    text: str
    space: bool


def cues_of(spans: Iterable[Mapping[str, Any]]) -> list[Cue]:
    """The cues of a record's spans with text, in order of time.

    A new cue begins with each span, after full lines, after a pause, and when the last one gets too long. Its times
    come from the words. In a span without words, they are estimated from the numbers of letters.
    """
    found: list[list[_Part]] = []
    timed = [span for span in spans if _is_timed(span)]  # a record may come from another program
    for span in sorted(timed, key=lambda span: (span["start_time"], span["end_time"])):
        found += _grouped(list(_parts(span)))
    cues = [Cue(some[0].start_time, some[-1].end_time, _lines(some)) for some in found]
    afters = [*cues[1:], None][: len(cues)]
    return [_long_enough(cue, after) for cue, after in zip(cues, afters, strict=True)]


def srt(cues: Sequence[Cue]) -> str:
    """Cues as SubRip text. SubRip has no escapes, so `<` and `{\\`, which begin markup, are replaced."""
    blocks = _blocks(cues, ",", lambda line: line.replace("<", "‹").replace(">", "›").replace("{\\", "(\\"))
    return "\n".join(f"{number}\n{block}" for number, block in enumerate(blocks, 1))


def webvtt(cues: Sequence[Cue]) -> str:
    """Cues as a WebVTT file.

    Source: https://www.w3.org/TR/webvtt1/: `&` and `<` are escaped, and a text must not contain `-->`.
    """
    return "\n".join(["WEBVTT\n", *_blocks(cues, ".", lambda line: html.escape(line, quote=False))])


def spoken(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The spans of all readings in a record that have words with times."""
    found = []
    for reading in (record.get("readings") or {}).values():
        if any(span.get("words") for span in reading["spans"]):
            found += reading["spans"]
    return found


FORMATS: dict[str, Callable[[Sequence[Cue]], str]] = {"srt": srt, "vtt": webvtt}


def _parts(span: Mapping[str, Any]) -> Iterator[_Part]:
    text = _plain(span.get("text"))
    words = span.get("words")
    if isinstance(words, Sequence) and words and all(_is_timed(word) for word in words):
        place = 0
        for word in words:
            plain = _plain(word.get("text"))
            at = text.find(plain, place)
            space = at < 0 or at == 0 or text[at - 1] == " "
            place = at + len(plain) if at >= 0 else place
            yield from _split_long(_Part(word["start_time"], word["end_time"], plain, space))
    elif text:
        seconds, done = span["end_time"] - span["start_time"], 0
        for word in text.split():
            after = done + len(word) + 1
            start, end = (span["start_time"] + seconds * min(1, at / (len(text) + 1)) for at in (done, after))
            yield from _split_long(_Part(start, end, word, True))
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


def _split_long(part: _Part) -> Iterator[_Part]:
    """Split a part that is longer than a line: a text without spaces, such as Chinese, is split anywhere."""
    if not part.text:
        return
    texts = re.findall(rf".{{1,{_LINE}}}", part.text)
    step = (part.end_time - part.start_time) / len(texts)
    for number, text in enumerate(texts):
        start = part.start_time + number * step
        yield _Part(start, start + step, text, part.space and number == 0)


def _grouped(parts: Sequence[_Part]) -> list[list[_Part]]:
    """The parts of a span, grouped into cues."""
    found: list[list[_Part]] = []
    for part in parts:
        some = found[-1] if found else []
        if (
            some
            and part.start_time - some[-1].end_time <= _PAUSE
            and part.end_time - some[0].start_time <= _LONGEST
            and len(_lines([*some, part])) <= _LINES
        ):
            some.append(part)
        else:
            found.append([part])
    return found


def _lines(parts: Sequence[_Part]) -> list[str]:
    lines: list[str] = []
    for part in parts:
        space = " " if part.space else ""
        if lines and len(lines[-1]) + len(space) + len(part.text) <= _LINE:
            lines[-1] += space + part.text
        else:
            lines.append(part.text)
    return lines


def _long_enough(cue: Cue, after: Cue | None) -> Cue:
    """A cue that is long enough to be read, but ends before the next one begins."""
    end = max(cue.end_time, cue.start_time + _LEAST)
    if after is not None:
        end = min(end, max(after.start_time, cue.start_time))
    return Cue(cue.start_time, max(end, cue.start_time + 0.001), cue.lines)


def _blocks(cues: Sequence[Cue], point: str, escape: Callable[[str], str]) -> Iterator[str]:
    for cue in cues:
        times = f"{_time(cue.start_time, point)} --> {_time(cue.end_time, point)}"
        yield "\n".join([times, *(escape(line) for line in cue.lines), ""])


def _time(seconds: float, point: str) -> str:
    """`00:01:02.500`, with the decimal point of the format."""
    whole, thousandths = divmod(round(seconds * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}{point}{thousandths:03}"
