"""Folders as input: which files of them are taken, in which order, and what is left out."""

from __future__ import annotations

import csv
import json
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import MakeVideo
from vidkit.cli import main
from vidkit.rows.folder import videos_in

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def films(make_video: MakeVideo) -> Path:
    """A folder with two videos, one of them deep below it, and many other files."""
    folder = Path("films")
    (folder / "a" / "deep").mkdir(parents=True)
    shutil.copy(make_video(), folder / "b.MP4")
    shutil.copy(make_video(), folder / "a" / "deep" / "c.mp4")
    for name in ("notes.txt", "song.mp3", ".hidden.mp4", "code.ts", "b.mp4.part", "picture.jpg"):
        (folder / name).write_text("export const x = 1")
    (folder / ".hidden").mkdir()
    (folder / ".hidden" / "d.mp4").write_text("")
    (folder / "called.mp4").mkdir()
    return folder


def test_the_videos_of_a_folder_and_below_it_are_rows_of_their_own(films: Path, capsys: Capture) -> None:
    (films / "wrong.mp4").write_text("not a video")
    assert main(["process", "--describe", "none", "--json", "--urls", "films"]) == 1
    shown = capsys.readouterr()
    assert sorted(json.loads(line)["filename"] for line in shown.out.splitlines()) == ["b.MP4", "c.mp4"]
    assert "2 processed, 1 failed" in shown.err
    with open("processed_videos/failures.csv", newline="") as file:
        assert [row["public_url"] for row in csv.DictReader(file)] == ["films/wrong.mp4"]
    assert main(["process", "--describe", "none", "--urls", films.absolute().as_uri(), "films/"]) == 1
    assert "0 processed, 5 already done, 1 failed" in capsys.readouterr().err  # those named twice count twice


def test_what_vidkit_made_is_no_input(films: Path, capsys: Capture) -> None:
    assert main(["process", "--describe", "none", "--output", "films/results", "--urls", "films"]) == 0
    assert main(["process", "--describe", "none", "--output", "films/more", "--urls", "films"]) == 0
    shutil.copytree("films/a", "films/kept")
    Path("config.ini").write_text("[Paths]\nProcessedDirectory = films/more\nDownloadDirectory = films/kept\n")
    capsys.readouterr()
    assert main(["process", "--describe", "none", "--json", "--force", "--urls", "films"]) == 0
    names = [json.loads(line)["source"]["url"] for line in capsys.readouterr().out.splitlines()]
    assert sorted(names) == [str(Path("films", name).absolute()) for name in ("a/deep/c.mp4", "b.MP4")]
    assert videos_in(Path("films/results")) == []
    assert videos_in(Path("films/kept")) == [Path("films/kept/deep/c.mp4")]


def test_links_that_lead_in_circles_end_and_linked_videos_are_taken(films: Path) -> None:
    (films / "a" / "up").symlink_to(films.absolute())
    (films / "a" / "self").symlink_to("self")
    (films / "gone.mp4").symlink_to("nowhere.mp4")
    Path("outside").mkdir()
    shutil.copy(films / "b.MP4", "outside/e.mp4")
    (films / "z").symlink_to(Path("outside").absolute())
    (films / "f.mp4").symlink_to(Path("outside/e.mp4").absolute())
    found = [path.as_posix() for path in videos_in(films)]
    assert found == ["films/a/deep/c.mp4", "films/b.MP4", "films/f.mp4", "films/z/e.mp4"]


def test_a_folder_without_a_video_fails_in_words_and_stops_no_other(films: Path, capsys: Capture) -> None:
    Path("empty").mkdir()
    assert main(["process", "--describe", "none", "--urls", "empty", "films"]) == 1
    said = capsys.readouterr().err
    assert "failed: empty: there is no video in this folder or below it" in said
    assert "2 processed, 1 failed" in said
    for command in ("probe", "scenes", "clips"):
        assert main([command, "empty"]) == 1
        assert capsys.readouterr().err == "failed: empty: there is no video in this folder or below it\n"


def test_probe_scenes_and_clips_take_folders_too(films: Path, capsys: Capture) -> None:
    for command in (["probe"], ["scenes"], ["clips", "--out", "films/out"], ["clips", "--out", "films/out"]):
        assert main([*command, "--json", "films"]) == 0
        found = [json.loads(line)["file"] for line in capsys.readouterr().out.splitlines()]
        assert found == [str(Path("films/a/deep/c.mp4")), str(Path("films/b.MP4"))]


def test_typescript_is_no_video_and_a_transport_stream_is(films: Path) -> None:
    packet = b"\x47" + bytes(187)
    (films / "code.ts").write_bytes(packet)
    (films / "camera.mts").write_bytes(bytes(4) + packet)
    (films / "module.mts").write_text("import x")
    assert [path.name for path in videos_in(films)] == ["c.mp4", "b.MP4", "camera.mts", "code.ts"]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may read everything")
def test_a_folder_that_cannot_be_read_is_said_and_the_others_are_taken(films: Path, capsys: Capture) -> None:
    (films / "a").chmod(0)
    try:
        assert main(["probe", "films"]) == 0
    finally:
        (films / "a").chmod(0o755)
    assert "films/a cannot be read" in capsys.readouterr().err


def test_many_files_come_in_the_order_of_their_names(tmp_path: Path) -> None:
    for part in range(9, -1, -1):
        (tmp_path / "many" / f"{part}").mkdir(parents=True)
        for number in range(99, -1, -1):
            (tmp_path / "many" / f"{part}" / f"{number:02d}.mp4").touch()
    found = videos_in(tmp_path / "many")
    assert len(found) == 1000
    assert found == sorted(found)
