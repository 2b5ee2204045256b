"""Readers as plug-ins: they share one decode, are stages of their own, and one that fails harms no other."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from vidkit import process_video_pipeline
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.errors import ConfigError
from vidkit.readers.registry import BUILT_IN, available
from vidkit.workflow.run import open_run
from vidkit.workflow.stages import settings_fingerprint

from .conftest import MakeVideo
from .readers import Install, install

__all__ = ["install"]

ROOT = Path(__file__).parents[1]

# Says how many pictures it got, at which seconds, how large, and how much sound.
COUNTS = """
class It(Reader):
    version = 1
    meaning = "counts"
    options = {"Side": Option(64, "Pixels.", int), "Threads": Option(1, "Threads.", int, counts=False)}

    def __init__(self, settings):
        super().__init__(settings)
        self.needs = Needs(Pictures(2, settings["Side"], "all"), sound=True)

    def read(self, video, batches):
        times, sound, size = [], 0.0, None
        for batch in batches:
            if isinstance(batch, PictureBatch):
                times += batch.times
                size = batch.images.shape[1:]
            else:
                assert abs(batch.start_time - sound) < 1e-6
                sound += len(batch.samples) / 16000
        spans = [Span(time, time, label="picture") for time in times]
        values = {"sound": sound, "width": size[1], "height": size[0], "scenes": len(video.scenes)}
        return Reading(spans, values)
"""
FAILS = """
class It(Reader):
    needs = Needs(Pictures())

    def read(self, video, batches):
        raise RuntimeError("no \\x1b[31mway")
"""


def processed(path: Path, readers: str, level: str = "none", **settings: str) -> tuple[dict[str, Any], list[str]]:
    """A video's record with these readers, and the stages that were made."""
    made: list[str] = []
    overrides = {("Readers", "Use"): readers, **{tuple(key.split("_")): text for key, text in settings.items()}}
    with open_run(load_config(overrides=overrides, environment={}), level=level) as run:  # type: ignore[arg-type]
        record = process_video_pipeline(
            str(path), run=run, progress=lambda name, *_: made.append(name) if name not in made else None
        )
    return dict(record), made


def test_a_reader_of_another_package_reads_pictures_and_sound_of_the_one_decode(
    install: Install, make_video: MakeVideo, caplog: pytest.LogCaptureFixture
) -> None:
    install("counts", COUNTS)
    path = make_video(shots=2, shot_length=2)
    with caplog.at_level("DEBUG", "vidkit.ffmpeg"):
        record, made = processed(path, "counts, quality")
    assert len([said for said in caplog.messages if "-filter_complex" in said]) == 1
    reading = record["readings"]["counts"]
    assert [span["start_time"] for span in reading["spans"]] == [0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5]
    assert (reading["width"], reading["height"], reading["scenes"]) == (64, 36, 2)
    assert reading["sound"] == pytest.approx(4, abs=0.1)
    assert (reading["version"], reading["model"], reading["error"]) == ("1", None, None)
    assert made[-2:] == ["reader:quality", "tag"] or "reader:quality" in made
    assert set(record["processing"]["stages"]) >= {"reader:counts", "reader:quality"}
    assert json.loads(Path(f"processed_videos/{path.name}.json").read_text()) == record
    assert processed(path, "counts, quality") == (record, [])


def test_without_readers_nothing_of_a_record_or_a_run_changes(make_video: MakeVideo) -> None:
    record, _ = processed(make_video(), "")
    assert "readings" not in record
    assert list(record["processing"]["stages"]) == [
        "download",
        "probe",
        "scenes",
        "clips",
        "pictures",
        "describe",
        "tag",
    ]
    prints = []
    for readers in ("", "quality"):
        with open_run(load_config(overrides={("Readers", "Use"): readers}, environment={}), level="none") as run:
            prints.append(settings_fingerprint(run))
    assert prints[0] != prints[1]


def test_a_reader_that_fails_loses_its_own_reading_only_and_is_tried_again(
    install: Install, make_video: MakeVideo, caplog: pytest.LogCaptureFixture
) -> None:
    install("counts", COUNTS)
    install("bad", FAILS)
    path = make_video(shots=2, shot_length=2)
    record, _ = processed(path, "bad,counts")
    assert record["readings"]["bad"] == {
        "model": None, "version": "1", "error": "RuntimeError: no ?[31mway", "spans": [],
    }  # fmt: skip
    assert len(record["readings"]["counts"]["spans"]) == 8
    assert f"{path.name}: reader bad failed: RuntimeError: no ?[31mway" in caplog.messages
    _, made = processed(path, "bad,counts")
    assert "reader:bad" in made
    assert not {"reader:counts", "scenes", "clips"} & set(made)


