"""Describe videos: description and tags from the model in the settings."""

from typing import TYPE_CHECKING, Any

from vidkit.qwen_model.answer import full_instruction, instruction_of
from vidkit.qwen_model.ask import process_with_qwen_vl, query_qwen_vl_chat
from vidkit.qwen_model.cost import Cost
from vidkit.qwen_model.describer import Describer, open_describer
from vidkit.qwen_model.question import Clip, Description, Question
from vidkit.qwen_model.server import RefusedError
from vidkit.qwen_model.stage import describe_record, in_parallel

if TYPE_CHECKING:
    from vidkit.qwen_model.local import QwenVLModel

__all__ = [
    "Clip",
    "Cost",
    "Describer",
    "Description",
    "Question",
    "QwenVLModel",
    "RefusedError",
    "describe_record",
    "full_instruction",
    "in_parallel",
    "instruction_of",
    "open_describer",
    "process_with_qwen_vl",
    "query_qwen_vl_chat",
]


def __getattr__(name: str) -> Any:
    if name == "QwenVLModel":  # imported on first use: it needs torch
        from vidkit.qwen_model.local import QwenVLModel

        return QwenVLModel
    raise AttributeError(name)
