"""A local Qwen-VL model, run with transformers."""

from __future__ import annotations

import functools
import json
import logging
import os
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vidkit.errors import VidkitError
from vidkit.qwen_model.answer import PROMPT_VERSION, full_instruction, prompt, read_answer
from vidkit.qwen_model.batches import Batches, OutOfMemory
from vidkit.qwen_model.cost import RequestMeter
from vidkit.qwen_model.frames import Budget, RawFrames, raw_frames
from vidkit.qwen_model.loading import load_model
from vidkit.qwen_model.memory import clip_bytes, free_bytes, is_out_of_memory, peak_bytes, release
from vidkit.qwen_model.question import Clip, Description, Question, Reply
from vidkit.qwen_model.weights import find_weights, weights_identity

if TYPE_CHECKING:
    import torch

    from vidkit.core.config import Qwen

log = logging.getLogger(__name__)

_LARGEST_BATCH = 32  # clips; more clips gain little, and the frames of each are in memory
_DEFAULT = "Qwen/Qwen2-VL-7B-Instruct"


def name_of(model_dir: str | os.PathLike[str], model: str) -> str:
    """The name of a model: that of its folder, or at the hub."""
    return Path(model_dir).expanduser().absolute().name if model_dir else model


def budget_of(settings: Qwen) -> Budget:
    """How many frames and pixels of a clip the model gets."""
    return Budget(settings.frames_per_second, settings.max_frames, settings.max_pixels)


def fingerprint_of(settings: Qwen, max_tokens: int) -> str:
    """The settings that change a local model's answer."""
    name = name_of(settings.model_dir, settings.model)
    return json.dumps(["local", name, max_tokens, *vars(budget_of(settings)).values(), PROMPT_VERSION])


@dataclass(frozen=True)
class Prepared:
    """Input of the model: the prompt, and frames as (frames, 3, height, width) of uint8, `fps` per second."""

    text: str
    frames: torch.Tensor | None
    fps: float


