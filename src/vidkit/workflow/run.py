"""What all videos of one run share, opened once."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.analysis import choose_encoder
from vidkit.core import ensure_directory
from vidkit.core.config import Config
from vidkit.download.reach import ANYWHERE, Reach
from vidkit.errors import ConfigError
from vidkit.ffmpeg import ProcessGroup
from vidkit.library import Library, open_library
from vidkit.qwen_model import Describer, instruction_of, open_describer
from vidkit.qwen_model.cache import AnswerCache, Answers
from vidkit.qwen_model.cost import Meter, RequestMeter
from vidkit.qwen_model.hosted import ModelHost
from vidkit.readers.opened import EnabledReader
from vidkit.readers.registry import open_readers
from vidkit.rows import Filters
from vidkit.tagging import RuleSet
from vidkit.tagging.user_rules import open_rules
from vidkit.workflow.journal import Journal
from vidkit.workflow.layout import OutputLayout
from vidkit.workflow.shared import Shared, SharedFiles

if TYPE_CHECKING:
    from vidkit.meaning.models import Models

log = logging.getLogger(__name__)

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
    """Use the VPC endpoint."""
    force: bool = False
    """Make every stage again."""
    filters: Filters = field(default_factory=Filters)
    """Which videos are wanted; checked again when a video's size and duration are known."""
    priority: int = 0
    """Of rows without a priority, and of this run among others over the same results folder."""
    max_requests: int | None = None
    """Limit the requests to the model."""
    reach: Reach = ANYWHERE
    """Which addresses downloads may reach, and whether local files are read; for submitted jobs `reach_of(...)`."""
    skip_duplicates: bool = False
    """Skip new videos that are copies of one in the library or in this run, before they are described."""
    job: Path | None = None
    """The folder for `summary.json` and `failures.csv`; by default the ProcessedDirectory, if that is a folder."""


@dataclass(frozen=True)
class Run:
    """What each process opens once from a `RunSpec`: rules, describer, readers, folders, shared state.

    `processes` are the ffmpeg and ffprobe processes of this run and of no other.
    """

    spec: RunSpec
    rules: RuleSet
    describer: Describer | None
    instruction: str
    readers: tuple[EnabledReader, ...]
    layout: OutputLayout
    shared: Shared
    job: Path
    processes: ProcessGroup = field(default_factory=ProcessGroup)
    meaning: Models | None = None
    """The models for search by meaning, if the settings name some."""

    @property
    def journal(self) -> Journal:
        """The journal; a worker of a cluster has none and asks `shared`."""
        return self._files.journal

    @property
    def library(self) -> Library:
        """The library; a worker of a cluster has none and asks `shared`."""
        return self._files.library

    @property
    def _files(self) -> SharedFiles:
        if not isinstance(self.shared, SharedFiles):
            raise TypeError("journal and library are not here: only what has them may note what is finished")
        return self.shared

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
        """Whether every stage is made again."""
        return self.spec.force

    @property
    def priority(self) -> int:
        """The run's priority: rows of the run with the higher one come first."""
        return self.spec.priority

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
        """Set by `processes.stop()`; it ends downloads at once."""
        return self.processes.stopped


@contextmanager
def open_run(spec: RunSpec | Config, **options: Any) -> Iterator[Run]:
    """Check and open what a run needs, before any work is done.

    Args:
        spec: what to open, or only the settings.
        options: the other fields of `RunSpec`, if `spec` is only the settings.

    Raises:
        ConfigError: a setting or a rule file is wrong.
        LibraryError: the library cannot be opened.
        OutputError: a folder cannot be created.
    """
    spec = RunSpec(spec, **options) if isinstance(spec, Config) else spec
    config = spec.config
    if spec.skip_duplicates and not config.processing.picture_hashes:
        raise ConfigError("duplicates can only be skipped with [Processing] PictureHashes = yes")
    with ExitStack() as opened:
        answers, meter = AnswerCache(config.qwen_vl.cache), Meter(spec.max_requests)
        choose_encoder(config.processing.encoder)
        rules = open_rules(config)
        readers = _open_readers(config, opened)
        meaning = _open_meaning(config)
        describer = _open_describer(spec, answers, meter, opened)
        readers = _usable_readers(readers, describer)
        instruction = instruction_of(config)
        layout = OutputLayout(config.paths.processed_directory, config.paths.download_directory)
        library = opened.enter_context(closing(open_library(config)))
        journal = opened.enter_context(closing(Journal(layout.work, layout.is_taken, layout.store)))
        job = ensure_directory(spec.job).absolute() if spec.job else layout.work
        known = None
        if spec.skip_duplicates:
            from vidkit.duplicates.known import KnownPictures

            known = KnownPictures(library.pictures)
        shared = SharedFiles(journal, library, answers, meter, known)
        yield Run(
            spec, rules, describer, instruction, readers, layout=layout, shared=shared, job=job, meaning=meaning
        )


@contextmanager
def open_worker_run(
    spec: RunSpec, shared: Shared, rules: RuleSet, instruction: str, host: ModelHost | None = None
) -> Iterator[Run]:
    """Open what a worker of a cluster needs, which has neither the journal nor the library.

    Args:
        spec: that of the driver's run.
        shared: asks the driver's side for them.
        rules: those of the driver's run, since the rule files are not on this machine.
        instruction: that of the driver's run.
        host: has the local model, if the settings name one; by default this process.

    Raises:
        ConfigError: a setting is wrong on this machine.
        OutputError: a folder cannot be created.
    """
    paths = spec.config.paths
    with ExitStack() as opened:
        choose_encoder(spec.config.processing.encoder)
        readers = _open_readers(spec.config, opened)
        meaning = _open_meaning(spec.config)
        describer = _open_describer(spec, shared.answers, shared.meter, opened, host)
        readers = _usable_readers(readers, describer)
        layout = OutputLayout(paths.processed_directory, paths.download_directory)
        yield Run(
            spec, rules, describer, instruction, readers,
            layout=layout, shared=shared, job=layout.work, meaning=meaning,
        )  # fmt: skip


def _open_readers(config: Config, opened: ExitStack) -> tuple[EnabledReader, ...]:
    readers = open_readers(config)
    for reader in readers:
        opened.callback(reader.close)
    return readers


def _open_meaning(config: Config) -> Models | None:
    if not (config.meaning.text_model or config.meaning.image_model):
        return None
    from vidkit.meaning.models import open_models

    return open_models(config.meaning)


def _usable_readers(readers: tuple[EnabledReader, ...], describer: Describer | None) -> tuple[EnabledReader, ...]:
    """The readers; without a model, those that ask it are left out, and their older readings are kept."""
    if describer is not None:
        return readers
    for reader in readers:
        if reader.needs.model:
            log.warning(
                "reader %s is left out: this run describes nothing. Set [QwenVL] PublicEndpoint or "
                "[Qwen] ModelDir, and a --describe other than none",
                reader.name,
            )
    return tuple(reader for reader in readers if not reader.needs.model)


def _open_describer(
    spec: RunSpec, answers: Answers, meter: RequestMeter, opened: ExitStack, host: ModelHost | None = None
) -> Describer | None:
    if spec.level == "none":
        return None
    describer = open_describer(spec.config, spec.use_vpc, meter=meter, answers=answers, host=host)
    if describer is not None:
        opened.callback(describer.close)
    return describer
