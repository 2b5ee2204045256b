"""A model on this machine: real transformers on checkpoints of a megabyte."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.waiting import PATIENCE
from vidkit.core.config import Config, load_config
from vidkit.errors import DescribeError
from vidkit.qwen_model import Clip, Describer, Question, QwenVLModel, describe_record, open_describer
from vidkit.qwen_model.batches import Batches, OutOfMemory
from vidkit.qwen_model.frames import Budget

from .conftest import MakeVideo
from .described_csv import describe_a_csv_twice
from .records import record_of

for _package in ("torch", "accelerate"):
    pytest.importorskip(_package, reason="the extra `qwen` is not installed")

from .tiny_qwen import fit_torchvision, make_checkpoint  # noqa: E402

SMALL = Budget(frames_per_second=2, max_frames=4, max_pixels=56 * 84)
Checkpoint = Callable[..., Path]
Open = Callable[..., Describer]


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    """Make a tiny checkpoint, once for each family and seed: `checkpoint("qwen3")`."""
    folder = tmp_path_factory.mktemp("checkpoints")
    made: dict[tuple[str, int], Path] = {}

    def make(family: str = "qwen2", seed: int = 0) -> Path:
        if (family, seed) not in made:
            made[family, seed] = make_checkpoint(folder / f"tiny-{family}-{seed}", family, seed)
        return made[family, seed]

    fit_torchvision()
    return make


@pytest.fixture
def opened() -> Iterator[Open]:
    """Open a describer on a folder with a model."""
    describers: list[Describer] = []

    def make(folder: Path, max_requests: int | None = None, **keys: str) -> Describer:
        describer = open_describer(settings(folder, **keys), max_requests=max_requests)
        assert describer is not None
        describers.append(describer)
        return describer

    yield make
    for describer in describers:
        describer.close()


def settings(folder: Path | str, **keys: str) -> Config:
    values = {
        ("Qwen", "ModelDir"): str(folder), ("Qwen", "MaxFrames"): "4", ("Qwen", "MaxPixels"): "4704",
        ("QwenVL", "MaxTokens"): "12", ("QwenVL", "Backend"): "local",
    }  # fmt: skip
    values |= {("Qwen", key): value for key, value in keys.items()}
    return load_config(overrides=values, environment={})


@pytest.fixture
def clips(make_video: MakeVideo, tmp_path: Path) -> list[Path]:
    """Four clips of different lengths and shapes."""
    shapes = [(1.0, "112x84"), (2.0, "84x112"), (3.0, "112x84"), (1.5, "160x40")]
    paths = [tmp_path / f"video_clip_{number:03d}.mp4" for number in range(1, 5)]
    for path, (length, size) in zip(paths, shapes, strict=True):
        shutil.copy(make_video(shots=1, shot_length=length, size=size), path)
    return paths


@pytest.mark.parametrize("family", ["qwen2", "qwen2_5", "qwen3"])
def test_every_family_describes_a_clip(family: str, checkpoint: Checkpoint, clips: list[Path]) -> None:
    model = QwenVLModel(checkpoint(family), max_tokens=12, budget=SMALL)
    description = model.process_video(clips[0])
    assert description.text
    assert model.name == f"tiny-{family}-0"


@pytest.mark.parametrize("family", ["qwen2", "qwen3"])
def test_a_clip_in_a_batch_gets_the_words_that_it_gets_alone(
    family: str, checkpoint: Checkpoint, clips: list[Path]
) -> None:
    model = QwenVLModel(checkpoint(family), max_tokens=12, budget=SMALL)
    questions = [*(Question(f"Describe {n}.", Clip(path)) for n, path in enumerate(clips)), Question("Sum it up.")]
    prepared = [model.prepare(question) for question in questions]
    together = model.generate(prepared)
    alone = [model.generate([one])[0] for one in prepared]
    assert [reply.text for reply in together] == [reply.text for reply in alone]
    assert len({reply.text for reply in alone}) == 5
    assert [reply.tokens_in for reply in together] == [reply.tokens_in for reply in alone]
    assert all(0 < reply.tokens_out <= 12 for reply in together)


def test_the_frames_fit_the_budget_and_the_model(checkpoint: Checkpoint, make_video: MakeVideo) -> None:
    model = QwenVLModel(checkpoint(), budget=Budget(1, 6, 50_000))
    frames = model.prepare(Question("Describe.", Clip(make_video(shots=2, shot_length=2.0, size="320x180")))).frames
    assert frames is not None
    count, channels, height, width = frames.shape
    assert (count, channels) == (4, 3)
    assert height % 28 == width % 28 == 0
    assert 30_000 < height * width <= 50_000
    red, blue = frames[0].float().mean(dim=(1, 2)), frames[3].float().mean(dim=(1, 2))
    assert red[0] > 150 > 100 > red[2]  # the first shot's colour first, as red, green, blue
    assert blue[2] > 150 > 100 > blue[0]


def test_the_clips_of_several_videos_go_to_the_model_together(checkpoint: Checkpoint, clips: list[Path]) -> None:
    model = QwenVLModel(checkpoint(), max_tokens=4, budget=SMALL)
    model.load()
    sizes: list[int] = []

    def run(batch: Sequence[Any]) -> list[Any]:
        sizes.append(len(batch))
        return model.generate(batch)

    batches = Batches(run, model.fits)
    threads = [
        threading.Thread(
            target=batches.put, args=(lambda path=path: model.prepare(Question("Describe.", Clip(path))),)
        )
        for path in [*clips, *clips]
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    batches.close()
    assert sum(sizes) == 8
    assert max(sizes) >= 4


def test_a_batch_that_does_not_fit_is_halved_and_stays_halved() -> None:
    sizes: list[int] = []

    def run(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        if len(batch) > 2:
            raise OutOfMemory
        return [10 * item for item in batch]

    batches = Batches(run, len)
    assert _all(batches, range(8)) == [10 * n for n in range(8)]
    assert max(sizes) > 2
    sizes.clear()
    assert _all(batches, range(8)) == [10 * n for n in range(8)]
    assert max(sizes) <= 2
    batches.close()


def test_the_model_waits_for_clips_that_are_being_read_and_for_nothing_else() -> None:
    sizes: list[int] = []

    def run(batch: Sequence[int]) -> list[int]:
        sizes.append(len(batch))
        return list(batch)

    batches = Batches(run, lambda ready: 8, max_wait=3600)
    lone = threading.Thread(target=batches.put, args=(lambda: 1,), daemon=True)
    lone.start()
    lone.join(PATIENCE)
    assert sizes == [1]
    assert _all(batches, range(5)) == [*range(5)]
    assert sizes == [1, 5]
    batches.close()


def test_a_model_that_cannot_be_loaded_is_not_loaded_again_for_every_clip(
    checkpoint: Checkpoint, clips: list[Path], tmp_path: Path
) -> None:
    model = QwenVLModel(tmp_path / "model", budget=SMALL)
    for _ in range(2):
        with pytest.raises(DescribeError, match="is not there"):
            model.process_video(clips[0])
        shutil.copytree(checkpoint(), tmp_path / "model", dirs_exist_ok=True)


def test_one_clip_that_the_model_cannot_take_does_not_cost_the_others_theirs() -> None:
    def run(batch: Sequence[int]) -> list[int]:
        if 5 in batch:
            raise ValueError("five is right out")
        return list(batch)

    batches = Batches(run, len)
    results = _all(batches, range(8))
    batches.close()
    assert results[:5] + results[6:] == [0, 1, 2, 3, 4, 6, 7]
    assert str(results[5]) == "the model failed: ValueError: five is right out"


def test_a_clip_that_never_fits_is_said_in_words() -> None:
    def run(batch: Sequence[int]) -> list[int]:
        raise OutOfMemory

    batches = Batches(run, len)
    (failure,) = _all(batches, [1])
    batches.close()
    assert "the memory does not hold one clip: lower [Qwen] MaxFrames or MaxPixels" in str(failure)


def _all(batches: Batches[int, int], items: Sequence[int]) -> list[Any]:
    """Hand all in at once, and give what came back, errors too."""
    results: list[Any] = [None] * len(items)
    gate = threading.Barrier(len(items))

    def put(number: int, item: int) -> None:
        try:
            results[number] = batches.put(lambda: (gate.wait(), item)[1])
        except DescribeError as error:
            results[number] = error

    threads = [threading.Thread(target=put, args=pair) for pair in enumerate(items)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits a process's memory so")
@pytest.mark.slow
def test_memory_that_really_runs_out_halves_the_batch(checkpoint: Checkpoint, make_video: MakeVideo) -> None:
    video = make_video(shots=1, shot_length=4.0, size="560x420")
    program = """
