"""Memory for batches: the limit, and the detection of out-of-memory errors."""

from __future__ import annotations

import gc
from typing import Any

_SHARE = 0.8  # of the free memory; the rest is a reserve for errors of the estimate
_CPU_SHARE = 0.4  # other programs need some too, and swapping is worse than a smaller batch


def free_bytes(device: str) -> float:
    """Bytes that a batch may take on `cuda`, `mps` or `cpu`."""
    import torch

    if device == "cuda":
        free, _ = torch.cuda.mem_get_info()
        kept = torch.cuda.memory_reserved() - torch.cuda.memory_allocated()
        return float(_SHARE * (free + kept))
    if device == "mps":
        return float(_SHARE * (torch.mps.recommended_max_memory() - torch.mps.driver_allocated_memory()))
    import psutil

    return _CPU_SHARE * float(psutil.virtual_memory().available)


def total_bytes() -> float:
    """Bytes that a model's weights may take, on all devices that accelerate would use."""
    from accelerate.utils import get_max_memory

    return float(sum(size for size in get_max_memory().values() if isinstance(size, int)))


def clip_bytes(config: Any, itemsize: int, patches: int, text_tokens: int) -> float:
    """Estimate the bytes that one clip takes while its answer is generated.

    Args:
        config: that of the model.
        itemsize: bytes of one number of the model.
        patches: number of patches of all frames, for the vision tower.
        text_tokens: number of tokens of the prompt and the answer.

    It is the sum of what is in memory at the same time: the keys and values of every layer for every token, and the
    activations of one layer, of the vision tower or the text model, whichever is larger.
    """
    text, vision = config.get_text_config(), config.vision_config
    heads = getattr(text, "num_key_value_heads", None) or text.num_attention_heads
    head_dim = getattr(text, "head_dim", None) or text.hidden_size // text.num_attention_heads
    tokens = patches // 8 + text_tokens  # two frames, and two by two patches of each, are one token
    cache = 2 * text.num_hidden_layers * heads * head_dim * tokens
    width = getattr(vision, "embed_dim", None) or vision.hidden_size
    vision_activations = patches / 2 * width * 12
    text_activations = tokens * (4 * text.hidden_size + 3 * text.intermediate_size)
    pixels = patches * 3 * 14 * 14 * 4 * 2
    return float(1.3 * (itemsize * (cache + max(vision_activations, text_activations)) + pixels))


def peak_bytes(device: str, reset: bool = False) -> float | None:
    """Peak bytes of tensors on `cuda` since the last reset; None if torch does not know."""
    import torch

    if device != "cuda":
        return None
    if reset:
        torch.cuda.reset_peak_memory_stats()
    return float(torch.cuda.max_memory_allocated())


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error of torch means that memory ran out, on any device."""
    if isinstance(error, MemoryError) or type(error).__name__ == "OutOfMemoryError":
        return True
    return isinstance(error, RuntimeError) and any(
        words in str(error) for words in ("out of memory", "can't allocate memory", "not enough memory")
    )


def release(device: str) -> None:
    """Free unused memory."""
    import sys

    gc.collect()
    torch = sys.modules.get("torch")
    if torch is not None and device == "cuda" and torch.cuda.is_available():
        torch.cuda.empty_cache()
