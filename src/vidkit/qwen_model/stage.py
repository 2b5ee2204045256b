"""The describe stage: a record's video, clips or scenes -> the record's keys that the model fills."""

from __future__ import annotations

import hashlib
import json
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import copy_context
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from vidkit.errors import VidkitError
from vidkit.messages import message
from vidkit.qwen_model.describer import Describer
from vidkit.qwen_model.question import Clip, Description, Question, Remote

log = logging.getLogger(__name__)
T = TypeVar("T")


@dataclass(frozen=True)
class _Part:
    """A clip or scene of a record: its entry there, and the clip for the model."""

    entry: Mapping[str, Any]
    clip: Clip


def describe_record(
    describer: Describer,
    record: Mapping[str, Any],
    file: Path | None,
    url: str | None,
    instruction: str,
    level: str = "auto",
    folder: Path = Path(),
    source: Remote | None = None,
    stored: Callable[[str], Remote] | None = None,
) -> dict[str, Any]:
    """Describe the video of a record.

    Args:
        describer: describes it.
        record: the record so far. A clip or scene with a description keeps it. If the description is `outdated`,
            the model is asked again, and the old one is kept until there is a new one.
        file: the local video file; None if it was not kept and a server can fetch it by its URL.
        url: where a server can fetch the video; None if it cannot.
        instruction: the full instruction, with the priority keywords.
        level: `video`, `segments` or `scenes`; `auto` is the video if it is one clip long, else its clips; `none`.
        folder: the folder that the paths of the record's clips are relative to.
        source: the video in a bucket, if it is in one.
        stored: for clips in a bucket: the path of a clip -> the clip there.

    Returns:
        The record's keys `qwen_description`, `ai_generated_tags` and `ai`, and also `segments` or `scenes` if these
        were described. A failure raises nothing: it is in `ai.error`, successful descriptions are kept, and the
        next run asks for the rest. The video's older description, with its instruction, is kept until the new
        question is answered for the whole video.
    """
    if level == "none":
        return {"qwen_description": None, "ai_generated_tags": [], "ai": None}
    whole = Clip(file, url, sha256=record.get("sha256"), duration=record.get("duration"), remote=source)
    clips = record.get("segments") or ()
    if stored is None:
        segments = [_Part(entry, Clip(folder / entry["path"], entry.get("url"))) for entry in clips]
    else:
        segments = [_Part(e, Clip(None, sha256=_identity(record, e), remote=stored(e["path"]))) for e in clips]
    if level == "scenes" and record.get("scenes"):
        parts = [_Part(e, _scene(e, whole)) for e in record["scenes"]]
        return _from_parts(describer, record, "scenes", parts, instruction)
    if level == "segments" and segments:
        return _from_parts(describer, record, "segments", segments, instruction)
    if level == "auto" and segments:
        if len(segments) == 1:  # the clip is the whole video, within the limits of clips
            only = segments[0].clip
            segments = [_Part(segments[0].entry, replace(only, url=only.url or url))]
        return _from_parts(describer, record, "segments", segments, instruction)
    return _from_whole(describer, record, whole, instruction)


def _identity(record: Mapping[str, Any], entry: Mapping[str, Any]) -> str:
    """The identity of a clip in a bucket, in place of its hash: video, fingerprint in its path, and number."""
    fingerprint = str(entry["path"]).split("/")[-2:-1]
    return hashlib.sha256(json.dumps([record["sha256"], fingerprint, entry["index"]]).encode()).hexdigest()


def _scene(entry: Mapping[str, Any], whole: Clip) -> Clip:
    return replace(whole, start=entry["start_time"], end=entry["end_time"])


def _from_whole(describer: Describer, record: Mapping[str, Any], clip: Clip, instruction: str) -> dict[str, Any]:
    """One question about the whole video."""
    answer = _answer(describer, clip, instruction)
    if isinstance(answer, VidkitError):
        log.warning("no description of %s: %s", record.get("filename"), answer)
        return _unanswered(describer, record, instruction, [], str(answer))
    return _keys(describer, instruction, answer.text, answer.tags)


def _from_parts(
    describer: Describer, record: Mapping[str, Any], key: str, parts: Sequence[_Part], instruction: str
) -> dict[str, Any]:
    """A question about each part without a description, and one for the summary."""
    missing = [part for part in parts if _is_missing(part.entry)]
    answers = in_parallel(
        lambda part: _answer(describer, part.clip, instruction), missing, describer.parallel, name="describe"
    )
    found = {id(part): answer for part, answer in zip(missing, answers, strict=True)}
    entries: list[dict[str, Any]] = []
    failures: list[VidkitError] = []
    tags: list[str] = []
    for part in parts:
        answer = found.get(id(part))
        entry = dict(part.entry)
        if isinstance(answer, Description):
            entry |= {"description": answer.text, "instruction": instruction, "outdated": False}
            if "tags" in entry:
                entry["tags"] = list(answer.tags)
            tags += answer.tags
        elif answer is not None:
            failures.append(answer)
        else:
            tags += entry.get("tags") or []
        entries.append(entry)
    outdated = bool((record.get("ai") or {}).get("outdated"))
    if len(missing) < len(parts) and not (key == "segments" and outdated):  # scenes have no tags of their own
        tags += record.get("ai_generated_tags") or []
    return {key: entries, **_summary(describer, record, key, entries, failures, tags, instruction)}


