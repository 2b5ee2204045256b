"""Models of readers as ONNX files: found in a folder or at a hub, checked, and opened once in a process."""

from __future__ import annotations

import contextlib
import functools
import json
import logging
import os
import re
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.core.files import file_sha256
from vidkit.core.setting_values import choice, number
from vidkit.errors import ToolMissingError
from vidkit.readers.protocol import Option, Reader

log = logging.getLogger(__name__)

_AT_A_HUB = re.compile(r"[\w.-]+/[\w.-]+(/[\w./-]+\.onnx)?")
# A hub's repository may hold a model in ten precisions: these files are fetched, or the one that is named.
_FILES = ("model.onnx", "onnx/model.onnx")
_BESIDE = ("config.json", "preprocessor_config.json", "labels.txt", "classes.txt")
_LONGEST_REASON = 300

# The settings that all readers with a model have.
MODEL_OPTIONS = {
    "ModelDir": Option(
        "", "Folder with the model (.onnx), such a file, or its name at the hub, such as owner/name."
    ),
    "Hub": Option("huggingface", "Hub that a name in ModelDir belongs to: huggingface or modelscope.",
                  choice("huggingface", "modelscope"), counts=False),
    "Threads": Option(0, "Threads of the model; 0: one for each core.",
                      number(int, 0, 512, "a number of threads"), counts=False),
}  # fmt: skip


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


class UsesModel(Protocol):
    """Whatever works with an open model."""

    model: Model


M = TypeVar("M", bound=UsesModel)


