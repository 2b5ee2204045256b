"""`--engine ray` with a local model: one actor on each GPU holds it, and the slots of all nodes ask these."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import MakeVideo
from .ray_cluster import RayCluster, ray_cluster
from .test_batch import vidkit
from .test_ray_engine import paths, records
from .waiting import PATIENCE

for _package in ("torch", "accelerate"):
    pytest.importorskip(_package, reason="the extra `qwen` is not installed")

from .tiny_qwen import make_checkpoint  # noqa: E402

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[1]
# In each process, before the model is loaded: torchvision is fitted (`fit_torchvision`). Each batch is noted, the
# first one begins late, so that the next questions wait for one another, and some end their process.
HOOK = f"""
import importlib.abc, os, signal, sys, time
from pathlib import Path

class Hook(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name == "accelerate" and "vidkit.qwen_model.local" in sys.modules:
            sys.meta_path.remove(self)
            sys.path.append({str(ROOT)!r})
            from tests.tiny_qwen import fit_torchvision
            fit_torchvision()
            note(sys.modules["vidkit.qwen_model.local"].QwenVLModel, Path(os.environ["NOTED"]))

def note(model, folder):
    inputs, calls = model.inputs, []
    def noting(self, batch):
        calls.append(len(batch))
        (folder / str(os.getpid())).write_text(" ".join(map(str, calls)))
        deaths = sorted(folder.glob("death*"))
        if deaths:
            deaths[0].unlink()
            os.kill(os.getpid(), signal.SIGKILL)
        if len(calls) == 1:
            time.sleep(2)
        return inputs(self, batch)
    model.inputs = noting

sys.meta_path.insert(0, Hook())
"""


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_checkpoint(tmp_path_factory.mktemp("checkpoints") / "tiny")


@pytest.fixture(scope="module")
def noted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where processes that hold the model note the sizes of batches; a file `death*` there ends one of them."""
    folder = tmp_path_factory.mktemp("noted")
    (folder / "hook").mkdir()
    (folder / "hook" / "sitecustomize.py").write_text(HOOK)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NOTED", str(folder))
        places = [str(folder / "hook"), str(ROOT / "src"), os.environ.get("PYTHONPATH", "")]
        patch.setenv("PYTHONPATH", os.pathsep.join(filter(None, places)))
        yield folder


@pytest.fixture(scope="module")
def cluster(noted: Path) -> Iterator[RayCluster]:
    with ray_cluster(2, head_cpus=2) as running:
        yield running


def batches(noted: Path) -> dict[str, list[int]]:
    """The sizes of the batches since the last time, by process."""
    found = {path.name: [int(size) for size in path.read_text().split()] for path in noted.glob("[0-9]*")}
    for name in found:
        (noted / name).unlink()
    return found


def a_csv(make_video: MakeVideo, checkpoint: Path, number: int) -> None:
    """Videos of one clip each, so that a batch of two is from two slots; the model's folder is named from here."""
    urls = [str(make_video(shots=1, size=f"{112 + 8 * each}x84")) for each in range(number)]
    Path("v.csv").write_text("url\n" + "\n".join(urls) + "\n")
    own = f"[Qwen]\nModelDir = {os.path.relpath(checkpoint)}\nMaxFrames = 4\nMaxPixels = 4704\n"
    Path("config.ini").write_text(f"{own}[QwenVL]\nMaxTokens = 12\n")


def described(folder: str, cache: str) -> dict[str, str]:
    return {**paths(folder), "VIDKIT_QWENVL_CACHE": f"{folder}/{cache}"}


def model(folder: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path(folder, "processed", "summary.json").read_text())["model"]
    found.pop("seconds")
    return found


def test_clips_from_different_nodes_are_one_batch_and_get_the_answers_of_one_machine(
    cluster: RayCluster, make_video: MakeVideo, checkpoint: Path, noted: Path
) -> None:
    a_csv(make_video, checkpoint, 6)
    here = vidkit(
        "process", "--csv", "v.csv", settings={**described("here", "c.db"), "PYTHONPATH": os.environ["PYTHONPATH"]}
    )
    shown = here.communicate(timeout=PATIENCE)
    assert here.returncode == 0, shown
    batches(noted)
    said = cluster.process("--csv", "v.csv", **described("ray", "c.db")).ends(0)
    assert (
        "ray: 2 nodes, 4 slots at 127.0.0.1:6379; no GPU, so one model for all on the CPU of this machine" in said
    )
    assert records("here") == records("ray")
    assert len({record["qwen_description"] for record in records("ray").values()}) > 1
    assert model("here") == model("ray")
    assert model("ray")["requests"] == 6
    (sizes,) = batches(noted).values()
    assert sum(sizes) == 6
    assert max(sizes) >= 2
    again = cluster.process("--csv", "v.csv", **described("other", "../ray/c.db")).ends(0)
    assert "6 processed" in again
    assert (model("other")["requests"], model("other")["cached"]) == (0, 6)
    assert batches(noted) == {}


def test_each_gpu_has_the_model_and_one_that_dies_is_replaced_and_asked_again(
    noted: Path, make_video: MakeVideo, checkpoint: Path
) -> None:
    a_csv(make_video, checkpoint, 6)
    with ray_cluster(2) as cluster:
        cluster.add(0, gpus=2)
        (noted / "death1").touch()
        said = cluster.process("--csv", "v.csv", **described("ray", "c.db")).ends(0)
        assert "6 processed" in said
        assert "; the model on 2 GPUs" in said
        assert [record["ai"]["error"] for record in records("ray").values()] == [None] * 6
        assert len(batches(noted)) == 3  # two, and the one that replaced the dead one
        for number in range(3):
            (noted / f"death{number}").touch()
        url = Path("v.csv").read_text().split()[1]
        said = cluster.process("--urls", url, **described("failed", "c.db")).ends(0)
    (record,) = records("failed").values()
    assert record["ai"]["error"].startswith("the process that holds the model died 3 times with this question")
    assert record["segments"]
