"""One question about one video, for those who call vidkit from Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vidkit.core import load_priority_keywords
from vidkit.core.config import load_config
from vidkit.errors import ConfigError
from vidkit.qwen_model.answer import full_instruction
from vidkit.qwen_model.cache import AnswerCache
from vidkit.qwen_model.cost import Meter
from vidkit.qwen_model.describer import Describer, endpoint_url, open_describer, open_endpoint
from vidkit.qwen_model.question import Clip, Description, Question

if TYPE_CHECKING:
    from vidkit.core.config import Config


def query_qwen_vl_chat(
    video_url: str,
    instruction: str = "Describe this video.",
    use_vpc: bool = False,
    max_resolution: str | None = None,
    max_fps: float | None = None,
    config: Config | None = None,
) -> Description:
    """Ask the configured endpoint about one video, with the priority keywords added to the instruction.

    Args:
        video_url: where the endpoint can fetch the video, or a local file, which is sent to it.
        instruction: what it is asked.
        use_vpc: ask `VpcEndpoint` instead of `PublicEndpoint`.
        max_resolution: the most that the model should look at, such as `720p`; by default the settings'.
        max_fps: likewise, frames a second.
        config: the settings; by default read from `config.ini` and the environment.

    Raises:
        ConfigError: no endpoint is set, or the settings are wrong.
        DescribeError: there is no description, and why.
    """
    config = config or load_config()
    url = endpoint_url(config, use_vpc)
    if not url:
        raise ConfigError("no endpoint is set: give [QwenVL] PublicEndpoint in config.ini")
    meter = Meter()
    describer = Describer(open_endpoint(config, url, meter), AnswerCache(config.qwen_vl.cache), meter)
    clip = Clip(None, video_url) if "://" in video_url else Clip(Path(video_url))
    keywords = load_priority_keywords(config.rules.priority_keywords)
    try:
        return describer.ask(Question(full_instruction(instruction, keywords), clip, max_resolution, max_fps))
    finally:
        describer.close()


def process_with_qwen_vl(
    video_path: str | os.PathLike[str],
    instruction: str = "Describe this scene.",
    config: Config | None = None,
    describer: Describer | None = None,
) -> Description:
    """Describe one local video by whatever the settings name, an endpoint or a local model.

    Args:
        video_path: a local video file.
        instruction: what the model is asked; the priority keywords are added.
        config: the settings; by default read from `config.ini` and the environment.
        describer: who answers, where many videos share one (`open_describer`); by default opened for this one.

    Raises:
        ConfigError: neither an endpoint nor a local model is set, or the settings are wrong.
        DescribeError: there is no description, and why.
    """
    config = config or load_config()
    keywords = load_priority_keywords(config.rules.priority_keywords)
    question = Question(full_instruction(instruction, keywords), Clip(Path(video_path)))
    if describer is not None:
        return describer.ask(question)
    own = open_describer(config)
    if own is None:
        raise ConfigError("no model is set: give [QwenVL] PublicEndpoint or [Qwen] ModelDir in config.ini")
    try:
        return own.ask(question)
    finally:
        own.close()
