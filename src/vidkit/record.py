"""The record: everything vidkit knows about one video, as one JSON object.

The classes below are the only table of its keys; `docs/record.md` is generated from it.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

SCHEMA = "vidkit/1"
# Keys that were added later. Older records do not have them, which means `null`. The same holds for `instruction`
# and `outdated` in scenes, segments and `ai`.
LATER = frozenset({"corrections", "sprites", "unread", "readings", "pictures"})
# The folders beside the records. Each has one folder per video.
FOLDERS = CLIPS, THUMBNAILS, TRANSCRIPTS = "clips", "thumbnails", "transcripts"


def record_name(filename: str) -> str:
    """The name of a record's file, from the file name of its video."""
    return f"{filename}.json"


class Source(TypedDict):
    url: Annotated[str, "the requested URL, without user name and password"]
    resolved_url: Annotated[str, "the URL of the downloaded file, after pages and redirects"]
    file_name: Annotated[str | None, "from the CSV"]
    file_size: Annotated[str | None, "from the CSV, as written there"]
    last_modified: Annotated[str | None, "from the CSV, as written there"]
    columns: Annotated[
        dict[str, str], "every other column, as text; columns that a later CSV does not have are kept"
    ]


class Audio(TypedDict):
    codec: Annotated[str, '`"aac"`']
    channels: Annotated[int, "1 is mono, 2 is stereo"]
    sample_rate: Annotated[int, "hertz"]


class SceneEntry(TypedDict):
    index: Annotated[int, "from 1"]
    start_time: Annotated[
        float, "seconds; the first scene starts at 0, each next one at the end of the previous one"
    ]
    end_time: Annotated[float, "seconds; the last scene ends at the duration of the video"]
    score: Annotated[float | None, "confidence of the cut at its start, 0 to 1; `null` for the first scene"]
    thumbnail: Annotated[str | None, "a JPEG, 320 pixels wide"]
    description: Annotated[str | None, "description of this scene by the model"]
    instruction: Annotated[str | None, "the instruction that this description answers"]
    outdated: Annotated[bool, "as in `ai`"]


class SpritesEntry(TypedDict):
    vtt: Annotated[str, "a WebVTT file for players: which part of which image shows which seconds"]
    images: Annotated[list[str], "JPEG files with up to 100 small frames each"]
    interval: Annotated[float, "seconds between two frames"]


class PicturesEntry(TypedDict):
    count: Annotated[int, "number of frames with a hash"]
    hashes: Annotated[str, "their times and PDQ hashes, in Base64 ([duplicates.md](duplicates.md#what-is-stored))"]


class SegmentEntry(TypedDict):
    index: Annotated[int, "from 1"]
    start_time: Annotated[float, "seconds"]
    end_time: Annotated[float, "seconds"]
    path: Annotated[str, "file of the clip"]
    url: Annotated[str | None, "download URL of the clip, if it has one"]
    width: Annotated[int, "pixels"]
    height: Annotated[int, "pixels"]
    fps: Annotated[float, "frames per second"]
    description: Annotated[str | None, "description of this clip by the model"]
    tags: Annotated[list[str], "tags of this clip by the model"]
    instruction: Annotated[str | None, "the instruction that this description answers"]
    outdated: Annotated[bool, "as in `ai`"]


class AI(TypedDict):
    backend: Annotated[str | None, "`endpoint`, `local` or `null`"]
    model: Annotated[str | None, "name of the model, if known"]
    instruction: Annotated[str, "the instruction for this description, with the priority keywords"]
    error: Annotated[str | None, "what is not described yet, and why"]
    outdated: Annotated[
        bool, "true if the description answers an older instruction and the new one has no answer yet"
    ]


class StageEntry(TypedDict):
    seconds: Annotated[float, "processing time"]
    fingerprint: Annotated[str, "hash of the inputs of the stage: the stage runs again when it changes"]


class ProcessingEntry(TypedDict):
    vidkit: Annotated[str, "version of vidkit"]
    started_at: Annotated[str, "UTC, ISO 8601"]
    finished_at: Annotated[str, "UTC, ISO 8601"]
    stages: Annotated[
        dict[str, StageEntry],
        "by name: download, probe, scenes, clips, pictures, reader:NAME of each reader, describe, tag",
    ]


