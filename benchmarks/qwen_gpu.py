"""Clips a second of a local Qwen2-VL: one at a time, in vidkit's batches, and the bare model. For a machine with a GPU.

    python benchmarks/qwen_gpu.py [--size 7B 2B] [--clips 32] [--tokens 128]
    python benchmarks/qwen_gpu.py --size tiny --clips 4 --tokens 8      # shows on a CPU that it works

The model has the configuration of Qwen2-VL-7B or -2B and random weights: the arithmetic is that of the real one, its
words are none, and every answer is `--tokens` long. The clips are 15 s of 720p, of which the model sees what the
default settings show it. Measured are:

- one at a time, as in the prototype: read a clip, ask the model, read the next;
- vidkit: clips are read by several threads while the model works on batches, sized to the memory that is free;
- bare: `generate` alone, on frames that are there already, at the batch that vidkit chose most.

The target is that vidkit's batches reach three times the clips a second of one at a time.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "src"), str(Path(__file__).parent)]

from qwen_overhead import bare_generate, make_clip
from vidkit.qwen_model import Clip, Question, QwenVLModel, in_parallel
from vidkit.qwen_model.batches import Batches

# From the config.json of Qwen/Qwen2-VL-7B-Instruct and Qwen/Qwen2-VL-2B-Instruct.
SIZES: dict[str, dict[str, Any]] = {
    "7B": {"hidden_size": 3584, "intermediate_size": 18944, "num_attention_heads": 28, "num_key_value_heads": 4,
           "vocab_size": 152064, "tie": False},
    "2B": {"hidden_size": 1536, "intermediate_size": 8960, "num_attention_heads": 12, "num_key_value_heads": 2,
           "vocab_size": 151936, "tie": True},
}  # fmt: skip
VISION = {"depth": 32, "embed_dim": 1280, "num_heads": 16, "mlp_ratio": 4, "patch_size": 14}


def build(size: str, folder: Path) -> Path:
    """Write a checkpoint with random weights."""
    from tests.tiny_qwen import fit_torchvision, make_checkpoint, processor, tiny_tokenizer

    if size == "tiny":
        return make_checkpoint(folder)
    fit_torchvision()
    import torch
    from transformers import Qwen2VLConfig, Qwen2VLForConditionalGeneration

    text = dict(SIZES[size])
    tie = text.pop("tie")
    tokenizer = tiny_tokenizer()
    marks = ("image_pad", "video_pad", "vision_start", "vision_end")
    image, video, start, end = (tokenizer.convert_tokens_to_ids(f"<|{mark}|>") for mark in marks)
    text |= {
        "num_hidden_layers": 28, "max_position_embeddings": 32768, "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": None, "eos_token_id": tokenizer.eos_token_id,
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e6, "mrope_section": [16, 24, 24]},
    }  # fmt: skip
    config = Qwen2VLConfig(
        text_config=text, vision_config={**VISION, "hidden_size": text["hidden_size"]}, tie_word_embeddings=tie,
        image_token_id=image, video_token_id=video, vision_start_token_id=start, vision_end_token_id=end,
    )  # fmt: skip
    torch.set_default_dtype(torch.bfloat16)
    try:
        with torch.device("cuda" if torch.cuda.is_available() else "cpu"):
            model = Qwen2VLForConditionalGeneration(config)
    finally:
        torch.set_default_dtype(torch.float32)
    model.save_pretrained(folder)
    del model
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    processor("qwen2", tokenizer).save_pretrained(folder)
    return folder


def measure(folder: Path, paths: Sequence[Path], tokens: int) -> list[tuple[str, str, float, float]]:
    """(what, batches, clips a second, tokens a second) of each way."""
    model = QwenVLModel(folder, max_tokens=tokens)
    loaded, _ = model.load()
    loaded.generation_config.eos_token_id = None  # every answer as long as the others
    questions = [Question("Describe this video.", Clip(path)) for path in paths]
    model.generate([model.prepare(questions[0])])  # what is done the first time only
    rows = []

    began = time.monotonic()
    written = sum(model.generate([model.prepare(question)])[0].tokens_out for question in questions)
    took = time.monotonic() - began
    rows.append(("one at a time", "1", len(paths) / took, written / took))

    sizes: list[int] = []

    def run(batch: Sequence[Any]) -> Any:
        sizes.append(len(batch))
        return model.generate(batch)

    batches = Batches(run, model.fits)
    began = time.monotonic()
    replies = in_parallel(
        lambda question: batches.put(lambda: model.prepare(question)), questions, len(questions), "clip"
    )
    took = time.monotonic() - began
    batches.close()
    written = sum(reply.tokens_out for reply in replies)
    rows.append(("vidkit", ", ".join(map(str, sizes)), len(paths) / took, written / took))

    count = statistics.mode(sizes)
    prepared = in_parallel(model.prepare, questions[:count], count, "clip")
    took = bare_generate(model, prepared, tokens)
    rows.append(("bare `generate`", str(count), count / took, count * tokens / took))
    return rows


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", nargs="+", choices=["7B", "2B", "tiny"], default=["7B", "2B"])
    parser.add_argument("--clips", type=int, default=32)
    parser.add_argument("--tokens", type=int, default=128)
    options = parser.parse_args()
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else f"no GPU, {platform.machine()} CPU"
    print(
        f"{device}; {options.clips} clips of 15 s, 720p; {options.tokens} tokens each; torch {torch.__version__}\n"
    )
    print(
        "| model | way | batches | clips/s | tokens/s | times one at a time |",
        "|---|---|---|---|---|---|",
        sep="\n",
    )
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name:
        paths = [make_clip(Path(name) / f"{n}.mp4", 15, "1280x720", n) for n in range(options.clips)]
        for size in options.size:
            rows = measure(build(size, Path(name) / size), paths, options.tokens)
            for way, batch, clips, tokens in rows:
                print(
                    f"| {size} | {way} | {batch} | {clips:.3f} | {tokens:.1f} | {clips / rows[0][2]:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
