"""`webdataset`: `<split>-000000.tar` and so on, each sample as `.mp4`, `.json`, `.txt` and `.cls`, and with speech
also as `.srt` and `.vtt`.

Layout: https://github.com/webdataset/webdataset#the-webdataset-format. `.cls` is the label's number, `.txt` the
description, `.json` the whole row. The video is always named `.mp4`, so that a loader needs only one name; decoders
detect the container (it is also in `.json`).
"""

from __future__ import annotations

import io
import json
import os
import tarfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.core import printable
from vidkit.errors import OutputError
from vidkit.export.items import DatasetSpec, Sample
from vidkit.export.readings import subtitles_of
from vidkit.export.rows import row_of

MOST_BYTES = 10**9  # of a shard, as WebDataset's documentation recommends
_MOST_SAMPLES = 10_000
_STATE = "shards.jsonl"


@dataclass
class _Shard:
    """A shard while it is filled."""

    name: str
    path: Path
    tar: tarfile.TarFile
    ordinals: list[int] = field(default_factory=list)


def packed(work: Path) -> frozenset[int]:
    """The ordinals of the samples in finished shards of an interrupted export."""
    return frozenset(ordinal for shard in _finished(work) for ordinal in shard["ordinals"])


def write(samples: Iterable[Sample], spec: DatasetSpec) -> None:
    """Write shards of a gigabyte. Finished shards are kept if the export is interrupted.

    Raises:
        OutputError: a shard cannot be written, or a file cannot be read.
    """
    (spec.folder / "labels.txt").write_text("".join(f"{label}\n" for label in spec.labels), encoding="utf-8")
    done = Counter[str](shard["split"] for shard in _finished(spec.work))
    filling: dict[str, _Shard] = {}
    try:
        for sample in samples:
            if sample.ordinal in spec.packed:
                continue
            if (shard := filling.get(sample.split)) is None:
                shard = filling[sample.split] = _started(sample.split, done[sample.split], spec)
            _add(shard, sample, spec)
            if shard.tar.offset >= MOST_BYTES or len(shard.ordinals) >= _MOST_SAMPLES:
                _finish(filling.pop(sample.split), sample.split, spec)
                done[sample.split] += 1
        for split in list(filling):
            _finish(filling.pop(split), split, spec)
    finally:
        for shard in filling.values():
            shard.tar.close()


def _started(split: str, number: int, spec: DatasetSpec) -> _Shard:
    name = f"{split}-{number:06d}.tar"
    path = spec.work / name
    return _Shard(name, path, tarfile.open(path, "w"))


def _add(shard: _Shard, sample: Sample, spec: DatasetSpec) -> None:
    (item,) = sample.items
    assert isinstance(sample.file, Path)
    row = {**row_of(sample, spec), "container": sample.record["container"]}
    del row["path"], row["subtitles"]
    texts = {
        **subtitles_of(sample),
        "json": json.dumps(row, ensure_ascii=False),
        "txt": row["description"],
        "cls": str(spec.labels[item.label or ""]),
    }
    try:
        with sample.file.open("rb") as video:
            info = tarfile.TarInfo(f"{sample.name}.mp4")
            info.size = os.fstat(video.fileno()).st_size
            shard.tar.addfile(info, video)
    except OSError as error:
        raise OutputError(
            "{file} cannot be put into {name}: {reason}",
            file=printable(sample.file),
            name=shard.path.name,
            reason=error.strerror or error,
        ) from None
    for suffix, text in texts.items():
        info, content = tarfile.TarInfo(f"{sample.name}.{suffix}"), text.encode()
        info.size = len(content)
        shard.tar.addfile(info, io.BytesIO(content))
    shard.ordinals.append(sample.ordinal)


def _finish(shard: _Shard, split: str, spec: DatasetSpec) -> None:
    shard.tar.close()
    os.replace(shard.path, spec.folder / shard.name)
    with (spec.work / _STATE).open("a", encoding="utf-8") as file:
        print(json.dumps({"shard": shard.name, "split": split, "ordinals": shard.ordinals}), file=file)


def _finished(work: Path) -> list[dict[str, Any]]:
    try:
        lines = (work / _STATE).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []
    return [json.loads(line) for line in lines]
