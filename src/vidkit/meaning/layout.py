"""What belongs to a model: its files, and what they say of how it is used.

A text model is laid out as sentence-transformers does it
(https://sbert.net/docs/sentence_transformer/usage/efficiency.html), an image-text model as Immich does it
(https://huggingface.co/immich-app): `visual/` for pictures, `textual/` for texts.
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
        name: as a user knows it.
        digest: of all files that count.
        model: the `.onnx` file.
        tokenizer: its `tokenizer.json`.
        pad_token: the token that fills up shorter texts; empty where the tokenizer says it.
        pooling: one of the values of POOLINGS.
        length: how many tokens of a text are read.
        fill: whether each text is filled up to that length.
        query_prompt: what stands before a query.
        text_prompt: what stands before a text that is searched.
        canonical: whether texts have no punctuation and no capital letters.
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
class PictureFiles:
    """A model for pictures, and how they are made ready for it: `mode` is `shortest` (the middle is cut out),
    `longest` (filled up with one colour) or `squash`; values are 0 to 1 before `mean` and `deviation`."""

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
    pictures: PictureFiles
    texts: TextFiles


def text_files(named: str, hub: str) -> TextFiles:
    """The text model in a folder, beside such a file, or at a hub.

    Raises:
        ModelError: there is none, or not all of it, or it has parts that vidkit does not run.
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
    """The image-text model in a folder or at a hub.

    Raises:
        ModelError: there is none, or not all of it.
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
    making, settings = folder / "visual/preprocess_cfg.json", _read(folder / "textual/tokenizer_config.json")
    of_texts = _read(folder / "config.json").get("text_cfg")
    of_texts = of_texts if isinstance(of_texts, dict) else {}
    cleaning = of_texts.get("tokenizer_kwargs")
    visual, textual = folder / "visual/model.onnx", folder / "textual/model.onnx"
    tokenizer = folder / "textual/tokenizer.json"
    name = _name(named, folder)
    digest = _digest([visual, making, textual, tokenizer, folder / "config.json"])
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
    return ImageFiles(name, digest, _picture_files(visual, making), texts)


def _picture_files(model: Path, making: Path) -> PictureFiles:
    said = _read(making)
    size = said.get("size", 224)
    sides = (size, size) if isinstance(size, int) else tuple(size) if isinstance(size, list) else ()
    numbers = said.get("mean"), said.get("std")
    right = len(sides) == 2 and all(isinstance(side, int) and 1 <= side <= 4096 for side in sides)
    for each in numbers:
        right = (
            right and isinstance(each, list) and len(each) == 3 and all(isinstance(n, int | float) for n in each)
        )
    mode = said.get("resize_mode", "shortest")
    if not right or mode not in ("shortest", "longest", "squash"):
        raise ModelError(
            message(
                "{making} does not say how pictures are made ready: size, mean, std, resize_mode",
                making=printable(making),
            )
        )
    mean, deviation = (tuple(map(float, each or ())) for each in numbers)
    fill = said.get("fill_color", 0)
    return PictureFiles(
        model,
        (sides[0], sides[1]),
        mean,
        deviation,
        str(said.get("interpolation", "bicubic")).lower(),
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
    """How a model's tokens become one vector.

    Raises:
        ModelError: in a way that vidkit does not know, or a layer with weights of its own comes after.
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
    said = _read(places[0]) if places else {}
    modes = [key for key, value in said.items() if key.startswith("pooling_mode_") and value is True]
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


def _prompts(said: dict[str, Any]) -> tuple[str, str]:
    """What stands before a query and before a text."""
    prompts = said.get("prompts")
    prompts = {str(k): str(v) for k, v in prompts.items()} if isinstance(prompts, dict) else {}
    usual = prompts.get(str(said.get("default_prompt_name")), "")
    text = next((prompts[name] for name in ("document", "passage", "corpus") if name in prompts), usual)
    return prompts.get("query", usual), text


def _name(named: str, folder: Path) -> str:
    return folder.resolve().name if Path(named).expanduser().exists() else "/".join(named.split("/")[:2])


def _digest(files: Sequence[Path]) -> str:
    """The hash of all files, and of what lies outside of the models."""
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
    said = _read_any(file)
    return said if isinstance(said, dict) else {}


def _read_any(file: Path) -> Any:
    """What a JSON file says; nothing where there is none.

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


def _number(said: object) -> int | None:
    """A number of tokens; some files have 10**30 for none."""
    return said if isinstance(said, int) and 1 <= said <= _MOST_LENGTH else None


def _token(said: object) -> str:
    """A token as the settings of a tokenizer have it."""
    if isinstance(said, dict):
        said = said.get("content")
    return said if isinstance(said, str) else ""
