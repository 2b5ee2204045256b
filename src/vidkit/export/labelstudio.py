"""`labelstudio`: tasks with predictions for Label Studio, and their labeling configuration.

Format: https://labelstud.io/guide/predictions. The label of a video is a choice (https://labelstud.io/tags/choices),
the label of a span a region of the timeline, in frames from 1 (https://labelstud.io/tags/timelinelabels).
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import quoteattr

from vidkit._version import __version__
from vidkit.core import shown_url
from vidkit.export.items import DatasetSpec, Item, Sample, frames
from vidkit.record import Record


def write(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write `tasks.json` and `labeling_config.xml`."""
    (spec.folder / "labeling_config.xml").write_text(_configuration(spec), encoding="utf-8")
    with (spec.folder / "tasks.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write("[")
        for number, sample in enumerate(samples):
            file.write(f"{',' if number else ''}\n{json.dumps(_task(sample))}")
        file.write("\n]\n")


def _task(sample: Sample) -> dict[str, Any]:
    record = sample.record
    results = [_result(item, sample) for item in sample.items if item.label]
    data = {
        "video": _address(sample),
        "fps": record["fps"],
        "name": sample.name,
        "split": sample.split,
        "filename": record["filename"],
        "source_url": shown_url(record["source"]["url"]),
        "description": record["qwen_description"] or "",
    }
    return {
        "data": data,
        "predictions": [{"model_version": f"vidkit {__version__}", "result": results}] * bool(results),
    }


def _result(item: Item, sample: Sample) -> dict[str, Any]:
    result = {"id": f"{item.kind}-{item.number}", "from_name": "label", "to_name": "video"}
    if item.kind == "video":
        return {**result, "type": "choices", "value": {"choices": [item.label]}}
    first, last = frames(*sample.times(item), sample.record["fps"], sample.record["duration"])
    value = {"ranges": [{"start": first, "end": last}], "timelinelabels": [item.label]}
    return {**result, "type": "timelinelabels", "value": value}


def _address(sample: Sample) -> str:
    """The address of the video for Label Studio: its source on the web, or a file in its local storage."""
    if (sample.path is None or os.path.isabs(sample.path)) and is_online(sample.record):
        return shown_url(sample.record["source"]["resolved_url"])
    return f"/data/local-files/?d={quote((sample.path or '').lstrip('/'))}"


def is_online(record: Record) -> bool:
    """Whether a video is on the web, so that Label Studio needs no file."""
    return record["source"]["resolved_url"].startswith(("http://", "https://"))


def _configuration(spec: DatasetSpec) -> str:
    names = [quoteattr(label) for label in spec.labels]
    if spec.level == "video":
        choices = "".join(f"    <Choice value={name}/>\n" for name in names)
        control = f'  <Choices name="label" toName="video">\n{choices}  </Choices>\n'
    else:
        spans = "".join(f"    <Label value={name}/>\n" for name in names)
        control = f'  <TimelineLabels name="label" toName="video">\n{spans}  </TimelineLabels>\n'
    return f'<View>\n  <Video name="video" value="$video" frameRate="$fps"/>\n{control}</View>\n'
