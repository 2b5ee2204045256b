"""The readings of a sample: the spans inside it, in seconds of its file; and its subtitles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from vidkit.export.items import DatasetSpec, Sample
from vidkit.readers.captions import FORMATS, cues_of, spoken

SUBTITLES = "subtitles"  # the folder in a dataset
_OWN = ("spans", "vtt")  # keys of a reading; the others are values of the whole video


def readings_of(sample: Sample) -> dict[str, Any]:
    """The readings of a sample, by reader: the values of the whole video, and the spans inside the sample."""
    found = {}
    for name, reading in (sample.record.get("readings") or {}).items():
        values = {key: value for key, value in reading.items() if key not in _OWN}
        found[name] = {**values, "spans": list(_inside(reading["spans"], sample))}
    return found


def subtitles_path(sample: Sample) -> str | None:
    """The path of a sample's WebVTT file in the dataset, with an SRT file beside it; None without speech."""
    said = any(span.get("text") for span in _inside(spoken(sample.record), sample))
    return f"{SUBTITLES}/{sample.name}.vtt" if said else None


def subtitles_of(sample: Sample) -> dict[str, str]:
    """The speech in a sample as subtitles: `srt` and `vtt` -> content; empty without speech."""
    cues = cues_of(_inside(spoken(sample.record), sample))
    return {form: write(cues) for form, write in FORMATS.items()} if cues else {}


def with_subtitles(samples: Iterable[Sample], spec: DatasetSpec) -> Iterator[Sample]:
    """Write the subtitles of each sample, and yield it."""
    for sample in samples:
        for form, text in subtitles_of(sample).items():
            path = spec.folder / SUBTITLES / f"{sample.name}.{form}"
            path.parent.mkdir(exist_ok=True)
            path.write_text(text, encoding="utf-8")
        yield sample


def _inside(spans: Sequence[Mapping[str, Any]], sample: Sample) -> Iterator[dict[str, Any]]:
    """The spans, or their parts, inside a sample, in seconds of its file."""
    low = min(item.start for item in sample.items)
    high = max(item.end for item in sample.items)
    if len(sample.items) > 1:  # a video with its timeline
        low, high = 0.0, sample.record["duration"]
    shift = low if sample.apart else 0.0
    for span in spans:
        if not _is_inside(span, low, high):
            continue
        cut = {**span, **_times(span, low, high, shift)}
        if words := span.get("words"):
            kept = [word for word in words if _is_inside(word, low, high)]
            cut["words"] = [{**word, **_times(word, low, high, shift)} for word in kept]
            if len(kept) < len(words):
                cut["text"] = " ".join(word["text"] for word in kept)
        yield cut


def _is_inside(part: Mapping[str, Any], low: float, high: float) -> bool:
    start, end = part["start_time"], part["end_time"]
    return bool(low <= start < high if start == end else start < high and end > low)


def _times(part: Mapping[str, Any], low: float, high: float, shift: float) -> dict[str, float]:
    start, end = max(low, part["start_time"]), min(high, part["end_time"])
    return {"start_time": round(start - shift, 3), "end_time": round(max(start, end) - shift, 3)}
