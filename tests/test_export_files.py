"""The files of a dataset: those that were processed, and none of the user's own lost for them."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.errors import ConfigError, OutputError
from vidkit.export.formats import FORMATS
from vidkit.export.items import frames

from .dataset_parts import export, labelled, new_library, put_video

FOLDER = Path("processed_videos")
Capture = pytest.CaptureFixture[str]


def missing() -> list[dict[str, str]]:
    with Path("out/missing.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_a_download_that_is_empty_or_of_another_size_is_no_video_of_a_dataset(capsys: Capture) -> None:
    with labelled({"walk": 4}):
        pass
    (FOLDER / "downloads/walk_1.mp4").write_bytes(b"")
    (FOLDER / "downloads/walk_2.mp4").write_bytes(b"half")
    for name, code in (("videofolder", 1), ("webdataset", 1), ("csv", 0), ("activitynet", 1)):
        assert main(["export", name, "--format", name, "--label", "label"]) == code
        said = capsys.readouterr().err
        assert "2 whose file is not the one that was processed" in said
        assert "`vidkit process --force --urls URL` (what came from a CSV: --csv with its rows" in said
    assert len(list(Path("videofolder").rglob("*.mp4"))) == 2
    with Path("csv/train.csv").open(newline="") as file:
        paths = {row["filename"]: row["path"] for row in csv.DictReader(file)}
    assert [name for name, path in paths.items() if not path] == ["walk_1.mp4", "walk_2.mp4"]


def test_an_empty_clip_is_no_video_of_a_dataset() -> None:
    with new_library() as library:
        put_video(library, FOLDER.absolute(), "a.mp4", segments=["one", "two"], columns={"label": "walk"})
        (FOLDER / "clips/a.mp4/001.mp4").write_bytes(b"")
        done = export(library, "videofolder", level="segments")
    assert [path.name for path in Path("out").rglob("*.mp4")] == ["a_segment_002.mp4"]
    assert done.unusable == 1


def test_what_brings_a_missing_file_back_is_said(capsys: Capture) -> None:
    with labelled({"walk": 2}) as library:
        put_video(library, FOLDER.absolute(), "unkept.mp4", path=None, classification="walk")
        put_video(library, FOLDER.absolute(), "own.mp4", url="/films/own.mp4", columns={"label": "walk"})
    (FOLDER / "downloads/walk_1.mp4").unlink()
    (FOLDER / "downloads/own.mp4").unlink()
    assert main(["export", "out", "--format", "videofolder"]) == 1
    said = capsys.readouterr().err
    assert "2 whose file is gone; see out/missing.csv" in said
    assert "`vidkit process --force --urls URL` (what came from a CSV: --csv with its rows" in said
    assert "KeepDownloads = yes" in said
    details = {row["filename"]: row["detail"] for row in missing()}
    assert details["walk_1.mp4"] == "vidkit process --force with this row of your CSV"
    assert details["unkept.mp4"] == "vidkit process --force --urls https://videos.example/unkept.mp4"
    assert details["own.mp4"] == "put the file back"


def test_where_every_file_is_gone_the_remedy_is_in_the_error(capsys: Capture) -> None:
    with labelled({"walk": 1}):
        pass
    (FOLDER / "downloads/walk_0.mp4").unlink()
    assert main(["export", "out", "--format", "videofolder"]) == 2
    said = capsys.readouterr().err
    assert "nothing could be exported: 1 whose file is gone" in said
    assert "`vidkit process --force --urls URL` (what came from a CSV: --csv with its rows" in said


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_column_that_the_csv_had_not_is_refused_by_every_format(name: str) -> None:
    with labelled({"walk": 2}) as library:
        for label in ("labl", "column:labl"):
            with pytest.raises(ConfigError, match=r"no such column \(it had: label\); did you mean label\?"):
                export(library, name, label=label)
        with pytest.raises(ConfigError, match=r"did you mean class\?"):
            export(library, name, label="clas")
    assert list(Path().glob("out*")) == []


@pytest.mark.parametrize("name", ["csv", "fiftyone"])
def test_a_column_that_is_there_and_empty_makes_a_dataset_without_labels(name: str) -> None:
    with new_library() as library:
        put_video(library, FOLDER.absolute(), "a.mp4", columns={"Label": ""})
        assert export(library, name, label="label").unlabelled == 1


def test_kinetics_spells_a_label_alike_in_all_its_files() -> None:
    labels = ["=1+1", "-f", "a, b", 'say "x"', "@home"]
    with labelled(dict.fromkeys(labels, 1)) as library:
        export(library, "kinetics")
    with Path("out/train.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(row["label"] for row in rows) == sorted(labels)
    assert Path("out/labels.txt").read_text().splitlines() == sorted(labels)


@pytest.mark.parametrize("name", ["csv", "videofolder", "webdataset", "fiftyone"])
def test_a_file_that_the_older_export_did_not_make_is_not_overwritten(name: str) -> None:
    with labelled({"walk": 2}) as library:
        export(library, name)
        export(library, name, overwrite=True)
        Path("out/mine").mkdir()
        Path("out/mine/.notes.txt").write_text("mine")
        with pytest.raises(OutputError, match=r"mine.\.notes\.txt in .*out is not of the older export"):
            export(library, name, overwrite=True)
        assert Path("out/mine/.notes.txt").read_text() == "mine"
        Path("out/mine/.notes.txt").unlink()
        Path("out/.DS_Store").write_text("the system's")
        export(library, name, overwrite=True)
    assert sorted(path.name for path in Path().glob("out*")) == ["out"]


@pytest.mark.parametrize("edited", ["README.md", "dataset_card.md", "train/metadata.jsonl", "dataset.json"])
def test_a_file_that_a_person_edited_is_not_overwritten(edited: str) -> None:
    with labelled({"walk": 2}) as library:
        export(library, "videofolder")
        made = Path("out", edited).read_text()
        Path("out", edited).write_text(f"{made}\n")
        with pytest.raises(OutputError, match=rf"{edited} in .*out was changed after the older export"):
            export(library, "videofolder", overwrite=True)
        assert Path("out", edited).read_text() == f"{made}\n"
        Path("out", edited).write_text(made)
        export(library, "videofolder", overwrite=True)


def test_an_edited_readme_of_a_dataset_without_hashes_is_not_overwritten() -> None:
    with labelled({"walk": 2}) as library:
        export(library, "videofolder")
        listed = Path("out/.vidkit_files")
        listed.write_text("".join(f"{line.partition(chr(9))[0]}\n" for line in listed.read_text().splitlines()))
        Path("out/README.md").write_text("mine")
        with pytest.raises(OutputError, match=r"README\.md in .*out was changed"):
            export(library, "videofolder", overwrite=True)
        Path("out/README.md").write_text(Path("out/dataset_card.md").read_text())
        export(library, "videofolder", overwrite=True)


def test_a_linked_folder_in_a_dataset_is_somebodys_own() -> None:
    Path("elsewhere").mkdir()
    with labelled({"walk": 1}) as library:
        export(library, "csv")
        Path("out/linked").symlink_to(Path("elsewhere").absolute())
        with pytest.raises(OutputError, match=r"linked in .*out is not of the older export"):
            export(library, "csv", overwrite=True)


def test_a_file_that_comes_in_during_the_export_is_not_lost() -> None:
    def coming(place: str) -> Callable[[str, int, int | None], None]:
        def progress(what: str, done: int, total: int | None) -> None:
            Path(place).parent.mkdir(exist_ok=True)
            Path(place).write_text("mine")

        return progress

    with labelled({"walk": 1}) as library:
        export(library, "csv")
        with pytest.raises(OutputError, match=r"mine\.txt in .*out is not of the older export"):
            export(library, "csv", overwrite=True, progress=coming("out/mine.txt"))
        with pytest.raises(OutputError, match="not a dataset"):
            export(library, "csv", directory="new", progress=coming("new/mine.txt"))
        assert Path("out/mine.txt").read_text() == Path("new/mine.txt").read_text() == "mine"
        Path("out/mine.txt").unlink()
        assert export(library, "csv", overwrite=True).items == 1


def test_what_a_dataset_is_made_of_is_listed_in_it() -> None:
    with labelled({"walk": 2}) as library:
        export(library, "videofolder")
    lines = Path("out/.vidkit_files").read_text().splitlines()
    listed = [line.partition("\t")[0] for line in lines]
    assert [line.partition(".")[2][:4] for line in lines if "\t" not in line] == ["mp4"] * 2
    there = [path.relative_to("out").as_posix() for path in Path("out").rglob("*") if path.is_file()]
    assert sorted([*listed, ".vidkit_files"]) == sorted(there)


@pytest.mark.parametrize(
    ("start", "end", "duration", "count"),
    [
        (0.0, 0.933, 2.6, (1, 28)),
        (0.933, 1.667, 2.6, (29, 50)),
        (1.667, 2.6, 2.6, (51, 77)),
        (0.0, 2.568, 2.568, (1, 76)),
        (2.59, 2.6, 2.6, (79, 79)),
        (1.0, 1.001, 2.6, (31, 31)),
    ],
)
def test_neighbouring_stretches_share_no_frame_and_end_with_the_video(
    start: float, end: float, duration: float, count: tuple[int, int]
) -> None:
    assert frames(start, end, 30.0, duration) == count


def test_frames_of_a_row_are_those_of_the_file(media: Path) -> None:
    """`again.mkv` has 77 frames and says that it lasts as long as 78."""
    video = media / "gestures" / "again.mkv"
    assert main(["process", "--describe", "none", "--urls", str(video)]) == 0
    for name in ("fiftyone", "labelstudio"):
        assert main(["export", name, "--format", name, "--level", "scenes"]) == 0
    labels = json.loads(Path("fiftyone/labels/again.json").read_text())
    assert labels["events"]["events"][-1]["support"]["ranges"].endswith("-77")
    (task,) = json.loads(Path("labelstudio/tasks.json").read_text())
    assert task["predictions"][0]["result"][-1]["value"]["ranges"][-1]["end"] == 77
