"""The settings of a job: an allow-list of options of `vidkit process`, without paths, addresses and programs."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import ConfigDict, Field

from vidkit.core.config import Config
from vidkit.core.options import with_options
from vidkit.download.reach import reach_of
from vidkit.errors import ConfigError
from vidkit.rows.filters import read_filters
from vidkit.web.models import Model

if TYPE_CHECKING:
    from vidkit.workflow.run import RunSpec

# A value as the command line takes it; a number may be given as a number.
Value = Annotated[str, Field(max_length=100)]


class JobSettings(Model):
    """The settings of a job; those that are left out are the server's own."""

    model_config = ConfigDict(extra="forbid", coerce_numbers_to_str=True)

    describe: Literal["auto", "none", "video", "segments", "scenes"] = Field(
        default="auto", description="what the model describes"
    )
    force: bool = Field(default=False, description="run every stage again, even if nothing changed")
    max_requests: int | None = Field(default=None, ge=0, le=2**31, description="limit the number of model requests")
    workers: int | None = Field(default=None, ge=1, le=1000, description="number of videos to process in parallel")
    max_resolution: Value | None = Field(default=None, description="maximum size of clips, such as 720p")
    max_fps: Value | None = Field(default=None, description="maximum frame rate of clips")
    segment_length: Value | None = Field(default=None, description="length of each clip, such as 15 or 1:00")
    min_segment_length: Value | None = Field(
        default=None, description="merge the last clip into the previous one if it would be shorter"
    )
    segment_overlap: Value | None = Field(default=None, description="overlap between two clips")
    segment_by: Value | None = Field(default=None, description="time, or scenes: one clip per scene")
    clip_mode: Value | None = Field(default=None, description="auto, copy (without re-encoding) or encode")
    encoder: Value | None = Field(
        default=None, description="libx264, a hardware encoder such as h264_nvenc, or auto"
    )
    scene_threshold: Value | None = Field(default=None, description="0 to 1; a lower value finds more scenes")
    readers: Value | None = Field(default=None, description="readers to run, such as quality,speech")
    qwen_instruction: Annotated[str, Field(max_length=10_000)] | None = Field(
        default=None, description="instruction (prompt) for the model"
    )
    min_size: Value | None = Field(default=None, description="minimum file size, such as 500MB")
    max_size: Value | None = Field(default=None, description="maximum file size")
    min_duration: Value | None = Field(default=None, description="minimum duration, such as 5:30 or 1h")
    max_duration: Value | None = Field(default=None, description="maximum duration")
    modified_after: Value | None = Field(
        default=None, description="modified on or after this date, such as 2026-11-20"
    )
    modified_before: Value | None = Field(default=None, description="modified before this date")

    def given(self) -> dict[str, Any]:
        """The settings that are given and not empty."""
        return {key: value for key, value in self.model_dump(exclude_defaults=True).items() if value != ""}


def run_spec(config: Config, settings: Mapping[str, Any], folder: Path | None = None, priority: int = 0) -> RunSpec:
    """The run of a job of the web library. Everything that limits such a job is set here.

    Args:
        config: the server's settings.
        settings: the job's, as `JobSettings.given` has them.
        folder: the job's own folder.
        priority: the job's.

    Raises:
        ConfigError: a setting cannot be read, or asks for more workers than the server's settings allow.
    """
    from vidkit.workflow.run import RunSpec  # a server that starts no job need not load it

    most = config.concurrency.max_workers
    if int(settings.get("workers") or 1) > most:
        raise ConfigError(f"workers: {settings['workers']} is more than [Concurrency] MaxWorkers, {most}")
    return RunSpec(
        with_options(config, settings),
        level=settings.get("describe", "auto"),
        force=bool(settings.get("force")),
        filters=read_filters(settings),
        priority=priority,
        max_requests=settings.get("max_requests"),
        reach=reach_of(config.serve),
        job=folder,
    )
