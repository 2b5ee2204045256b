"""The user's ONNX models: found in a folder or at a hub, and opened once in a process."""

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
    """An open model. `name` is the file's name and the start of its hash; `folder` is the file's folder.

    `session` is an `onnxruntime.InferenceSession`. Several threads may use it.
    """

    name: str
    folder: Path
    session: Any

    @property
    def inputs(self) -> list[Any]:
        """The inputs. Each has a name and a shape, with texts for variable sizes."""
        return list(self.session.get_inputs())

    @property
    def outputs(self) -> list[Any]:
        """The outputs, with names and shapes as for `inputs`."""
        return list(self.session.get_outputs())

    @property
    def metadata(self) -> dict[str, str]:
        """The metadata in the model's file."""
        return dict(self.session.get_modelmeta().custom_metadata_map)

    def run(self, inputs: dict[str, Any]) -> list[Any]:
        """Run the model: input name -> array. Returns the outputs in order."""
        return list(self.session.run(None, inputs))


def open_file(file: Path, threads: int, extra: str, free_sizes: bool = False) -> Model:
    """Open a model, once in each process.

    Args:
        file: the `.onnx` file.
        threads: of the model; 0 is one for each core.
        extra: the extra of vidkit that has onnxruntime, for messages.
        free_sizes: accept images of any size, even if the file has fixed sizes; for models without fixed-size
            layers.

    Raises:
        ModelError: it is not a model that can be used.
    """
    try:
        changed = file.stat().st_mtime_ns
        with _opening:
            return _open_cached(file, changed, threads or os.cpu_count() or 1, extra, free_sizes)
    except OSError as error:
        raise ModelError(
            message("{file} cannot be read: {reason}", file=printable(file), reason=error.strerror)
        ) from None


_opening = threading.Lock()


# `changed` is part of the cache key: a changed file is opened again.
@functools.lru_cache(maxsize=8)
def _open_cached(file: Path, changed: int, threads: int, extra: str, free_sizes: bool) -> Model:
    try:
        import onnxruntime
    except ImportError:
        raise ModelError(
            message("onnxruntime is not installed: {command}", command=install_command(extra))
        ) from None
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Spinning threads would take the cores from ffmpeg.
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
            for axis, size in enumerate(value.type.tensor_type.shape.dim):
                if axis != 1:  # the number of channels is kept
                    size.dim_param = f"{value.name}_{axis}"
    del model.graph.value_info[:]
    return bytes(model.SerializeToString())


def is_path(named: str) -> bool:
    """Whether the name of a model can only be a local path: it is not a valid name at a hub."""
    return Path(named).is_absolute() or named.startswith((".", "~")) or re.fullmatch(_HUB_NAME, named) is None


_HUB_NAME = r"[\w.-]+/[\w.-]+(/[\w./-]+\.onnx)?"


def from_hub(
    named: str, hub: str, wanted: Sequence[str], found: Callable[[Path], Path | None], setting: str, extra: str
) -> Path | None:
    """Find a model at a hub. It is downloaded once.

    Args:
        named: `owner/name`, perhaps with more text, which is only for messages.
        hub: one of `HUBS`.
        wanted: the files to fetch, as patterns.
        found: finds the model's file in the folder; None if it is not there.
        setting: the setting with its name, for messages.
        extra: the extra of vidkit that can download it, for messages.

    Returns:
        The result of `found`.

    Raises:
        ModelError: it cannot be downloaded.
    """
    owner, name = named.split("/")[:2]

    def fetch(local: bool) -> Path:
        return Path(_snapshot(f"{owner}/{name}", hub, wanted, local, setting, extra))

    with contextlib.suppress(Exception):  # each hub raises its own exception if it is not cached
        if cached := found(fetch(True)):
            return cached
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
    """The text of another library's exception, in one line."""
    return " ".join(printable(error).split())[:_LONGEST_REASON] or type(error).__name__
