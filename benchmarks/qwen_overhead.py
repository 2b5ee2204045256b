"""What vidkit adds to the model, and how well it keeps an endpoint busy. Runs on a CPU.

    python benchmarks/qwen_overhead.py [--clips 4] [--tokens 128] [--workers 5 10 20]

1. A local server that takes 200 ms for an answer is asked about 100 clips. The least that it can take is
   100 x 0.2 / MaxWorkers seconds. The best of three runs is shown.
2. A Qwen2-VL of a middle size with random weights describes clips, by vidkit from the files to the read answers, and
   by the bare `generate` on the same frames in the same batches. What vidkit takes beyond `generate` is the
   overhead. A real model is many times as large, so that the share it has there is smaller.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "src")]

from tests.model_server import serving

from vidkit.core.config import load_config
from vidkit.ffmpeg import run_tool
from vidkit.qwen_model import Clip, Question, describe_record, in_parallel, open_describer

DELAY = 0.2
REPEATS = 2


def make_clip(path: Path, seconds: float, size: str, number: int) -> Path:
    """Write a clip with a moving pattern, another one for each number."""
    source = f"testsrc2=s={size}:r=30:d={seconds},hue=h={number * 37}"
    codec = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
    run_tool(["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *codec, str(path)], 600)
    return path


def model_overhead(folder: Path, clips: int, tokens: int) -> list[str]:
    """The table's rows for a local model."""
    from tests.tiny_qwen import make_checkpoint

    from vidkit.qwen_model import QwenVLModel
    from vidkit.qwen_model.batches import Batches

    checkpoint = make_checkpoint(folder / "model", hidden=768, layers=16)
    model = QwenVLModel(checkpoint, max_tokens=tokens)
    model.load()
    paths = [make_clip(folder / f"{n}.mp4", 15, "1280x720", n) for n in range(clips)]
    questions = [Question("Describe this video.", Clip(path)) for path in paths]
    batches_run: list[Sequence[Any]] = []

    def run(batch: Sequence[Any]) -> Any:
        batches_run.append(batch)
        return model.generate(batch)

    model.generate([model.prepare(question) for question in questions])  # what is done the first time only
    times = []
    for _ in range(REPEATS):  # the two in turn, the least of each: other work on the machine only adds
        batches_run.clear()
        batches = Batches(run, model.fits)
        began = time.monotonic()
        in_parallel(partial(_described, model, batches), questions, clips, "clip")
        whole = time.monotonic() - began
        batches.close()
        times.append((whole, sum(bare_generate(model, batch, tokens) for batch in batches_run)))
    whole, bare = (min(each) for each in zip(*times, strict=True))
    counts = ", ".join(str(len(batch)) for batch in batches_run)
    share = 100 * (whole - bare) / bare
    return [
        "| clips of 15 s, 720p | batches | vidkit, s | bare `generate`, s | vidkit adds | goal |",
        "|---|---|---|---|---|---|",
        f"| {clips} | {counts} | {whole:.2f} | {bare:.2f} | {share:.1f} % | 5 % |",
    ]


def _described(model: Any, batches: Any, question: Question) -> Any:
    """What vidkit does for one clip, from its file to the answer that was read."""
    from vidkit.qwen_model.answer import read_answer

    return read_answer(batches.put(lambda: model.prepare(question)).text)


def bare_generate(model: Any, batch: Sequence[Any], tokens: int) -> float:
    """Seconds of the model alone on frames that are there."""
    import torch

    loaded, _ = model.load()
    inputs = model.inputs(batch)
    began = time.monotonic()
    with torch.inference_mode():
        loaded.generate(**inputs, max_new_tokens=tokens, do_sample=False)
    if loaded.device.type == "cuda":
        torch.cuda.synchronize()
    return time.monotonic() - began


def endpoint_rows(folder: Path, workers: Sequence[int], clips: int = 100) -> list[str]:
    """The table's rows for an endpoint."""
    content = make_clip(folder / "one.mp4", 2, "320x180", 0).read_bytes()
    entries = []
    for number in range(clips):
        path = folder / f"clip_{number:03d}.mp4"
        path.write_bytes(content + b"\0\0\0\x0afree" + number.to_bytes(2, "big"))  # a box that players skip
        times = {"start_time": 15.0 * number, "end_time": 15.0 * number + 15}
        entries.append({"index": number + 1, **times, "path": path.name, "description": None, "tags": []})
    rows = ["| MaxWorkers | at least, s | measured, s | times as long | goal |", "|---|---|---|---|---|"]
    for count in workers:
        took = min(_endpoint_seconds(folder, entries, count, n) for n in range(3))
        least = clips * DELAY / count
        rows.append(f"| {count} | {least:.2f} | {took:.2f} | {took / least:.2f} | 1.2 |")
    return rows


def _endpoint_seconds(folder: Path, entries: list[dict[str, Any]], workers: int, number: int) -> float:
    with serving() as server:
        server.delay = DELAY
        overrides = {
            ("QwenVL", "PublicEndpoint"): server.url + "/v1", ("Concurrency", "MaxWorkers"): str(workers),
            ("QwenVL", "Cache"): str(folder / f"answers-{workers}-{number}.db"),
        }  # fmt: skip
        describer = open_describer(load_config(overrides=overrides, environment={}))
        assert describer is not None
        record = {"filename": "video.mp4", "segments": entries}
        began = time.monotonic()
        result = describe_record(describer, record, folder / "one.mp4", None, "Describe.", "segments", folder)
        took = time.monotonic() - began - DELAY  # the summary's question comes after the clips
        describer.close()
        assert result["ai"]["error"] is None
        return took


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clips", type=int, default=4)
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--workers", type=int, nargs="+", default=[5, 10, 20])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vidkit-bench-") as name:
        print("\n".join(endpoint_rows(Path(name), options.workers)), flush=True)
        print("\n" + "\n".join(model_overhead(Path(name), options.clips, options.tokens)))


if __name__ == "__main__":
    main()
