"""Texts to vectors: tokens, batches, pooling."""

from __future__ import annotations

import string
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.core.onnx_models import ModelError, in_words, open_file
from vidkit.meaning.model_files import EXTRA, TextFiles
from vidkit.messages import message

Vectors = NDArray[np.float32]

_ROWS, _TOKENS = 32, 256  # of one batch, with padding; more is slower on one core
_READ_AT_ONCE = 1024  # texts whose tokens are in memory
_CHARACTERS = 64  # of a text for each token of the model's length: a longer text is cut before
_IDS, _MASK, _TYPES, _POSITIONS = (
    ("input_ids", "text", "tokens"),
    "attention_mask",
    "token_type_ids",
    "position_ids",
)
_WHOLE = "sentence_embedding"  # an output that needs no pooling
_KINDS = {"tensor(int64)": np.int64, "tensor(int32)": np.int32}


class TextEncoder:
    """A model that turns texts into vectors of length 1. Several threads may use it.

    Args:
        files: the model.
        threads: 0 is one for each core.

    Raises:
        ModelError: it is not such a model, or one of its files is missing or damaged.
    """

    def __init__(self, files: TextFiles, threads: int) -> None:
        self.files = files
        self._tokenizer = _open_tokenizer(files)
        self._model = open_file(files.model, threads, EXTRA)
        self._inputs = {each.name: _KINDS.get(each.type) for each in self._model.inputs}
        known = {*_IDS, _MASK, _TYPES, _POSITIONS}
        if wrong := [name for name, kind in self._inputs.items() if name not in known or kind is None]:
            raise self._no_model(message("it has the input {wrong}", wrong=printable(wrong[0])))
        if not any(name in self._inputs for name in _IDS):
            raise self._no_model(message("it takes no tokens"))
        rows, length = [*self._model.inputs[0].shape, None, None][:2]
        self._rows = rows if isinstance(rows, int) and rows > 0 else None
        self._length = length if isinstance(length, int) and length > 0 else None
        self._tokenizer.enable_truncation(min(files.length, self._length or files.length))
        self._pad = _pad_id(self._tokenizer, files)
        self._tokenizer.no_padding()
        names = [each.name for each in self._model.outputs]
        self._output = names.index(_WHOLE) if _WHOLE in names else 0
        try:
            self.size = self.encode(["a", "two words"]).shape[1]
        except ModelError:
            raise
        except Exception as error:  # whatever onnxruntime raises
            raise self._no_model(message("it does not take a text: {reason}", reason=in_words(error))) from None

    def encode(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, in their order: n x size."""
        parts = [self._encoded(texts[at : at + _READ_AT_ONCE]) for at in range(0, len(texts), _READ_AT_ONCE)]
        return np.concatenate(parts) if parts else np.zeros((0, self.size), np.float32)

    def _encoded(self, texts: Sequence[str]) -> Vectors:
        found = self._tokenizer.encode_batch([self._normalized(text) for text in texts])
        order = sorted(range(len(found)), key=lambda at: len(found[at].ids))
        rows: list[Any] = [None] * len(found)
        for part in self._batches(order, [len(each.ids) for each in found]):
            for at, row in zip(part, self._run([found[each] for each in part]), strict=True):
                rows[at] = row
        return np.stack(rows)

    def _normalized(self, text: str) -> str:
        """A text for the tokenizer. It does not accept half a character."""
        text = text[: _CHARACTERS * self.files.length].encode("utf-8", "replace").decode()
        if self.files.canonical:
            text = text.replace("_", " ").translate(_NO_PUNCTUATION).lower()
        return " ".join(text.split()) if self.files.fill else text

    def _batches(self, order: Sequence[int], lengths: Sequence[int]) -> Iterator[list[int]]:
        """Batches of texts of about the same length, for one run of the model each."""
        part: list[int] = []
        for at in order:
            if part and len(part) >= (self._rows or max(1, min(_ROWS, _TOKENS // max(1, lengths[at])))):
                yield part
                part = []
            part.append(at)
        if part:
            yield part

    def _run(self, found: Sequence[Any]) -> Vectors:
        rows = self._rows or len(found)
        length = self._length or (self.files.length if self.files.fill else max(len(each.ids) for each in found))
        ids = np.full((rows, length), self._pad, np.int64)
        mask = np.zeros((rows, length), np.int64)
        types = np.zeros((rows, length), np.int64)
        for at, each in enumerate(found):
            count = len(each.ids)
            ids[at, :count], mask[at, :count], types[at, :count] = each.ids, 1, each.type_ids
        given = {**dict.fromkeys(_IDS, ids), _MASK: mask, _TYPES: types}
        given[_POSITIONS] = np.tile(np.arange(length), (rows, 1))
        inputs = {name: given[name].astype(kind, copy=False) for name, kind in self._inputs.items() if kind}
        output = np.asarray(self._model.run(inputs)[self._output], np.float32)
        if output.ndim == 3 and output.shape[:2] == mask.shape:
            output = _pooled(output, mask, self.files.pooling)
        if output.ndim != 2 or len(output) != rows or not output.shape[1]:
            raise self._no_model(message("its output has the shape {shape}", shape=output.shape))
        return of_length_one(output[: len(found)], self.files.model.name)

    def _no_model(self, reason: str) -> ModelError:
        return ModelError(
            message(
                "{model} is no model for texts that vidkit knows: {reason}",
                model=printable(self.files.model),
                reason=reason,
            )
        )


_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


def _pooled(output: Vectors, mask: NDArray[np.int64], pooling: str) -> Vectors:
    """One vector for each row: the mean, the first, or the last of its tokens."""
    if pooling == "cls":
        return output[:, 0]
    found: Vectors
    if pooling == "last":
        found = output[np.arange(len(output)), np.maximum(mask.sum(1), 1) - 1]
        return found
    weights = mask.astype(np.float32)
    found = np.einsum("ijk,ij->ik", output, weights) / np.maximum(weights.sum(1, keepdims=True), 1.0)
    return found


def of_length_one(rows: Vectors, name: str) -> Vectors:
    """Scale vectors to length 1.

    Raises:
        ModelError: they have numbers that are not finite.
    """
    if not np.isfinite(rows).all():
        raise ModelError(message("{name} gives vectors with numbers that are not finite", name=printable(name)))
    found: Vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return found


def _open_tokenizer(files: TextFiles) -> Any:
    try:
        from tokenizers import Tokenizer
    except ImportError:
        raise ModelError(
            message("tokenizers is not installed: {command}", command=install_command(EXTRA))
        ) from None
    try:
        return Tokenizer.from_file(str(files.tokenizer))
    except Exception as error:  # the library has no exceptions of its own
        raise ModelError(
            message(
                "{tokenizer} is no tokenizer: {reason}",
                tokenizer=printable(files.tokenizer),
                reason=in_words(error),
            )
        ) from None


def _pad_id(tokenizer: Any, files: TextFiles) -> int:
    """The token to pad shorter texts."""
    padding = tokenizer.padding
    found = tokenizer.token_to_id(files.pad_token) if files.pad_token else None
    return int(found if found is not None else padding["pad_id"] if padding else 0)
