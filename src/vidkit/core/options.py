"""Options that override settings, by their names on the command line and in jobs of the web library."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from vidkit.core.config import Config, check_together, settings
from vidkit.errors import ConfigError, sentence

# An option -> the setting that it overrides.
SETTINGS = {
    "output": ("Paths", "ProcessedDirectory"),
    "scene_threshold": ("SceneDetection", "DefaultThreshold"),
    "qwen_instruction": ("QwenVL", "DefaultInstruction"),
    "max_resolution": ("Processing", "MaxResolution"),
    "max_fps": ("Processing", "MaxFPS"),
    "segment_length": ("Processing", "SegmentLength"),
    "min_segment_length": ("Processing", "MinSegmentLength"),
    "segment_overlap": ("Processing", "SegmentOverlap"),
    "segment_by": ("Processing", "SegmentBy"),
    "clip_mode": ("Processing", "ClipMode"),
    "encoder": ("Processing", "Encoder"),
    "engine": ("Engine", "Name"),
    "workers": ("Concurrency", "MaxWorkers"),
    "readers": ("Readers", "Use"),
    "keep_downloads": ("Paths", "KeepDownloads"),
}


def overrides_of(options: Mapping[str, Any]) -> dict[tuple[str, str], str]:
    """The settings of options: (section, key) -> text. Other options, and those that are None, are ignored."""
    given = {key: options.get(name) for name, key in SETTINGS.items()}
    return {key: str(value) for key, value in given.items() if value is not None}


def with_options(config: Config, options: Mapping[str, Any]) -> Config:
    """Settings, overridden by options.

    Args:
        config: the settings.
        options: an option of `SETTINGS` -> its value, as on the command line. Other names are ignored.

    Raises:
        ConfigError: a value cannot be read, or does not work together with another setting.
    """
    overrides = overrides_of(options)
    names = {key: name for name, key in SETTINGS.items()}
    for row in settings():
        text = overrides.get((row.section, row.key))
        if text is None:
            continue
        try:
            value = row.read(text.strip())
        except ValueError as error:
            name = names[row.section, row.key]
            raise ConfigError(
                "{name}: {error} {meaning}", name=name, error=sentence(str(error)), meaning=row.meaning
            ) from None
        section = dataclasses.replace(getattr(config, row.section_attribute), **{row.attribute: value})
        explicit = config.explicit | {(row.section, row.key)}
        config = dataclasses.replace(config, **{row.section_attribute: section, "explicit": explicit})
    return check_together(config)
