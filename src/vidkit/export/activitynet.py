"""`activitynet`: one JSON with the keys of ActivityNet's annotation files (http://activity-net.org/download.html)."""

from __future__ import annotations

import json
from collections.abc import Iterable

from vidkit.core import shown_url
from vidkit.export.items import DatasetSpec, Sample

_SUBSETS = {"train": "training", "validation": "validation", "test": "testing"}


def write(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write `activitynet.json`: each video with its labelled spans, streamed."""
    root = {"nodeName": "Root", "nodeId": 0, "parentName": None, "parentId": None}
    leaves = [
        {"nodeName": label, "nodeId": number + 1, "parentName": "Root", "parentId": 0}
        for label, number in spec.labels.items()
    ]
    with (spec.folder / "activitynet.json").open("w", encoding="utf-8", newline="\n") as file:
        file.write(f'{{"version": "VERSION 1.3",\n"taxonomy": {json.dumps([root, *leaves])},\n"database": {{')
        for number, sample in enumerate(samples):
            file.write(f"{',' if number else ''}\n{json.dumps(sample.name)}: {json.dumps(_entry(sample))}")
        file.write("\n}}\n")


def _entry(sample: Sample) -> dict[str, object]:
    record = sample.record
    return {
        "duration": record["duration"],
        "resolution": record["resolution"],
        "url": shown_url(record["source"]["url"]),
        "subset": _SUBSETS[sample.split],
        "annotations": [{"segment": list(sample.times(item)), "label": item.label} for item in sample.items],
        "path": sample.path,
    }
