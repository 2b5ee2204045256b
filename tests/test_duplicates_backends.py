"""Copies are skipped, listed and left out of datasets: with each backend of the library, and into a bucket."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.core.stores import open_store

from .test_bucket_results import all_names
from .test_duplicates import ffmpeg, footage
from .test_library import HOMES, Settings, server, settings  # noqa: F401
from .test_stores import named_in

Capture = pytest.CaptureFixture[str]
pytestmark = pytest.mark.slow


def copies() -> list[str]:
    """An original, a small copy of it, and another video."""
    ffmpeg("-i", footage("original.mp4"), "-vf", "scale=160:120", "-preset", "ultrafast", "copy.mp4")
    footage("other.mp4", start="0.74")
    return ["original.mp4", "copy.mp4", "other.mp4"]


def listed(capsys: Capture) -> list[dict[str, object]]:
    """What `vidkit duplicates --json` prints."""
    capsys.readouterr()
    assert main(["duplicates", "--json"]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("home", HOMES)
def test_copies_are_skipped_listed_and_left_out_in_each_backend(
    home: str,
    settings: Settings,  # noqa: F811
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in settings(home).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("VIDKIT_CONCURRENCY_MAXWORKERS", "1")
    command = ["process", "--describe", "none", "--urls", *copies()]
    assert main([*command, "--skip-duplicates"]) == 0
    assert "2 processed, 1 duplicates skipped" in capsys.readouterr().err
    assert listed(capsys) == []
    assert main([*command, "--skip-duplicates"]) == 0  # from the library and the journal, in a run of its own
    assert "1 duplicates skipped" in capsys.readouterr().err
    assert main(command) == 0
    (group,) = listed(capsys)
    assert group["kept"]["filename"] == "original.mp4"  # type: ignore[index]
    assert [copy["filename"] for copy in group["copies"]] == ["copy.mp4"]  # type: ignore[attr-defined]
    assert main(["export", "made", "--format", "jsonl", "--no-duplicates", "--reference"]) in (0, 1)
    rows = [json.loads(line) for line in Path("made/train.jsonl").read_text().splitlines()]
    assert sorted(Path(row["name"]).stem for row in rows) == ["original", "other"]


def test_a_copy_that_is_skipped_leaves_nothing_in_a_bucket(
    results: str, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDKIT_CONCURRENCY_MAXWORKERS", "1")
    command = ["process", "--describe", "none", "--urls", *copies()]
    assert main([*command, "--skip-duplicates"]) == 0
    assert "2 processed, 1 duplicates skipped" in capsys.readouterr().err
    store = open_store(results)
    kept = [json.loads(store.read(f"{name}.mp4.json")) for name in ("original", "other")]
    expected = {f"{record['filename']}.json" for record in kept}.union(*map(named_in, kept))
    assert all_names(store) == expected
    assert main([*command, "--skip-duplicates"]) == 0
    assert "1 duplicates skipped" in capsys.readouterr().err
    assert main(command) == 0
    (group,) = listed(capsys)
    assert group["kept"]["filename"] == "original.mp4"  # type: ignore[index]
