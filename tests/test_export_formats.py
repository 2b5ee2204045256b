"""Each format, loaded with what it is for."""

from __future__ import annotations

import csv
import json
import re
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as xml
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main, make_parser
from vidkit.errors import ConfigError
from vidkit.export.formats import FORMATS
from vidkit.export.rows import COLUMNS
from vidkit.library import LibraryEntry
from vidkit.library.sqlite.backend import open_sqlite

from .conftest import MakeVideo
from .dataset_parts import export, labelled, new_library, put_video

Rows = list[dict[str, Any]]
# webdataset leaves it to the garbage collector to close a shard.
leaves_shards_open = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


def load_hub(*where: str, **options: Any) -> dict[str, Rows]:
    """What `datasets.load_dataset` makes of a folder, by split; the videos undecoded, which needs torchcodec."""
    import datasets

    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset(*where, cache_dir="cache", **options)
    found: dict[str, Rows] = {}
    for split, rows in loaded.items():
        for column in ("video", "mp4"):
            if column in rows.column_names:
                rows = rows.cast_column(column, datasets.Video(decode=False))
        found[split] = list(rows)
    return found


def load_shards(*shards: Path) -> Rows:
    """What `webdataset` makes of shards, with its own decoders for json, txt and cls."""
    import webdataset

    data = webdataset.WebDataset([str(shard) for shard in shards], shardshuffle=False, empty_check=False)
    return list(data.decode())


def lines(path: str) -> Rows:
    return [json.loads(line) for line in Path(path).read_text().splitlines()]


@pytest.mark.slow
@leaves_shards_open
def test_the_gestures_through_a_csv_become_a_videofolder_and_a_webdataset_with_the_right_labels(
    media: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gestures = sorted((media / "gestures").glob("*.mkv"))
    assert len(gestures) == 10
    with Path("gestures.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("url", "label"), *((path, path.stem) for path in gestures)])
    assert main(["process", "--csv", "gestures.csv", "--describe", "none"]) == 0
    for name in ("videofolder", "webdataset"):
        assert main(["export", name, "--format", name, "--label", "label", "--split", "80/10/10"]) == 0
    content = {path.stem: path.read_bytes() for path in gestures}

    loaded = load_hub("videofolder", data_dir="videofolder")
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 10}  # each label has one video
    rows = [row for split in loaded.values() for row in split]
    assert {row["label"]: Path(row["video"]["path"]).read_bytes() for row in rows} == content
    assert {row["label_id"]: row["label"] for row in rows} == dict(enumerate(sorted(content)))

    shards = {split: sorted(Path("webdataset").glob(f"{split}-*.tar")) for split in loaded}
    samples = {split: load_shards(*paths) for split, paths in shards.items()}
    assert {split: {sample["json"]["label"] for sample in part} for split, part in samples.items()} == {
        split: {row["label"] for row in part} for split, part in loaded.items()
    }
    packed = [sample for part in samples.values() for sample in part]
    assert {sample["json"]["label"]: sample["mp4"] for sample in packed} == content
    assert {sample["cls"]: sample["json"]["label"] for sample in packed} == dict(enumerate(sorted(content)))
    assert "not in every split: again (1 video, not in validation and test)" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["videofolder", "webdataset", "parquet", "csv", "jsonl"])
def test_load_dataset_of_the_folder_alone_finds_the_splits_by_the_card(name: str) -> None:
    with labelled({"walk": 10, "run": 10}) as library:
        export(library, name, split="80/10/10")
    loaded = load_hub("out")
    names = {0: "run", 1: "walk", "run": "run", "walk": "walk"}  # videofolder has numbers with names
    assert {split: len(rows) for split, rows in loaded.items()} == {"train": 16, "validation": 2, "test": 2}
    part = [row["json"] if name == "webdataset" else row for row in loaded["test"]]
    assert sorted(names[row["label"]] for row in part) == ["run", "walk"]


def test_label_is_a_class_label_with_the_names_for_load_dataset() -> None:
    import datasets

    labels = {"walk": 3, "0": 3, 'say "hi": #1': 3, "\u8d70": 3, "yes": 3}
    with labelled(labels) as library:
        library.save_all(
            [LibraryEntry({**stored.record, "unread": 0.04}, stored.folder) for stored in [*library.records()][:2]]
        )
        export(library, "videofolder", split="60/20/20")
    datasets.disable_progress_bars()
    loaded = datasets.load_dataset("out", cache_dir="cache")
    for split in loaded.values():
        label = split.features["label"]
        assert isinstance(label, datasets.ClassLabel)
        assert label.names == sorted(labels)
        rows = split.remove_columns("video")
        assert [row["label"] for row in rows] == [row["label_id"] for row in rows]
        assert all(row["name"].startswith(label.int2str(row["label"])[:1]) for row in rows)
    assert {row["unread"] for split in loaded.values() for row in split.remove_columns("video")} == {0.0, 0.04}


