"""The settings of search by meaning, `[Meaning]`."""

from __future__ import annotations

from dataclasses import dataclass

from vidkit.core.onnx_models import HUBS
from vidkit.core.setting_values import choice, number, read_text, setting


@dataclass(frozen=True)
class Meaning:
    text_model: str = setting(
        "TextModel",
        "",
        "Text model for search by meaning: a folder, or its name at the hub, such as owner/name. Empty: none.",
        read_text,
    )
    image_model: str = setting(
        "ImageModel",
        "",
        "Image-text model that finds scenes by their thumbnails: a folder, or its name at the hub. Empty: none.",
        read_text,
    )
    hub: str = setting(
        "Hub",
        "huggingface",
        "Hub that these names belong to: huggingface, modelscope.",
        choice(*HUBS),
    )
    threads: int = setting(
        "Threads", 0, "Threads of the models; 0: one for each core.", number(int, 0, 512, "a number of threads")
    )
