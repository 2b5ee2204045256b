"""ONNX models of the user's: found in a folder or at a hub, and opened once in a process."""

from __future__ import annotations

import contextlib
import functools
import logging
import os
import re
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.core.extras import install_command
from vidkit.core.files import file_sha256
from vidkit.core.terminal import printable
from vidkit.errors import ToolMissingError
from vidkit.messages import message

log = logging.getLogger(__name__)

HUBS = "huggingface", "modelscope"
_LONGEST_REASON = 300


class ModelError(Exception):
    """A model is missing or cannot be used; the message says why, and what to do."""


@dataclass(frozen=True)
class Model:
    """A model that is open. `name` has the file's name and the start of its hash; `folder` is where it lies.

    `session` is an `onnxruntime.InferenceSession`, which may be used by several threads.
    """

    name: str
    folder: Path
    session: Any

    @property
    def inputs(self) -> list[Any]:
        """Its inputs: each has a name and a shape, with texts for sizes that are free."""
        return list(self.session.get_inputs())

    @property
    def outputs(self) -> list[Any]:
        """Its outputs, likewise."""
        return list(self.session.get_outputs())

    @property
    def metadata(self) -> dict[str, str]:
        """The texts in the file beside the model."""
        return dict(self.session.get_modelmeta().custom_metadata_map)

    def run(self, inputs: dict[str, Any]) -> list[Any]:
        """Its outputs, in order, for arrays by the names of its inputs."""
        return list(self.session.run(None, inputs))


def open_file(file: Path, threads: int, extra: str, free_sizes: bool = False) -> Model:
    """Open a model, once in each process.

    Args:
        file: the `.onnx` file.
        threads: of the model; 0 is one for each core.
        extra: the extra of vidkit that has onnxruntime, for messages.
        free_sizes: take pictures of any size, where the file says one; for models without layers of a fixed size.

    Raises:
        ModelError: it is no model that can be used.
    """
    try:
        changed = file.stat().st_mtime_ns
        with _opening:
            return _opened(file, changed, threads or os.cpu_count() or 1, extra, free_sizes)
    except OSError as error:
        raise ModelError(
            message("{file} cannot be read: {reason}", file=printable(file), reason=error.strerror)
        ) from None


_opening = threading.Lock()


@functools.lru_cache(maxsize=8)
def _opened(file: Path, changed: int, threads: int, extra: str, free_sizes: bool) -> Model:
    try:
        import onnxruntime
    except ImportError:
        raise ModelError(
            message("onnxruntime is not installed: {command}", command=install_command(extra))
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Threads that wait would take the cores from ffmpeg.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    options.log_severity_level = 4
    try:
        content = _with_free_sizes(file) if free_sizes else str(file)
        session = onnxruntime.InferenceSession(content, options, providers=["CPUExecutionProvider"])
    except ImportError:
        raise ModelError(message("onnx is not installed: {command}", command=install_command(extra))) from None
    except Exception as error:
        raise ModelError(
            message(
                "{file} is no model that onnxruntime can open (it may be cut short): {reason}",
                file=printable(file),
                reason=in_words(error),
            )
        ) from None
    return Model(f"{file.name} {file_sha256(file)[:16]}", file.parent, session)


def _with_free_sizes(file: Path) -> bytes:
    import onnx

    model = onnx.load(str(file))
    weights = {each.name for each in model.graph.initializer}
    for value in [*model.graph.input, *model.graph.output]:
        if value.name not in weights:
            for number_, size in enumerate(value.type.tensor_type.shape.dim):
                if number_ != 1:  # the channels stay
                    size.dim_param = f"{value.name}_{number_}"
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())


def is_path(named: str) -> bool:
    """Whether what names a model can only be a path of this machine: nothing at a hub is called so."""
    return Path(named).is_absolute() or named.startswith((".", "~")) or re.fullmatch(_AT_A_HUB, named) is None


_AT_A_HUB = r"[\w.-]+/[\w.-]+(/[\w./-]+\.onnx)?"


def from_hub(
    named: str, hub: str, wanted: Sequence[str], found: Callable[[Path], Path | None], setting: str, extra: str
) -> Path | None:
    """A model from a hub, which is fetched once.

    Args:
        named: `owner/name`, and what else says what is meant, for messages.
        hub: one of `HUBS`.
        wanted: the files to fetch, as patterns.
        found: what is looked for in the folder, if it is there.
        setting: the setting that named it, for messages; likewise extra, the extra of vidkit that can fetch.

    Returns:
        What `found` says; None where the hub's folder has no such thing.

    Raises:
        ModelError: it cannot be fetched.
    """
    owner, name = named.split("/")[:2]

    def fetch(local: bool) -> Path:
        return Path(_snapshot(f"{owner}/{name}", hub, wanted, local, setting, extra))

    with contextlib.suppress(Exception):  # each hub's own way to say that it is not there
        if there := found(fetch(True)):
            return there
    log.warning("fetching %s from %s: this is done once", printable(named), hub)
    try:
        folder = fetch(False)
    except ToolMissingError as error:
        raise ModelError(str(error)) from None
    except Exception as error:
        raise ModelError(
            message(
                "{setting} {named} is neither a folder here, nor did {hub} give it: {reason}",
                setting=setting,
                named=printable(named),
                hub=hub,
                reason=in_words(error),
            )
        ) from None
    return found(folder)


def _snapshot(model: str, hub: str, wanted: Sequence[str], local: bool, setting: str, extra: str) -> str:
    try:
        if hub == "huggingface":
            from huggingface_hub import snapshot_download as from_huggingface

            return str(from_huggingface(model, allow_patterns=list(wanted), local_files_only=local))
        from modelscope.hub.snapshot_download import snapshot_download as from_modelscope

        return str(from_modelscope(model, allow_patterns=list(wanted), local_files_only=local))
    except ImportError:
        needed = extra if hub == "huggingface" else "qwen"
        raise ToolMissingError(
            "what fetches from {hub} is not installed: {command}, or set {setting} to a folder",
            hub=hub,
            command=install_command(needed),
            setting=setting,
        ) from None


def in_words(error: Exception) -> str:
    """What another library's exception says, on one line."""
    return " ".join(printable(error).split())[:_LONGEST_REASON] or type(error).__name__
