"""What a record says of its source: the CSV's words outlast every run that does not tell them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server

LABELS = {"label": "walk", "split": "train"}


@pytest.fixture
def url(server: Server, make_video: MakeVideo) -> str:
    """A video that a CSV with labels, a date and a name of its own has brought into the library."""
    address = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    Path("labels.csv").write_text(
        f"url,name,size,modified,label,split\n{address},a walk.mp4,12,2026-01-02,walk,train\n"
    )
    assert process("--csv", "labels.csv") == 0
    assert source()["columns"] == LABELS
    return address


def process(*arguments: str) -> int:
    return main(["process", *arguments, "--describe", "none"])


def source(name: str = "a walk.mp4") -> dict[str, Any]:
    """What the one record says of its source."""
    (path,) = Path("processed_videos").glob("*.mp4.json")
    assert path.name == f"{name}.json"
    content: dict[str, Any] = json.loads(path.read_text())["source"]
    return content


@pytest.mark.parametrize("options", [[], ["--force"], ["--segment_length", "1"]])
def test_a_url_alone_keeps_what_a_csv_said(options: list[str], url: str) -> None:
    before = source()
    assert (before["file_name"], before["file_size"], before["last_modified"]) == ("a walk.mp4", "12", "2026-01-02")
    assert process("--urls", url, *options) == 0
    assert source() == before


def test_the_urls_that_a_search_prints_keep_their_labels(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    capsys.readouterr()
    assert main(["search", "--urls", "--where", "source.columns.label=walk"]) == 0
    found = capsys.readouterr().out.split()
    assert process("--urls", *found) == 0
    capsys.readouterr()
    assert main(["search", "--urls", "--where", "source.columns.label=walk"]) == 0
    assert capsys.readouterr().out.split() == found == [url]


def test_labels_outlast_a_lost_json_and_a_lost_journal(url: str) -> None:
    for path in Path("processed_videos").iterdir():
        if path.is_file():
            path.unlink()
    assert process("--urls", url) == 0
    assert source(name="v.mp4")["columns"] == LABELS  # nothing is left that knows the other name


def test_labels_outlast_content_that_changed(url: str, server: Server, make_video: MakeVideo) -> None:
    server.at("/v.mp4", Reply(make_video(shots=2, audio=False), etag='"2"'))
    assert process("--urls", url) == 0
    assert len(json.loads(Path("processed_videos/a walk.mp4.json").read_text())["scenes"]) == 2
    assert source()["columns"] == LABELS


def test_a_csv_replaces_the_columns_that_it_has_and_keeps_the_others(url: str) -> None:
    Path("new.csv").write_text(f"url,label,place\n{url},,street\n")
    assert process("--csv", "new.csv") == 0
    assert source()["columns"] == {"label": "", "split": "train", "place": "street"}
    assert source()["last_modified"] == "2026-01-02"
    Path("new.csv").write_text(f"url,modified,label\n{url},2026-03-04,run\n")
    assert process("--csv", "new.csv", "--force") == 0
    assert source()["columns"] == {"label": "run", "split": "train", "place": "street"}
    assert source()["last_modified"] == "2026-03-04"
