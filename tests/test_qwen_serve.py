"""The protocol `openai` against a server that others wrote: `transformers serve`, on a tiny checkpoint."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidkit.core.config import load_config
from vidkit.qwen_model import Describer, describe_record, open_describer

from .conftest import MakeVideo
from .described_csv import describe_a_csv_twice
from .ports import free_port
from .waiting import PATIENCE, until

for _package in ("torch", "transformers", "fastapi", "uvicorn", "openai"):
    pytest.importorskip(_package, reason="the extra `qwen` and transformers[serving] are not installed")

from .tiny_qwen import make_checkpoint  # noqa: E402

pytestmark = pytest.mark.slow

SERVE = (
    "from tests.tiny_qwen import fit_torchvision; fit_torchvision(); "
    "from transformers.cli.transformers import main; main()"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The server's URL, and the name of the model there."""
    folder = tmp_path_factory.mktemp("serve")
    checkpoint = make_checkpoint(folder / "tiny")
    port = free_port()
    root = Path(__file__).parents[1]
    command = [sys.executable, "-c", SERVE, "serve", str(checkpoint), "--host", "127.0.0.1", "--device", "cpu"]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=root, stdout=log, stderr=log,
            env={**os.environ, "HF_HOME": str(folder), "HF_HUB_OFFLINE": "1"},
        )  # fmt: skip
    url = f"http://127.0.0.1:{port}"

    def log_text() -> str:
        return (folder / "log").read_text()[-2000:]

    try:

        def is_ready() -> bool:
            assert process.poll() is None, log_text()
            return _answers(url + "/health")

        until(is_ready, 2 * PATIENCE, log_text)
        yield url, str(checkpoint)
    finally:
        process.terminate()
        process.wait(30)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5):
            return True
    except OSError:
        return False


def opened(server: tuple[str, str]) -> Describer:
    overrides = {
        ("QwenVL", "PublicEndpoint"): server[0], ("QwenVL", "Model"): server[1], ("QwenVL", "MaxTokens"): "12",
        ("Qwen", "MaxFrames"): "4", ("Qwen", "MaxPixels"): "4704", ("Concurrency", "MaxWorkers"): "2",
    }  # fmt: skip
    describer = open_describer(load_config(overrides=overrides, environment={}))
    assert describer is not None
    return describer


def test_a_real_server_describes_every_segment_and_sums_up_and_is_not_asked_twice(
    server: tuple[str, str], make_video: MakeVideo, tmp_path: Path
) -> None:
    entries: list[dict[str, Any]] = []
    for number in range(3):
        clip = make_video(shots=number + 1, shot_length=0.5, size="112x84")
        entries.append({
            "index": number + 1, "start_time": number * 15.0, "end_time": number * 15.0 + 15, "path": str(clip),
            "url": None, "description": None, "tags": [],
        })  # fmt: skip
    record = {"filename": "video.mp4", "segments": entries, "scenes": []}
    describer = opened(server)
    result = describe_record(describer, record, Path("video.mp4"), None, "Describe.", "segments")
    describer.close()
    assert result["ai"]["error"] is None
    assert all(entry["description"] for entry in result["segments"])
    assert result["qwen_description"]
    # It says 500 to the first clip as video, and gets frames from then on.
    assert describer.cost.requests == 5
    assert describer.cost.tokens_in > 4 * 20
    again = opened(server)
    assert describe_record(again, record, Path("video.mp4"), None, "Describe.", "segments") == result
    again.close()
    assert again.cost.requests == 0


def test_a_csv_is_described_segment_by_segment_through_a_real_server_and_nothing_is_asked_twice(
    server: tuple[str, str], make_video: MakeVideo
) -> None:
    first, second, third = describe_a_csv_twice(make_video, {"PublicEndpoint": server[0], "Model": server[1]}, {})
    # Three clips and the summary of the video of two, and one refusal of a clip as a video.
    assert (first["requests"], second["requests"], third["requests"]) == (5, 0, 0)
    assert first["tokens_in"] > 0
    assert third["cached"] == 1  # the summary: the library knows what was said of the clips
