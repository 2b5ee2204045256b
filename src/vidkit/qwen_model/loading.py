"""Load a model from a folder, with clear errors."""

from __future__ import annotations

import logging
import time
from pathlib import Path
from typing import Any

from vidkit.core import printable
from vidkit.core.extras import install_command
from vidkit.errors import DescribeError, ToolMissingError, VidkitError
from vidkit.qwen_model.memory import is_out_of_memory, total_bytes
from vidkit.qwen_model.weights import weights_size

log = logging.getLogger(__name__)


def load_model(folder: Path) -> tuple[Any, Any]:
    """Load the model in a folder and its processor, by transformers' auto classes.

    Raises:
        DescribeError: there is no model for videos, or it does not fit into memory.
        ToolMissingError: a needed package is not installed.
    """
    try:
        import accelerate  # noqa: F401
        import transformers
        from transformers import AutoConfig, AutoModelForImageTextToText, AutoProcessor
        from transformers.models.auto.modeling_auto import MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING

        import qwen_vl_utils  # noqa: F401  # isort: skip  # it imports torchvision, which fails with other errors
    except Exception as error:
        raise _not_importable(error) from None
    transformers.logging.set_verbosity_error()
    shown = printable(folder)
    log.info("loading the model in %s", shown)
    began = time.monotonic()
    try:
        config = AutoConfig.from_pretrained(folder)
        if type(config) not in MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING:
            raise DescribeError(
                "{shown} holds a {model_type} model, which does not look at videos",
                shown=shown,
                model_type=config.model_type,
            )
        processor = AutoProcessor.from_pretrained(folder)
        if getattr(processor, "video_processor", None) is None:
            raise DescribeError(
                "{shown} holds a {model_type} model, which takes images but no videos",
                shown=shown,
                model_type=config.model_type,
            )
        _check_memory(folder)
        model = AutoModelForImageTextToText.from_pretrained(
            folder, config=config, dtype="auto", device_map="auto", use_safetensors=True
        )
    except VidkitError:
        raise
    except Exception as error:
        if is_out_of_memory(error):
            raise _too_large(folder) from None
        log.debug("loading failed", exc_info=True)
        words = " ".join(printable(error).split())[:300]
        raise DescribeError("the model in {shown} cannot be loaded: {words}", shown=shown, words=words) from None
    model.eval()
    model.generation_config.update(temperature=None, top_p=None, top_k=None)  # only for sampling
    processor.tokenizer.padding_side = "left"
    _log_devices(model, shown, time.monotonic() - began)
    return model, processor


def _not_importable(error: BaseException) -> ToolMissingError:
    """The error for a missing package, or for packages that do not work together, by the innermost exception."""
    if isinstance(error, ModuleNotFoundError) and error.name:
        return ToolMissingError(
            "{error_name} is not installed, which a local model needs: {command}",
            error_name=error.name,
            command=install_command("qwen"),
        )
    while error.__cause__ is not None:
        error = error.__cause__
    return ToolMissingError(
        "torch and its companions do not work together here ({reason}): "
        "{command} in a fresh environment puts that right",
        reason=" ".join(printable(error).split())[:200],
        command=install_command("qwen", everything=True),
    )


def _log_devices(model: Any, shown: str, seconds: float) -> None:
    places = {str(place) for place in getattr(model, "hf_device_map", {}).values()} or {str(model.device)}
    log.info("loaded %s in %.1f s on %s", shown, seconds, ", ".join(sorted(places)))
    if model.device.type == "cpu":
        log.warning(
            "no GPU is in reach: %s runs on the CPU, which takes minutes for each clip of a real model", shown
        )
    elif places & {"cpu", "disk"}:
        log.warning("the GPU's memory does not hold all of %s, so a part runs from elsewhere, slowly", shown)


def _check_memory(folder: Path) -> None:
    if weights_size(folder) > total_bytes():
        raise _too_large(folder)


def _too_large(folder: Path) -> DescribeError:
    return DescribeError(
        "the model in {folder} takes {size:.1f} GB, and "
        "{memory:.1f} GB of memory are free: take a smaller model, or an endpoint",
        folder=printable(folder),
        size=weights_size(folder) / 1e9,
        memory=total_bytes() / 1e9,
    )
