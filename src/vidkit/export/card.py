"""`dataset_card.md` and `dataset.json`: the description of a dataset, for people and for programs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit._version import __version__
from vidkit.core import printable
from vidkit.core.units import format_count
from vidkit.export.folder import MADE_BY, MARKER
from vidkit.export.formats import Format

CARD = "dataset_card.md"
# https://huggingface.co/docs/hub/datasets-cards
_SIZES = ((10**3, "n<1K"), (10**4, "1K<n<10K"), (10**5, "10K<n<100K"), (10**6, "100K<n<1M"), (10**7, "1M<n<10M"))


@dataclass(frozen=True)
class DatasetInfo:
    """The content of the card. `counts` is split -> label -> items; `missing` is reason -> items."""

    name: str
    format: str
    level: str
    label: str
    mode: str
    seed: int
    shares: Mapping[str, float]
    labels: tuple[str, ...]
    counts: Mapping[str, Mapping[str, int]]
    videos: int
    unlabelled: int
    missing: Mapping[str, int]
    scarce: Mapping[str, int]
    at_odds: int
    library: str
    hosts: Mapping[str, int]
    command: str
    made_at: str

    @property
    def items(self) -> int:
        return sum(sum(labels.values()) for labels in self.counts.values())


def not_everywhere(scarce: Mapping[str, int], counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """The labels that are not in every split, as texts: `wave (1 video, not in test)`.

    Args:
        scarce: label -> videos, of the labels that are not in every split.
        counts: split -> label -> items.
    """
    found = []
    for label, videos in scarce.items():
        absent = [split for split, counts in counts.items() if not counts.get(label)]
        found.append(f"{label} ({videos} {'video' if videos == 1 else 'videos'}, not in {' and '.join(absent)})")
    return found


def write_card(folder: Path, info: DatasetInfo, form: Format) -> None:
    """Write both files. If Hugging Face's `datasets` loads the format, write the card as README.md too."""
    card = "\n".join([*_header(info, form), *_body(info, form)]) + "\n"
    (folder / CARD).write_text(card, encoding="utf-8", errors="replace")
    if form.hub:
        (folder / "README.md").write_text(card, encoding="utf-8", errors="replace")
    content: dict[str, Any] = {
        "made_by": MADE_BY,
        "vidkit": __version__,
        "made_at": info.made_at,
        "format": info.format,
        "level": info.level,
        "label": info.label,
        "files": info.mode,
        "splits": dict(info.shares),
        "seed": info.seed,
        "items": info.items,
        "videos": info.videos,
        "unlabelled": info.unlabelled,
        "missing": dict(info.missing),
        "labels": list(info.labels),
        "counts": {split: dict(counts) for split, counts in info.counts.items()},
        "command": info.command,
    }
    text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
    (folder / MARKER).write_text(text, encoding="utf-8", errors="replace")


def _header(info: DatasetInfo, form: Format) -> Iterator[str]:
    """The YAML for the Hub and `datasets`. A text in JSON is also valid YAML."""
    if not form.hub:
        return
    yield "---"
    yield f"pretty_name: {json.dumps(printable(info.name))}"
    yield "task_categories:"
    yield "- video-classification"
    yield "size_categories:"
    yield f"- {next((name for most, name in _SIZES if info.items < most), 'n>10M')}"
    yield "configs:"
    yield "- config_name: default"
    yield "  data_files:"
    for split, counts in info.counts.items():
        if counts:
            yield f"  - split: {split}"
            yield f"    path: {json.dumps(form.hub.format(split=split))}"
    if form.features:
        yield "  features:"
    for column, kind in form.features:
        yield f"  - name: {column}"
        if kind != "class_label":
            yield f"    dtype: {kind}"
            continue
        yield from ("    dtype:", "      class_label:", "        names:")
        for number, label in enumerate(info.labels):
            yield f"          '{number}': {json.dumps(label)}"
    yield "---"
    yield ""


def _body(info: DatasetInfo, form: Format) -> Iterator[str]:
    what = {
        "video": format_count(info.items, "video"),
        "segments": f"{format_count(info.items, 'clip')} of {format_count(info.videos, 'video')}",
        "scenes": f"{format_count(info.items, 'scene')} of {format_count(info.videos, 'video')}",
    }
    yield f"# {_md(info.name)}"
    yield ""
    yield f"{what[info.level]}, in the format {info.format}. Labels are from: {_code(info.label)}."
    yield ""
    yield f"To load it: {_code(form.loads_with.format(folder=info.name))}"
    yield ""
    yield "## Splits and labels"
    yield ""
    splits = list(info.counts)
    yield f"| label | {' | '.join(splits)} | all |"
    yield f"|---|{'---:|' * (len(splits) + 1)}"
    for label in [*info.labels, *([""] if info.unlabelled else [])]:
        numbers = [info.counts[split].get(label, 0) for split in splits]
        if any(numbers):
            yield f"| {_md(label) or '*(none)*'} | {' | '.join(map(str, numbers))} | {sum(numbers)} |"
    sums = [sum(info.counts[split].values()) for split in splits]
    yield f"| **all** | {' | '.join(map(str, sums))} | {sum(sums)} |"
    yield ""
    shares = ", ".join(f"{name} {share:.0%}" for name, share in info.shares.items())
    yield f"Asked for: {shares}; seed {info.seed}. A video is in one split with all its clips and scenes, and so"
    yield "are all files of the same content (SHA-256). Each label is dealt out by the same shares. A label with as"
    yield "many videos as there are splits is in each of them. A label with one video is in train."
    yield from _notes(info)
    yield ""
    yield "## Where from"
    yield ""
    yield f"The library {_code(info.library)}; the videos' sources are:"
    yield ""
    for host, count in info.hosts.items():
        yield f"- {_md(host)}: {count}"
    yield ""
    yield f"Made at {info.made_at} by vidkit {__version__}{':' if info.command else '.'}"
    yield ""
    if info.command:
        yield f"    {printable(info.command)}"
        yield ""
    yield "vidkit grants no rights in the videos: their licences are those of their sources."


def _notes(info: DatasetInfo) -> Iterator[str]:
    if info.scarce:
        yield ""
        labels = "; ".join(map(_md, not_everywhere(info.scarce, info.counts)))
        yield f"These labels are not in every split: {labels}."
    if info.at_odds:
        yield ""
        yield f"The same content has different labels in {info.at_odds} cases."
    if info.missing:
        yield ""
        reasons = ", ".join(f"{count} {reason}" for reason, count in info.missing.items())
        yield f"Missing (see missing.csv): {reasons}."


def _code(text: str) -> str:
    plain = printable(text).replace("`", "'")
    return f"`{plain}`"


def _md(text: str) -> str:
    """Text escaped for Markdown, in one line."""
    return "".join(f"\\{c}" if c in "\\|`*_[]<>#" else c for c in printable(text))
