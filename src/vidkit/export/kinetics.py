"""`kinetics`: the CSV files of the Kinetics dataset, and lists for PyTorchVideo.

`<split>.csv` has Kinetics' columns (label, youtube_id, time_start, time_end, split: see the download at
https://github.com/cvdfoundation/kinetics-dataset) and `path`. `<split>.txt` is for
`pytorchvideo.data.LabeledVideoPaths.from_csv`: a path and the label's number on each line.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from contextlib import ExitStack

from vidkit.export.items import DatasetSpec, Sample

_HEADER = ("label", "youtube_id", "time_start", "time_end", "split", "path")
_SPLITS = {"validation": "val"}


def write(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write the tables, the lists, and `labels.txt`: the labels in the order of their numbers."""
    (spec.folder / "labels.txt").write_text("".join(f"{label}\n" for label in spec.labels), encoding="utf-8")
    with ExitStack() as stack:
        tables, lists = {}, {}
        for split in spec.splits:
            path = spec.folder / f"{_SPLITS.get(split, split)}.csv"
            tables[split] = csv.writer(
                stack.enter_context(path.open("w", encoding="utf-8", newline="")), lineterminator="\n"
            )
            tables[split].writerow(_HEADER)
            text = path.with_suffix(".txt").open("w", encoding="utf-8", newline="\n")
            lists[split] = stack.enter_context(text)
        for sample in samples:
            (item,) = sample.items
            start, end = (f"{round(time, 3):g}" for time in sample.times(item))
            name = _SPLITS.get(sample.split, sample.split)
            # The id of the file in which the times count.
            file = sample.name if sample.apart else sample.video
            # Without the escapes of `rows.cell` for spreadsheets: training code compares labels with labels.txt.
            tables[sample.split].writerow((item.label, file, start, end, name, sample.path))
            # The lists have no times, so a scene without its own file has no line in them.
            if item.kind != "scene" or sample.apart:
                print(f"{sample.path} {spec.labels[item.label or '']}", file=lists[sample.split])