class QwenVLModel:
    """A local model, loaded on first use: Qwen2-VL, Qwen2.5-VL, Qwen3-VL or another one that transformers supports.

    Args:
        model_dir: a folder with the weights; empty to download them.
        model: name of the model at the hub.
        hub: `modelscope` or `huggingface`.
        max_tokens: maximum length of an answer, in tokens.
        budget: how many frames and pixels of a clip the model gets.
    """

    def __init__(
        self,
        model_dir: str | os.PathLike[str] = "",
        model: str = _DEFAULT,
        hub: str = "modelscope",
        max_tokens: int = 512,
        budget: Budget = Budget(2.0, 32, 151_200),  # noqa: B008  # frozen
    ) -> None:
        self.name = name_of(model_dir, model)
        self._where = (str(model_dir), model, hub)
        self._max_tokens = max_tokens
        self._budget = budget
        self._lock = threading.Lock()
        self._loaded: tuple[Any, Any] | None = None
        self._failure: VidkitError | None = None
        self._measured = 1.0  # memory that a clip really used, relative to the estimate

    @functools.cached_property
    def folder(self) -> Path:
        """The folder of the weights, which are downloaded if necessary."""
        return find_weights(*self._where)

    def load(self) -> tuple[Any, Any]:
        """The model and its processor. They are loaded once; after a failure, loading is not tried again.

        Raises:
            DescribeError: there is no such model, it is of another kind, or it does not fit into memory.
            ToolMissingError: the extra `qwen` is not installed.
        """
        with self._lock:
            if self._failure is not None:
                raise self._failure
            if self._loaded is None:
                try:
                    self._loaded = load_model(self.folder)
                except VidkitError as error:
                    self._failure = error
                    raise
            return self._loaded

    def process_video(
        self, video_path: str | os.PathLike[str], instruction: str = "Describe this video."
    ) -> Description:
        """Describe one local video.

        Raises:
            DescribeError: there is no description; the message says why.
            ToolMissingError: the extra `qwen` is not installed.
        """
        question = Question(full_instruction(instruction, ()), Clip(Path(video_path)))
        batches = Batches(self.generate, self.fits)
        try:
            return read_answer(batches.put(lambda: self.prepare(question)).text)
        finally:
            batches.close()

    def prepare(self, question: Question) -> Prepared:
        """Read the frames and make the prompt: the work for a single clip, in any thread."""
        self.load()
        frames = raw_frames(question.clip, self._budget, self.size) if question.clip is not None else None
        return self.make_prompt(question.instruction, frames)

    def make_prompt(self, instruction: str, frames: RawFrames | None) -> Prepared:
        """The model's input for a question about these frames, or about the text only."""
        import torch

        _, processor = self.load()
        content = [{"type": "text", "text": prompt(instruction)}]
        if frames is not None:
            content.insert(0, {"type": "video"})
        messages = [{"role": "user", "content": content}]
        text = processor.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        if frames is None:
            return Prepared(text, None, 0.0)
        pixels = torch.frombuffer(bytearray(frames.pixels), dtype=torch.uint8)
        shown = pixels.view(frames.count, frames.height, frames.width, 3).permute(0, 3, 1, 2).contiguous()
        return Prepared(text, shown, frames.fps)

    def size(self, height: int, width: int) -> tuple[int, int]:
        """(height, width) of a video -> (height, width) of its frames in qwen-vl-utils.

        Its `fetch_video` accepts a list of frames too, but scales them twice: first to multiples of 56 pixels, then
        to multiples of 28.
        """
        _, processor = self.load()
        from qwen_vl_utils.vision_process import VIDEO_MIN_TOKEN_NUM, smart_resize

        factor = processor.video_processor.patch_size * processor.video_processor.merge_size
        most = max(self._budget.max_pixels, factor**2)
        least = min(VIDEO_MIN_TOKEN_NUM * factor**2, most)
        return smart_resize(height, width, factor, min_pixels=least, max_pixels=most)  # type: ignore[no-any-return]

    def generate(self, batch: Sequence[Prepared]) -> list[Reply]:
        """The model's answers for a batch.

        Raises:
            OutOfMemory: the batch does not fit.
        """
        import torch

        model, _ = self.load()
        began = time.monotonic()
        inputs: Any = None
        written: Any = None
        try:
            before = peak_bytes(model.device.type, reset=True)
            inputs = self.inputs(batch)
            with torch.inference_mode():
                written = model.generate(**inputs, max_new_tokens=self._max_tokens, do_sample=False)
            if any(one.frames is not None for one in batch):
                self._measure(before, batch)
            return self._replies(inputs, written, (time.monotonic() - began) / len(batch))
        except Exception as error:
            if not is_out_of_memory(error):
                raise
            log.debug("out of memory with %d clips: %s", len(batch), error)
        del inputs, written
        release(model.device.type)
        raise OutOfMemory

    def inputs(self, batch: Sequence[Prepared]) -> Any:
        """The tensors of a batch, on the model's device."""
        from transformers.video_utils import VideoMetadata

        model, processor = self.load()
        videos = [one for one in batch if one.frames is not None]
        shown: dict[str, Any] = {}
        if videos:
            # The frames are already sampled and scaled; `fps` is their number per second.
            shown = {
                "videos": [one.frames for one in videos],
                "video_metadata": [
                    VideoMetadata(
                        total_num_frames=len(one.frames), fps=one.fps, frames_indices=[*range(len(one.frames))]
                    )
                    for one in videos
                    if one.frames is not None
                ],
                "do_resize": False,
                "do_sample_frames": False,
                "device": model.device,
            }
        texts = [one.text for one in batch]
        return processor(text=texts, padding=True, return_tensors="pt", **shown).to(model.device)

    def fits(self, ready: Sequence[Prepared]) -> int:
        """How many of the prepared clips fit in free memory at once."""
        model, _ = self.load()
        need = self._measured * max((self._estimate(one) for one in ready), default=1.0)
        return max(1, min(_LARGEST_BATCH, int(free_bytes(model.device.type) / need)))

    def _measure(self, before: float | None, batch: Sequence[Prepared]) -> None:
        """Measure the memory that a batch really used, if the device reports it."""
        model, _ = self.load()
        peak = peak_bytes(model.device.type)
        if before is not None and peak is not None:
            self._measured = max(0.05, 1.1 * (peak - before) / (len(batch) * max(map(self._estimate, batch))))

    def _estimate(self, one: Prepared) -> float:
        model, processor = self.load()
        patch = processor.video_processor.patch_size
        pixels = one.frames[:, 0].numel() if one.frames is not None else 0
        return clip_bytes(
            model.config, model.dtype.itemsize, pixels // patch**2, len(one.text) // 3 + self._max_tokens
        )

    def _replies(self, inputs: Any, written: Any, seconds: float) -> list[Reply]:
        _, processor = self.load()
        answers = written[:, inputs["input_ids"].shape[1] :]
        read = inputs["attention_mask"].sum(dim=1).tolist()
        texts = processor.tokenizer.batch_decode(answers, skip_special_tokens=True)
        padding = processor.tokenizer.pad_token_id
        wrote = (answers != padding).sum(dim=1).tolist()
        return [
            Reply(text, int(tokens_in), int(tokens_out), seconds)
            for text, tokens_in, tokens_out in zip(texts, read, wrote, strict=True)
        ]

    def unload(self) -> None:
        """Free the memory."""
        with self._lock:
            self._loaded = None
        release("cuda")


class LocalModel:
    """The backend for a local model, with its batches.

    Args:
        settings: the section `[Qwen]`.
        max_tokens: maximum length of an answer, in tokens.
        meter: counts the questions.
    """

    name = "local"
    parallel = _LARGEST_BATCH

    def __init__(self, settings: Qwen, max_tokens: int, meter: RequestMeter) -> None:
        self._model = QwenVLModel(settings.model_dir, settings.model, settings.hub, max_tokens, budget_of(settings))
        self._fingerprint = fingerprint_of(settings, max_tokens)
        self._meter = meter
        self._batches = Batches(self._model.generate, self._model.fits)

    @property
    def model(self) -> str | None:
        """The name of the folder, or of the model at the hub."""
        return self._model.name

    @property
    def fingerprint(self) -> str:
        """The settings that change an answer."""
        return self._fingerprint

    @functools.cached_property
    def _identity(self) -> str:
        return weights_identity(self._model.folder)

    def identity(self) -> str:
        """The identity of the weights."""
        return self._identity

    def ask(self, question: Question) -> Reply:
        """Ask one question; see `Backend.ask`."""
        return self._batches.put(lambda: self._prepare(question))

    def size(self, height: int, width: int) -> tuple[int, int]:
        """As `QwenVLModel.size`, for a process that reads the frames itself and then calls `answer`."""
        return self._model.size(height, width)

    def answer(self, instruction: str, frames: RawFrames | None) -> Reply:
        """Ask one question. Another process has read its frames and counted it."""
        return self._batches.put(lambda: self._model.make_prompt(instruction, frames))

    def _prepare(self, question: Question) -> Prepared:
        prepared = self._model.prepare(question)
        self._meter.take()
        return prepared

    def close(self) -> None:
        """Stop after the current batch, and free the memory."""
        self._batches.close()
        self._model.unload()
