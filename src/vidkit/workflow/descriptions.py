"""The describe stage: new answers of the model, and older ones until the new ones exist."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from vidkit.core.buckets import is_bucket
from vidkit.core.stores import local_files
from vidkit.download import local_path
from vidkit.qwen_model import Describer, describe_record
from vidkit.record import Record
from vidkit.workflow.job import VideoJob
from vidkit.workflow.run import Run
from vidkit.workflow.stored_files import StoredClip, StoredSource

DESCRIBE_KEYS = ("qwen_description", "ai_generated_tags", "ai")
_ANSWER = ("description", "tags", "instruction", "outdated")  # what a clip or scene has of it


def describe_settings(run: Run) -> list[object]:
    """The settings that the answers depend on."""
    if run.describer is None:
        return []
    return [run.describer.backend, run.describer.fingerprint, run.instruction, run.level]


def describe_inputs(job: VideoJob) -> list[object]:
    """What is described, beside the content: the scenes, or the clips."""
    parts = {"video": [], "scenes": [job.fingerprints["scenes"]]}.get(job.run.level, [job.fingerprints["clips"]])
    return [job.record["sha256"], *parts]


def is_answered(job: VideoJob, old: Record) -> bool:
    """Whether a record has all that was asked for."""
    return old["ai"] is None or old["ai"]["error"] is None


def take_answers(job: VideoJob) -> None:
    """Take over what a model said of this content, also where its clips and scenes were made again."""
    older = job.previous
    if older and older["sha256"] == job.record["sha256"]:
        before = older["processing"]["stages"].get("describe")
        same = bool(before and before["fingerprint"] == job.fingerprints["describe"] and not job.run.force)
        keep_answers(job.record, older, same or job.run.describer is None)


def keep_answers(record: dict[str, Any], older: Record, answered: bool) -> None:
    """Put the answers of an older record of the same content into the new one, so that nothing is lost.

    The video's own description stays in any case, one of a clip or scene where one with the same times is there.

    Args:
        record: the new record so far, with its scenes and segments; it is changed.
        older: the record that is replaced.
        answered: whether they answer the question that is asked now; else they are marked as `outdated`.
    """
    ai = older["ai"]
    for key in DESCRIBE_KEYS:
        record[key] = older[key]  # type: ignore[literal-required]
    if ai is not None and older["qwen_description"] is not None and not answered:
        record["ai"] = {**ai, "outdated": True}
    for key in ("scenes", "segments"):
        said = {_times(part): part for part in older[key]}  # type: ignore[literal-required]
        for part in record[key]:
            if part["description"] is None and (before := said.get(_times(part))):
                part |= {name: before[name] for name in _ANSWER if name in before}
            if part["description"] is not None and not answered:
                part["instruction"] = part.get("instruction") or (ai and ai["instruction"])
                part["outdated"] = True


def _times(part: Any) -> tuple[float, float]:
    return part["start_time"], part["end_time"]


def describe(job: VideoJob) -> dict[str, Any]:
    """Ask the run's model about a video.

    Returns:
        The record's keys that the model fills, as `describe_record`. Older answers to another question are in them
        until this one is answered: then they go, also those of parts that it is not asked about.

    Raises:
        VidkitError: the file cannot be fetched.
    """
    run, record = job.run, {**job.record, "filename": job.filename}
    describer, level = run.describer, run.level
    if describer is None:  # what a model said earlier stays true
        nothing: dict[str, Any] = {"qwen_description": None, "ai_generated_tags": [], "ai": None}
        return {key: record.get(key, default) for key, default in nothing.items()}
    resolved = record["source"]["resolved_url"]
    in_bucket = is_bucket(resolved) and describer.backend == "endpoint"
    source = StoredSource(resolved, job.file.get) if in_bucket else None
    # A server that fetches a submitted URL itself would not keep to the run's `reach`: it gets the file.
    public = local_path(resolved) is None and not is_bucket(resolved) and not run.reach.public_only
    url = resolved if public else None
    by_parts = level in ("auto", "segments") and record["segments"]
    # A model on this machine needs the file, a server only its URL; clips are here or in the store in any case.
    fetched_by_it = (url or source) is not None and describer.backend == "endpoint" and level != "scenes"
    file = job.file.kept() if by_parts or fetched_by_it else job.file.get()
    found = _asked(run, describer, record, file, url, source)
    if file is None and source is None and not by_parts and found["ai"]["error"]:
        found = _asked(run, describer, record, job.file.get(), url, source)
    if found["ai"]["error"] is None:
        for key in ("scenes", "segments"):
            found[key] = [_cleared(part) for part in found.get(key, record[key])]
    return found


def _asked(
    run: Run,
    describer: Describer,
    record: dict[str, Any],
    file: Path | None,
    url: str | None,
    source: StoredSource | None,
) -> dict[str, Any]:
    store = run.layout.store
    by_url = store.folder is None and describer.backend == "endpoint"  # fetched only where no URL is taken
    wanted = run.level in ("auto", "segments") and not by_url
    with local_files(store, [clip["path"] for clip in record["segments"]] if wanted else []) as folder:
        stored = (lambda name: StoredClip(store, name, folder)) if by_url else None
        return describe_record(
            describer, record, file, url, run.instruction, run.level, folder, source=source, stored=stored
        )


def _cleared(part: dict[str, Any]) -> dict[str, Any]:
    """A clip or scene without an answer to an older question."""
    if not part.get("outdated"):
        return part
    empty = {"description": None, "instruction": None, "outdated": False}
    return {**part, **empty, **({"tags": []} if "tags" in part else {})}
