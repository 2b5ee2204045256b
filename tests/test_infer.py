"""The JSON for inference -> results: URLs and files, resumed, written row by row."""

from __future__ import annotations

import functools
import http.server
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidkit.core.config import Config, load_config
from vidkit.errors import ConfigError
from vidkit.infer import run_inference_on_videos
from vidkit.qwen_model import open_describer

from .conftest import MakeVideo
from .model_server import ModelServer


@pytest.fixture
def config(model: ModelServer) -> Config:
    overrides = {("QwenVL", "PublicEndpoint"): model.url + "/ask", ("QwenVL", "Protocol"): "vidkit"}
    return load_config(overrides=overrides, environment={})


def video(name: str, segments: list[str], **keys: Any) -> dict[str, Any]:
    return {
        "file_name": name, "file_size": "1", "last_modified": "2026-01-01", "public_url": f"https://x.org/{name}",
        "segments": segments, "max_resolution": "480p", "max_fps": 15, **keys,
    }  # fmt: skip


CLIPS = [f"https://x.org/a_clip_{number:03d}.mp4" for number in (1, 2, 3)]


def test_every_segment_is_asked_about_with_its_rows_caps(
    model: ModelServer, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "videos.json").write_text(json.dumps([video("a.mp4", CLIPS), video("b.mp4", [])]))
    out = tmp_path / "results" / "results.json"
    results = run_inference_on_videos(tmp_path / "videos.json", out=out, config=config, instruction="What is it?")
    answer = {"description": "A red square moves.", "tags": ["square"]}
    assert results == [
        {"file_name": "a.mp4", "segments": [{"segment_url": url, **answer} for url in CLIPS]},
        {"file_name": "b.mp4", "segments": [{"segment_url": "https://x.org/b.mp4", **answer}]},
    ]
    assert json.loads(out.read_text()) == results
    assert sorted(question["video_url"] for question in model.asked) == sorted([*CLIPS, "https://x.org/b.mp4"])
    assert {(q["instruction"], q["max_resolution"], q["max_fps"]) for q in model.asked} == {
        ("What is it?", "480p", 15.0)
    }


def test_existing_answers_are_not_requested_again(model: ModelServer, config: Config, tmp_path: Path) -> None:
    videos = [video(f"{name}.mp4", [f"https://x.org/{name}_{n}.mp4" for n in (1, 2)]) for name in "abc"]
    out = tmp_path / "results.json"
    first = run_inference_on_videos(videos, out=out, config=config, max_requests=3)
    missing = [s for row in first for s in row["segments"] if s["description"] is None]
    assert len(missing) == 3
    assert all("--max-requests 3 is reached" in segment["error"] for segment in missing)
    model.asked.clear()
    results = run_inference_on_videos(videos, out=out, config=config)
    assert sorted(q["video_url"] for q in model.asked) == sorted(segment["segment_url"] for segment in missing)
    assert [row["file_name"] for row in results] == ["a.mp4", "b.mp4", "c.mp4"]
    assert all(segment["description"] and "error" not in segment for row in results for segment in row["segments"])
    model.asked.clear()
    assert run_inference_on_videos(videos, out=out, config=config) == results == json.loads(out.read_text())
    assert model.asked == []