import resource, sys
from pathlib import Path
from tests.tiny_qwen import fit_torchvision
fit_torchvision()
from vidkit.qwen_model import Clip, Question, QwenVLModel
from vidkit.qwen_model.batches import Batches, OutOfMemory
from vidkit.qwen_model.frames import Budget
import torch
torch.set_num_threads(1)
model = QwenVLModel(sys.argv[1], max_tokens=2, budget=Budget(2, 8, 100_000))
one = model.prepare(Question("Describe.", Clip(Path(sys.argv[2]))))
model.generate([one])
used = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + 200_000_000,) * 2)
sizes = []
def halved(batch):
    try:
        replies = model.generate(batch)
    except OutOfMemory:
        if len(batch) == 1:
            raise
        return halved(batch[:len(batch) // 2]) + halved(batch[len(batch) // 2:])
    sizes.append(len(batch))
    return replies
print(len(halved([one] * 16)), max(sizes))
"""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program, str(checkpoint()), str(video)],
        capture_output=True, text=True, timeout=300, cwd=root,
        env={**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'src'}", "MALLOC_ARENA_MAX": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    described, largest = map(int, done.stdout.split())
    assert described == 16
    assert 1 <= largest < 16


def test_every_segment_is_described_and_the_video_summed_up_and_a_second_run_asks_nothing(
    checkpoint: Checkpoint, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    describer = opened(checkpoint())
    result = describe_record(describer, record_of(clips), clips[0], None, "Describe.", "segments", tmp_path)
    assert result["ai"] == {
        "backend": "local", "model": "tiny-qwen2-0", "instruction": "Describe.", "error": None, "outdated": False
    }  # fmt: skip
    assert all(entry["description"] for entry in result["segments"])
    assert result["qwen_description"]
    cost = describer.cost
    assert (cost.requests, cost.cached) == (5, 0)
    assert cost.tokens_in > 5 * 40
    assert 5 <= cost.tokens_out <= 5 * 12
    assert cost.seconds > 0
    again = opened(checkpoint())
    assert describe_record(again, record_of(clips), clips[0], None, "Describe.", "segments", tmp_path) == result
    assert (again.cost.requests, again.cost.cached) == (0, 5)


def test_other_weights_are_another_model(
    checkpoint: Checkpoint, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoint(), tmp_path / "model")
    opened(folder).describe(clips[0], None, "Describe.")
    shutil.copy(checkpoint(seed=1) / "model.safetensors", folder)
    describer = opened(folder)
    describer.describe(clips[0], None, "Describe.")
    assert describer.cost.requests == 1


def test_a_clip_that_cannot_be_read_fails_alone(
    checkpoint: Checkpoint, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    clips[1].write_bytes(b"no video")
    result = describe_record(opened(checkpoint()), record_of(clips), clips[0], None, "Describe.", "auto", tmp_path)
    assert [entry["description"] is None for entry in result["segments"]] == [False, True, False, False]
    assert result["ai"]["error"].startswith(
        "1 of 4 segments have no description: video_clip_002.mp4 cannot be read: "
    )


def test_no_more_is_asked_than_allowed(
    checkpoint: Checkpoint, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    describer = opened(checkpoint(), max_requests=2)
    result = describe_record(describer, record_of(clips), clips[0], None, "Describe.", "segments", tmp_path)
    assert sum(entry["description"] is None for entry in result["segments"]) == 2
    assert "--max-requests 2 is reached" in result["ai"]["error"]


def _folder(tmp_path: Path, checkpoint: Checkpoint, damage: str) -> Path:
    folder = tmp_path / damage
    if damage == "away":
        return folder
    if damage in ("empty", "file"):
        folder.mkdir() if damage == "empty" else folder.write_text("")
        return folder
    shutil.copytree(checkpoint(), folder)
    weights = folder / "model.safetensors"
    if damage == "weightless":
        weights.unlink()
    elif damage == "cut":
        weights.write_bytes(weights.read_bytes()[:5000])
    elif damage == "huge":
        os.truncate(weights, 4 * 10**12)  # a hole: it takes no room
    elif damage == "half":
        index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}
        weights.rename(folder / "model-00001-of-00002.safetensors")
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    elif damage == "bert":
        (folder / "config.json").write_text(json.dumps({"model_type": "bert", "hidden_size": 64}))
    elif damage == "unknown":
        (folder / "config.json").write_text(json.dumps({"model_type": "quantum_vl"}))
    elif damage == "broken":
        (folder / "config.json").write_text("{")
    return folder


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("away", "is not there"),
        ("file", "is not there"),
        ("empty", r"does not hold a complete model: config\.json is missing"),
        ("weightless", r"does not hold a complete model: model\.safetensors is missing"),
        ("half", r"does not hold a complete model: model-00002-of-00002\.safetensors is missing"),
        ("bert", "holds a bert model, which does not look at videos"),
        ("unknown", "cannot be loaded: .*quantum_vl"),
        ("broken", "cannot be loaded: "),
        ("cut", "cannot be loaded: "),
        ("huge", r"takes 4000\.0 GB, and [0-9.]+ GB of memory are free"),
    ],
)
def test_a_folder_without_a_usable_model_is_said_in_words_and_tried_once(
    damage: str, words: str, checkpoint: Checkpoint, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    describer = opened(_folder(tmp_path, checkpoint, damage))
    for clip in clips[:2]:
        with pytest.raises(DescribeError, match=words) as caught:
            describer.describe(clip, None, "Describe.")
        assert damage in str(caught.value)
    assert describer.cost.requests == 0
    result = describe_record(describer, record_of(clips), clips[0], None, "Describe.", "segments", tmp_path)
    assert result["qwen_description"] is None
    assert result["ai"]["error"].startswith("4 of 4 segments have no description: ")


def _python(program: str, *arguments: str, check: bool = True, **environment: str) -> str | None:
    """What a program prints in a Python of its own; None where it fails and need not succeed."""
    root = Path(__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments], capture_output=True, text=True, timeout=120,
        env={**os.environ, "PYTHONPATH": str(root / "src"), **environment},
    )  # fmt: skip
    assert done.returncode == 0 or not check, done.stderr[-2000:]
    return done.stdout.strip() if done.returncode == 0 else None


ASK = """
import sys
from pathlib import Path
from vidkit.core.config import load_config
from vidkit.errors import VidkitError
from vidkit.qwen_model import open_describer
describer = open_describer(load_config(environment={}, overrides={
    ("QwenVL", "Backend"): "local", ("Qwen", "Hub"): sys.argv[1], ("Qwen", "Model"): "some/model",
    ("Qwen", "ModelDir"): sys.argv[3] if len(sys.argv) > 3 else "",
}))
assert not sys.modules.get("torch") and not sys.modules.get("transformers")
try:
    print("described" if describer.describe(Path(sys.argv[2]), None, "Describe.").text else "")
except VidkitError as error:
    print(error)
"""


def test_without_the_extra_it_is_said_how_to_install_it(checkpoint: Checkpoint, clips: list[Path]) -> None:
    for package in ("transformers", "accelerate"):
        absent = f"import sys; sys.modules['{package}'] = None\n"
        words = _python(absent + ASK, "modelscope", str(clips[0]), str(checkpoint()))
        needed = f"{package} is not installed, which a local model needs: pip install "
        assert str(words).startswith(needed)
        assert package in str(words).removeprefix(needed)


def test_a_torchvision_that_does_not_fit_is_said_in_words(checkpoint: Checkpoint, clips: list[Path]) -> None:
    if _python("import torchvision", check=False) is not None:
        pytest.skip("the torchvision here fits its torch")
    words = str(_python(ASK, "modelscope", str(clips[0]), str(checkpoint())))
    assert words.startswith("torch and its companions do not work together here (")
    assert re.search(r"pip install .*torchvision.* in a fresh environment puts that right", words)


@pytest.mark.parametrize("hub", ["huggingface", "modelscope"])
def test_offline_it_is_said_what_is_missing(hub: str, clips: list[Path], tmp_path: Path) -> None:
    pytest.importorskip("modelscope" if hub == "modelscope" else "huggingface_hub")
    nowhere = {
        "HF_ENDPOINT": "http://127.0.0.1:9", "HF_HOME": str(tmp_path / "hf"), "HF_HUB_DISABLE_XET": "1",
        "MODELSCOPE_ENDPOINT": "http://127.0.0.1:9", "MODELSCOPE_CACHE": str(tmp_path / "ms"),
        "MODELSCOPE_DOMAIN": "127.0.0.1:9",
    }  # fmt: skip
    words = str(_python(ASK, hub, str(clips[0]), **nowhere))
    assert words.startswith(f"the model some/model is not on this machine, and {hub} did not give it: ")
    assert words.endswith("put it into a folder and set [Qwen] ModelDir.")


class _Hub(BaseHTTPRequestHandler):
    """As much of Hugging Face's hub as a download needs."""

    protocol_version = "HTTP/1.1"
    folder: Path
    fetched: ClassVar[list[str]] = []

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        name = self.path.split("?")[0].rpartition("/")[2]
        file = self.folder / name
        if "/api/models/some/model/tree/" in self.path:
            files = [
                {"type": "file", "path": path.name, "size": path.stat().st_size, "oid": "0" * 40}
                for path in sorted(self.folder.iterdir())
            ]
            self._send(json.dumps(files).encode(), {"Content-Type": "application/json"})
        elif "/api/models/some/model" in self.path:
            names = sorted(path.name for path in self.folder.iterdir())
            model = {"id": "some/model", "sha": "0" * 40, "siblings": [{"rfilename": name} for name in names]}
            self._send(json.dumps(model).encode(), {"Content-Type": "application/json"})
        elif "/resolve/" in self.path and file.is_file():
            content = file.read_bytes()
            if self.command == "GET":
                self.fetched.append(name)
            self._send(content, {"ETag": f'"{hashlib.sha1(content).hexdigest()}"', "X-Repo-Commit": "0" * 40})
        else:
            self.send_error(404)

    def _send(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for key, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(body)


def test_a_model_is_fetched_once_and_without_pickled_weights(
    checkpoint: Checkpoint, clips: list[Path], tmp_path: Path
) -> None:
    folder = shutil.copytree(checkpoint(), tmp_path / "hub")
    (folder / "pytorch_model.bin").write_bytes(b"a pickle, which runs what is written in it")
    handler = type("Hub", (_Hub,), {"folder": folder, "fetched": []})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    root = str(Path(__file__).parents[1])
    places = {
        "HF_ENDPOINT": f"http://127.0.0.1:{server.server_port}", "HF_HOME": str(tmp_path / "hf"),
        "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1", "PYTHONPATH": f"{root}{os.pathsep}{root}/src",
    }  # fmt: skip
    fitted = "from tests.tiny_qwen import fit_torchvision; fit_torchvision()"
    program = ASK.replace("try:", f"{fitted}\ntry:")
    try:
        assert _python(program, "huggingface", str(clips[0]), **places) == "described"
        assert "model.safetensors" in handler.fetched
        assert "pytorch_model.bin" not in handler.fetched
        handler.fetched.clear()
        assert _python(program, "huggingface", str(clips[1]), **places) == "described"
        assert handler.fetched == []
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_a_csv_is_described_segment_by_segment_by_the_local_model_and_nothing_is_asked_twice(
    checkpoint: Checkpoint, make_video: MakeVideo
) -> None:
    first, second, third = describe_a_csv_twice(make_video, {}, {"ModelDir": str(checkpoint())})
    assert (first["requests"], second["requests"], third["requests"]) == (4, 0, 0)
    assert first["tokens_out"] > 0
    assert third["cached"] == 1  # the summary: the library knows what was said of the clips
