"""The folder of a dataset: it is whole or not there, an export continues, and no other folder is overwritten."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.errors import ConfigError, OutputError
from vidkit.export import webdataset as shards
from vidkit.library import Library
from vidkit.library.sqlite.backend import open_sqlite

from .dataset_parts import export, labelled, new_library, put_video

FOLDER = Path("processed_videos")
Capture = pytest.CaptureFixture[str]


class Stop(Exception):
    """An interruption in the middle."""


def stop_after(videos: int) -> Callable[[str, int, int | None], None]:
    def progress(what: str, done: int, total: int | None) -> None:
        if what == "exporting" and done == videos:
            raise Stop

    return progress


def interrupted(library: Library, format: str, after: int, **options: Any) -> Path:
    with pytest.raises(Stop):
        export(library, format, progress=stop_after(after), **options)
    assert not Path("out").exists()
    return Path("out.exporting")


def missing(folder: str = "out") -> list[dict[str, str]]:
    with Path(folder, "missing.csv").open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("files", ["copy", "link", "reference"])
def test_files_are_copied_linked_or_left_where_they_are(files: str) -> None:
    with labelled({"walk": 1}) as library:
        export(library, "jsonl", files=files)
    original = (FOLDER / "downloads/walk_0.mp4").absolute()
    (row,) = map(json.loads, Path("out/train.jsonl").read_text().splitlines())
    path = Path("out", row["path"])
    assert path.read_text() == "walk_0.mp4"
    assert path.samefile(original) == (files != "copy")
    assert (path == original) == (files == "reference")
    shutil.rmtree("out")
    assert original.read_text() == "walk_0.mp4"


@pytest.mark.skipif(not Path("/dev/shm").is_dir(), reason="needs a second disk")
def test_a_link_to_another_disk_is_a_symbolic_one(tmp_path: Path) -> None:
    elsewhere = Path("/dev/shm", f"vidkit-test-{os.getpid()}")
    try:
        with labelled({"walk": 1}, elsewhere) as library:
            if os.stat(elsewhere).st_dev == os.stat(tmp_path).st_dev:
                pytest.skip("needs a second disk")
            export(library, "videofolder")
        path = Path("out/train/walk/walk_0.mp4")
        assert path.is_symlink()
        assert path.read_text() == "walk_0.mp4"
    finally:
        shutil.rmtree(elsewhere, ignore_errors=True)


def test_a_folder_that_is_there_is_refused_and_stays() -> None:
    Path("out").mkdir()
    with labelled({"walk": 1}) as library, pytest.raises(OutputError, match="--overwrite"):
        export(library, "jsonl")
    assert list(Path("out").iterdir()) == []


@pytest.mark.parametrize("content", ["notes.txt", "dataset.json"])
def test_a_folder_that_is_no_dataset_is_not_overwritten(content: str) -> None:
    Path("out").mkdir()
    Path("out", content).write_text('{"made_by": "me"}')
    with labelled({"walk": 1}) as library, pytest.raises(OutputError, match="not a dataset"):
        export(library, "jsonl", overwrite=True)
    assert Path("out", content).read_text() == '{"made_by": "me"}'


def test_a_file_in_the_place_is_not_overwritten() -> None:
    Path("out").write_text("mine")
    with labelled({"walk": 1}) as library, pytest.raises(OutputError, match="is a file"):
        export(library, "jsonl", overwrite=True)
    assert Path("out").read_text() == "mine"


def test_an_older_dataset_is_there_until_the_new_one_is_whole() -> None:
    with labelled({"walk": 3}) as library:
        export(library, "csv")
        seen = []

        def progress(what: str, done: int, total: int | None) -> None:
            seen.append(Path("out/train.csv").is_file())

        export(library, "jsonl", overwrite=True, progress=progress)
    assert seen
    assert all(seen)
    assert Path("out/train.jsonl").is_file()
    assert not Path("out/train.csv").exists()
    assert sorted(path.name for path in Path().glob("out*")) == ["out"]


def test_a_linked_folder_is_replaced_where_it_is() -> None:
    Path("big").mkdir()
    Path("out").symlink_to("big")
    with labelled({"walk": 1}) as library:
        export(library, "jsonl", overwrite=True)
    assert Path("out").is_symlink()
    assert Path("big/train.jsonl").is_file()


def test_an_interrupted_export_continues_from_the_files_it_has() -> None:
    with labelled({"walk": 6}) as library:
        folder = interrupted(library, "videofolder", 3, files="copy")
        there = {path: path.stat().st_mtime_ns for path in folder.rglob("*.mp4")}
        assert len(there) == 3
        done = export(library, "videofolder", files="copy")
    assert done.resumed
    assert done.items == 6
    for path, time_of in there.items():
        assert Path("out", path.relative_to(folder)).stat().st_mtime_ns == time_of
    assert not folder.exists()
    assert not Path("out/.vidkit").exists()


def test_an_interrupted_export_keeps_its_finished_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shards, "MOST_BYTES", 9_000)  # two samples
    names = [f"{label}_{number}" for label in ("walk", "run") for number in range(4)]
    with labelled({"walk": 4, "run": 4}) as library:
        whole = export(library, "webdataset", directory="whole", split="75/25")
        folder = interrupted(library, "webdataset", 5, split="75/25")
        there = {path.name: path.stat().st_mtime_ns for path in folder.glob("*.tar")}
        assert there
        packed = json.loads((folder / ".vidkit/shards.jsonl").read_text().splitlines()[0])["ordinals"][0]
        (FOLDER / f"downloads/{names[packed - 1]}.mp4").unlink()  # it is in a shard already
        done = export(library, "webdataset", split="75/25")
    assert done.resumed
    assert (done.items, done.counts, done.missing) == (8, whole.counts, {})
    for name, time_of in there.items():
        assert Path("out", name).stat().st_mtime_ns == time_of
    tars = {path.name for path in Path("whole").glob("*.tar")}
    assert {path.name for path in Path("out").glob("*.tar")} == tars
    for name in tars:
        assert Path("out", name).read_bytes() == Path("whole", name).read_bytes()


@pytest.mark.parametrize("change", ["label", "library", "files"])
def test_an_interrupted_export_of_something_else_starts_over(change: str) -> None:
    with labelled({"walk": 4}) as library:
        folder = interrupted(library, "videofolder", 2, files="copy")
        stale = folder / "train/walk/stale.mp4"
        stale.write_text("of the other export")
        if change == "library":
            put_video(library, FOLDER.absolute(), "new.mp4", columns={"label": "walk"})
        options = {"label": {"label": "class"}, "files": {"files": "link"}, "library": {}}[change]
        done = export(library, "videofolder", **{"files": "copy", **options})
    assert not done.resumed
    assert list(Path("out").rglob("stale.mp4")) == []


def test_somebody_elses_folder_where_it_would_be_built_is_left_alone() -> None:
    Path("out.exporting").mkdir()
    Path("out.exporting/mine.txt").write_text("mine")
    with labelled({"walk": 1}) as library, pytest.raises(OutputError, match="in the way"):
        export(library, "jsonl")
    assert Path("out.exporting/mine.txt").read_text() == "mine"


def test_two_exports_into_one_folder_do_not_mix() -> None:
    with labelled({"walk": 1}) as library:

        def second(what: str, done: int, total: int | None) -> None:
            if what == "exporting":
                with open_sqlite("library.db") as other, pytest.raises(OutputError, match="at work"):
                    export(other, "jsonl")

        assert export(library, "jsonl", progress=second).items == 1


KILLED_AT_THE_HUNDREDTH_COPY = """
import os, shutil, signal, sys
from vidkit.cli import main
copies, copyfile = [], shutil.copyfile
def copy(*names):
    copies.append(copyfile(*names))
    if len(copies) == 100:
        os.kill(os.getpid(), signal.SIGKILL)
