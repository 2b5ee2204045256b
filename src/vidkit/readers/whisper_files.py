"""The files of a Whisper model for CTranslate2: local or downloaded once, and checked without loading."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import math
import re
import struct
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from vidkit.core import printable
from vidkit.errors import ConfigError, nearest
from vidkit.messages import message

log = logging.getLogger(__name__)

_SAMPLE = 65536  # bytes of each sample of the weights, which are part of the identity
_LEAST_VERSION = 4  # of CTranslate2's files; older ones have another layout
_MAX_ARRAYS = 100_000
_LONGEST_TOKENIZER = 64 << 20
_SIZES = {384: "tiny", 512: "base", 768: "small", 1024: "medium", 1280: "large"}  # by the width of the encoder
_ENGLISH_WORDS = 51864  # entries in the vocabulary of English-only models; the others have more
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+")


@dataclass(frozen=True)
class WhisperFiles:
    """A complete model: its folder, its identity, and the codes of its languages."""

    folder: Path
    identity: str
    languages: frozenset[str]


def fetch_whisper(model: str) -> None:
    """Download a model from the Hugging Face hub, if it has a name there and is not on this machine yet.

    Raises:
        ConfigError: the download failed.
    """
    if _named_folder(model) is not None:
        return
    with suppress(OSError, ValueError):  # an incomplete download is continued
        if (downloaded := _downloaded_folder(model)) is not None:
            _check_files(downloaded)
            return
    from faster_whisper.utils import download_model

    logging.getLogger("huggingface_hub").setLevel(logging.ERROR)  # it writes to the screen by itself
    log.warning("fetching the model %s: this is done once", printable(model))
    try:
        download_model(model)
    except Exception as error:  # the hub's client raises many classes
        reason = " ".join(printable(error).split())[:300].rstrip(".")
        raise ConfigError(
            "the model {model} is not on this machine, and huggingface.co did not give it: {reason}. "
            "Check [Readers.speech] Model and the network, or put the model into a folder and set Model to it",
            model=printable(model),
            reason=reason,
        ) from None


def find_whisper(model: str) -> WhisperFiles | None:
    """A model on this machine; None for a model of the hub that is not downloaded yet.

    Args:
        model: a folder, a size such as `small`, or a name at the Hugging Face hub.

    Raises:
        ConfigError: there is no such model, or it is not complete; the message names the file.
    """
    folder = _named_folder(model) or _downloaded_folder(model)
    if folder is None:
        return None
    try:
        return _check_files(folder)
    except OSError as error:
        reason = message(
            "{file} cannot be read: {reason}",
            file=Path(error.filename or "").name or message("a file"),
            reason=error.strerror,
        )
    except ValueError as error:
        reason = str(error)
    raise ConfigError(
        "[Readers.speech] Model {folder} is no complete Whisper model for CTranslate2: {reason}",
        folder=printable(folder),
        reason=reason,
    )


def _named_folder(model: str) -> Path | None:
    """The folder in the setting; None for a model of the hub.

    Raises:
        ConfigError: the setting is neither.
    """
    folder = Path(model).expanduser()
    if folder.is_dir():
        return folder
    if _HUB_NAME.fullmatch(model) and not folder.exists() and model[0] not in "./~":
        return None
    if re.search(r"[/\\]", model) or folder.exists():
        raise ConfigError(
            "[Readers.speech] Model {folder} is no folder, and no model of a hub", folder=printable(folder)
        )
    from faster_whisper.utils import available_models

    known = available_models()
    if model in known:
        return None
    near = nearest(model, known)
    hint = message("did you mean {near}? ", near=near) if near else ""
    raise ConfigError(
        "[Readers.speech] Model {model!r} is neither a folder nor a size of Whisper: {hint}The sizes are {known}",
        model=printable(model),
        hint=hint,
        known=", ".join(known),
    )


def _downloaded_folder(model: str) -> Path | None:
    """The folder in which the hub's client keeps a downloaded model; None if there is none."""
    from faster_whisper.utils import download_model

    try:
        return Path(download_model(model, local_files_only=True))
    except Exception:  # each version of the hub's client raises another class
        return None


