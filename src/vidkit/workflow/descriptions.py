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
_ANSWER = ("description", "tags", "instruction", "outdated")  # keys of a clip or scene


def describe_settings(run: Run) -> list[object]:
    """The settings that the answers depend on."""
    if run.describer is None:
        return []
    return [run.describer.backend, run.describer.fingerprint, run.instruction, run.level]


def describe_inputs(job: VideoJob) -> list[object]:
    """The inputs of the descriptions: the content, and the scenes or clips that are described."""
    parts = {"video": [], "scenes": [job.fingerprints["scenes"]]}.get(job.run.level, [job.fingerprints["clips"]])
    return [job.record["sha256"], *parts]


def is_answered(job: VideoJob, old: Record) -> bool:
    """Whether the model answered without an error, or was not asked."""
    return old["ai"] is None or old["ai"]["error"] is None


def take_answers(job: VideoJob) -> None:
    """Take over the older answers about this content, even if its clips and scenes are new."""
    older = job.previous
    if older and older["sha256"] == job.record["sha256"]:
        before = older["processing"]["stages"].get("describe")
        same = bool(before and before["fingerprint"] == job.fingerprints["describe"] and not job.run.force)
        keep_answers(job.record, older, same or job.run.describer is None)


def keep_answers(record: dict[str, Any], older: Record, answered: bool) -> None:
    """Copy the answers of an older record of the same content into the new one, so that nothing is lost.

    The description of the video is always kept. That of a clip or scene is kept if one with the same times exists.

    Args:
        record: the new record so far, with its scenes and segments; it is changed.
        older: the record to replace.
        answered: whether they answer the current question; otherwise they are marked as `outdated`.
    """
    ai = older["ai"]
    for key in DESCRIBE_KEYS:
        record[key] = older[key]  # type: ignore[literal-required]
    if ai is not None and older["qwen_description"] is not None and not answered:
        record["ai"] = {**ai, "outdated": True}
    for key in ("scenes", "segments"):
        answers = {_times(part): part for part in older[key]}  # type: ignore[literal-required]
        for part in record[key]:
            if part["description"] is None and (before := answers.get(_times(part))):
                part |= {name: before[name] for name in _ANSWER if name in before}
            if part["description"] is not None and not answered:
                part["instruction"] = part.get("instruction") or (ai and ai["instruction"])
                part["outdated"] = True


def _times(part: Any) -> tuple[float, float]:
    return part["start_time"], part["end_time"]


def describe(job: VideoJob) -> dict[str, Any]:
    """Ask the run's model about a video.

    Returns:
        The record's keys that the model fills, as `describe_record`. Answers to an older question are kept until
        the model has answered; then they are removed, also those of clips and scenes that it was not asked about.

    Raises:
        VidkitError: the file cannot be fetched.
    """
    run, record = job.run, {**job.record, "filename": job.filename}
    describer, level = run.describer, run.level
    if describer is None:  # older answers are kept
        nothing: dict[str, Any] = {"qwen_description": None, "ai_generated_tags": [], "ai": None}
        return {key: record.get(key, default) for key, default in nothing.items()}
    resolved = record["source"]["resolved_url"]
    in_bucket = is_bucket(resolved) and describer.backend == "endpoint"
    source = StoredSource(resolved, job.file.get) if in_bucket else None
    # A server that fetches the URL of a submitted job could go beyond the run's `reach`: it gets the file.
    public = local_path(resolved) is None and not is_bucket(resolved) and not run.reach.public_only
    url = resolved if public else None
    by_parts = level in ("auto", "segments") and record["segments"]
    # A local model needs the file, a server only its URL. Clips are on this machine or in the store.
    url_is_enough = (url or source) is not None and describer.backend == "endpoint" and level != "scenes"
    file = job.file.kept() if by_parts or url_is_enough else job.file.get()
    results = _describe_with(run, describer, record, file, url, source)
    if file is None and source is None and not by_parts and results["ai"]["error"]:
        results = _describe_with(run, describer, record, job.file.get(), url, source)
    if results["ai"]["error"] is None:
        for key in ("scenes", "segments"):
            results[key] = [_without_outdated(part) for part in results.get(key, record[key])]
    return results


def _describe_with(
    run: Run,
    describer: Describer,
    record: dict[str, Any],
    file: Path | None,
    url: str | None,
    source: StoredSource | None,
) -> dict[str, Any]:
    store = run.layout.store
    by_url = store.folder is None and describer.backend == "endpoint"  # fetched only if the server takes no URL
    needs_files = run.level in ("auto", "segments") and not by_url
    with local_files(store, [clip["path"] for clip in record["segments"]] if needs_files else []) as folder:
        stored = (lambda name: StoredClip(store, name, folder)) if by_url else None
        return describe_record(
            describer, record, file, url, run.instruction, run.level, folder, source=source, stored=stored
        )


def _without_outdated(part: dict[str, Any]) -> dict[str, Any]:
    """A clip or scene, without its answer to an older question."""
    if not part.get("outdated"):
        return part
    empty = {"description": None, "instruction": None, "outdated": False}
    return {**part, **empty, **({"tags": []} if "tags" in part else {})}