def test_the_results_are_whole_json_after_every_row(model: ModelServer, config: Config, tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    seen: list[int] = []

    def look(done: int, in_all: int) -> None:
        seen.append(len(json.loads(out.read_text())))
        assert (done, in_all) == (len(seen), 4)

    run_inference_on_videos([video(f"{n}.mp4", []) for n in range(4)], out=out, config=config, progress=look)
    assert seen == [1, 2, 3, 4]


def test_results_that_were_cut_off_are_continued(model: ModelServer, config: Config, tmp_path: Path) -> None:
    out = tmp_path / "results.json"
    videos = [video(f"{n}.mp4", []) for n in range(4)]
    results = run_inference_on_videos(videos, out=out, config=config)
    lines = out.read_bytes().splitlines(keepends=True)
    out.write_bytes(b"".join(lines[:3]) + lines[3][:20])
    model.asked.clear()
    assert run_inference_on_videos(videos, out=out, config=config) == results
    assert sorted(question["video_url"] for question in model.asked) == [
        "https://x.org/2.mp4",
        "https://x.org/3.mp4",
    ]


def test_clips_on_this_machine_are_relative_to_the_list(
    model: ModelServer, config: Config, make_video: MakeVideo, tmp_path: Path
) -> None:
    folder = tmp_path / "there"
    (folder / "clips").mkdir(parents=True)
    (folder / "clips" / "a_clip_001.mp4").write_bytes(make_video(size="64x36").read_bytes())
    rows = [video("a.mp4", ["clips/a_clip_001.mp4", "clips/a_clip_002.mp4"])]
    (folder / "videos.json").write_text(json.dumps(rows))
    (result,) = run_inference_on_videos(folder / "videos.json", config=config)
    one, two = result["segments"]
    assert (one["segment_url"], one["description"]) == ("clips/a_clip_001.mp4", "A red square moves.")
    assert two["description"] is None
    assert "a_clip_002.mp4 cannot be read: No such file or directory" in two["error"]
    assert model.ways() == ["data"]


@pytest.fixture
def web(tmp_path: Path, make_video: MakeVideo) -> Iterator[str]:
    """A web server with four clips."""
    folder = tmp_path / "web"
    folder.mkdir()
    for number in range(4):
        content = make_video(size="64x36").read_bytes() + b"\0\0\0\x09free" + bytes([number])
        (folder / f"{number}.mp4").write_bytes(content)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format: str, *args: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_clip_whose_url_the_server_does_not_take_is_fetched_and_sent(
    model: ModelServer, config: Config, web: str, tmp_path: Path
) -> None:
    model.refuse, model.status = {"url"}, 400
    rows = [video("a.mp4", [f"{web}/{number}.mp4"]) for number in range(4)]
    overrides = {("Concurrency", "MaxWorkers"): "1", ("QwenVL", "PublicEndpoint"): model.url + "/ask"}
    alone = load_config(overrides={**overrides, ("QwenVL", "Protocol"): "vidkit"}, environment={})
    results = run_inference_on_videos(rows, config=alone)
    assert [row["segments"][0]["description"] for row in results] == ["A red square moves."] * 4
    assert model.ways() == ["url", "data", "data", "data", "data"]
    assert not any((tmp_path / "downloaded_videos").iterdir())


def test_an_open_describer_is_used_and_its_cost_can_be_read(model: ModelServer, config: Config) -> None:
    describer = open_describer(config)
    assert describer is not None
    run_inference_on_videos([video("a.mp4", CLIPS)], config=config, describer=describer)
    assert describer.cost.requests == 3
    describer.close()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("{", r"videos\.json is not JSON: "),
        ('{"a": 1}', r"videos\.json must hold a list of videos"),
        ("[1]", r"videos\.json: row 1 is not an object"),
        ('[{"public_url": "https://x.org/a.mp4"}, {"file_name": "b"}]', r"row 2 has neither segments"),
        ('[{"segments": "a.mp4"}]', r"row 1 has neither segments"),
        ('[{"segments": ["a.mp4"], "max_resolution": "big"}]', r"row 1: 'big' is not a resolution"),
        ('[{"segments": ["a.mp4"], "max_fps": "many"}]', r"row 1: could not convert"),
        ('[{"segments": ["a.mp4"], "max_fps": -1}]', r"row 1: max_fps -1 is not a number from"),
    ],
)
def test_a_list_that_is_wrong_is_said_before_anything_is_asked(
    content: str, words: str, model: ModelServer, config: Config, tmp_path: Path
) -> None:
    (tmp_path / "videos.json").write_text(content)
    with pytest.raises(ConfigError, match=words):
        run_inference_on_videos(tmp_path / "videos.json", config=config, out=tmp_path / "out.json")
    assert model.asked == []
    assert not (tmp_path / "out.json").exists()


def test_a_list_that_is_not_there_and_no_model_are_said(config: Config, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"gone\.json: No such file or directory\. `vidkit prepare` writes it"):
        run_inference_on_videos(tmp_path / "gone.json", config=config)
    with pytest.raises(ConfigError, match="no model is set"):
        run_inference_on_videos([video("a.mp4", CLIPS)], config=load_config(environment={}))


def test_a_file_of_something_else_is_not_overwritten(model: ModelServer, config: Config, tmp_path: Path) -> None:
    rows = [video("a.mp4", CLIPS)]
    path = tmp_path / "videos.json"
    path.write_text(json.dumps(rows))
    with pytest.raises(ConfigError, match="is the list itself"):
        run_inference_on_videos(path, out=path, config=config)
    for content in ("my diary", json.dumps(rows), '{"a": 1}'):
        (tmp_path / "other").write_text(content)
        with pytest.raises(ConfigError, match="holds something else than results, and is left alone"):
            run_inference_on_videos(path, out=tmp_path / "other", config=config)
        assert (tmp_path / "other").read_text() == content
    assert model.asked == []
