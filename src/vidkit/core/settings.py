"""The settings: one table of sections, keys, defaults and meanings.

The classes below are that table. What `vidkit init` writes, the checks, the environment variables and
`docs/config.md` are all made from it, so a new setting is one line here.
"""

from __future__ import annotations

import configparser
import difflib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from vidkit.core.units import parse_duration, parse_resolution

T = TypeVar("T")

# The sample values of config files in circulation: they count as not set.
_SAMPLES = re.compile(
    r"your[_-]access[_-]key|username:password@cluster|your-(public|vpc)-endpoint|your-default-uri"
    r"|quickstart(-vpc)?-endpoint\.region|^/path/to/",
    re.IGNORECASE,
)


class Secret(str):
    """Text that does not show itself: its `repr` is stars, and logs and messages blank it out."""

    def __repr__(self) -> str:
        return "'***'" if self else "''"


def _text(text: str) -> str:
    return "" if _SAMPLES.search(text) else text


def _secret(text: str) -> Secret:
    return Secret(_text(text))


def _path(text: str) -> Path:
    if not text:
        raise ValueError("a path is needed")
    return Path(text).expanduser()


def _yes_no(text: str) -> bool:
    try:
        return configparser.ConfigParser.BOOLEAN_STATES[text.lower()]
    except KeyError:
        raise ValueError(f"{text!r} is neither yes nor no") from None


def _resolution(text: str) -> str:
    parse_resolution(text)
    return text


def _number(read: Callable[[str], T], low: float, high: float, what: str) -> Callable[[str], T]:
    def parse(text: str) -> T:
        try:
            value = read(text)
        except ValueError:
            raise ValueError(f"{text!r} is not {what}") from None
        if not low <= value <= high:  # type: ignore[operator]
            raise ValueError(f"{text} is not {what} from {low:g} to {high:g}")
        return value

    return parse


def _choice(*words: str) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text.lower() not in words:
            near = difflib.get_close_matches(text.lower(), words, 1)
            raise ValueError(
                f"{text!r} is not one of {', '.join(words)}" + (f": did you mean {near[0]}?" if near else "")
            )
        return text.lower()

    return parse


def setting(key: str, default: T, meaning: str, read: Callable[[str], T], env: str | None = None) -> T:
    """Declare one setting.

    Args:
        key: its name in config.ini.
        default: its value where nothing is set.
        meaning: one line for the user.
        read: text to value; raises ValueError with a reason.
        env: an environment variable beside `VIDKIT_SECTION_KEY`, which all settings have.
    """
    metadata = {"key": key, "meaning": meaning, "read": read, "env": env}
    return field(default=default, metadata=metadata)


@dataclass(frozen=True)
class Paths:
    download_directory: Path = setting(
        "DownloadDirectory", Path("downloaded_videos"), "Where downloads are kept.", _path
    )
    processed_directory: Path = setting(
        "ProcessedDirectory", Path("processed_videos"), "Where records, clips and thumbnails go.", _path
    )
    keep_downloads: bool = setting(
        "KeepDownloads", True, "Keep a download once its record is whole: yes or no.", _yes_no
    )


@dataclass(frozen=True)
class LibrarySection:
    path: Path = setting(
        "Path", Path("library.db"), "The SQLite library, used while [MongoDB] URI is empty.", _path
    )


@dataclass(frozen=True)
class MongoDB:
    uri: Secret = setting(
        "URI",
        Secret(),
        "mongodb://... or mongodb+srv://...; Cosmos DB's MongoDB API and replica sets too. Empty: SQLite.",
        _secret,
        env="VIDKIT_MONGODB_URI",
    )
    database_name: str = setting("DatabaseName", "video_database", "The database.", _text)
    collection_name: str = setting("CollectionName", "videos", "The collection.", _text)


@dataclass(frozen=True)
class Concurrency:
    max_workers: int = setting(
        "MaxWorkers",
        5,
        "Videos under way at once; ffmpeg jobs are bounded by the cores on top of that.",
        _number(int, 1, 1000, "a whole number"),
    )


