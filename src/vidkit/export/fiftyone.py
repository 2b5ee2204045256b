"""`fiftyone`: FiftyOne's FiftyOneVideoLabelsDataset, `manifest.json`, `data/` and `labels/`.

Layout: https://docs.voxel51.com/user_guide/import_datasets.html#fiftyonevideolabelsdataset; the labels are in
ETA's VideoLabels format. This is the only FiftyOne layout with both a label of the video and labels of spans on its
timeline.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from vidkit.core import shown_url
from vidkit.export.items import DatasetSpec, Item, Sample, frames


def place(sample: Sample, spec: DatasetSpec, suffix: str) -> str:
    """The path of a sample's file in the dataset."""
    return f"data/{sample.name}{suffix}"


def write(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write the manifest and the labels of each video."""
    folder = spec.folder / "labels"
    folder.mkdir(exist_ok=True)
    with (spec.folder / "manifest.json").open("w", encoding="utf-8", newline="\n") as file:
        kind = "eta.core.datasets.labeled_datasets.LabeledVideoDataset"
        file.write(f'{{"type": "{kind}", "description": "made by vidkit", "index": [')
        for number, sample in enumerate(samples):
            labels = f"labels/{sample.name}.json"
            (spec.folder / labels).write_text(json.dumps(_labels(sample)), encoding="utf-8")
            entry = {"data": sample.path, "labels": labels}
            file.write(f"{',' if number else ''}\n{json.dumps(entry)}")
        file.write("\n]}\n")


def _labels(sample: Sample) -> dict[str, Any]:
    record = sample.record
    whole = next((item for item in sample.items if item.kind == "video"), None)
    fields = {
        "label": whole.label if whole else None,
        "split": sample.split,
        "classification": record["classification"],
        "description": record["qwen_description"],
        "url": shown_url(record["source"]["url"]),
    }
    attributes = [
        {"type": "eta.core.data.CategoricalAttribute", "name": name, "value": value}
        for name, value in fields.items()
        if value
    ]
    events = [_event(item, sample) for item in sample.items if item.kind != "video" and item.label]
    return {"attrs": {"attrs": attributes}, **({"events": {"events": events}} if events else {})}


def _event(item: Item, sample: Sample) -> dict[str, Any]:
    first, last = frames(*sample.times(item), sample.record["fps"], sample.record["duration"])
    kind, name = "eta.core.events.VideoEvent", f"{item.kind}s"
    return {"type": kind, "label": item.label, "name": name, "support": {"ranges": f"{first}-{last}"}}