shutil.copyfile = copy
main(sys.argv[1:])
"""


def test_a_kill_in_the_middle_leaves_nothing_in_the_place_and_the_next_run_is_whole() -> None:
    with labelled({"walk": 400, "run": 400}):
        pass
    words = ["export", "out", "--format", "videofolder", "--copy", "--label", "label"]
    killed = subprocess.run([sys.executable, "-c", KILLED_AT_THE_HUNDREDTH_COPY, *words], stderr=subprocess.DEVNULL)
    assert killed.returncode == -signal.SIGKILL
    assert not Path("out").exists()
    done = subprocess.run([sys.executable, "-m", "vidkit", *words], capture_output=True, text=True)
    assert done.returncode == 0
    assert "continued from what" in done.stderr
    assert len(list(Path("out").rglob("*.mp4"))) == 800
    assert all(path.read_text() == path.name for path in Path("out").rglob("*.mp4"))


def test_videos_whose_files_are_gone_are_listed_and_the_rest_is_exported(capsys: Capture) -> None:
    with labelled({"walk": 3, "=run": 1}) as library:
        put_video(library, FOLDER.absolute(), "unkept.mp4", path=None, columns={"label": "walk"})
    (FOLDER / "downloads/walk_1.mp4").unlink()
    (FOLDER / "downloads/=run_0.mp4").unlink()
    assert main(["export", "out", "--format", "videofolder", "--label", "label"]) == 1
    said = capsys.readouterr().err
    assert "2 items of 2 videos" in said
    assert "left out: 2 whose file is gone; see out/missing.csv" in said
    assert {(row["filename"], row["reason"], row["exported"]) for row in missing()} == {
        ("walk_1.mp4", "whose file is gone", "no"),
        ("'=run_0.mp4", "whose file is gone", "no"),
        ("unkept.mp4", "whose download was not kept", "no"),
    }
    assert "2 whose file is gone" in Path("out/dataset_card.md").read_text()
    assert len(Path("out/train/metadata.jsonl").read_text().splitlines()) == 2


def test_a_table_keeps_the_row_of_a_video_whose_file_is_gone() -> None:
    with labelled({"walk": 2}) as library:
        (FOLDER / "downloads/walk_1.mp4").unlink()
        done = export(library, "jsonl")
        copied = export(library, "jsonl", directory="copied", files="copy")
    rows = [json.loads(line) for line in Path("out/train.jsonl").read_text().splitlines()]
    assert [row["path"] is None for row in rows] == [False, True]
    assert [row["exported"] for row in missing()] == ["yes"]
    assert (done.items, done.unusable, dict(done.without_file)) == (2, 0, {"whose file is gone": 1})
    assert (copied.items, copied.unusable) == (1, 1)


def test_items_without_a_label_are_counted_and_only_left_out_where_a_label_is_needed() -> None:
    with labelled({"walk": 1}) as library:
        put_video(library, FOLDER.absolute(), "bare.mp4")
        table = export(library, "jsonl", directory="table")
        folder = export(library, "videofolder")
    assert (table.items, table.unlabelled, table.missing) == (2, 1, {})
    assert (folder.items, folder.unlabelled, folder.missing) == (1, 0, {"without a label": 1})
    assert [row["filename"] for row in missing()] == ["bare.mp4"]
    assert not Path("table/missing.csv").exists()


def test_a_path_of_two_lines_is_no_line_of_a_list() -> None:
    with new_library() as library:
        put_video(library, FOLDER.absolute(), "a\nb.mp4", columns={"label": "walk"})
        put_video(library, FOLDER.absolute(), "c.mp4", columns={"label": "walk"})
        done = export(library, "kinetics")
        copied = export(library, "kinetics", directory="copied", files="copy")
    assert (done.items, copied.items) == (1, 2)
    assert "say --copy" in missing()[0]["reason"]


def test_a_video_that_changes_or_comes_in_during_the_export_is_not_in_it() -> None:
    with labelled({"walk": 3}) as library:

        def progress(what: str, done: int, total: int | None) -> None:
            if (what, done) == ("looking", 3):
                put_video(library, FOLDER.absolute(), "walk_1.mp4", columns={"label": "run"})
                put_video(library, FOLDER.absolute(), "walk_2.mp4", "other content", columns={"label": "walk"})
                put_video(library, FOLDER.absolute(), "new.mp4", columns={"label": "walk"})

        done = export(library, "videofolder", progress=progress)
    assert done.counts == {"train": {"walk": 1}}
    assert done.missing == {"that changed during the export": 1}


def test_a_video_that_cannot_be_cut_is_listed_with_the_reason() -> None:
    with labelled({"walk": 1}) as library, pytest.raises(ConfigError, match="cannot cut"):
        export(library, "videofolder", level="scenes")
    assert list(Path().glob("out*")) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((), "nothing to export"),
        (("--label", "tag"), "nothing to export"),
        (("--level", "segments"), "nothing to export"),
        (("--split", "much"), "80/10/10"),
        (("--where", "label"), "KEY=VALUE"),
        (("--copy", "--link"), "not allowed"),
        (("--format", "zip"), "invalid choice"),
    ],
)
def test_what_cannot_be_exported_is_said_and_leaves_nothing(
    words: tuple[str, ...], said: str, capsys: Capture
) -> None:
    with labelled({"walk": 1} if words else {}):
        pass
    assert main(["export", "out", "--format", "videofolder", *words]) == 2
    assert said in capsys.readouterr().err
    assert sorted(path.name for path in Path().glob("out*")) == []


def test_filters_are_those_of_search(capsys: Capture) -> None:
    with labelled({"walk": 2, "run": 2}) as library:
        put_video(
            library, FOLDER.absolute(), "night.mp4", qwen_description="A walk at night", columns={"label": "x"}
        )
    command = ["export", "--format", "jsonl", "--label", "label"]
    assert main([*command, "one", "--where", "label=run", "--codec", "h264"]) == 0
    assert main([*command, "two", "--search", '"at night"']) == 0
    assert main([*command, "three", "--limit", "2"]) == 0
    found = {name: [row["name"] for row in map(json.loads, Path(name, "train.jsonl").read_text().splitlines())]
             for name in ("one", "two", "three")}  # fmt: skip
    assert found == {"one": ["run_0", "run_1"], "two": ["night"], "three": ["walk_0", "walk_1"]}
    assert capsys.readouterr().out.splitlines() == [str(Path(name).absolute()) for name in found]


def test_the_card_says_what_it_is_where_from_and_how_it_was_made() -> None:
    with labelled({"walk": 8, "run": 2}) as library:
        put_video(library, FOLDER.absolute(), "x.mp4", url="/films/x.mp4", columns={"label": "a|b `c`"})
    words = ["out", "--format", "videofolder", "--split", "80/20", "--label", "label", "--where", "codec=h264"]
    assert main(["export", *words]) == 0
    card = Path("out/dataset_card.md").read_text()
    assert card.startswith('---\npretty_name: "out"\n')
    assert card == Path("out/README.md").read_text()
    assert "- videos.example: 10" in card
    assert "- local files: 1" in card
    assert "| a\\|b \\`c\\` | " in card
    assert "vidkit export out --format videofolder --level video --label label --split 80/20 --seed 0" in card
    assert "--where codec=h264" in card
    assert str(Path.cwd()) not in card
    facts = json.loads(Path("out/dataset.json").read_text())
    assert (facts["format"], facts["items"], facts["seed"]) == ("videofolder", 11, 0)
    assert facts["labels"] == ["a|b `c`", "run", "walk"]
    counts = facts["counts"]
    assert counts["train"]["walk"] + counts["test"]["walk"] == 8


def test_names_that_would_be_one_are_kept_apart() -> None:
    with new_library() as library:
        for number, name in enumerate(("clip.mp4", "CLIP.MP4", "clip.mkv", "other.mp4")):
            folder = Path(f"results{number}").absolute()
            put_video(library, folder, name, f"{number}", url=f"https://{number}.example/", columns={"label": "x"})
        export(library, "videofolder", files="copy")
    paths = list(Path("out/train/x").iterdir())
    assert len({path.name.casefold() for path in paths}) == 4
    assert sorted(path.read_text() for path in paths) == ["0", "1", "2", "3"]
    assert Path("out/train/x/other.mp4").is_file()
