"""The reader `objects`: no package carries a detector; small models made here have the outputs of each layout."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.errors import ConfigError

from .conftest import MakeVideo
from .models import face_model, save_model
from .readers import read_by

__all__ = ["face_model"]

BOX = (0.25, 0.5, 0.75, 1.0)  # left, top, right, bottom of what the models find in a red picture
SIDE = 64


def red(helper: Any, picture: str, factor: float) -> list[Any]:
    """Nodes that make `red`, 0 to 1: how red a picture is, and not green or blue."""
    weights = helper.make_tensor("only_red", 1, [1, 3, 1, 1], [each * factor for each in (1.0, -1.0, -1.0)])
    return [
        helper.make_node("Constant", [], ["weights"], value=weights),
        helper.make_node("Mul", [picture, "weights"], ["parts"]),
        helper.make_node("ReduceMean", ["parts"], ["third"], axes=[1, 2, 3], keepdims=1),
        helper.make_node("Constant", [], ["three"], value=helper.make_tensor("3", 1, [], [3.0])),
        helper.make_node("Mul", ["third", "three"], ["level"]),
        helper.make_node("Clip", ["level"], ["clipped"]),
        helper.make_node("Relu", ["clipped"], ["red"]),
    ]


def constant(helper: Any, name: str, values: Any) -> Any:
    values = np.asarray(values)
    kind = 7 if values.dtype == np.int64 else 1
    tensor = helper.make_tensor(
        name, kind, values.shape, values.astype(np.float32 if kind == 1 else values.dtype).ravel()
    )
    return helper.make_node("Constant", [], [name], value=tensor)


def told(helper: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """RT-DETR and D-FINE by their own tools."""
    nodes = [
        *red(helper, "images", 1.0),
        constant(helper, "fixed", [[BOX, (0.0, 0.0, 0.1, 0.1)]]),
        helper.make_node("Cast", ["orig_target_sizes"], ["sizes"], to=1),
        helper.make_node("Concat", ["sizes", "sizes"], ["twice"], axis=1),
        helper.make_node("Unsqueeze", ["twice", "one"], ["each"]),
        helper.make_node("Mul", ["fixed", "each"], ["boxes"]),
        constant(helper, "labels", np.array([[1, 0]], np.int64)),
        constant(helper, "shape", np.array([1, 1], np.int64)),
        helper.make_node("Reshape", ["red", "shape"], ["score"]),
        constant(helper, "low", [[0.1]]),
        helper.make_node("Concat", ["score", "low"], ["scores"], axis=1),
    ]
    nodes.insert(0, constant(helper, "one", np.array([1], np.int64)))
    inputs = [("images", 1, [1, 3, SIDE, SIDE]), ("orig_target_sizes", 7, [1, 2])]
    return nodes, inputs, [("labels", 7, [1, 2]), ("boxes", 1, [1, 2, 4]), ("scores", 1, [1, 2])]


def queries(helper: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """RF-DETR: its pictures are less the mean of ImageNet's, so that red is over 1 there."""
    left, top, right, bottom = BOX
    middle = ((left + right) / 2, (top + bottom) / 2, right - left, bottom - top)
    nodes = [
        *red(helper, "input", 1.0),
        constant(helper, "dets", [[middle, (0.5, 0.5, 0.1, 0.1)]]),
        constant(helper, "shape", np.array([1, 1, 1], np.int64)),
        helper.make_node("Reshape", ["red", "shape"], ["score"]),
        constant(helper, "at", [[[-4.0, 0.0], [-9.0, -9.0]]]),
        constant(helper, "by", [[[0.0, 4.0], [0.0, 0.0]]]),
        helper.make_node("Mul", ["score", "by"], ["more"]),
        constant(helper, "half", [[[0.0, -4.0], [0.0, 0.0]]]),
        helper.make_node("Add", ["at", "half"], ["base"]),
        helper.make_node("Add", ["base", "more"], ["labels"]),
    ]
    return nodes, [("input", 1, [1, 3, SIDE, SIDE])], [("dets", 1, [1, 2, 4]), ("labels", 1, [1, 2, 2])]