class ModelReader(Reader, Generic[M]):
    """A reader with a model of the user's, which it opens once. Its `options` hold `MODEL_OPTIONS`."""

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Take the settings."""
        super().__init__(settings)
        self._opened: M | None = None

    def load(self) -> M:
        """Open the model.

        Raises:
            ModelError: it is missing, or cannot be used.
        """
        raise NotImplementedError

    @property
    def opened(self) -> M:
        """What `open` has loaded."""
        assert self._opened is not None
        return self._opened

    def missing(self) -> str | None:
        """What is missing: the model, or what runs it."""
        try:
            self.open()
        except ModelError as error:
            return str(error)
        return None

    def open(self) -> None:
        """Load the model."""
        if self._opened is None:
            self._opened = self.load()
            self.model = self._opened.model.name


def open_model(settings: dict[str, Any], free_sizes: bool = False) -> Model:
    """The model that a reader's settings name. It is opened once in each process; a hub's is fetched once.

    Args:
        settings: those of `MODEL_OPTIONS`.
        free_sizes: take pictures of any size, where the file says one; for models without layers of a fixed size.

    Raises:
        ModelError: there is none, or it is no model that can be used.
    """
    if not settings["ModelDir"]:
        raise ModelError("no model is named: set ModelDir to a folder with one (docs/readers.md says which)")
    file = _find(settings["ModelDir"], settings["Hub"])
    threads = settings["Threads"] or os.cpu_count() or 1
    try:
        return _open(file, file.stat().st_mtime_ns, threads, free_sizes)
    except OSError as error:
        raise ModelError(f"{printable(file)} cannot be read: {error.strerror}") from None


_opening = threading.Lock()


def _open(file: Path, changed: int, threads: int, free_sizes: bool) -> Model:
    with _opening:
        return _opened(file, changed, threads, free_sizes)


@functools.lru_cache(maxsize=8)
def _opened(file: Path, changed: int, threads: int, free_sizes: bool) -> Model:
    try:
        import onnxruntime
    except ImportError:
        raise ModelError(f"onnxruntime is not installed: {install_command('vision')}") from None
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
        raise ModelError(f"onnx is not installed: {install_command('vision')}") from None
    except Exception as error:
        raise ModelError(
            f"{printable(file)} is no model that onnxruntime can open (it may be cut short): {_in_words(error)}"
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


def _find(named: str, hub: str) -> Path:
    """The file of a model.

    Raises:
        ModelError: there is none, or more than one.
    """
    path = Path(named).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        return _only_model(path)
    if path.is_absolute() or named.startswith((".", "~")) or not _AT_A_HUB.fullmatch(named):
        raise ModelError(f"ModelDir {printable(path)} is not there")
    return _from_hub(named, hub)


def _only_model(folder: Path) -> Path:
    for name in _FILES:
        if (folder / name).is_file():
            return folder / name
    found = sorted(folder.glob("*.onnx"))
    if not found:
        raise ModelError(f"ModelDir {printable(folder)} holds no model: there is no file that ends with .onnx")
    if len(found) > 1:
        names = ", ".join(printable(each.name) for each in found[:5])
        raise ModelError(f"ModelDir {printable(folder)} holds several models ({names}): name one of the files")
    return found[0]


def _from_hub(named: str, hub: str) -> Path:
    owner, name, *rest = named.split("/")
    file = "/".join(rest)
    wanted = [file, f"{file}_data"] if file else [*_FILES, *(f"{each}_data" for each in _FILES)]
    fetch: Callable[[bool], str] = lambda local: _snapshot(  # noqa: E731
        f"{owner}/{name}", hub, [*wanted, *_BESIDE], local
    )

    def model_in(folder: str) -> Path | None:
        found = [Path(folder, each) for each in ((file,) if file else _FILES)]
        return next((each for each in found if each.is_file()), None)

    with contextlib.suppress(Exception):  # each hub's own way to say that it is not there
        if there := model_in(fetch(True)):
            return there
    log.warning("fetching %s from %s: this is done once", printable(named), hub)
    try:
        folder = fetch(False)
    except ToolMissingError as error:
        raise ModelError(str(error)) from None
    except Exception as error:
        raise ModelError(
            f"ModelDir {printable(named)} is neither a folder here, nor did {hub} give it: {_in_words(error)}"
        ) from None
    if there := model_in(folder):
        return there
    looked = file or " or ".join(_FILES)
    raise ModelError(f"{printable(f'{owner}/{name}')} at {hub} has no {looked}: name the file, as owner/name/FILE")


def _snapshot(model: str, hub: str, wanted: list[str], local: bool) -> str:
    try:
        if hub == "huggingface":
            from huggingface_hub import snapshot_download as from_huggingface

            return str(from_huggingface(model, allow_patterns=wanted, local_files_only=local))
        from modelscope.hub.snapshot_download import snapshot_download as from_modelscope

        return str(from_modelscope(model, allow_patterns=wanted, local_files_only=local))
    except ImportError:
        extra = "vision" if hub == "huggingface" else "qwen"
        raise ToolMissingError(
            f"what fetches from {hub} is not installed: {install_command(extra)}, or set ModelDir to a folder"
        ) from None


def labels_of(model: Model) -> list[str]:
    """The names of a model's classes, in order: `labels.txt` or `classes.txt` beside the file (a name a line), else
    `id2label` of config.json there, else `names` or `labels` in its metadata; empty where there is none.

    Raises:
        ModelError: a file with them cannot be read.
    """
    folders = [model.folder, model.folder.parent] if model.folder.name == "onnx" else [model.folder]
    try:
        for folder in folders:
            for name in ("labels.txt", "classes.txt"):
                if (folder / name).is_file():
                    return [
                        line.strip() for line in (folder / name).read_text("utf-8").splitlines() if line.strip()
                    ]
        for folder in folders:
            if (folder / "config.json").is_file():
                found = json.loads((folder / "config.json").read_text("utf-8"))
                if isinstance(found, dict) and (names := _names(found.get("id2label"))):
                    return names
    except (OSError, ValueError) as error:
        raise ModelError(f"the names of the classes in {printable(model.folder)} cannot be read: {error}") from None
    for key in ("names", "labels", "id2label"):
        if names := _names(_read(model.metadata.get(key, ""))):
            return names
    return []


def _read(text: str) -> object:
    """A list or table of names as models have them: JSON, Python's way of writing it, or with commas or lines."""
    import ast

    for parse in (json.loads, ast.literal_eval):
        with contextlib.suppress(ValueError, SyntaxError, MemoryError, RecursionError):
            return parse(text)
    return [part.strip() for part in re.split(r"[,\n]", text) if part.strip()]


def _names(found: object) -> list[str]:
    if isinstance(found, dict):
        with contextlib.suppress(ValueError, TypeError):
            numbered = {int(key): str(name) for key, name in found.items()}
            return [numbered.get(each, str(each)) for each in range(min(max(numbered, default=-1) + 1, 100_000))]
        return []
    return [str(name) for name in found] if isinstance(found, list) else []


def _in_words(error: Exception) -> str:
    return " ".join(printable(error).split())[:_LONGEST_REASON] or type(error).__name__
