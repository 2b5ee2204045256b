"""A model in another process: this process reads the frames, that one makes batches and answers."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Protocol

from vidkit.qwen_model.cost import RequestMeter
from vidkit.qwen_model.frames import RawFrames, raw_frames
from vidkit.qwen_model.local import budget_of, fingerprint_of, name_of
from vidkit.qwen_model.question import Question, Reply

if TYPE_CHECKING:
    from vidkit.core.config import Qwen

_PARALLEL = 8  # clips of one video at once: their frames are in memory, and other videos fill a batch too


class ModelHost(Protocol):
    """The process with the model. Several threads use it at once.

    Each method raises DescribeError if there is no answer; the message says why.
    """

    def identity(self) -> str:
        """The identity of the weights."""

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of a video -> (height, width) of the frames for the model."""

    def answer(self, instruction: str, frames: RawFrames | None) -> Reply:
        """The model's answer to a question about these frames, or about the text only."""


class HostedModel:
    """The backend for a model in another process. Only sizes, frames, instructions and answers are sent.

    Args:
        settings: the section `[Qwen]`.
        max_tokens: maximum length of an answer, in tokens.
        meter: counts the questions.
        host: has the model.
    """

    name = "local"
    parallel = _PARALLEL

    def __init__(self, settings: Qwen, max_tokens: int, meter: RequestMeter, host: ModelHost) -> None:
        self._budget = budget_of(settings)
        self._meter = meter
        self._host = host
        self.model: str | None = name_of(settings.model_dir, settings.model)
        self.fingerprint = fingerprint_of(settings, max_tokens)

    @functools.cached_property
    def _identity(self) -> str:
        return self._host.identity()

    def identity(self) -> str:
        """The identity of the weights."""
        return self._identity

    def ask(self, question: Question) -> Reply:
        """Ask one question; see `Backend.ask`."""
        frames = raw_frames(question.clip, self._budget, self._host.size) if question.clip is not None else None
        self._meter.take()
        return self._host.answer(question.instruction, frames)

    def close(self) -> None:
        """Nothing to close."""
