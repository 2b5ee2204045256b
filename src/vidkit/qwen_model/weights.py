"""Find the weights of a model: in a local folder, or downloaded once from a hub."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import re
from pathlib import Path

from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.errors import DescribeError, ToolMissingError
from vidkit.messages import message

log = logging.getLogger(__name__)

_SAMPLE = 65536  # bytes of each weight file that distinguish it from another one of the same size


def find_weights(model_dir: str, model: str, hub: str) -> Path:
    """The folder with the weights. They are downloaded, with a progress bar, if they are not on this machine yet.

    Args:
        model_dir: the user's folder; empty to download.
        model: the model's name at the hub, such as `Qwen/Qwen2-VL-7B-Instruct`.
        hub: `modelscope` or `huggingface`.

    Raises:
        DescribeError: the folder has no model, or the hub does not have it.
        ToolMissingError: the package for downloads is not installed.
    """
    if model_dir:
        folder = Path(model_dir).expanduser()
        if not folder.is_dir():
            raise DescribeError("[Qwen] ModelDir {folder} is not there", folder=printable(folder))
        if lacking := missing_file(folder):
            raise DescribeError(
                "[Qwen] ModelDir {folder} does not hold a complete model: {lacking} is missing. "
                "It has to be the folder with config.json and the .safetensors files.",
                folder=printable(folder),
                lacking=lacking,
            )
        return folder
    with contextlib.suppress(Exception):  # each hub raises its own exception if it is not cached
        folder = Path(_fetch(model, hub, local_files_only=True))
        if not missing_file(folder):
            return folder
    log.warning("fetching %s from %s: this is done once", printable(model), hub)
    try:
        folder = Path(_fetch(model, hub, local_files_only=False))
    except ToolMissingError:
        raise
    except Exception as error:
        reason = " ".join(printable(error).split())[:300]
        raise DescribeError(
            "the model {model} is not on this machine, and {hub} did not give it: {reason}. "
            "Check [Qwen] Model and the network, or put it into a folder and set [Qwen] ModelDir.",
            model=printable(model),
            hub=hub,
            reason=reason,
        ) from None
    if lacking := missing_file(folder):
        raise DescribeError(
            "{model} from {hub} is not a complete model: {lacking} is missing",
            model=printable(model),
            hub=hub,
            lacking=lacking,
        )
    return folder


def weights_identity(folder: Path) -> str:
    """A hash that identifies weights: of the configuration, and of each file's name, size and a sample.

    Reading all of them would take a minute, and a fine-tuned copy differs everywhere.
    """
    digest = hashlib.sha256((folder / "config.json").read_bytes())
    for path in sorted(folder.glob("*.safetensors")):
        size = path.stat().st_size
        digest.update(f"{path.name}:{size}".encode())
        with path.open("rb") as file:
            for place in (size // 3, size // 2, max(0, size - _SAMPLE)):
                file.seek(place)
                digest.update(file.read(_SAMPLE))
    return digest.hexdigest()


def weights_size(folder: Path) -> int:
    """Bytes of the weights, on disk and in memory."""
    return sum(path.stat().st_size for path in folder.glob("*.safetensors"))


def missing_file(folder: Path) -> str:
    """The missing file of an incomplete model; empty if it is complete."""
    if not (folder / "config.json").is_file():
        return "config.json"
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            names = sorted(set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values()))
        except (OSError, ValueError, KeyError, AttributeError):
            return message("a readable {name}", name=index.name)
        return next((str(name) for name in names if not (folder / str(name)).is_file()), "")
    return "" if any(folder.glob("*.safetensors")) else "model.safetensors"


def _fetch(model: str, hub: str, local_files_only: bool) -> str:
    # No pickled weights: loading them runs code in them.
    wanted = ["*.json", "*.safetensors", "*.txt", "*.jinja"]
    try:
        if hub == "huggingface":
            from huggingface_hub import snapshot_download as from_huggingface

            return str(from_huggingface(model, allow_patterns=wanted, local_files_only=local_files_only))
        from modelscope.hub.snapshot_download import snapshot_download as from_modelscope

        return str(from_modelscope(model, allow_patterns=wanted, local_files_only=local_files_only))
    except ImportError as error:
        raise ToolMissingError(
            "{package} is not installed, which fetches models: "
            "{command}, or set [Qwen] ModelDir to a folder with one",
            package=re.sub(r"[^A-Za-z_.]", "", error.name or hub),
            command=install_command("qwen"),
        ) from None