@dataclass(frozen=True)
class QwenVL:
    public_endpoint: str = setting(
        "PublicEndpoint", "", "URL of the endpoint that describes videos. Empty: none.", _text
    )
    vpc_endpoint: str = setting("VpcEndpoint", "", "URL of the same inside your VPC, used with --use_vpc.", _text)
    access_key: Secret = setting(
        "AccessKey",
        Secret(),
        "The endpoint's key. Better in the environment variable QWEN_VL_ACCESS_KEY.",
        _secret,
        env="QWEN_VL_ACCESS_KEY",
    )
    default_instruction: str = setting(
        "DefaultInstruction", "Describe this video.", "What the model is asked.", _text
    )
    backend: str = setting(
        "Backend",
        "auto",
        "Who describes: endpoint, local, none; auto is the endpoint if one is set, else the model in ModelDir.",
        _choice("auto", "endpoint", "local", "none"),
    )
    protocol: str = setting(
        "Protocol",
        "auto",
        "What the endpoint speaks: vidkit, openai (vLLM, SGLang, DashScope, transformers serve); auto finds out.",
        _choice("auto", "vidkit", "openai"),
    )
    model: str = setting("Model", "", "The model's name at the endpoint. Empty: the first that it lists.", _text)
    timeout: float = setting(
        "Timeout",
        300.0,
        "The whole time that the endpoint may take for one answer, in seconds.",
        _number(parse_duration, 0.1, 86400, "a time in seconds"),
    )
    max_tokens: int = setting(
        "MaxTokens", 512, "The longest answer, in tokens.", _number(int, 1, 1_000_000, "a whole number")
    )
    cache: Path = setting(
        "Cache", Path("answers.db"), "Every answer is kept in this file, so that none is paid for twice.", _path
    )


@dataclass(frozen=True)
class Qwen:
    model_dir: str = setting("ModelDir", "", "A folder with a Qwen-VL model, to run it on this machine.", _text)
    model: str = setting(
        "Model", "Qwen/Qwen2-VL-7B-Instruct", "The model that Backend = local fetches without a ModelDir.", _text
    )
    hub: str = setting(
        "Hub", "modelscope", "Where it is fetched: modelscope, huggingface.", _choice("modelscope", "huggingface")
    )
    frames_per_second: float = setting(
        "FramesPerSecond",
        2.0,
        "Frames of a clip that a local model, or an endpoint without video, is shown for each second.",
        _number(float, 0.01, 1000, "a number"),
    )
    max_frames: int = setting(
        "MaxFrames", 32, "The most frames of one clip.", _number(int, 2, 10_000, "a whole number")
    )
    max_pixels: int = setting(
        "MaxPixels",
        151_200,
        "The most pixels of one frame: 151200 is 420x360.",
        _number(int, 3136, 100_000_000, "a whole number"),
    )


@dataclass(frozen=True)
class SceneDetection:
    default_threshold: float = setting(
        "DefaultThreshold",
        0.3,
        "How unlike two frames must be to part two scenes, 0 to 1; lower finds more.",
        _number(float, 0, 1, "a number"),
    )
    detector: str = setting(
        "Detector",
        "adaptive",
        "adaptive finds cuts, dissolves and fades; threshold is ffmpeg's own scene score.",
        _choice("adaptive", "threshold"),
    )
    min_scene_length: float = setting(
        "MinSceneLength",
        0.5,
        "No scene is shorter than this, in seconds.",
        _number(parse_duration, 0, 3600, "a time in seconds"),
    )


