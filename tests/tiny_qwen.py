"""Qwen-VL checkpoints of a megabyte: real architectures, processors and tokenizer, with random weights."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

CORPUS = [
    "A red square moves over a blue ground while the camera stands still.",
    "Describe this video. Describe this scene. Focus on these aspects: rain, cars, people.",
    "Answer with one JSON object and nothing else: description, tags. The tags are up to ten short keywords.",
    "These are descriptions of the parts of one video, in order. Write one description of the whole video.",
    "seconds frames of one video for each second",
]
SPECIAL = [
    "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
    "<|image_pad|>", "<|video_pad|>",
]  # fmt: skip
CHAT = (
    "{% for message in messages %}<|im_start|>{{ message.role }}\n"
    "{% if message.content is string %}{{ message.content }}{% else %}{% for part in message.content %}"
    "{% if part.type == 'image' %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif part.type == 'video' %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% else %}{{ part.text }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def fit_torchvision() -> None:
    """Let torchvision be imported beside a torch of another build.

    PyPI's torchvision for Linux is compiled for torch's CUDA build and does not load beside the CPU build. Of what
    is compiled in it only the decoding of pictures is used here, by `transformers serve`, and Pillow does that as
    well; of two other operators its Python wants to know that they are there.
    """
    import torch

    try:
        import torchvision
    except RuntimeError:
        for name in ("nms", "qnms"):
            torch.library.define(
                f"torchvision::{name}", "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"
            )
        torch.library.define("image::decode_image", "(Tensor data, int mode, bool apply_exif) -> Tensor")
        torch.library.impl("image::decode_image", "CPU", _decoded)
        import torchvision.io.image

        torchvision.io.image._has_image_ops = lambda: True


def _decoded(data: Any, mode: int, apply_exif: bool) -> Any:
    import torch
    from PIL import Image
    from torchvision.transforms.functional import pil_to_tensor

    assert mode == 3, "only RGB is asked for"
    return pil_to_tensor(Image.open(io.BytesIO(bytes(data.to(torch.uint8).tolist()))).convert("RGB"))


def make_checkpoint(folder: Path, family: str = "qwen2", seed: int = 0, hidden: int = 64, layers: int = 2) -> Path:
    """Write a checkpoint.

    Args:
        folder: where; made.
        family: `qwen2` (Qwen2-VL), `qwen2_5` (Qwen2.5-VL) or `qwen3` (Qwen3-VL).
        seed: of the random weights.
        hidden: the text model's width, a multiple of 64.
        layers: of the text model.
    """
    fit_torchvision()
    import torch
    import transformers

    tokenizer = tiny_tokenizer()
    ids = {name: tokenizer.convert_tokens_to_ids(f"<|{name}|>") for name in ("image_pad", "video_pad")}
    text = {
        "vocab_size": len(tokenizer), "hidden_size": hidden, "intermediate_size": 2 * hidden,
        "num_hidden_layers": layers, "num_attention_heads": 4, "num_key_value_heads": 2,
        "max_position_embeddings": 32768, "pad_token_id": tokenizer.pad_token_id, "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id, "initializer_range": 0.4,
    }  # fmt: skip
    half = hidden // 8
    text["rope_parameters"] = {
        "rope_type": "default", "rope_theta": 1e6, "mrope_section": [half - 2 * (half // 3), half // 3, half // 3]
    }  # fmt: skip
    torch.manual_seed(seed)
    vision, name = _vision(family, hidden)
    if family == "qwen3":
        text |= {"head_dim": hidden // 4}
    config_class = getattr(transformers, f"{name}Config")
    config = config_class(
        text_config=text, vision_config=vision, tie_word_embeddings=False,
        image_token_id=ids["image_pad"], video_token_id=ids["video_pad"],
        vision_start_token_id=tokenizer.convert_tokens_to_ids("<|vision_start|>"),
        vision_end_token_id=tokenizer.convert_tokens_to_ids("<|vision_end|>"),
    )  # fmt: skip
    model = getattr(transformers, f"{name}ForConditionalGeneration")(config)
    model.generation_config.eos_token_id = tokenizer.eos_token_id
    model.generation_config.pad_token_id = tokenizer.pad_token_id
    model.save_pretrained(folder)
    processor(family, tokenizer).save_pretrained(folder)
    return folder


def processor(family: str, tokenizer: Any) -> Any:
    """The family's real processor, with this tokenizer."""
    import transformers

    three = family == "qwen3"
    patch = {"patch_size": 16 if three else 14}
    video = transformers.Qwen3VLVideoProcessor if three else transformers.Qwen2VLVideoProcessor
    kind = {"qwen2": "Qwen2VL", "qwen2_5": "Qwen2_5_VL", "qwen3": "Qwen3VL"}[family]
    return getattr(transformers, f"{kind}Processor")(
        image_processor=transformers.Qwen2VLImageProcessor(**patch),
        tokenizer=tokenizer,
        video_processor=video(**patch),
        chat_template=CHAT,
    )


def _vision(family: str, hidden: int) -> tuple[dict[str, Any], str]:
    if family == "qwen3":
        return {
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": hidden,
            "num_position_embeddings": 64, "deepstack_visual_indexes": [0],
        }, "Qwen3VL"  # fmt: skip
    if family == "qwen2_5":
        return {
            "depth": 2, "hidden_size": 32, "intermediate_size": 64, "num_heads": 2, "out_hidden_size": hidden,
            "fullatt_block_indexes": [1],
        }, "Qwen2_5_VL"  # fmt: skip
    return {"depth": 2, "embed_dim": 32, "num_heads": 2, "hidden_size": hidden, "mlp_ratio": 2}, "Qwen2VL"


def tiny_tokenizer() -> Any:
    """Byte-level BPE, trained on a few sentences."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
    from transformers import PreTrainedTokenizerFast

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(vocab_size=512, special_tokens=SPECIAL, initial_alphabet=alphabet)
    raw.train_from_iterator(CORPUS, trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=raw, eos_token="<|im_end|>", pad_token="<|endoftext|>", model_max_length=32768
    )