def grids(helper: Any) -> tuple[list[Any], list[Any], list[Any]]:
    """YOLOX: at the point of the coarsest grid in column 1 and row 0; two points say the same."""
    count = sum((SIDE // stride) ** 2 for stride in (8, 16, 32))
    points = np.zeros((1, count, 7), np.float32)
    # A video of 16:9 is 64 x 36 pixels there. Its box in pixels, by its middle and size, as this point has it:
    left, top, right, bottom = BOX[0] * 64, BOX[1] * 36, BOX[2] * 64, BOX[3] * 36
    middle, size = ((left + right) / 2, (top + bottom) / 2), (right - left, bottom - top)
    coarse = count - 4 + 1
    points[0, coarse, :4] = middle[0] / 32 - 1, middle[1] / 32, np.log(size[0] / 32), np.log(size[1] / 32)
    points[0, coarse - 1, :4] = middle[0] / 32, middle[1] / 32, np.log(size[0] / 32), np.log(size[1] / 32)
    points[0, coarse, 5:] = points[0, coarse - 1, 5:] = 0.0, 0.99
    sure = np.zeros((1, count, 7), np.float32)
    sure[0, coarse, 4], sure[0, coarse - 1, 4] = 1.0, 0.9
    nodes = [
        # Blue is first: the channels are turned round.
        constant(helper, "order", np.array([2, 1, 0], np.int64)),
        helper.make_node("Gather", ["images", "order"], ["turned"], axis=1),
        *red(helper, "turned", 1 / 255),
        constant(helper, "shape", np.array([1, 1, 1], np.int64)),
        helper.make_node("Reshape", ["red", "shape"], ["score"]),
        constant(helper, "two", [[[2.0]]]),  # the grey below the picture takes half of it
        helper.make_node("Mul", ["score", "two"], ["more"]),
        constant(helper, "sure", sure),
        helper.make_node("Mul", ["sure", "more"], ["there"]),
        constant(helper, "points", points),
        helper.make_node("Add", ["points", "there"], ["output"]),
    ]
    return nodes, [("images", 1, [1, 3, SIDE, SIDE])], [("output", 1, [1, count, 7])]


def made(layout: Any, folder: Path, labels: str = "dog\nred thing\n") -> Path:
    onnx = pytest.importorskip("onnx", reason="onnx is not installed: the extra vision")
    nodes, inputs, outputs = layout(onnx.helper)
    values = [[onnx.helper.make_tensor_value_info(*each) for each in several] for several in (inputs, outputs)]
    save_model(onnx.helper.make_graph(nodes, "made", *values), folder / "detector.onnx")
    if labels:
        (folder / "labels.txt").write_text(labels)
    return folder


@pytest.mark.parametrize("layout", [told, queries, grids])
def test_each_layout_gives_labels_with_boxes_while_the_thing_is_seen(
    layout: Any, make_video: MakeVideo, tmp_path: Path
) -> None:
    video = make_video(shots=2, shot_length=2)  # red, then blue
    reading = read_by("objects", video, {"ModelDir": made(layout, tmp_path / "model")})
    assert reading["error"] is None
    (span,) = reading["spans"]
    assert span["label"] == "red thing"
    assert (span["start_time"], span["end_time"]) == (0, pytest.approx(2, abs=0.01))
    assert span["box"] == pytest.approx([0.25, 0.5, 0.5, 0.5], abs=0.01)
    assert span["score"] > 0.5
    assert (reading["most"], reading["kinds"]) == (1, 1)


def test_the_names_of_classes_come_from_the_metadata_of_the_model_too(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    import onnx

    folder = made(told, tmp_path / "model", labels="")
    model = onnx.load(folder / "detector.onnx")
    entry = model.metadata_props.add()
    entry.key, entry.value = "names", "{0: 'cat', 1: 'fire engine'}"
    onnx.save(model, folder / "detector.onnx")
    reading = read_by("objects", make_video(shots=2, shot_length=2), {"ModelDir": folder})
    assert [span["label"] for span in reading["spans"]] == ["fire engine"]


def test_what_is_no_detector_is_named_before_the_first_video(
    face_model: Path, make_video: MakeVideo, tmp_path: Path
) -> None:
    video = make_video()
    for model, said in (
        (made(told, tmp_path / "nameless", labels=""), "its classes have no names: put them into labels.txt"),
        (face_model, "its outputs are of no layout that is known: 537"),
    ):
        with pytest.raises(ConfigError, match=re.escape(said)):
            read_by("objects", video, {"ModelDir": model})
    assert not Path("processed_videos").exists()
