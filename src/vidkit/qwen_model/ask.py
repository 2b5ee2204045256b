"""Describe one video from Python."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from vidkit.core.buckets import readable_url
from vidkit.core.config import load_config
from vidkit.errors import ConfigError
from vidkit.qwen_model.answer import instruction_of
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
        video_url: a URL that the endpoint can download; an object in a bucket, for which it gets a signed URL; or a
            local file, which vidkit sends.
        instruction: the instruction (prompt).
        use_vpc: use `VpcEndpoint` instead of `PublicEndpoint`.
        max_resolution: maximum resolution for the model, such as `720p`; by default from the settings.
        max_fps: maximum frame rate for the model; by default from the settings.
        config: the settings; by default read from `config.ini` and the environment.

    Raises:
        ConfigError: no endpoint is configured, or the settings are invalid.
        DescribeError: describing failed; the message says why.
    """
    config = config or load_config()
    url = endpoint_url(config, use_vpc)
    if not url:
        raise ConfigError("no endpoint is set: give [QwenVL] PublicEndpoint in config.ini")
    meter = Meter()
    describer = Describer(open_endpoint(config, url, meter), AnswerCache(config.qwen_vl.cache), meter)
    clip = Clip(None, readable_url(video_url)) if "://" in video_url else Clip(Path(video_url))
    try:
        return describer.ask(Question(instruction_of(config, instruction), clip, max_resolution, max_fps))
    finally:
        describer.close()


def process_with_qwen_vl(
    video_path: str | os.PathLike[str],
    instruction: str = "Describe this scene.",
    config: Config | None = None,
    describer: Describer | None = None,
) -> Description:
    """Describe one local video with the configured endpoint or local model.

    Args:
        video_path: a local video file.
        instruction: the instruction (prompt); the priority keywords are added.
        config: the settings; by default read from `config.ini` and the environment.
        describer: an open describer (`open_describer`), to share it between videos; by default a new one.

    Raises:
        ConfigError: neither an endpoint nor a local model is configured, or the settings are invalid.
        DescribeError: describing failed; the message says why.
    """
    config = config or load_config()
    question = Question(instruction_of(config, instruction), Clip(Path(video_path)))
    if describer is not None:
        return describer.ask(question)
    own = open_describer(config)
    if own is None:
        raise ConfigError("no model is set: give [QwenVL] PublicEndpoint or [Qwen] ModelDir in config.ini")
    try:
        return own.ask(question)
    finally:
        own.close()
