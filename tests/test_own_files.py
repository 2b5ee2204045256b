"""Files of the user's own: no download replaces one, and no record makes `remove --files` delete one."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.conftest import MakeVideo
from tests.misbehaving_server import Reply, Server
from tests.records import make_record
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.library import open_library
from vidkit.workflow.layout import mark_download

Capture = pytest.CaptureFixture[str]
DOWNLOADS = Path("downloaded_videos")


def process(url: str, *options: str) -> dict[str, object]:
    assert main(["process", "--describe", "none", "--urls", url, *options]) == 0
    with open_library(load_config()) as library:
        (stored,) = library.find(url)
    return dict(stored.record)


def downloads() -> list[str]:
    return sorted(path.name for path in DOWNLOADS.iterdir() if not path.name.endswith(".lock"))


def keeps_marks(folder: Path) -> bool:
    """Whether the file system keeps what vidkit notes on a download."""
    probe = folder / "probe"
    probe.write_text("")
    mark_download(probe, "x")
    kept = hasattr(os, "listxattr") and bool(os.listxattr(probe))
    probe.unlink()
    return kept


@pytest.mark.parametrize("path", ["/v.mp4", "/named-by-the-server"])
def test_a_download_never_replaces_a_file_of_the_users_own(
    server: Server, make_video: MakeVideo, path: str
) -> None:
    DOWNLOADS.mkdir()
    (DOWNLOADS / "v.mp4").write_text("mine")
    disposition = {"Content-Disposition": "attachment; filename=v.mp4"}
    url = server.at(
        path, Reply(make_video(), etag='"1"', headers=disposition), Reply(make_video(shots=2), etag='"2"')
    )
    record = process(url)
    assert (DOWNLOADS / "v.mp4").read_text() == "mine"
    assert len(downloads()) == 2
    assert record["filename"] != "v.mp4"
    # Its own download is replaced all the same, under the name that it has.
    again = process(url, "--force")
    assert (DOWNLOADS / "v.mp4").read_text() == "mine"
    assert again["filename"] == record["filename"]
    assert again["sha256"] != record["sha256"]
    assert len(downloads()) == 2


def test_a_download_whose_record_is_lost_keeps_its_name(
    server: Server, make_video: MakeVideo, tmp_path: Path
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    process(url)
    Path("processed_videos/v.mp4.json").unlink()
    assert process(url)["filename"] == "v.mp4"  # by the journal
    if not keeps_marks(tmp_path):
        pytest.skip("this file system keeps no attributes")
    shutil.rmtree("processed_videos")
    assert process(url)["filename"] == "v.mp4"  # by what is noted on the download
    other = server.at("/other/v.mp4", Reply(make_video(shots=2), etag='"2"'))
    assert process(other, "--output", "results")["filename"] != "v.mp4"  # another URL's, though not in this folder
    assert len(downloads()) == 2


def test_a_copy_over_a_download_is_the_users_own_in_a_new_results_folder(
    server: Server, make_video: MakeVideo
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    process(url)
    (DOWNLOADS / "mine").write_text("mine")
    os.replace(DOWNLOADS / "mine", DOWNLOADS / "v.mp4")
    process(url, "--output", "results")
    assert (DOWNLOADS / "v.mp4").read_text() == "mine"


def add(record: dict[str, object], folder: str = "elsewhere") -> str:
    """Put a record of somebody else's into the library; its URL."""
    Path(folder).mkdir(exist_ok=True)
    url = "https://example.org/evil.mp4"
    record["source"]["url"] = url  # type: ignore[index]
    Path(folder, "given.json").write_text(json.dumps(record))
    assert main(["library", "add", folder]) == 0
    return url


OUTSIDE = ("../mine.mp4", "{here}/mine.mp4", "../elsewhere/../mine.mp4", "..")
LINKS = ("inner/mine.mp4", "link/mine.mp4", "mine.mp4")


@pytest.mark.parametrize("path", [*OUTSIDE, *LINKS])
def test_no_record_makes_remove_delete_a_file_outside_of_vidkits_folders(path: str, capsys: Capture) -> None:
    Path("elsewhere/inner").mkdir(parents=True)
    Path("mine.mp4").write_text("mine")
    Path("elsewhere/inner/mine.mp4").symlink_to(Path("mine.mp4").absolute())
    Path("elsewhere/link").symlink_to(Path.cwd())
    Path("elsewhere/mine.mp4").symlink_to(Path("mine.mp4").absolute())
    record = make_record("mine.mp4")
    record["path"] = path.format(here=Path.cwd())
    url = add(dict(record))
    capsys.readouterr()
    assert main(["remove", "--files", "--yes", url]) == 0
    assert Path("mine.mp4").read_text() == "mine"
    assert Path("elsewhere/inner").is_dir()
    said = capsys.readouterr().err
    assert "left: " in said
    assert main(["show", url]) == 1


@pytest.mark.parametrize("filename", ["..", ".", "", "../mine", "../../mine", "/etc/mine", "mine"])
def test_no_record_makes_remove_delete_a_folder_by_its_name(filename: str, capsys: Capture) -> None:
    Path("mine").mkdir()
    Path("mine/file").write_text("mine")
    Path("mine.json").write_text("{}")
    Path("elsewhere").mkdir()
    Path("elsewhere/clips").symlink_to(Path.cwd())
    Path("elsewhere/thumbnails").mkdir()
    Path("elsewhere/thumbnails/mine").symlink_to(Path("mine").absolute())
    Path("elsewhere/mine.json").write_text("{}")  # of another program
    record = make_record("x.mp4")
    record["filename"] = filename
    url = add(dict(record))
    capsys.readouterr()
    assert main(["remove", "--files", "--yes", url]) == 0
    assert Path("mine/file").read_text() == "mine"
    assert Path("mine.json").exists()
    assert Path("elsewhere/mine.json").exists()
    assert Path("elsewhere/given.json").exists()
    assert "left: " in capsys.readouterr().err


def test_remove_deletes_what_vidkit_made_in_a_folder_that_is_a_link(server: Server, make_video: MakeVideo) -> None:
    Path("big").mkdir()
    DOWNLOADS.symlink_to(Path("big").absolute())
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    process(url)
    assert Path("big/v.mp4").exists()
    assert main(["remove", "--files", "--yes", url]) == 0
    assert not Path("big/v.mp4").exists()
    assert not list(Path("processed_videos").rglob("v.mp4*"))
