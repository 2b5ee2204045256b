"""The table of stages: what is done again when, records of before, and a stage from outside the package."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis.decode import PIPE, DecodeLog, DecodeOutput, DecodeRequest
from vidkit.core.config import load_config
from vidkit.library.moments import MOMENT_KEYS, pieces_of, texts_of
from vidkit.record import Record
from vidkit.rows import Row
from vidkit.workflow.fingerprints import stage_fingerprint
from vidkit.workflow.job import VideoJob
from vidkit.workflow.journal import Entry
from vidkit.workflow.run import Run, open_run
from vidkit.workflow.stages import STAGES, Stage, of_content, settings_fingerprint

from .conftest import MakeVideo

Settings = dict[tuple[str, str], str]
BEFORE = Path(__file__).parent / "data" / "record_of_0.1.0.json"


def settings(**overrides: str) -> Settings:
    return {tuple(name.split("_")): text for name, text in overrides.items()}  # type: ignore[misc]


# What vidkit 0.1.0 made of inputs ["content", 1]. A change here means that users' videos are done again.
@pytest.mark.parametrize(
    ("overrides", "level", "fingerprints"),
    [
        (
            {},
            "none",
            "a5ea204af9e0e63a c85e76548dbb8734 483b817d8a47d33d a5ea204af9e0e63a e8cd3dc91079f2c7 cfd102e857771575",
        ),
        (
            settings(
                Processing_SegmentBy="scenes", Processing_SegmentOverlap="2", SceneDetection_Detector="threshold"
            ),
            "none",
            "a5ea204af9e0e63a 5315fdf5e79bd155 ca48330e4d9006cb a5ea204af9e0e63a e8cd3dc91079f2c7 dc48be81fc1f517c",
        ),
        (
            settings(
                Processing_SegmentLength="8",
                Processing_SegmentOverlap="2",
                Processing_MinSegmentLength="3",
                Processing_MaxFPS="24",
                Processing_SpriteInterval="0",
            ),
            "none",
            "a5ea204af9e0e63a 46a491412d0409e3 4606140ed39eefd8 a5ea204af9e0e63a e8cd3dc91079f2c7 2ba3ca08292d2db8",
        ),
        (
            settings(
                QwenVL_PublicEndpoint="http://127.0.0.1:9/v1",
                QwenVL_Protocol="vidkit",
                QwenVL_DefaultInstruction="Say what is seen.",
                Rules_CustomTagRules="rules.json",
            ),
            "segments",
            "a5ea204af9e0e63a c85e76548dbb8734 483b817d8a47d33d 116236ce49cbbd2c a8c18e4e1def19bb b086fb22b448f5b2",
        ),
    ],
    ids=["usual", "along scenes", "by time", "described"],
)
def test_fingerprints_are_those_of_earlier_versions(overrides: Settings, level: str, fingerprints: str) -> None:
    rules = {"rules": [{"metadata_conditions": {"duration_gt": 60}, "tags": ["Long"]}]}
    Path("rules.json").write_text(json.dumps(rules))
    with open_run(load_config(overrides=overrides, environment={}), level=level) as run:
        earlier = [stage for stage in STAGES if not stage.with_others]
        found = [stage_fingerprint(stage.version, ["content", 1], stage.settings(run)) for stage in earlier]
        assert [*found, settings_fingerprint(run)] == fingerprints.split()


def test_nothing_is_done_again_of_a_record_that_was_made_before() -> None:
    before = json.loads(BEFORE.read_text())
    record, (filename, version, settings) = before["record"], before["journal"]
    names = [scene["thumbnail"] for scene in record["scenes"]] + [clip["path"] for clip in record["segments"]]
    for name in [*names, record["sprites"]["vtt"], *record["sprites"]["images"]]:
        path = Path("processed_videos", name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
    Path("processed_videos", f"{filename}.json").write_text(json.dumps(record))
    source = record["source"]
    row = Row(
        2, source["url"], file_size=source["file_size"], last_modified=source["last_modified"],
        columns=source["columns"],
    )  # fmt: skip
    assert row.version == version
    stages: list[str] = []
    with open_run(load_config(environment={}), level="none") as run:
        assert settings_fingerprint(run) == settings
        run.journal.add(source["url"], Entry(filename, version, settings))
        assert run.journal.done([(source["url"], version)], settings_fingerprint(run)) == {source["url"]}
        again = process_video_pipeline(row.url, run=run, row=row, progress=lambda name, *_: stages.append(name))
    assert again == record
    assert stages == []  # nothing was even fetched: the source is not there any more


def brightness(version: int = 1) -> Stage:
    """A stage from outside: the mean brightness of each second, from a decode output of its own, with a file."""

    @contextmanager
    def decode(job: VideoJob) -> Iterator[DecodeRequest[dict[str, Any]]]:
        found: list[int] = []

        def read(pipe: IO[bytes]) -> None:
            while picture := pipe.read(64):
                found.append(sum(picture) // len(picture))

        arguments = ["-map", "[bright]", "-f", "rawvideo", PIPE]
        output = DecodeOutput(lambda source: [f"[{source}]fps=1,scale=8:8,format=gray[bright]"], arguments, read)
        with job.publishing("brightness", "brightness") as new:

            def finish(heard: DecodeLog) -> dict[str, Any]:
                (new.folder / "seconds.txt").write_text("\n".join(map(str, found)))
                file = f"{new.name}/seconds.txt"
                return {"brightness": {"seconds": found, "scenes": len(job.record["scenes"]), "file": file}}

            yield DecodeRequest([output], finish, "measured")

    return Stage(
        "brightness",
        version,
        ("brightness",),
        "measuring brightness",
        of_content,
        decode=decode,
        files=lambda record: [record["brightness"]["file"]],  # type: ignore[typeddict-item]
    )


def processed(path: Path, run: Run) -> tuple[dict[str, Any], list[str]]:
    """A video's record, and the stages that were made."""
    made: list[str] = []
    record: Record = process_video_pipeline(
        str(path), run=run, progress=lambda name, *_: made.append(name) if name not in made else None
    )
    return dict(record), made