def test_a_label_that_names_a_split_stays_in_its_own_split() -> None:
    labels = {"test drive": 3, "train": 3, "Validation": 3, "dev-2": 3, "contest": 3}
    with labelled(labels) as library:
        export(library, "videofolder", split="1")
    (split,) = (loaded := load_hub("videofolder", data_dir="out"))
    assert split == "train"
    assert {label: [row["label"] for row in loaded["train"]].count(label) for label in labels} == labels


@pytest.mark.parametrize("name", ["parquet", "csv", "jsonl"])
def test_a_table_loads_with_pandas_and_pyarrow_row_for_item(name: str) -> None:
    import pandas
    import pyarrow.csv
    import pyarrow.json
    import pyarrow.parquet

    with labelled({"walk": 2, "run": 2}) as library:
        put_video(library, Path("processed_videos").absolute(), "bare.mp4", tags=["Night", "City"])
        export(library, name, split="50/50")
    read = {"parquet": pandas.read_parquet, "csv": pandas.read_csv, "jsonl": _json_lines}[name]
    frame = pandas.concat([read(f"out/{split}.{name}") for split in ("train", "test")]).set_index("name")
    assert sorted(frame.index) == ["bare", "run_0", "run_1", "walk_0", "walk_1"]
    assert frame.loc["walk_0", "label"] == "walk"
    assert frame.loc["walk_0", "label_id"] == 1
    assert Path(frame.loc["walk_0", "path"]).read_text() == "walk_0.mp4"
    assert pandas.isna(frame.loc["bare", "label"])
    tags = frame.loc["bare", "tags"]
    assert (tags if name == "csv" else "; ".join(tags)) == "Night; City"
    columns = frame.loc["walk_0", "columns"]
    assert (columns if name == "jsonl" else json.loads(columns)) == {"label": "walk"}
    arrow = {
        "parquet": pyarrow.parquet.read_table, "csv": pyarrow.csv.read_csv, "jsonl": pyarrow.json.read_json
    }[name]  # fmt: skip
    assert arrow("out/train.parquet" if name == "parquet" else f"out/train.{name}").num_rows == 3


def _json_lines(path: str) -> Any:
    import pandas

    return pandas.read_json(path, lines=True)


def test_a_csv_cell_that_a_spreadsheet_would_run_is_text_there_and_as_it_is_elsewhere() -> None:
    formula = '=HYPERLINK("http://evil.example";"x")'
    with new_library() as library:
        folder = Path("processed_videos").absolute()
        put_video(library, folder, "a.mp4", columns={"label": formula}, qwen_description="-1\x07 here\x00")
        export(library, "csv", directory="table")
        export(library, "jsonl", directory="lines")
    with Path("table/train.csv").open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert row["label"] == f"'{formula}"
    assert row["description"] == "'-1? here?"
    (line,) = lines("lines/train.jsonl")
    assert (line["label"], line["description"]) == (formula, "-1\x07 here\x00")


