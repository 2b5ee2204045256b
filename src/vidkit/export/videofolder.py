"""`videofolder`: `<split>/<label>/<name>.mp4` and `<split>/metadata.jsonl`, as Hugging Face's `datasets` loads it.

Layout: https://huggingface.co/docs/datasets/video_dataset. `datasets` prefers a metadata file to folder names, so
    the
metadata has the label unchanged, also if its folder needs another name.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import PurePosixPath

from vidkit.export.items import DatasetSpec, Sample
from vidkit.export.rows import COLUMNS, flat, row_of

# https://huggingface.co/docs/datasets/about_dataset_features; lists and objects are texts here (`rows.flat`).
_TYPES = {"whole": "int64", "number": "float64"}
FEATURES = (
    ("video", "video"),
    *((name, _TYPES.get(kind, "string")) for name, kind in COLUMNS.items() if name not in ("path", "label")),
    ("label", "class_label"),
)


def place(sample: Sample, spec: DatasetSpec, suffix: str) -> str:
    """The path of a sample's file in the dataset."""
    return f"{sample.split}/{spec.folders[sample.items[0].label or '']}/{sample.name}{suffix}"


def write(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write the metadata files; the videos are already in place. A split without videos has no folder."""
    filled = set()
    with ExitStack() as stack:
        files = {}
        for split in spec.splits:
            (spec.folder / split).mkdir(exist_ok=True)
            path = spec.folder / split / "metadata.jsonl"
            files[split] = stack.enter_context(path.open("w", encoding="utf-8", newline="\n"))
        for sample in samples:
            # Every column has the same type in every row, because `datasets` takes the types from the first rows.
            filled.add(sample.split)
            row = flat(row_of(sample, spec))
            path_inside = PurePosixPath(row.pop("path")).relative_to(sample.split)
            print(json.dumps({"file_name": str(path_inside), **row}, ensure_ascii=False), file=files[sample.split])
    for split in set(spec.splits) - filled:  # `datasets` fails if one split is empty
        shutil.rmtree(spec.folder / split)