def _check_files(folder: Path) -> WhisperFiles:
    """Check a model's files. Raise OSError or ValueError if one is wrong."""
    for name in ("config.json", "model.bin", "tokenizer.json"):
        if not (folder / name).is_file():
            raise ValueError(message("{name} is missing", name=name))
    vocabulary = next((path for path in sorted(folder.glob("vocabulary.*")) if path.is_file()), None)
    if vocabulary is None:
        raise ValueError(message("vocabulary.txt or vocabulary.json is missing"))
    shapes = _shapes(folder / "model.bin")
    words, width = shapes["decoder/embeddings/weight"][:2]
    languages = _languages(folder / "tokenizer.json") if words > _ENGLISH_WORDS else frozenset({"en"})
    kind = _SIZES.get(width, "whisper") + ("" if len(languages) > 1 else ".en")
    config = (folder / "config.json").read_bytes()
    try:
        json.loads(config)
    except ValueError:
        raise ValueError(message("config.json is not JSON")) from None
    digest = hashlib.sha256(config + vocabulary.read_bytes())
    digest.update(_sample(folder / "model.bin"))
    return WhisperFiles(folder, f"{kind} {digest.hexdigest()[:12]}", languages)


def _languages(path: Path) -> frozenset[str]:
    """The languages that a tokenizer has a token for."""
    if path.stat().st_size > _LONGEST_TOKENIZER:
        raise ValueError(message("tokenizer.json is not one of Whisper"))
    try:
        added = [each["content"] for each in json.loads(path.read_bytes())["added_tokens"]]
    except (ValueError, KeyError, TypeError):
        raise ValueError(message("tokenizer.json is not one of Whisper")) from None
    found = frozenset(token[2:-2] for token in added if re.fullmatch(r"<\|[a-z]{2,3}\|>", str(token)))
    if not found:
        raise ValueError(message("tokenizer.json is not one of Whisper"))
    return found


def _shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """The shapes of the arrays in a file of CTranslate2. All headers are read, to detect a truncated file.

    Source: `ModelSpec._serialize` in CTranslate2's `specs/model_spec.py`.

    Raises:
        ValueError: it is truncated, or is no Whisper model.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        try:
            version = _number(file, "I")
            if version > 0xFFFF or (name := _string(file)) != "WhisperSpec":
                raise ValueError(message("model.bin is of another kind of model"))
            if version < _LEAST_VERSION:
                raise ValueError(message("model.bin is of an old version of CTranslate2: convert the model again"))
            _number(file, "I")
            shapes = {}
            for _ in range(min(_number(file, "I"), _MAX_ARRAYS)):
                name = _string(file)
                shapes[name] = tuple(_number(file, "I") for _ in range(_number(file, "B")))
                _number(file, "B")
                length = _number(file, "I")
                if length > math.prod(shapes[name]) * 8 or file.seek(length, io.SEEK_CUR) > size:
                    raise EOFError
        except (EOFError, UnicodeDecodeError):
            raise ValueError(message("model.bin is cut short or damaged")) from None
    if len(shapes.get("decoder/embeddings/weight", ())) != 2:
        raise ValueError(message("model.bin is cut short or damaged"))
    return shapes


def _number(file: BinaryIO, kind: str) -> int:
    content = file.read(struct.calcsize(f"<{kind}"))
    if len(content) < struct.calcsize(f"<{kind}"):
        raise EOFError
    number: int = struct.unpack(f"<{kind}", content)[0]
    return number


def _string(file: BinaryIO) -> str:
    length = _number(file, "H")
    content = file.read(length)
    if len(content) < length:
        raise EOFError
    return content.rstrip(b"\0").decode("utf-8")


def _sample(path: Path) -> bytes:
    size = path.stat().st_size
    content = str(size).encode()
    with path.open("rb") as file:
        for place in (size // 3, size // 2, max(0, size - _SAMPLE)):
            file.seek(place)
            content += file.read(_SAMPLE)
    return content