class Corrections(TypedDict):
    classification: Annotated[str | None, "class set by a person; `null`: the rules decide"]
    add_tags: Annotated[list[str], "tags added by a person"]
    remove_tags: Annotated[list[str], "tags removed by a person"]
    at: Annotated[str, "time of the last correction: UTC, ISO 8601"]


class WordEntry(TypedDict):
    start_time: Annotated[float, "seconds"]
    end_time: Annotated[float, "seconds"]
    text: Annotated[str, "the word, with its punctuation"]
    score: Annotated[float, "confidence, 0 to 1"]


class SpanEntry(TypedDict, total=False):
    start_time: Annotated[float, "seconds"]
    end_time: Annotated[float, "seconds"]
    text: Annotated[str, "the text that was read"]
    label: Annotated[str, "what was found, if it is not a text"]
    score: Annotated[float, "confidence, 0 to 1"]
    box: Annotated[list[float], "left, top, width, height: fractions (0 to 1) of the displayed frame"]
    values: Annotated[dict[str, float], "further numbers by name"]
    words: Annotated[list[WordEntry], "the words of speech, with their times"]


class _Reading(TypedDict):
    model: Annotated[str | None, "name of the model, if there is one"]
    version: Annotated[str, "version of the reader"]
    error: Annotated[str | None, "why there is no reading; the next run tries again"]
    spans: Annotated[list[SpanEntry], "what was found, in order of time; keys without a value are left out"]


class ReadingEntry(_Reading, total=False):
    """The values of a reader are beside these keys."""

    vtt: Annotated[str, "the words as a WebVTT file; only in readings with words"]


class _Always(TypedDict):
    schema: Annotated[str, f'`"{SCHEMA}"`']
    id: Annotated[str, "first 16 hex digits of the SHA-256 of the file"]
    sha256: Annotated[str, "the complete SHA-256, 64 hex digits"]
    filename: Annotated[str, "name of the local file; the record is `<filename>.json`"]
    source: Annotated[Source, "where the video comes from"]
    path: Annotated[str | None, "path of the kept download, or `null`"]
    duration: Annotated[float, "seconds; measured if the duration in the container is missing or wrong"]
    size: Annotated[int, "bytes"]
    bit_rate: Annotated[int, "bits per second"]
    resolution: Annotated[str, '`"1920x1080"`, the display size: after rotation and pixel aspect ratio']
    width: Annotated[int, "pixels, display size"]
    height: Annotated[int, "pixels, display size"]
    rotation: Annotated[int, "degrees clockwise that a player rotates the stored frames: 0, 90, 180 or 270"]
    frame_rate: Annotated[str, 'fraction as text, `"30000/1001"`']
    fps: Annotated[float, "the same as a number"]
    codec: Annotated[str, '`"h264"`']
    container: Annotated[str, '`"mov,mp4,m4a,3gp,3g2,mj2"`']
    audio: Annotated[Audio | None, "the first audio stream, or `null`"]
    scenes: Annotated[list[SceneEntry], "from 0 to the end, without gaps"]
    sprites: Annotated[SpritesEntry | None, "the contact sheet, or `null`"]
    unread: Annotated[float | None, "seconds of video that could not be decoded: 0 for an intact file"]
    segments: Annotated[list[SegmentEntry], "the clips"]
    qwen_description: Annotated[str | None, "description of the video by the model"]
    ai_generated_tags: Annotated[list[str], "tags by the model"]
    ai: Annotated[AI | None, "how it was described; `null` if no model is configured"]
    tags: Annotated[list[str], "tags from the rules, after corrections, in order, without duplicates"]
    classification: Annotated[str, "one class"]
    corrections: Annotated[Corrections | None, "corrections by a person (`vidkit label`); they override all rules"]
    processing: Annotated[ProcessingEntry, "how the record was made"]


class Record(_Always, total=False):
    pictures: Annotated[PicturesEntry, "hashes of frames, to find duplicates. Missing if turned off"]
    readings: Annotated[
        dict[str, ReadingEntry], "by reader; values of the whole video are beside `spans`. Missing without readers"
    ]


# The keys of every record that is written now.
REQUIRED = tuple(_Always.__annotations__)


def is_complete(record: Record) -> bool:
    """Whether a record is complete: no model and no reader has failed."""
    described = record["ai"] is None or record["ai"]["error"] is None
    return described and all(reading["error"] is None for reading in record.get("readings", {}).values())