@dataclass(frozen=True)
class Processing:
    max_resolution: str = setting(
        "MaxResolution",
        "720p",
        "Clips fit inside this (720p is 1280x720, or 720x1280 held upright); never enlarged.",
        _resolution,
    )
    max_fps: float = setting(
        "MaxFPS", 30.0, "Clips have no more frames a second than this.", _number(float, 0.1, 1000, "a number")
    )
    segment_length: float = setting(
        "SegmentLength", 15.0, "Length of a clip, in seconds.", _number(parse_duration, 0.1, 86400, "a time")
    )
    min_segment_length: float = setting(
        "MinSegmentLength",
        1.0,
        "A rest shorter than this, in seconds, is joined to the clip before it; 0 makes it a clip.",
        _number(parse_duration, 0, 86400, "a time"),
    )
    segment_overlap: float = setting(
        "SegmentOverlap",
        0.0,
        "How much of a clip the next one repeats, in seconds.",
        _number(parse_duration, 0, 86400, "a time"),
    )
    segment_by: str = setting(
        "SegmentBy",
        "time",
        "time, or scenes: a clip is a scene, divided evenly where that is longer than SegmentLength.",
        _choice("time", "scenes"),
    )
    clip_mode: str = setting(
        "ClipMode",
        "auto",
        "auto copies what is as clips should be, with keyframes where they begin; copy and encode force one way.",
        _choice("auto", "copy", "encode"),
    )
    encoder: str = setting(
        "Encoder",
        "libx264",
        "libx264, h264_nvenc, h264_qsv, h264_videotoolbox; auto takes a hardware encoder if one works here.",
        _choice("auto", "libx264", "h264_nvenc", "h264_qsv", "h264_videotoolbox"),
    )
    sprite_interval: float = setting(
        "SpriteInterval",
        5.0,
        "Seconds between two pictures of a video's contact sheet; 0 makes none.",
        _number(parse_duration, 0, 86400, "a time"),
    )


@dataclass(frozen=True)
class Rules:
    custom_tag_rules: Path = setting(
        "CustomTagRules", Path("custom_tags.json"), "Your tagging rules and classes.", _path
    )
    priority_keywords: Path = setting(
        "PriorityKeywords", Path("priority_keywords.json"), "Words that the model is told to look for.", _path
    )


@dataclass(frozen=True)
class Logging:
    log_file: Path = setting(
        "LogFile", Path("video_processing.log"), "Everything that happened, with tracebacks; rotated.", _path
    )


@dataclass(frozen=True)
class Config:
    """All settings, read once. `explicit` holds the (section, key) pairs that somebody set."""

    paths: Paths = field(default=Paths(), metadata={"section": "Paths"})
    library: LibrarySection = field(default=LibrarySection(), metadata={"section": "Library"})
    mongodb: MongoDB = field(default=MongoDB(), metadata={"section": "MongoDB"})
    concurrency: Concurrency = field(default=Concurrency(), metadata={"section": "Concurrency"})
    qwen_vl: QwenVL = field(default=QwenVL(), metadata={"section": "QwenVL"})
    qwen: Qwen = field(default=Qwen(), metadata={"section": "Qwen"})
    scene_detection: SceneDetection = field(default=SceneDetection(), metadata={"section": "SceneDetection"})
    processing: Processing = field(default=Processing(), metadata={"section": "Processing"})
    rules: Rules = field(default=Rules(), metadata={"section": "Rules"})
    logging: Logging = field(default=Logging(), metadata={"section": "Logging"})
    explicit: frozenset[tuple[str, str]] = frozenset()

    def secrets(self) -> list[str]:
        """The values that must not be shown anywhere."""
        values = [getattr(getattr(self, s.section_attribute), s.attribute) for s in settings()]
        return [value for value in values if isinstance(value, Secret) and value]


@dataclass(frozen=True)
class Setting:
    """One row of the table, as the checks and the docs want it."""

    section: str
    key: str
    default: Any
    meaning: str
    read: Callable[[str], Any]
    env: tuple[str, ...]
    section_attribute: str
    attribute: str


def settings() -> Iterator[Setting]:
    """The whole table, in the order of config.ini."""
    for section_field in fields(Config):
        section = section_field.metadata.get("section")
        if section is None:
            continue
        for key_field in fields(section_field.default):  # type: ignore[arg-type]
            meta = key_field.metadata
            own = f"VIDKIT_{section}_{meta['key']}".upper()
            env = tuple(dict.fromkeys(name for name in (meta["env"], own) if name))
            yield Setting(
                section, meta["key"], key_field.default, meta["meaning"], meta["read"], env,
                section_field.name, key_field.name,
            )  # fmt: skip


def show(value: Any) -> str:
    """A setting's value as config.ini has it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else str(value)