def test_a_stage_is_added_by_one_row(make_video: MakeVideo) -> None:
    path = make_video(shots=2, shot_length=2)
    config = load_config(environment={})
    with open_run(config, level="none") as run:
        plain, _ = processed(path, run)
        STAGES.append(brightness())
        try:
            record, made = processed(path, run)
            assert made == ["brightness"]
            assert len(record["brightness"]["seconds"]) == 4
            assert record["brightness"]["scenes"] == 2
            assert json.loads(Path(f"processed_videos/{path.name}.json").read_text()) == record
            assert Path("processed_videos", record["brightness"]["file"]).read_text().count("\n") == 3
            assert processed(path, run) == (record, [])

            STAGES[-1] = brightness(version=2)
            newer, made = processed(path, run)
            assert made == ["brightness"]
            stages = newer["processing"]["stages"]
            assert (
                stages["brightness"]["fingerprint"] != record["processing"]["stages"]["brightness"]["fingerprint"]
            )
            assert not Path("processed_videos", record["brightness"]["file"]).exists()
            Path("processed_videos", newer["brightness"]["file"]).unlink()
            newest, made = processed(path, run)
            assert made == ["brightness"]
            newer_entry = newest["processing"]["stages"]["brightness"]
        finally:
            STAGES.pop()
    again = load_config(overrides=settings(SceneDetection_DefaultThreshold="0.9"), environment={})
    with open_run(again, level="none") as run:  # as a vidkit without that stage would
        kept, made = processed(path, run)
    assert "scenes" in made
    assert kept["brightness"] == newest["brightness"]
    assert kept["processing"]["stages"]["brightness"] == newer_entry
    assert {key: record[key] for key in plain if key != "processing"} == {
        key: value for key, value in plain.items() if key != "processing"
    }


def test_a_new_stage_shares_the_one_decode(make_video: MakeVideo, caplog: pytest.LogCaptureFixture) -> None:
    path = make_video(shots=2, shot_length=2, size="640x360", audio=False, options=("-g", "10"))
    config = load_config(overrides=settings(Processing_ClipMode="encode"), environment={})
    STAGES.append(brightness())
    try:
        with open_run(config, level="none") as run, caplog.at_level("DEBUG", "vidkit.ffmpeg"):
            record, made = processed(path, run)
    finally:
        STAGES.pop()
    assert len(record["segments"]) == 1
    assert len(record["brightness"]["seconds"]) == 4
    assert made == ["download", "probe", "scenes", "clips", "pictures", "brightness", "describe", "tag"]
    decodes = [said for said in caplog.messages if "-filter_complex" in said]
    assert len(decodes) == 1
    assert "split=6" in decodes[0]  # scenes, thumbnails, contact sheet, clips, hashes, the new stage


def test_a_kind_of_moment_is_added_by_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    record = json.loads(BEFORE.read_text())["record"]
    times = {"start_time": 1.2, "end_time": 1.4}
    record["faces"] = [{"index": 1, **times, "description": "A sailor.", "tags": ["Smile"]}]
    monkeypatch.setitem(MOMENT_KEYS, "face", "faces")
    face = pieces_of(record)[-1]
    assert (face.kind, face.number, face.start_time, face.labels) == ("face", 1, 1.2, ("Smile",))
    assert face.thumbnail == record["scenes"][1]["thumbnail"]
    assert "sailor" in texts_of(record)[-1].own
    del record["faces"]
    assert pieces_of(record)[-1].kind == "segment"
