"""An explanation as text, and as the JSON of `vidkit explain` and the web library."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vidkit.tagging.explain import Explanation, Origin, Reason


def origins_as_json(record: Mapping[str, Any], explained: Explanation) -> dict[str, Any]:
    """Where the class and each tag of a record are from, and why: rule, condition, words, and their place.

    Args:
        record: a complete record.
        explained: the result of `explain_tags`.
    """
    class_ = explained.classification
    return {
        "classification": {"value": class_.name, "origin": class_.origin, **_why(class_)},
        "tags": [{"tag": each.name, "origin": each.origin, **_why(each)} for each in explained.tags],
        "removed": [each.name for each in explained.removed],
        "model_tags": _model_tags(record["ai_generated_tags"], record["segments"]),
        "corrections": record.get("corrections"),
        "outdated": explained.outdated,
    }


def _why(origin: Origin) -> dict[str, Any]:
    """The reasons of an origin: the keys of the first one, and a list of all."""
    reasons: list[dict[str, Any]] = [
        {
            "rule": each.rule,
            "condition": each.condition,
            "words": each.words,
            "where": ", ".join(each.where) or None,
        }
        for each in origin.reasons
    ]
    first: dict[str, Any] = reasons[0] if reasons else {"rule": None, "condition": None, "words": [], "where": None}
    return {"why": in_words(origin), **first, "reasons": reasons}


def in_words(origin: Origin) -> str:
    """Why a video has a tag or a class, in one sentence."""
    if origin.origin == "person":
        return "A person said so."
    if not origin.reasons:
        if origin.name == "Unclassified":
            return "No rule gives this video a class."
        return "No rule gives it now; earlier rules or an earlier description did. `vidkit retag` updates it."
    return "; ".join(_reason_in_words(each) for each in origin.reasons[:3])


def _reason_in_words(reason: Reason) -> str:
    words = ", ".join(reason.words)
    where = f" in {', '.join(reason.where)}" if reason.where else ""
    kinds = {
        "tags_present": "the tag ",
        "ai_generated_tags": "the model's tag ",
        "object_labels": "the label ",
        "metadata_conditions": "",
    }
    return f"{reason.rule}: {kinds.get(reason.condition, 'the words ')}{words}{where}"


def _model_tags(tags: list[str], segments: Any) -> list[dict[str, Any]]:
    """The model's tags, each with the video or clips that it belongs to."""
    found: dict[str, list[str]] = {tag: ["the video"] for tag in tags}
    for segment in segments:
        for tag in segment["tags"]:
            found.setdefault(tag, []).append(f"clip {segment['index']}")
    return [{"tag": tag, "where": where} for tag, where in found.items()]
