"""The models of readers: their settings, their files, and the names of their classes."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from vidkit.core import printable
from vidkit.core.onnx_models import HUBS, Model, ModelError, from_hub, is_path, open_file
from vidkit.core.setting_values import choice, number
from vidkit.messages import message
from vidkit.readers.protocol import Option, Reader

# A hub's repository may have a model in ten precisions: these files are downloaded, or the one in the setting.
_FILES = ("model.onnx", "onnx/model.onnx")
_BESIDE = ("config.json", "preprocessor_config.json", "labels.txt", "classes.txt")

# The settings of all readers with a model.
MODEL_OPTIONS = {
    "ModelDir": Option(
        "", "Folder with the model (.onnx), such a file, or its name at the hub, such as owner/name."
    ),
    "Hub": Option("huggingface", "Hub that a name in ModelDir belongs to: huggingface or modelscope.",
                  choice(*HUBS), counts=False),
    "Threads": Option(0, "Threads of the model; 0: one for each core.",
                      number(int, 0, 512, "a number of threads"), counts=False),
}  # fmt: skip


class UsesModel(Protocol):
    """A class with an open model."""

    model: Model


M = TypeVar("M", bound=UsesModel)


class ModelReader(Reader, Generic[M]):
    """A reader with the user's own model, which it opens once. Its `options` include `MODEL_OPTIONS`."""

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
        """What is missing: the model, or onnxruntime."""
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
    """The model in a reader's settings. It is opened once in each process; a model from a hub is downloaded once.

    Args:
        settings: values for `MODEL_OPTIONS`.
        free_sizes: as for `open_file`.

    Raises:
        ModelError: there is no model, or it cannot be used.
    """
    if not settings["ModelDir"]:
        raise ModelError(
            message("no model is named: set ModelDir to a folder with one (docs/readers.md says which)")
        )
    return open_file(_find(settings["ModelDir"], settings["Hub"]), settings["Threads"], "vision", free_sizes)


def _find(named: str, hub: str) -> Path:
    """The file of a model.

    Raises:
        ModelError: there is no model, or more than one.
    """
    path = Path(named).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        return _only_model(path)
    if is_path(named):
        raise ModelError(message("ModelDir {path} is not there", path=printable(path)))
    return _at_hub(named, hub)


def _only_model(folder: Path) -> Path:
    for name in _FILES:
        if (folder / name).is_file():
            return folder / name
    found = sorted(folder.glob("*.onnx"))
    if not found:
        raise ModelError(
            message(
                "ModelDir {folder} holds no model: there is no file that ends with .onnx", folder=printable(folder)
            )
        )
    if len(found) > 1:
        names = ", ".join(printable(each.name) for each in found[:5])
        raise ModelError(
            message(
                "ModelDir {folder} holds several models ({names}): name one of the files",
                folder=printable(folder),
                names=names,
            )
        )
    return found[0]


def _at_hub(named: str, hub: str) -> Path:
    owner, name, *rest = named.split("/")
    file = "/".join(rest)
    wanted = [file, f"{file}_data"] if file else [*_FILES, *(f"{each}_data" for each in _FILES)]

    def model_in(folder: Path) -> Path | None:
        found = [folder / each for each in ((file,) if file else _FILES)]
        return next((each for each in found if each.is_file()), None)

    if there := from_hub(named, hub, [*wanted, *_BESIDE], model_in, "ModelDir", "vision"):
        return there
    looked = file or " or ".join(_FILES)
    raise ModelError(
        message(
            "{repository} at {hub} has no {looked}: name the file, as owner/name/FILE",
            repository=printable(f"{owner}/{name}"),
            hub=hub,
            looked=looked,
        )
    )


def labels_of(model: Model) -> list[str]:
    """The names of a model's classes, in order: from `labels.txt` or `classes.txt` beside it (a name on each line),
    else `id2label` in config.json there, else `names`, `labels` or `id2label` in its metadata; empty if there are
    none.

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
        raise ModelError(
            message(
                "the names of the classes in {folder} cannot be read: {error}",
                folder=printable(model.folder),
                error=error,
            )
        ) from None
    for key in ("names", "labels", "id2label"):
        if names := _names(_read(model.metadata.get(key, ""))):
            return names
    return []


def _read(text: str) -> object:
    """A list or table of names in a model's metadata: JSON, a Python literal, or separated by commas or lines."""
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
