"""The record: what vidkit knows of one video, as one JSON object.

The classes below are the one table of its keys; `docs/record.md` is made from it.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

SCHEMA = "vidkit/1"
# Keys that came later: a record that was written before has not got them, which means `null`.
# So too `instruction` and `outdated` of scenes, segments and `ai`.
LATER = frozenset({"corrections", "sprites", "unread"})


class Source(TypedDict):
    url: Annotated[str, "what was asked for, without a user name or password"]
    resolved_url: Annotated[str, "what was fetched in the end: after pages and redirects"]
    file_name: Annotated[str | None, "from the CSV"]
    file_size: Annotated[str | None, "from the CSV, as written there"]
    last_modified: Annotated[str | None, "from the CSV, as written there"]
    columns: Annotated[dict[str, str], "every other column, as text; those that a later CSV lacks stay"]


class Audio(TypedDict):
    codec: Annotated[str, '`"aac"`']
    channels: Annotated[int, "1 is mono, 2 is stereo"]
    sample_rate: Annotated[int, "hertz"]


class SceneEntry(TypedDict):
    index: Annotated[int, "from 1"]
    start_time: Annotated[float, "seconds; the first starts at 0, each where the one before ends"]
    end_time: Annotated[float, "seconds; the last ends at the video's duration"]
    score: Annotated[float | None, "how sure the cut at its start is, 0 to 1; `null` for the first scene"]
    thumbnail: Annotated[str | None, "a JPEG, 320 pixels wide"]
    description: Annotated[str | None, "the model's words for this scene"]
    instruction: Annotated[str | None, "what the model was asked about this scene, where it answered"]
    outdated: Annotated[bool, "as in `ai`"]


class SpritesEntry(TypedDict):
    vtt: Annotated[str, "a WebVTT that says which part of which image shows which seconds, as players read it"]
    images: Annotated[list[str], "JPEGs of up to 100 small pictures each"]
    interval: Annotated[float, "seconds between two pictures"]


class SegmentEntry(TypedDict):
    index: Annotated[int, "from 1"]
    start_time: Annotated[float, "seconds"]
    end_time: Annotated[float, "seconds"]
    path: Annotated[str, "the clip's file"]
    url: Annotated[str | None, "where the clip can be fetched, if it can"]
    width: Annotated[int, "pixels"]
    height: Annotated[int, "pixels"]
    fps: Annotated[float, "frames a second"]
    description: Annotated[str | None, "the model's words for this clip"]
    tags: Annotated[list[str], "the model's tags for this clip"]
    instruction: Annotated[str | None, "what the model was asked about this clip, where it answered"]
    outdated: Annotated[bool, "as in `ai`"]


class AI(TypedDict):
    backend: Annotated[str | None, "`endpoint`, `local` or `null`"]
    model: Annotated[str | None, "the model's name, where it is known"]
    instruction: Annotated[str, "what the model was asked for this description, priority keywords included"]
    error: Annotated[str | None, "what is not described yet and why, in words"]
    outdated: Annotated[bool, "whether the description was kept from an older question, until this one is answered"]


class StageEntry(TypedDict):
    seconds: Annotated[float, "how long it took"]
    fingerprint: Annotated[str, "what it was made from: a stage is done again when this changes"]


class ProcessingEntry(TypedDict):
    vidkit: Annotated[str, "the version"]
    started_at: Annotated[str, "UTC, ISO 8601"]
    finished_at: Annotated[str, "UTC, ISO 8601"]
    stages: Annotated[dict[str, StageEntry], "by name: download, probe, scenes, clips, describe, tag"]


class Corrections(TypedDict):
    classification: Annotated[str | None, "the class that a person gave; `null`: as the rules say"]
    add_tags: Annotated[list[str], "tags that it has, whatever the rules say"]
    remove_tags: Annotated[list[str], "tags that it has not"]
    at: Annotated[str, "the last correction: UTC, ISO 8601"]


class Record(TypedDict):
    schema: Annotated[str, f'`"{SCHEMA}"`']
    id: Annotated[str, "the first 16 hex digits of the content's SHA-256"]
    sha256: Annotated[str, "all 64"]
    filename: Annotated[str, "the local file's name; the record is `<filename>.json`"]
    source: Annotated[Source, "where it comes from"]
    path: Annotated[str | None, "the kept download, or `null`"]
    duration: Annotated[float, "seconds; measured where the container does not say, or says what is not so"]
    size: Annotated[int, "bytes"]
    bit_rate: Annotated[int, "bits a second"]
    resolution: Annotated[str, '`"1920x1080"`, as shown to a viewer: rotation and the shape of the pixels applied']
    width: Annotated[int, "pixels, as shown"]
    height: Annotated[int, "pixels, as shown"]
    rotation: Annotated[int, "degrees clockwise that a player turns the stored picture: 0, 90, 180 or 270"]
    frame_rate: Annotated[str, 'rational text, `"30000/1001"`']
    fps: Annotated[float, "the same as a number"]
    codec: Annotated[str, '`"h264"`']
    container: Annotated[str, '`"mov,mp4,m4a,3gp,3g2,mj2"`']
    audio: Annotated[Audio | None, "the first audio stream, or `null`"]
    scenes: Annotated[list[SceneEntry], "from 0 to the end with no gap"]
    sprites: Annotated[SpritesEntry | None, "the contact sheet, or `null`"]
    unread: Annotated[float | None, "seconds of the video whose pictures could not be decoded: 0 if none"]
    segments: Annotated[list[SegmentEntry], "the clips"]
    qwen_description: Annotated[str | None, "the model's words for the video"]
    ai_generated_tags: Annotated[list[str], "the model's tags"]
    ai: Annotated[AI | None, "who described it; `null` where nothing is configured"]
    tags: Annotated[list[str], "from the rules, as corrected, in order, without repeats"]
    classification: Annotated[str, "one class"]
    corrections: Annotated[Corrections | None, "what a person said (`vidkit label`), which wins over every rule"]
    processing: Annotated[ProcessingEntry, "how the record was made"]
