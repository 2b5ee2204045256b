"""A video -> its description and tags, by the describer that the settings name."""

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
    if name == "QwenVLModel":  # loaded when it is named: it is what imports torch in the end
        from vidkit.qwen_model.local import QwenVLModel

        return QwenVLModel
    raise AttributeError(name)