def test_kinetics_has_its_columns_and_the_lists_of_pytorchvideo() -> None:
    """The lists are read as PyTorchVideo's `LabeledVideoPaths.from_csv` (0.1.5) does, which the tests do without:
    the last word of a line is the label's number.
    """
    with labelled({"high jump": 2, "run": 2}) as library:
        export(library, "kinetics", split="50/50", files="copy")
    with Path("out/test.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [*rows[0]] == ["label", "youtube_id", "time_start", "time_end", "split", "path"]
    assert {(row["label"], row["time_start"], row["time_end"], row["split"]) for row in rows} == {
        ("high jump", "0", "60", "test"),
        ("run", "0", "60", "test"),
    }
    labels = Path("out/labels.txt").read_text().splitlines()
    listed = [line.rsplit(None, 1) for line in Path("out/test.txt").read_text().splitlines()]
    assert {labels[int(number)] for _, number in listed} == {"high jump", "run"}
    assert all(Path("out", path).is_file() for path, _ in listed)


def test_activitynet_has_the_stretches_of_each_video_by_their_labels() -> None:
    with new_library() as library:
        folder = Path("processed_videos").absolute()
        clips = [("A man walks", ["walk"]), ("He runs", ["run"]), (None, [])]
        put_video(library, folder, "a.mp4", segments=clips, duration=30.0)
        export(library, "activitynet", level="segments", label="ai_tag")
    content = json.loads(Path("out/activitynet.json").read_text())
    assert {node["nodeName"]: node["parentName"] for node in content["taxonomy"]} == {
        "Root": None,
        "run": "Root",
        "walk": "Root",
    }
    entry = content["database"]["a"]
    assert (entry["subset"], entry["duration"], entry["resolution"]) == ("training", 30.0, "1280x720")
    assert entry["annotations"] == [
        {"segment": [0.0, 10.0], "label": "walk"},
        {"segment": [10.0, 20.0], "label": "run"},
    ]
    assert entry["url"] == "https://videos.example/a.mp4"


def test_fiftyone_has_a_manifest_and_labels_for_each_video_and_its_time_line() -> None:
    """By hand against the documented layout of FiftyOneVideoLabelsDataset: FiftyOne itself needs another pymongo
    and a MongoDB server. Its importer (1.22.1) was seen to load videos, clips and scenes, linked, copied and
    referred to.
    """
    with new_library() as library:
        folder = Path("processed_videos").absolute()
        put_video(library, folder, "a.mp4", columns={"label": "walk"}, scenes=["one", "two"], fps=25.0)
        export(library, "fiftyone", directory="videos")
        export(library, "fiftyone", directory="scenes", level="scenes", files="reference")
    for name, data in (("videos", "data/a.mp4"), ("scenes", str(folder / "downloads/a.mp4"))):
        manifest = json.loads(Path(name, "manifest.json").read_text())
        assert manifest["type"] == "eta.core.datasets.labeled_datasets.LabeledVideoDataset"
        assert manifest["index"] == [{"data": data, "labels": "labels/a.json"}]
        assert Path(name, data).is_file()
    labels = json.loads(Path("videos/labels/a.json").read_text())
    kind = "eta.core.data.CategoricalAttribute"
    assert {"type": kind, "name": "label", "value": "walk"} in labels["attrs"]["attrs"]
    labels = json.loads(Path("scenes/labels/a.json").read_text())
    assert [
        (event["label"], event["name"], event["support"]["ranges"]) for event in labels["events"]["events"]
    ] == [
        ("walk", "scenes", "1-250"),
        ("walk", "scenes", "251-500"),
    ]


def test_labelstudio_has_tasks_with_predictions_that_fit_the_configuration() -> None:
    """By hand against the documented form: Label Studio is a server of its own."""
    with new_library() as library:
        folder = Path("processed_videos").absolute()
        label = 'a "quoted" <tag> & more'
        put_video(library, folder, "a b.mp4", columns={"label": label}, scenes=["one", "two"], fps=25.0)
        put_video(library, folder, "bare.mp4", fps=25.0)
        export(library, "labelstudio", directory="videos", files="copy")
        export(library, "labelstudio", directory="scenes", level="scenes")
    first, second = json.loads(Path("videos/tasks.json").read_text())
    assert first["data"]["video"] == "/data/local-files/?d=media/a_b.mp4"
    assert Path("videos/media/a_b.mp4").is_file()
    (result,) = first["predictions"][0]["result"]
    assert result["value"] == {"choices": [label]}
    assert second["predictions"] == []
    control = xml.parse("videos/labeling_config.xml").getroot().find("Choices")
    assert control is not None
    assert (control.get("name"), control.get("toName")) == (result["from_name"], result["to_name"])
    assert [choice.get("value") for choice in control] == [label]

    first, _ = json.loads(Path("scenes/tasks.json").read_text())
    assert first["data"]["video"] == "https://videos.example/a b.mp4"
    values = [result["value"] for result in first["predictions"][0]["result"]]
    assert [value["ranges"] for value in values] == [[{"start": 1, "end": 250}], [{"start": 251, "end": 500}]]
    assert xml.parse("scenes/labeling_config.xml").getroot().find("TimelineLabels/Label") is not None


@leaves_shards_open
def test_clips_are_items_with_their_own_files_and_times() -> None:
    with new_library() as library:
        folder = Path("processed_videos").absolute()
        put_video(library, folder, "a.v2.mp4", segments=["one", "two"], columns={"label": "walk"})
        export(library, "webdataset", directory="tars", level="segments")
        export(library, "jsonl", directory="lines", level="segments")
    samples = load_shards(Path("tars/train-000000.tar"))
    assert [(each["__key__"], each["mp4"], each["txt"]) for each in samples] == [
        ("a_v2_segment_001", b"a.v2.mp4 1", "one"),
        ("a_v2_segment_002", b"a.v2.mp4 2", "two"),
    ]
    second = lines("lines/train.jsonl")[1]
    assert (second["start_time"], second["end_time"]) == (0.0, 10.0)
    assert (second["source_start"], second["source_end"]) == (10.0, 20.0)


@leaves_shards_open
def test_scenes_are_cut_out_where_files_are_wanted_and_stretches_where_they_are_not(make_video: MakeVideo) -> None:
    from vidkit.analysis import extract_metadata

    video = make_video(shots=2, shot_length=1.0)
    assert main(["process", "--describe", "none", "--urls", str(video)]) == 0
    with open_sqlite("library.db") as library:
        export(library, "videofolder", directory="cut", level="scenes", label="class")
        export(library, "webdataset", directory="tars", level="scenes", label="class")
        export(library, "csv", directory="table", level="scenes", label="class")
        export(library, "kinetics", directory="kinetics", level="scenes", label="class")
    cut = sorted(Path("cut/train/Unclassified").iterdir())
    assert [path.name for path in cut] == ["video_scene_001.mp4", "video_scene_002.mp4"]
    assert [round(extract_metadata(path).duration, 1) for path in cut] == [1.0, 1.0]
    assert [sample["mp4"] for sample in load_shards(Path("tars/train-000000.tar"))] == [
        path.read_bytes() for path in cut
    ]
    with Path("table/train.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(row["path"], row["start_time"], row["end_time"]) for row in rows] == [
        (str(video), "0.0", "1.0"),
        (str(video), "1.0", "2.0"),
    ]
    assert Path("kinetics/train.csv").read_text().splitlines()[2].startswith("Unclassified,video,1,2,train,")
    assert Path("kinetics/train.txt").read_text() == ""  # PyTorchVideo's lists know no times


@pytest.mark.parametrize(
    ("name", "files", "said"),
    [("videofolder", "reference", "--link or --copy"), ("webdataset", "link", "archives")],
)
def test_a_format_that_needs_the_files_says_so(name: str, files: str, said: str) -> None:
    with labelled({"a": 1}) as library, pytest.raises(ConfigError, match=said):
        export(library, name, files=files)
    assert not Path("out").exists()


def test_the_shards_are_the_same_bytes_each_time() -> None:
    with labelled({"a": 3, "b": 3}) as library:
        for name in ("one", "two"):
            export(library, "webdataset", directory=name)
    assert Path("one/train-000000.tar").read_bytes() == Path("two/train-000000.tar").read_bytes()
    with tarfile.open("one/train-000000.tar") as tar:
        assert {member.uid for member in tar} == {0}


def test_the_command_line_knows_every_format() -> None:
    options = make_parser().commands["export"].declared
    (form,) = [option for option in options if option.dest == "format"]
    assert list(form.choices or ()) == list(FORMATS)


def test_the_docs_name_every_format_and_every_column() -> None:
    page = (Path(__file__).parents[1] / "docs" / "datasets.md").read_text()
    assert [name for name in (*FORMATS, *COLUMNS) if f"`{name}`" not in page] == []


def test_a_split_without_videos_does_not_keep_the_others_from_loading() -> None:
    with labelled({"walk": 2}) as library:
        done = export(library, "videofolder", split="80/10/10")
    assert 0 in {sum(counts.values()) for counts in done.counts.values()}
    loaded = load_hub("videofolder", data_dir="out")
    assert sorted(row["name"] for rows in loaded.values() for row in rows) == ["walk_0", "walk_1"]
    assert {split: len(rows) for split, rows in load_hub("out").items()} == {
        split: sum(counts.values()) for split, counts in done.counts.items() if counts
    }


def test_parquet_without_pyarrow_says_what_to_install() -> None:
    with labelled({"a": 1}):
        pass
    code = "import sys; sys.modules['pyarrow'] = None; from vidkit.cli import main; sys.exit(main(sys.argv[1:]))"
    words = ["export", "out", "--format", "parquet"]
    done = subprocess.run([sys.executable, "-c", code, *words], capture_output=True, text=True)
    assert done.returncode == 2
    assert re.match(r"ERROR: parquet needs pyarrow: pip install '?pyarrow(>=[0-9.]+')?$", done.stderr.strip())
    assert list(Path().glob("out*")) == []
