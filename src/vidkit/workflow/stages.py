"""The stages of a video, in one table: the inputs of each, its results, and how it is made."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from vidkit.analysis.decode import DecodeRequest
from vidkit.messages import message
from vidkit.readers.opened import EnabledReader
from vidkit.record import Corrections, Record
from vidkit.tagging import RuleSet, tag_and_classify
from vidkit.workflow import analyse, descriptions, pictures, readings
from vidkit.workflow.fingerprints import fingerprint, stage_fingerprint
from vidkit.workflow.job import DOWNLOAD_VERSION, VideoJob
from vidkit.workflow.run import Run

Request = AbstractContextManager[DecodeRequest[dict[str, Any]]]


@dataclass(frozen=True)
class Stage:
    """One stage of every video. The download comes before all of them.

    A stage is taken from the older record if its fingerprint is the same, its files exist, and `complete` returns
    True. Otherwise it is made: by `make`, or by `decode`, which requests outputs of the one decode that all such
    stages share. They are made together, in the table's order, at the turn of the first one. So a stage with
    `decode` finds in `job.record` the results of such stages before it, but not those of a stage with `make` that
    comes after the first of them. Folders that their contexts make are published when all of them are done.
    """

    name: str
    version: int  # raise it when the results change: all videos are processed again
    keys: tuple[str, ...]  # the record's keys that it fills
    doing: str  # shown on the screen while it is made
    inputs: Callable[[VideoJob], list[object]]  # the content, fingerprints of other stages
    settings: Callable[[Run], list[object]] = lambda run: []  # the settings that its results depend on
    make: Callable[[VideoJob], dict[str, Any]] | None = None
    decode: Callable[[VideoJob], Request] | None = None
    files: Callable[[Record], list[str]] = lambda record: []  # relative to the results' folder
    complete: Callable[[VideoJob, Record], bool] = lambda job, old: True  # whether older results can be reused
    before: Callable[[VideoJob], None] = lambda job: None  # called first, whether it is made or taken
    needs_file: bool = True  # whether the local file has to be fetched first
    part: str | None = None  # it fills only this entry of its keys, whose values are objects
    with_others: bool = False  # an older record without this stage gets it only along with another decode
    failed: Callable[[VideoJob, str], dict[str, Any]] | None = None  # results if only the decode of others works


def of_content(job: VideoJob) -> list[object]:
    """The inputs of a stage that needs only the file."""
    return [job.record["sha256"]]


def tag_inputs(sha256: str, described: str, corrections: Corrections | None) -> list[object]:
    """The inputs of tags besides the rules: content, fingerprint of the stage `describe`, corrections."""
    return [sha256, described] if corrections is None else [sha256, described, corrections]


def tag_fingerprint(record: Record, rules: RuleSet) -> str:
    """The fingerprint of the stage `tag` for a record and rules."""
    described = record["processing"]["stages"]["describe"]["fingerprint"]
    inputs = tag_inputs(record["sha256"], described, record.get("corrections"))
    return stage_fingerprint(_TAG_VERSION, inputs, [rules.fingerprint])


def _before_describing(job: VideoJob) -> None:
    pictures.check_copy(job)
    descriptions.take_answers(job)


def _tag(job: VideoJob) -> dict[str, Any]:
    tags, classification = tag_and_classify({**job.record, "filename": job.filename}, job.run.rules)
    return {"tags": tags, "classification": classification}


def _rule_inputs_unchanged(job: VideoJob, old: Record) -> bool:
    """Whether the keys that rules read are unchanged; some of them are in no fingerprint."""
    return all(job.record.get(key) == old.get(key) for key in _READ_BY_RULES)


_READ_BY_RULES = ("source", "scenes", "segments", *descriptions.DESCRIBE_KEYS, readings.KEY)
_TAG_VERSION = 1
_READER_VERSION = 1  # raise it when the input of all readers changes

STAGES: list[Stage] = [
    Stage("probe", 1, analyse.PROBE_KEYS, "probing", of_content, make=analyse.probe),
    Stage(
        "scenes",
        1,
        analyse.SCENE_KEYS,
        message("finding scenes, cutting clips"),
        of_content,
        analyse.scene_settings,
        decode=analyse.scenes_of_decode,
        files=analyse.scene_files,
        before=analyse.check_wanted,
    ),
    Stage(
        "clips",
        1,
        ("segments",),
        message("cutting clips"),
        analyse.clip_inputs,
        analyse.clip_fingerprint_settings,
        decode=analyse.clips_of_decode,
        files=analyse.clip_files,
    ),
    Stage(
        pictures.KEY,
        1,
        (pictures.KEY,),
        message("finding scenes, cutting clips"),
        of_content,
        decode=pictures.hashes_of_decode,
        with_others=True,
    ),
    Stage(
        "describe",
        1,
        descriptions.DESCRIBE_KEYS,
        "describing",
        descriptions.describe_inputs,
        descriptions.describe_settings,
        make=descriptions.describe,
        complete=descriptions.is_answered,
        before=_before_describing,
        needs_file=False,
    ),
    Stage(
        "tag",
        _TAG_VERSION,
        ("tags", "classification"),
        "tagging",
        lambda job: tag_inputs(job.record["sha256"], job.fingerprints["describe"], job.record["corrections"]),
        lambda run: [run.rules.fingerprint],
        make=_tag,
        complete=_rule_inputs_unchanged,
        needs_file=False,
    ),
]


def stages_of(run: Run) -> list[Stage]:
    """The stages of a run's videos: those of the table, and one for each reader of the run.

    Readers of frames and audio come before the description, readers of texts after it; the rules see all readings.
    """
    stages = []
    for stage in STAGES:
        if stage.name == pictures.KEY and not run.config.processing.picture_hashes:
            continue
        if stage.name == "describe":
            stages += [_reader_stage(reader) for reader in run.readers if not reader.needs.text]
        if stage.name == "tag":
            stages += [_reader_stage(reader) for reader in run.readers if reader.needs.text]
        stages.append(stage)
    return stages


def _reader_stage(reader: EnabledReader) -> Stage:
    """The stage of a reader."""
    of_text, of_scenes = reader.needs.text, reader.needs.scenes
    return Stage(
        readings.stage_name(reader),
        _READER_VERSION,
        (readings.KEY,),
        message("reading {name}", name=reader.name),
        lambda job: [job.record["sha256"], *([job.fingerprints["scenes"]] if of_scenes else [])],
        lambda run: [*reader.fingerprint, *(_model_settings(run) if reader.needs.model else [])],
        make=(lambda job: readings.read_texts(job, reader)) if of_text else None,
        decode=None if of_text else (lambda job: readings.read_in_decode(job, reader)),
        files=lambda record: readings.reading_files(record, reader.name),
        complete=readings.is_read(reader),
        needs_file=not of_text,
        part=reader.name,
        failed=lambda job, reason: readings.failed(job, reader, reason),
    )


def _model_settings(run: Run) -> list[object]:
    """What the answers of the run's model depend on, besides the question."""
    return [run.describer.backend, run.describer.fingerprint] if run.describer else []


def settings_fingerprint(run: Run) -> str:
    """One fingerprint of all settings that a record depends on."""
    stages = [stage for stage in stages_of(run) if not stage.with_others]
    versions = [DOWNLOAD_VERSION, *(stage.version for stage in stages)]
    return fingerprint(*versions, [], *(stage.settings(run) for stage in stages))


def words_for(stage: str) -> str:
    """What the screen shows while a stage is made."""
    words = {
        "download": message("downloading"),
        "meaning": message("making vectors"),
        **{each.name: each.doing for each in STAGES},
    }
    return words.get(
        stage,
        message("reading {name}", name=stage.removeprefix("reader:")) if stage.startswith("reader:") else stage,
    )
