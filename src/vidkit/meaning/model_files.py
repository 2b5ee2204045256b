"""The files of a model, and its options in them.

A text model has the layout of sentence-transformers
(https://sbert.net/docs/sentence_transformer/usage/efficiency.html), an image-text model that of Immich
(https://huggingface.co/immich-app): `visual/` for images, `textual/` for texts.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vidkit.core import printable
from vidkit.core.files import file_sha256
from vidkit.core.onnx_models import ModelError, from_hub, is_path
from vidkit.messages import message

EXTRA = "meaning"
_MODELS = ("model.onnx", "onnx/model.onnx")
_TEXT_BESIDE = (
    "tokenizer.json",
    "tokenizer_config.json",
    "config.json",
    "modules.json",
    "sentence_bert_config.json",
    "config_sentence_transformers.json",
    "*_Pooling/config.json",
)
_IMAGE_FILES = ("config.json", "visual/*.json", "textual/*.json", "visual/model.onnx*", "textual/model.onnx*")
_USUAL_LENGTH = 512  # tokens
_MOST_LENGTH = 32_768
_CLIP_LENGTH = 77  # tokens
POOLINGS = {"pooling_mode_mean_tokens": "mean", "pooling_mode_cls_token": "cls", "pooling_mode_lasttoken": "last"}


@dataclass(frozen=True)
class TextFiles:
    """A model for texts.

    Args:
        name: its name for the user.
        digest: the hash of all relevant files.
        model: the `.onnx` file.
        tokenizer: its `tokenizer.json`.
        pad_token: the token to pad shorter texts; empty to use the tokenizer's.
        pooling: one of the values of POOLINGS.
        length: the maximum number of tokens of a text.
        fill: whether each text is padded to that length.
        query_prompt: the text before a query.
        text_prompt: the text before a text that is searched.
        canonical: whether punctuation and capital letters are removed from texts.
    """

    name: str
    digest: str
    model: Path
    tokenizer: Path
    pad_token: str = ""
    pooling: str = "mean"
    length: int = _USUAL_LENGTH
    fill: bool = False
    query_prompt: str = ""
    text_prompt: str = ""
    canonical: bool = False


@dataclass(frozen=True)
class VisualFiles:
    """A model for images, and their preprocessing: `mode` is `shortest` (crop the middle), `longest` (pad with the
    colour `fill`) or `squash`; values are 0 to 1 before `mean` and `deviation` are applied."""

    model: Path
    size: tuple[int, int]
    mean: tuple[float, ...]
    deviation: tuple[float, ...]
    interpolation: str
    mode: str
    fill: int


@dataclass(frozen=True)
class ImageFiles:
    """An image-text model."""

    name: str
    digest: str
    visual: VisualFiles
    texts: TextFiles


def text_files(named: str, hub: str) -> TextFiles:
    """Find the files of a text model: in a folder, by its `.onnx` file, or at a hub.

    Raises:
        ModelError: it is missing or incomplete, or has parts that vidkit does not support.
    """
    model = _found(named, hub)
    folder = model.parent.parent if model.parent.name == "onnx" else model.parent
    tokenizer = next((place / "tokenizer.json" for place in (folder, model.parent) if _is_tokenizer(place)), None)
    if tokenizer is None:
        raise ModelError(
            message(
                "{folder} has no tokenizer.json: the model's tokenizer belongs beside it", folder=printable(folder)
            )
        )
    pooling = _pooling(folder)
    query, text = _prompts(_read(folder / "config_sentence_transformers.json"))
    settings = _read(tokenizer.with_name("tokenizer_config.json"))
    length = _number(_read(folder / "sentence_bert_config.json").get("max_seq_length"))
    length = length or _number(settings.get("model_max_length")) or _USUAL_LENGTH
    positions = _number(_read(folder / "config.json").get("max_position_embeddings"))
    beside = [folder / name for name in ("modules.json", "sentence_bert_config.json")]
    beside += [folder / "config_sentence_transformers.json", *sorted(folder.glob("*_Pooling/config.json"))]
    return TextFiles(
        name=_name(named, folder),
        digest=_digest([model, tokenizer, *beside]),
        model=model,
        tokenizer=tokenizer,
        pad_token=_token(settings.get("pad_token")),
        pooling=pooling,
        length=min(length, positions or length),
        query_prompt=query,
        text_prompt=text,
    )


def image_files(named: str, hub: str) -> ImageFiles:
    """Find the files of an image-text model: in a folder or at a hub.

    Raises:
        ModelError: it is missing or incomplete.
    """
    folder = _image_folder(named, hub)
    for name in ("visual/model.onnx", "visual/preprocess_cfg.json", "textual/model.onnx", "textual/tokenizer.json"):
        if not (folder / name).is_file():
            raise ModelError(
                message(
                    "{folder} has no {name}: an image-text model has visual/ and textual/",
                    folder=printable(folder),
                    name=name,
                )
            )
    preprocessing = folder / "visual/preprocess_cfg.json"
    settings = _read(folder / "textual/tokenizer_config.json")
    of_texts = _read(folder / "config.json").get("text_cfg")
    of_texts = of_texts if isinstance(of_texts, dict) else {}
    cleaning = of_texts.get("tokenizer_kwargs")
    visual, textual = folder / "visual/model.onnx", folder / "textual/model.onnx"
    tokenizer = folder / "textual/tokenizer.json"
    name = _name(named, folder)
    digest = _digest([visual, preprocessing, textual, tokenizer, folder / "config.json"])
    texts = TextFiles(
        name,
        digest,
        textual,
        tokenizer,
        pad_token=_token(settings.get("pad_token")),
        length=_number(of_texts.get("context_length")) or _CLIP_LENGTH,
        fill=True,
        canonical=isinstance(cleaning, dict) and cleaning.get("clean") == "canonicalize",
    )
    return ImageFiles(name, digest, _visual_files(visual, preprocessing), texts)


def _visual_files(model: Path, preprocessing: Path) -> VisualFiles:
    options = _read(preprocessing)
    size = options.get("size", 224)
    sides = (size, size) if isinstance(size, int) else tuple(size) if isinstance(size, list) else ()
    numbers = options.get("mean"), options.get("std")
    valid = len(sides) == 2 and all(isinstance(side, int) and 1 <= side <= 4096 for side in sides)
    for each in numbers:
        valid = (
            valid and isinstance(each, list) and len(each) == 3 and all(isinstance(n, int | float) for n in each)
        )
    mode = options.get("resize_mode", "shortest")
    if not valid or mode not in ("shortest", "longest", "squash"):
        raise ModelError(
            message(
                "{making} does not say how images are prepared: size, mean, std, resize_mode",
                making=printable(preprocessing),
            )
        )
    mean, deviation = (tuple(map(float, each or ())) for each in numbers)
    fill = options.get("fill_color", 0)
    return VisualFiles(
        model,
        (sides[0], sides[1]),
        mean,
        deviation,
        str(options.get("interpolation", "bicubic")).lower(),
        mode,
        fill if isinstance(fill, int) and 0 <= fill <= 255 else 0,
    )


def _found(named: str, hub: str) -> Path:
    path = Path(named).expanduser()
    if path.is_file():
        return path
    if path.is_dir():
        found = [path / name for name in _MODELS if (path / name).is_file()] or sorted(path.glob("*.onnx"))
        if not found:
            raise ModelError(message("{path} has no {models}", path=printable(path), models=" or ".join(_MODELS)))
        if len(found) > 1 and found[0].name != "model.onnx":
            names = ", ".join(printable(each.name) for each in found[:5])
            raise ModelError(
                message(
                    "{path} holds several models ({names}): name one of the files",
                    path=printable(path),
                    names=names,
                )
            )
        return found[0]
    if is_path(named):
        raise ModelError(message("{path} is not there", path=printable(path)))
    _, _, *rest = named.split("/")
    files = ["/".join(rest)] if rest else list(_MODELS)

    def model_in(folder: Path) -> Path | None:
        there = next((folder / name for name in files if (folder / name).is_file()), None)
        return there if there and (folder / "tokenizer.json").is_file() else None

    wanted = [*files, *(f"{name}_data" for name in files), *_TEXT_BESIDE]
    if there := from_hub(named, hub, wanted, model_in, "TextModel", EXTRA):
        return there
    raise ModelError(
        message(
            "{named} at {hub} has no {files} with a tokenizer.json",
            named=printable(named),
            hub=hub,
            files=" or ".join(files),
        )
    )


def _image_folder(named: str, hub: str) -> Path:
    path = Path(named).expanduser()
    if path.is_dir():
        return path
    if is_path(named) or named.count("/") != 1:
        raise ModelError(message("{path} is not there", path=printable(path)))

    def whole(folder: Path) -> Path | None:
        return folder if (folder / "visual/model.onnx").is_file() else None

    if there := from_hub(named, hub, _IMAGE_FILES, whole, "ImageModel", EXTRA):
        return there
    raise ModelError(message("{named} at {hub} has no visual/model.onnx", named=printable(named), hub=hub))


def _is_tokenizer(folder: Path) -> bool:
    return (folder / "tokenizer.json").is_file()


def _pooling(folder: Path) -> str:
    """The pooling of a model: how the vectors of its tokens become one vector.

    Raises:
        ModelError: the pooling is not supported, or the model has another layer with its own weights.
    """
    places = sorted(folder.glob("*_Pooling/config.json"))
    modules = _read_any(folder / "modules.json")
    for module in modules if isinstance(modules, list) else ():
        kind = str(module.get("type", "")).rpartition(".")[2] if isinstance(module, dict) else ""
        if kind not in ("Transformer", "Pooling", "Normalize"):
            raise ModelError(
                message(
                    "{folder} has a layer of its own after the model ({layer}), "
                    "which is in no ONNX file: choose another model",
                    folder=printable(folder),
                    layer=printable(kind) or "unnamed",
                )
            )
        if kind == "Pooling":
            places = [folder / str(module.get("path", "")) / "config.json"]
    options = _read(places[0]) if places else {}
    modes = [key for key, value in options.items() if key.startswith("pooling_mode_") and value is True]
    if not modes:
        return "mean"
    if len(modes) > 1 or modes[0] not in POOLINGS:
        raise ModelError(
            message(
                "{places} asks for {modes}, which is not supported",
                places=printable(places[0]),
                modes=printable(" and ".join(modes)),
            )
        )
    return POOLINGS[modes[0]]


def _prompts(options: dict[str, Any]) -> tuple[str, str]:
    """The prompts before a query and before a text."""
    prompts = options.get("prompts")
    prompts = {str(k): str(v) for k, v in prompts.items()} if isinstance(prompts, dict) else {}
    usual = prompts.get(str(options.get("default_prompt_name")), "")
    text = next((prompts[name] for name in ("document", "passage", "corpus") if name in prompts), usual)
    return prompts.get("query", usual), text


def _name(named: str, folder: Path) -> str:
    return folder.resolve().name if Path(named).expanduser().exists() else "/".join(named.split("/")[:2])


def _digest(files: Sequence[Path]) -> str:
    """The hash of all files, with the external data files of the models."""
    found = hashlib.sha256()
    for file in files:
        for each in (file, file.with_name(f"{file.name}_data"), file.with_name(f"{file.name}.data")):
            if each.is_file():
                try:
                    found.update(f"{file.name} {file_sha256(each)}\n".encode())
                except OSError as error:
                    raise ModelError(
                        message("{each} cannot be read: {reason}", each=printable(each), reason=error.strerror)
                    ) from None
    return found.hexdigest()


def _read(file: Path) -> dict[str, Any]:
    content = _read_any(file)
    return content if isinstance(content, dict) else {}


def _read_any(file: Path) -> Any:
    """The content of a JSON file; None if there is no file.

    Raises:
        ModelError: it cannot be read.
    """
    if not file.is_file():
        return None
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError) as error:
        raise ModelError(
            message("{file} cannot be read: {error}", file=printable(file), error=printable(error))
        ) from None


def _number(value: object) -> int | None:
    """A number of tokens; some files have 10**30 for no limit."""
    return value if isinstance(value, int) and 1 <= value <= _MOST_LENGTH else None


def _token(value: object) -> str:
    """A token in the settings of a tokenizer."""
    if isinstance(value, dict):
        value = value.get("content")
    return value if isinstance(value, str) else ""