def _is_missing(entry: Mapping[str, Any]) -> bool:
    return entry.get("description") is None or bool(entry.get("outdated"))


def _summary(
    describer: Describer,
    record: Mapping[str, Any],
    key: str,
    entries: Sequence[Mapping[str, Any]],
    failures: Sequence[VidkitError],
    tags: Sequence[str],
    instruction: str,
) -> dict[str, Any]:
    """The keys of the whole video from its parts, except those that failed."""
    outdated = sum(bool(entry.get("outdated")) for entry in entries)
    reasons = []
    if failures:
        reasons.append(
            message(
                "{count} of {all} {key} have no description: {first}",
                count=len(failures),
                all=len(entries),
                key=key,
                first=failures[0],
            )
        )
        if outdated:
            kept = (
                message("have no new description")
                if outdated == len(failures)
                else message("have none, {outdated} an older one", outdated=outdated)
            )
            reasons = [
                message(
                    "{count} of {all} {key} {kept}: {first}",
                    count=len(failures),
                    all=len(entries),
                    key=key,
                    kept=kept,
                    first=failures[0],
                )
            ]
        if len(entries) == 1:
            reasons = [str(failures[0])]
    described = [(e["start_time"], e["end_time"], e["description"]) for e in entries if not _is_missing(e)]
    summary = None
    # A summary of some parts does not replace an older summary of all parts.
    if described and not (outdated and record.get("qwen_description")):
        try:
            summary = describer.summarise(described, instruction)
        except VidkitError as failure:
            reasons.append(message("there is no summary of the {key}: {failure}", key=key, failure=failure))
    if reasons:
        log.warning("%s: %s", record.get("filename"), "; ".join(reasons))
    error = "; ".join(reasons) or None
    if summary is None:
        by_entry = key == "segments" and outdated  # the clips keep their tags until there is a summary
        return _unanswered(describer, record, instruction, () if by_entry else tags, error)
    return _keys(describer, instruction, summary.text, [*summary.tags, *tags], error)


def _answer(describer: Describer, clip: Clip, instruction: str) -> Description | VidkitError:
    try:
        return describer.ask(Question(instruction, clip))
    except VidkitError as error:
        return error


def _unanswered(
    describer: Describer, record: Mapping[str, Any], instruction: str, tags: Iterable[str], error: str | None
) -> dict[str, Any]:
    """The keys of a video without a new description: the older one is kept, with its instruction."""
    text, ai = record.get("qwen_description"), record.get("ai")
    if text is None or ai is None:
        return _keys(describer, instruction, None, tags, error)
    known = record.get("ai_generated_tags") or []
    return {
        "qwen_description": text,
        "ai_generated_tags": _without_duplicates([*known, *tags]),
        "ai": {**ai, "error": error},
    }


def _keys(
    describer: Describer, instruction: str, text: str | None, tags: Iterable[str], error: str | None = None
) -> dict[str, Any]:
    ai = {"backend": describer.backend, "model": describer.model, "instruction": instruction, "error": error}
    return {
        "qwen_description": text,
        "ai_generated_tags": _without_duplicates(tags),
        "ai": {**ai, "outdated": False},
    }


def _without_duplicates(tags: Iterable[str]) -> list[str]:
    by_case = {tag.casefold(): tag for tag in reversed(list(tags))}
    return list(by_case.values())[::-1]


def in_parallel(work: Callable[[T], Any], items: Sequence[T], at_once: int, name: str) -> list[Any]:
    """The results of `work` for each item, in the order of the items; some run at once.

    The threads are daemons: an interrupted run does not wait for a model's answer, which may take minutes.

    Raises:
        Exception: the first exception of `work`, after all threads have ended.
    """
    results: list[Any] = [None] * len(items)
    left = iter(enumerate(items))
    lock = threading.Lock()
    failures: list[BaseException] = []

    def take() -> None:
        while True:
            with lock:
                number, item = next(left, (None, None))
            if number is None or failures:
                return
            try:
                results[number] = work(item)  # type: ignore[arg-type]
            except BaseException as error:
                failures.append(error)

    count = min(at_once, len(items))
    threads = [
        # Each in the caller's context, so that its processes belong to the caller's run.
        threading.Thread(target=copy_context().run, args=(take,), daemon=True, name=f"{name}-{number}")
        for number in range(count)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results
