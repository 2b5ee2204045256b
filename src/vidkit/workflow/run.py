"""What all videos of one run share, opened once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vidkit.analysis import choose_encoder
from vidkit.core import ensure_directory, load_priority_keywords
from vidkit.core.config import Config, Rules
from vidkit.download.reach import ANYWHERE, Reach
from vidkit.errors import ConfigError
from vidkit.ffmpeg import ProcessGroup
from vidkit.library import Library, open_library
from vidkit.qwen_model import Describer, full_instruction, open_describer
from vidkit.rows import Filters
from vidkit.tagging import RuleSet, load_custom_tags
from vidkit.workflow.journal import Journal
from vidkit.workflow.layout import OutputLayout

LEVELS = ("auto", "none", "video", "segments", "scenes")


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
    reach: Reach = ANYWHERE
    """Which addresses downloads may reach, and whether local files are read; for submitted jobs `reach_of(...)`."""
    job: Path | None = None
    """The folder for `summary.json` and `failures.csv`; by default the ProcessedDirectory, if that is a folder."""


@dataclass(frozen=True)
class Run:
    """What is opened once in each process from a `RunSpec`: rules, describer, folders, journal and library.

    `processes` are the ffmpeg and ffprobe processes of this run and of no other.
    """

    spec: RunSpec
    rules: RuleSet
    describer: Describer | None
    instruction: str
    layout: OutputLayout
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
    def reach(self) -> Reach:
        """Which addresses downloads may reach."""
        return self.spec.reach

    @property
    def stop(self) -> threading.Event:
        """Set where the run was stopped (`processes.stop()`); it ends downloads at once."""
        return self.processes.stopped


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
    layout = OutputLayout(config.paths.processed_directory, config.paths.download_directory)
    library = open_library(config)
    journal = None
    try:
        journal = Journal(layout.work, layout.is_taken, layout.store)
        yield Run(
            spec=spec,
            rules=rules,
            describer=describer,
            instruction=full_instruction(config.qwen_vl.default_instruction, keywords),
            layout=layout,
            journal=journal,
            library=library,
            job=ensure_directory(spec.job).absolute() if spec.job else layout.work,
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
