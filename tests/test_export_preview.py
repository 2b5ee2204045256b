"""The counts that a dataset would have are those that it has."""

from __future__ import annotations

from dataclasses import asdict, fields
from pathlib import Path

import pytest

from tests.dataset_parts import export, new_library, put_video
from vidkit.errors import ConfigError
from vidkit.export import DatasetCounts, preview_dataset
from vidkit.export.formats import FORMATS
from vidkit.library import Library, parse_query


@pytest.fixture
def library() -> Library:
    """Videos of three labels and of none; of some, the file or a clip is gone, empty or another one."""
    library, folder = new_library(), Path("processed_videos").absolute()
    for number in range(12):
        label = ("run", "jump", "")[number % 3]
        columns = {"label": label} if label else {}
        segments = [("one", []), ("two", [])]
        put_video(library, folder, f"video_{number}.mp4", columns=columns, segments=segments, scenes=["a", "b"])
    put_video(library, folder, "rare.mp4", columns={"label": "rare"}, segments=[("one", [])])
    put_video(library, folder, "same.mp4", content="video_0.mp4", columns={"label": "jump"})
    put_video(library, folder, "not_kept.mp4", columns={"label": "run"}, path=None)
    (folder / "downloads" / "video_1.mp4").unlink()
    (folder / "downloads" / "video_3.mp4").write_text("another file")
    (folder / "clips" / "video_4.mp4" / "001.mp4").unlink()
    (folder / "clips" / "video_6.mp4" / "002.mp4").write_text("")
    return library


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("level", ["video", "segments"])
@pytest.mark.parametrize("files", [None, "reference"])
def test_a_preview_counts_what_the_export_then_makes(library, format, level, files):
    if files not in (None, *FORMATS[format].modes):
        pytest.skip("the format holds its files")
    pytest.importorskip("pandas") if format == "parquet" else None
    options = {"level": level, "label": "label", "split": "60/20/20", "seed": 3, "files": files}
    told = preview_dataset(library, format, **options)
    assert not Path("out").exists()
    made = export(library, format, **options)
    assert asdict(told) == {field.name: asdict(made)[field.name] for field in fields(DatasetCounts)}
    assert told.items > 0
    assert told.missing or told.without_file


def test_a_preview_of_scenes_counts_those_of_a_query(library):
    query = parse_query(where=["label=run"], max_duration="10")
    told = preview_dataset(library, "csv", query=query, level="scenes", label="label", files="reference")
    assert told.counts == {"train": {"run": 9}}
    with pytest.raises(ConfigError, match="there is nothing to export"):
        preview_dataset(library, "csv", query=parse_query(where=["label=swim"]))
    with pytest.raises(ConfigError, match="--format"):
        preview_dataset(library, "avi")
