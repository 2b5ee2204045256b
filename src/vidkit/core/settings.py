"""The settings: one table of sections, keys, defaults and meanings.

The classes below are that table. `vidkit init`, the checks, the environment variables and `docs/config.md` all use
it, so a new setting is one line here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from vidkit.core.languages import read_language
from vidkit.core.meaning_settings import Meaning
from vidkit.core.serve_settings import Serve
from vidkit.core.setting_values import (
    Secret,
    choice,
    number,
    read_file_or_folder,
    read_library_path,
    read_path,
    read_reader_names,
    read_resolution,
    read_secret,
    read_text,
    read_yes_no,
    setting,
)
from vidkit.core.stores import Address
from vidkit.core.units import parse_duration, parse_size

_RESULTS: Address = Path("processed_videos")
_LIBRARY: Path | Secret = Path("library.db")
_RULES: Address = Path("custom_tags.json")
_KEYWORDS: Address = Path("priority_keywords.json")


@dataclass(frozen=True)
class Paths:
    download_directory: Path = setting(
        "DownloadDirectory", Path("downloaded_videos"), "Folder for downloaded videos.", read_path
    )
    processed_directory: Address = setting(
        "ProcessedDirectory",
        _RESULTS,
        "Results folder: records, clips and thumbnails; or a folder of a bucket, such as s3://bucket/results.",
        read_file_or_folder,
    )
    keep_downloads: bool = setting(
        "KeepDownloads", True, "Keep each download after its record is written: yes or no.", read_yes_no
    )


@dataclass(frozen=True)
class LibrarySection:
    path: Path | Secret = setting(
        "Path",
        _LIBRARY,
        "SQLite library file, or postgresql://user:password@host/database; used when [MongoDB] URI is empty.",
        read_library_path,
    )


@dataclass(frozen=True)
class MongoDB:
    uri: Secret = setting(
        "URI",
        Secret(),
        "mongodb://... or mongodb+srv://...; also replica sets and Cosmos DB for MongoDB. Empty: [Library] Path.",
        read_secret,
        env="VIDKIT_MONGODB_URI",
    )
    database_name: str = setting("DatabaseName", "video_database", "MongoDB database.", read_text)
    collection_name: str = setting("CollectionName", "videos", "MongoDB collection.", read_text)


@dataclass(frozen=True)
class Concurrency:
    max_workers: int = setting(
        "MaxWorkers",
        5,
        "Number of videos to process in parallel. The number of CPU cores also limits ffmpeg processes.",
        number(int, 1, 1000, "a whole number"),
    )


@dataclass(frozen=True)
class Engine:
    name: str = setting(
        "Name",
        "local",
        "Where videos are processed: local (this machine) or ray (a Ray cluster).",
        choice("local", "ray"),
    )
    address: str = setting(
        "Address",
        "",
        "HOST:PORT of the Ray cluster of this machine. Empty: RAY_ADDRESS, else Ray starts on this machine alone.",
        read_text,
    )
    slot_cpus: float = setting(
        "SlotCPUs",
        1.0,
        "CPUs that Ray reserves for each video in progress; a node has as many slots as fit.",
        number(float, 0.01, 1000, "a number"),
    )
    slot_memory: int = setting(
        "SlotMemory",
        0,
        "Memory that Ray reserves for each video in progress, such as 2GiB; 0: none.",
        parse_size,
    )


@dataclass(frozen=True)
class QwenVL:
    public_endpoint: str = setting(
        "PublicEndpoint", "", "URL of the model endpoint that describes videos. Empty: no endpoint.", read_text
    )
    vpc_endpoint: str = setting(
        "VpcEndpoint", "", "URL of the same endpoint inside your VPC, used with --use_vpc.", read_text
    )
    access_key: Secret = setting(
        "AccessKey",
        Secret(),
        "Access key of the endpoint. Prefer the environment variable QWEN_VL_ACCESS_KEY.",
        read_secret,
        env="QWEN_VL_ACCESS_KEY",
    )
    default_instruction: str = setting(
        "DefaultInstruction", "Describe this video.", "Instruction (prompt) for the model.", read_text
    )
    language: str = setting(
        "Language", "", "Language of descriptions, such as German or de. Empty: the model chooses.", read_language
    )
    backend: str = setting(
        "Backend",
        "auto",
        "What describes videos: endpoint, local, none; auto: the endpoint if set, else the model in ModelDir.",
        choice("auto", "endpoint", "local", "none"),
    )
    protocol: str = setting(
        "Protocol",
        "auto",
        "Protocol of the endpoint: vidkit, openai (vLLM, SGLang, DashScope, transformers serve); auto detects it.",
        choice("auto", "vidkit", "openai"),
    )
    model: str = setting("Model", "", "Model name at the endpoint. Empty: the first model it lists.", read_text)
    timeout: float = setting(
        "Timeout",
        300.0,
        "Maximum total time for one answer of the endpoint, in seconds.",
        number(parse_duration, 0.1, 86400, "a time in seconds"),
    )
    max_tokens: int = setting(
        "MaxTokens", 512, "Maximum length of an answer, in tokens.", number(int, 1, 1_000_000, "a whole number")
    )
    cache: Path = setting(
        "Cache",
        Path("answers.db"),
        "Cache file for model answers: the same request is never paid for twice.",
        read_path,
    )


@dataclass(frozen=True)
class Qwen:
    model_dir: str = setting("ModelDir", "", "Folder with a Qwen-VL model to run on this machine.", read_text)
    model: str = setting(
        "Model",
        "Qwen/Qwen2-VL-7B-Instruct",
        "Model to download when Backend = local and ModelDir is empty.",
        read_text,
    )
    hub: str = setting(
        "Hub",
        "modelscope",
        "Hub to download it from: modelscope, huggingface.",
        choice("modelscope", "huggingface"),
    )
    frames_per_second: float = setting(
        "FramesPerSecond",
        2.0,
        "Frames sampled per second, for a local model or for an endpoint that only accepts images.",
        number(float, 0.01, 1000, "a number"),
    )
    max_frames: int = setting(
        "MaxFrames",
        32,
        "Maximum number of frames sampled from one clip.",
        number(int, 2, 10_000, "a whole number"),
    )
    max_pixels: int = setting(
        "MaxPixels",
        151_200,
        "Maximum number of pixels in one frame: 151200 is 420x360.",
        number(int, 3136, 100_000_000, "a whole number"),
    )


@dataclass(frozen=True)
class SceneDetection:
    default_threshold: float = setting(
        "DefaultThreshold",
        0.3,
        "How different two frames must be to start a new scene, 0 to 1; a lower value finds more scenes.",
        number(float, 0, 1, "a number"),
    )
    detector: str = setting(
        "Detector",
        "adaptive",
        "adaptive detects cuts, dissolves and fades; threshold uses ffmpeg's scene score.",
        choice("adaptive", "threshold"),
    )
    min_scene_length: float = setting(
        "MinSceneLength",
        0.5,
        "Minimum length of a scene, in seconds.",
        number(parse_duration, 0, 3600, "a time in seconds"),
    )


@dataclass(frozen=True)
class Processing:
    max_resolution: str = setting(
        "MaxResolution",
        "720p",
        "Maximum size of clips (720p: 1280x720, or 720x1280 for portrait). Smaller videos are not enlarged.",
        read_resolution,
    )
    max_fps: float = setting("MaxFPS", 30.0, "Maximum frame rate of clips.", number(float, 0.1, 1000, "a number"))
    segment_length: float = setting(
        "SegmentLength", 15.0, "Length of each clip, in seconds.", number(parse_duration, 0.1, 86400, "a time")
    )
    min_segment_length: float = setting(
        "MinSegmentLength",
        1.0,
        "If the last clip would be shorter than this, in seconds, it is merged into the previous one; 0: never.",
        number(parse_duration, 0, 86400, "a time"),
    )
    segment_overlap: float = setting(
        "SegmentOverlap",
        0.0,
        "Overlap between two clips, in seconds.",
        number(parse_duration, 0, 86400, "a time"),
    )
    segment_by: str = setting(
        "SegmentBy",
        "time",
        "time, or scenes: one clip per scene; a scene longer than SegmentLength is divided into equal parts.",
        choice("time", "scenes"),
    )
    clip_mode: str = setting(
        "ClipMode",
        "auto",
        "auto copies clips that meet the limits and start near keyframes, else encodes; or copy, or encode.",
        choice("auto", "copy", "encode"),
    )
    encoder: str = setting(
        "Encoder",
        "libx264",
        "libx264, h264_nvenc, h264_qsv, h264_videotoolbox; auto uses a hardware encoder if one works here.",
        choice("auto", "libx264", "h264_nvenc", "h264_qsv", "h264_videotoolbox"),
    )
    sprite_interval: float = setting(
        "SpriteInterval",
        5.0,
        "Seconds between two frames of the contact sheet; 0: no contact sheet.",
        number(parse_duration, 0, 86400, "a time"),
    )
    picture_hashes: bool = setting(
        "PictureHashes",
        True,
        "Hash frames of each video, to find duplicates: yes or no.",
        read_yes_no,
    )


@dataclass(frozen=True)
class Readers:
    use: tuple[str, ...] = setting(
        "Use",
        (),
        "Readers to run, such as quality; `vidkit readers` lists them. Settings of a reader: [Readers.NAME].",
        read_reader_names,
    )
    timeout: float = setting(
        "Timeout",
        300.0,
        "Maximum time of a reader for one part of a video, in seconds; twice the length of the video is added.",
        number(parse_duration, 0.1, 86400, "a time in seconds"),
    )


@dataclass(frozen=True)
class Rules:
    custom_tag_rules: Address = setting(
        "CustomTagRules",
        _RULES,
        "File with your tagging rules and classes; also in a bucket, such as s3://bucket/custom_tags.json.",
        read_file_or_folder,
    )
    priority_keywords: Address = setting(
        "PriorityKeywords",
        _KEYWORDS,
        "File with words that the model should look for; also in a bucket.",
        read_file_or_folder,
    )


@dataclass(frozen=True)
class Logging:
    log_file: Path = setting(
        "LogFile", Path("video_processing.log"), "Log file, with full tracebacks; rotated.", read_path
    )


@dataclass(frozen=True)
class ReaderSetting:
    """A key of a section `[Readers.NAME]`; or an environment variable, then `reader` and `key` are empty."""

    reader: str
    key: str
    text: str
    where: str


@dataclass(frozen=True)
class Config:
    """All settings, read once. `explicit` holds the (section, key) pairs that were set explicitly.

    `reader_settings` are as they are written: only the readers know what they mean.
    """

    paths: Paths = field(default=Paths(), metadata={"section": "Paths"})
    library: LibrarySection = field(default=LibrarySection(), metadata={"section": "Library"})
    mongodb: MongoDB = field(default=MongoDB(), metadata={"section": "MongoDB"})
    concurrency: Concurrency = field(default=Concurrency(), metadata={"section": "Concurrency"})
    engine: Engine = field(default=Engine(), metadata={"section": "Engine"})
    qwen_vl: QwenVL = field(default=QwenVL(), metadata={"section": "QwenVL"})
    qwen: Qwen = field(default=Qwen(), metadata={"section": "Qwen"})
    scene_detection: SceneDetection = field(default=SceneDetection(), metadata={"section": "SceneDetection"})
    processing: Processing = field(default=Processing(), metadata={"section": "Processing"})
    readers: Readers = field(default=Readers(), metadata={"section": "Readers"})
    meaning: Meaning = field(default=Meaning(), metadata={"section": "Meaning"})
    rules: Rules = field(default=Rules(), metadata={"section": "Rules"})
    serve: Serve = field(default=Serve(), metadata={"section": "Serve"})
    logging: Logging = field(default=Logging(), metadata={"section": "Logging"})
    explicit: frozenset[tuple[str, str]] = frozenset()
    reader_settings: tuple[ReaderSetting, ...] = ()

    def secrets(self) -> list[str]:
        """The values that must never be shown."""
        values = [getattr(getattr(self, s.section_attribute), s.attribute) for s in settings()]
        return [value for value in values if isinstance(value, Secret) and value]


@dataclass(frozen=True)
class Setting:
    """One row of the table, for the checks and the docs."""

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
    """A setting's value as written in config.ini."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(map(str, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