def test_only_the_reader_whose_version_or_setting_changed_reads_again(
    install: Install, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    install("counts", COUNTS)
    path = make_video(shots=2, shot_length=2)
    first, _ = processed(path, "counts,quality")
    install("counts", COUNTS.replace("version = 1", "version = 2"))
    second, made = processed(path, "counts,quality")
    assert [name for name in made if name != "tag"] == ["reader:counts"]
    assert second["readings"]["counts"]["version"] == "2"
    assert second["readings"]["quality"] == first["readings"]["quality"]
    Path("config.ini").write_text("[Readers.counts]\nThreads = 4\n")
    assert processed(path, "counts,quality")[1] == []
    Path("config.ini").write_text("[Readers.counts]\nside = 32\nSied = 3\n")
    third, made = processed(path, "counts,quality")
    assert [name for name in made if name != "tag"] == ["reader:counts"]
    assert third["readings"]["counts"]["width"] == 32
    assert (
        "config.ini: [Readers.counts] Sied: reader counts has no such setting: did you mean Side?"
        in caplog.messages
    )


def test_readings_of_readers_that_a_run_does_not_use_stay(make_video: MakeVideo) -> None:
    path = make_video()
    first, _ = processed(path, "quality")
    again, made = processed(path, "")
    assert made == []
    assert again == first


def test_pyproject_has_the_readers_of_this_package() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    section = re.search(r'\[project\.entry-points\."vidkit\.readers"\]\n((?:\w+ = .*\n)+)', text)
    assert section
    assert dict(re.findall(r'(\w+) = "(.*)"', section[1])) == BUILT_IN
    assert set(available()) >= set(BUILT_IN)


@pytest.mark.parametrize(
    ("readers", "said"),
    [
        ("qualitty", "no reader is called 'qualitty': did you mean quality?"),
        ("needy", "reader needy cannot be used: no model: set ModelDir"),
        ("broken", "reader broken of vidkit_broken"),
        ("twin", "reader twin comes from"),
    ],
)
def test_a_reader_that_cannot_be_used_is_named_before_any_work(
    install: Install, make_video: MakeVideo, readers: str, said: str
) -> None:
    install("needy", COUNTS + '\n    def missing(self):\n        return "no model: set ModelDir"\n')
    install("broken", "import there_is_no_such_module\n")
    folder = install("twin", COUNTS)
    points = next(folder.glob("vidkit_twin*/entry_points.txt"))
    (folder / "other-1.0.dist-info").mkdir()
    (folder / "other-1.0.dist-info" / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1.0\n")
    (folder / "other-1.0.dist-info" / "entry_points.txt").write_text(points.read_text().replace(":It", ":Other"))
    with pytest.raises(ConfigError, match=re.escape(said)):
        processed(make_video(), readers)
    assert not list(Path("processed_videos").glob("*.json") if Path("processed_videos").is_dir() else [])


def test_the_command_lists_readers_and_what_is_missing(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("counts", COUNTS)
    install("needy", COUNTS + '\n    def missing(self):\n        return "no model: set ModelDir"\n')
    Path("config.ini").write_text("[Readers]\nUse = counts\n[Readers.counts]\nSide = 48\n")
    assert main(["readers"]) == 0
    said = capsys.readouterr().out
    assert "in use   counts 1: counts" in said
    assert "needs 2 frames per second, at most 48 pixels wide or high and the audio" in said
    assert "[Readers.counts] Side = 48: Pixels." in said
    assert "missing  needy 1: counts\n         reader needy cannot be used: no model: set ModelDir" in said
    assert "there    quality" in said
    assert main(["readers", "--json"]) == 0
    found = {each["name"]: each for each in map(json.loads, capsys.readouterr().out.splitlines())}
    assert found["needy"]["missing"]
    assert found["counts"]["settings"][0]["environment"] == "VIDKIT_READERS_COUNTS_SIDE"
