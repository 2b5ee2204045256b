"""Vectors a second on one core: vidkit's, beside the model alone.

The model alone gets the same texts: tokens are made before, in the batches that are best for it (texts of the same
length together), and its output is thrown away. vidkit makes the tokens, sorts, pools, and puts back the order.
Seconds are those of the processor, so that other programs on the machine count less.

    python benchmarks/meaning_speed.py [--model FOLDER]

Without a folder it is all-MiniLM-L6-v2 in 8 bits, from the packages of the tests (tests/models.txt).
"""

from __future__ import annotations

import argparse
import os
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from measure import table

sys.path[:0] = [str(Path(__file__).parents[1])]
RUNS = 3
_SUBJECTS = ("A man in a red jacket", "Two children", "An old woman with an umbrella", "The speaker", "A grey cat")
_VERBS = ("walks along", "waits beside", "looks at", "paints", "runs around", "is seen in front of")
_THINGS = ("a wooden boat", "the crowded platform of a railway station", "a table with fruit", "a street at night")
_MORE = (
    "The camera moves slowly to the left.", "It rains.", "In the background people talk and laugh.",
    "A caption names the place and the date.", "The picture is black and white, with scratches from top to bottom.",
)  # fmt: skip


def texts(count: int) -> list[str]:
    """Descriptions as models write them (10 to 60 words), and short readings: each once."""
    chance = random.Random(1)
    found = dict.fromkeys(
        " ".join(
            [f"{chance.choice(_SUBJECTS)} {chance.choice(_VERBS)} {chance.choice(_THINGS)}, number {at}."]
            + chance.sample(_MORE, chance.randrange(len(_MORE) + 1)) * chance.choice((1, 1, 2))
        )
        for at in range(count * 3 // 4)
    )
    found |= dict.fromkeys(f"{chance.choice(_THINGS)} {at}" for at in range(count - len(found)))
    shuffled = list(found)
    chance.shuffle(shuffled)
    return shuffled


def batches(model: Any, folder: Path, found: list[str], rows: int) -> list[dict[str, Any]]:
    """What the model alone is given: all texts, sorted by their length."""
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(256)
    tokens = sorted((each.ids for each in tokenizer.encode_batch(found)), key=len)
    given = []
    for at in range(0, len(tokens), rows):
        part = tokens[at : at + rows]
        ids = np.zeros((len(part), max(map(len, part))), np.int64)
        mask = np.zeros_like(ids)
        for row, each in enumerate(part):
            ids[row, : len(each)], mask[row, : len(each)] = each, 1
        all_inputs = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
        given.append({each.name: all_inputs[each.name] for each in model.get_inputs()})
    return given


def pairs(one: Callable[[], object], other: Callable[[], object]) -> tuple[float, float, float]:
    """Run two things in turn; the medians of their seconds and of the ratio one/other."""
    one(), other()
    times = [(seconds(one), seconds(other)) for _ in range(RUNS)]
    firsts, others = zip(*times, strict=True)
    return statistics.median(firsts), statistics.median(others), statistics.median(a / b for a, b in times)


def seconds(work: Callable[[], object]) -> float:
    """What something takes of the processor, in seconds."""
    began = time.process_time()
    work()
    return time.process_time() - began


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--model", type=Path)
    parser.add_argument("--texts", type=int, default=96)
    options = parser.parse_args()
    os.sched_setaffinity(0, [min(os.sched_getaffinity(0))])  # before any thread: the tokens' library has some
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    with tempfile.TemporaryDirectory() as name:
        folder = options.model
        if folder is None:
            from tests.meaning_models import make_text_model

            folder = make_text_model(Path(name) / "minilm")
        print(measured(folder, texts(options.texts)))


def measured(folder: Path, found: list[str]) -> str:
    import onnxruntime

    from vidkit.meaning.models import TextModel

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(folder / "onnx" / "model.onnx"), settings)
    model = TextModel(str(folder), "huggingface", 1)
    best: tuple[float, float, float, int] | None = None
    for rows in (1, 4, 8, 32):
        given = batches(session, folder, found, rows)

        def alone(given: list[dict[str, Any]] = given) -> None:
            for each in given:
                session.run(None, each)

        ours, bare, ratio = pairs(lambda: model.texts(found), alone)
        said = f"   batches of {rows}: {len(found) / bare:.0f} a second, vidkit {1 / ratio:.2f}"
        print(said, file=sys.stderr, flush=True)
        if best is None or bare < best[1]:
            best = ours, bare, ratio, rows
    assert best is not None
    ours, bare, ratio, rows = best
    measures = f"{len(found) / ours:.0f} and {len(found) / bare:.0f} a second"
    beside = f"onnxruntime alone, batches of {rows} (the best of 1, 4, 8, 32), tokens made before"
    return table(
        ("what", "compared with", "ratio", "goal", "measured"),
        [(f"vectors of {len(found)} texts on one core", beside, f"{1 / ratio:.2f}", "0.9 at least", measures)],
    )


if __name__ == "__main__":
    main()
