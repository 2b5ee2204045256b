"""What all videos of one run share, opened once."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from vidkit.analysis import choose_encoder
from vidkit.core import ensure_directory, load_priority_keywords
from vidkit.core.config import Config, Rules
from vidkit.core.settings import Processing
from vidkit.errors import ConfigError, OutputError, VidkitError
from vidkit.ffmpeg import ProcessGroup
from vidkit.library import Library, open_library
from vidkit.qwen_model import Describer, full_instruction, open_describer
from vidkit.record import Corrections
from vidkit.rows import Filters
from vidkit.tagging import RuleSet, load_custom_tags
from vidkit.workflow.journal import Journal
from vidkit.workflow.layout import Places

LEVELS = ("auto", "none", "video", "segments", "scenes")
# A stage is done again when its number here changes: raise it when the stage's results do.
VERSIONS = {"download": 1, "probe": 1, "scenes": 1, "clips": 1, "describe": 1, "tag": 1}


@dataclass(frozen=True)
class RunSpec:
    """What a run is opened from: plain values that can be pickled and sent to another process.

    The settings hold secrets (an access key, a password), and so does a pickle of them.
    """

    config: Config
    level: str = "auto"
    """What is described, one of `LEVELS`."""
    use_vpc: bool = False
    """Ask the VPC endpoint."""
    force: bool = False
    """Do every stage again."""
    filters: Filters = field(default_factory=Filters)
    """Which videos are wanted; asked again once a video's size and duration are known."""
    max_requests: int | None = None
    """Limit the requests to the model, in each process that opens the run."""
    job: Path | None = None
    """The folder for `summary.json` and `failures.csv`; by default the ProcessedDirectory."""


@dataclass(frozen=True)
class Run:
    """What is opened once in each process from a `RunSpec`: rules, describer, folders, journal and library.

    `processes` are the ffmpeg and ffprobe processes of this run and of no other.
    """

    spec: RunSpec
    rules: RuleSet
    describer: Describer | None
    instruction: str
    places: Places
    journal: Journal
    library: Library
    job: Path
    processes: ProcessGroup = field(default_factory=ProcessGroup)

    @property
    def config(self) -> Config:
        """The settings."""
        return self.spec.config

    @property
    def level(self) -> str:
        """What is described."""
        return self.spec.level

    @property
    def force(self) -> bool:
        """Whether every stage is done again."""
        return self.spec.force

    @property
    def filters(self) -> Filters:
        """Which videos are wanted."""
        return self.spec.filters

    @property
    def stop(self) -> threading.Event:
        """Set where the run was stopped (`processes.stop()`); it ends downloads at once."""
        return self.processes.stopped

    def made_from(self, stage: str) -> list[object]:
        """The settings that a stage's results depend on."""
        scenes, caps = self.config.scene_detection, self.config.processing
        if stage == "scenes":
            return [scenes.detector, scenes.default_threshold, scenes.min_scene_length, caps.sprite_interval]
        if stage == "clips":
            overlap = caps.segment_overlap if caps.segment_by == "time" else 0.0  # clips along scenes have none
            limits = [caps.segment_length, overlap, caps.max_resolution, caps.max_fps]
            # At its default it is left out: clips that were cut before there was this setting stay.
            default = caps.min_segment_length == Processing.min_segment_length or caps.segment_by == "scenes"
            rest = [] if default else [caps.min_segment_length]
            return [*limits, caps.segment_by, caps.clip_mode, caps.encoder, *rest]
        if stage == "describe":
            if self.describer is None:
                return []
            return [self.describer.backend, self.describer.fingerprint, self.instruction, self.level]
        return tag_settings(self.rules) if stage == "tag" else []

    @cached_property
    def settings(self) -> str:
        """One fingerprint of everything in the settings that a record depends on."""
        return fingerprint(*VERSIONS.values(), *map(self.made_from, VERSIONS))


@contextmanager
def open_run(spec: RunSpec | Config, **options: Any) -> Iterator[Run]:
    """Check and open what a run needs, before any work is done.

    Args:
        spec: what to open, or the settings alone.
        options: the other fields of `RunSpec`, where `spec` is the settings alone.

    Raises:
        ConfigError: a setting or a rule file is wrong.
        LibraryError: the library cannot be opened.
        OutputError: a folder cannot be made.
    """
    spec = RunSpec(spec, **options) if isinstance(spec, Config) else spec
    config = spec.config
    choose_encoder(config.processing.encoder)
    rules = open_rules(config)
    describer = open_describer(config, spec.use_vpc, spec.max_requests) if spec.level != "none" else None
    keywords = load_priority_keywords(config.rules.priority_keywords)
    places = Places(config.paths.processed_directory, config.paths.download_directory)
    library = open_library(config)
    journal = None
    try:
        journal = Journal(places.processed, places.is_taken)
        yield Run(
            spec=spec,
            rules=rules,
            describer=describer,
            instruction=full_instruction(config.qwen_vl.default_instruction, keywords),
            places=places,
            journal=journal,
            library=library,
            job=ensure_directory(spec.job).absolute() if spec.job else places.processed,
        )
    finally:
        if journal is not None:
            journal.close()
        library.close()
        if describer is not None:
            describer.close()


def open_rules(config: Config) -> RuleSet:
    """The user's rules; none where there is no file and none was named.

    Raises:
        ConfigError: the file was named and is not there, or holds a mistake.
    """
    path = config.rules.custom_tag_rules
    if ("Rules", "CustomTagRules") in config.explicit and path != Rules().custom_tag_rules and not path.is_file():
        raise ConfigError(f"{path}: no such rule file ([Rules] CustomTagRules). `vidkit init` writes one.")
    return load_custom_tags(path)


@contextmanager
def in_stage(name: str) -> Iterator[None]:
    """Say on every failure in which stage it was; a failure of the disk is one of the output."""
    try:
        yield
    except VidkitError as error:
        error.stage = error.stage or name
        raise
    except OSError as error:
        failure = OutputError(f"{error.filename or 'a file'} cannot be read or written: {error.strerror}")
        failure.stage = name
        raise failure from error


def stage_entry(began: float, made_from: str) -> dict[str, Any]:
    """What the record says of a stage that began at this time of the monotonic clock and is done now."""
    return {"seconds": round(time.monotonic() - began, 3), "fingerprint": made_from}


def stage_fingerprint(stage: str, inputs: list[object], settings: list[object]) -> str:
    """What a stage's results are made from: its version, what comes in, the settings that it reads."""
    return fingerprint(VERSIONS[stage], inputs, settings)


def tag_inputs(sha256: str, described: str, corrections: Corrections | None) -> list[object]:
    """What tags are made from beside the rules: content, description (its stage's fingerprint), a person's word."""
    return [sha256, described] if corrections is None else [sha256, described, corrections]


def tag_settings(rules: RuleSet) -> list[object]:
    """The settings that the tags depend on."""
    return [rules.fingerprint]


def fingerprint(*parts: object) -> str:
    """Sixteen hex digits that change when any of the parts does."""
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


def timestamp() -> str:
    """Now, as the record has it: UTC, ISO 8601, to the millisecond."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")
