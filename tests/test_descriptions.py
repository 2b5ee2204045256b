"""What a model said stays in the record until a new answer takes its place."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main

from .conftest import MakeVideo
from .model_server import ModelServer, Question, serving, way_of

OLD, NEW = "What is seen?", "What happens?"


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A server that answers with the question's first words."""
    with serving() as server:
        server.answer = lambda question: f"To {_asked(question)}"
        yield server


def _asked(question: Question) -> str:
    text = str(question["messages"][0]["content"][-1]["text"])
    about = "the parts, " if way_of(question) == "text" else ""
    return about + (NEW if NEW in text else OLD)


@pytest.fixture
def video(make_video: MakeVideo) -> Path:
    return make_video(shots=4, shot_length=1, size="64x36", audio=False)


@pytest.fixture
def described(model: ModelServer, video: Path) -> dict[str, Any]:
    """A video whose four clips and itself were described as an answer to the old question."""
    record = process(model, video, OLD)
    assert texts(record, "segments") == [f"To {OLD}"] * 4
    assert record["qwen_description"] == f"To the parts, {OLD}"
    assert record["ai"]["error"] is None
    model.asked.clear()
    return record


def process(model: ModelServer, video: Path, instruction: str, *options: str) -> dict[str, Any]:
    """Describe with a new cache of answers, and give the record."""
    Path("config.ini").write_text(
        f"[QwenVL]\nPublicEndpoint = {model.url}/v1\nModel = m\nDefaultInstruction = {instruction}\n"
        f"Cache = {len(list(Path().glob('*.answers')))}.answers\n[Processing]\nSegmentLength = 1\n"
    )
    assert main(["process", "--urls", str(video), *options]) == 0
    content: dict[str, Any] = json.loads(Path(f"processed_videos/{video.name}.json").read_text())
    return content


def texts(record: dict[str, Any], key: str) -> list[str | None]:
    return [part["description"] for part in record[key]]


def outdated(record: dict[str, Any], key: str = "segments") -> list[bool]:
    return [part["outdated"] for part in record[key]]


@pytest.fixture
def refusing() -> Iterator[ModelServer]:
    """A server that answers nothing."""
    with serving() as server:
        server.protocols = set()
        yield server


def test_a_new_question_replaces_an_answer_only_when_it_is_answered(
    described: dict[str, Any], model: ModelServer, video: Path
) -> None:
    record = process(model, video, NEW, "--max-requests", "2")
    assert sorted(texts(record, "segments")) == sorted([f"To {NEW}"] * 2 + [f"To {OLD}"] * 2)  # type: ignore[type-var]
    for part in record["segments"]:
        assert part["outdated"] == (part["instruction"] == OLD) == (OLD in part["description"])
        assert part["tags"] == ["square"]
    assert record["qwen_description"] == described["qwen_description"]
    assert record["ai_generated_tags"] == described["ai_generated_tags"] == ["square"]
    assert (record["ai"]["instruction"], record["ai"]["outdated"]) == (OLD, True)
    assert record["ai"]["error"].startswith("2 of 4 segments have no new description: --max-requests 2 is reached")
    model.asked.clear()
    record = process(model, video, NEW)
    assert model.ways() == ["data", "data", "text"]
    assert texts(record, "segments") == [f"To {NEW}"] * 4
    assert outdated(record) == [False] * 4
    assert record["qwen_description"] == f"To the parts, {NEW}"
    assert (record["ai"]["instruction"], record["ai"]["outdated"], record["ai"]["error"]) == (NEW, False, None)


def test_a_server_that_is_down_costs_no_description(described: dict[str, Any], video: Path) -> None:
    down = ModelServer()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        down.url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        record = process(down, video, NEW)
    assert texts(record, "segments") == [f"To {OLD}"] * 4
    assert record["qwen_description"] == described["qwen_description"]
    assert "cannot be reached" in record["ai"]["error"]


@pytest.mark.parametrize("options", [[], ["--force"], ["--describe", "video"], ["--max_resolution", "64x32"]])
def test_a_server_that_refuses_costs_no_description(
    options: list[str], described: dict[str, Any], refusing: ModelServer, video: Path
) -> None:
    record = process(refusing, video, NEW, *options)
    assert texts(record, "segments") == [f"To {OLD}"] * 4
    assert outdated(record) == [True] * 4
    assert record["qwen_description"] == described["qwen_description"]
    assert record["ai"] == {**described["ai"], "outdated": True, "error": record["ai"]["error"]}
    assert "answered 404" in record["ai"]["error"]


def test_kept_answers_are_searched_shown_and_tagged(
    described: dict[str, Any], refusing: ModelServer, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("custom_tags.json").write_text('{"rules": [{"description_keywords": ["seen"], "tags": ["Seen"]}]}')
    record = process(refusing, video, NEW)
    assert "Seen" in record["tags"]
    assert "no new description" in capsys.readouterr().out
    assert main(["search", "seen", "--urls"]) == 0
    assert capsys.readouterr().out.split() == [str(video)]
    assert main(["search", "--where", "ai.outdated=true", "--urls"]) == 0
    assert capsys.readouterr().out.split() == [str(video)]


def test_clips_that_are_cut_elsewhere_lose_their_words_and_the_video_keeps_its_own(
    described: dict[str, Any], refusing: ModelServer, video: Path
) -> None:
    record = process(refusing, video, OLD, "--segment_length", "2")
    assert texts(record, "segments") == [None, None]
    assert record["qwen_description"] == described["qwen_description"]
    assert record["ai"]["outdated"]
    assert record["ai"]["error"].startswith("2 of 2 segments have no description: ")


def test_a_lost_clip_and_a_lost_thumbnail_cost_no_description(
    described: dict[str, Any], model: ModelServer, video: Path
) -> None:
    record = process(model, video, OLD, "--describe", "scenes")
    said = texts(record, "scenes")
    assert all(said)
    (Path("processed_videos") / record["segments"][0]["path"]).unlink()
    (Path("processed_videos") / record["scenes"][0]["thumbnail"]).unlink()
    model.asked.clear()
    record = process(model, video, OLD, "--describe", "scenes")
    assert texts(record, "scenes") == said
    assert model.asked == []


def test_an_answer_goes_with_the_question_that_replaced_it(
    described: dict[str, Any], model: ModelServer, video: Path
) -> None:
    record = process(model, video, NEW, "--describe", "video")
    assert record["qwen_description"] == f"To {NEW}"
    assert texts(record, "segments") == [None] * 4
    assert outdated(record) == [False] * 4
    assert [part["tags"] for part in record["segments"]] == [[]] * 4


def test_no_answer_outlasts_content_that_changed(
    described: dict[str, Any], refusing: ModelServer, video: Path, make_video: MakeVideo
) -> None:
    content = video.read_bytes()
    try:
        video.write_bytes(make_video(shots=4, shot_length=1, size="64x36", audio=True).read_bytes())
        record = process(refusing, video, NEW)
    finally:
        video.write_bytes(content)
    assert texts(record, "segments") == [None] * 4
    assert record["qwen_description"] is None


def test_a_record_of_an_older_version_keeps_its_answers(
    described: dict[str, Any], model: ModelServer, refusing: ModelServer, video: Path
) -> None:
    path = Path(f"processed_videos/{video.name}.json")
    for part in (described["ai"], *described["scenes"], *described["segments"]):
        part.pop("outdated")
        part.pop("instruction", None) if part is not described["ai"] else None
    path.write_text(json.dumps(described))
    assert process(model, video, OLD) == described
    record = process(refusing, video, NEW)
    assert texts(record, "segments") == [f"To {OLD}"] * 4
    assert [part["instruction"] for part in record["segments"]] == [OLD] * 4
    assert record["ai"]["outdated"]


def test_a_description_that_comes_late_is_tagged_by_the_rules(
    model: ModelServer, refusing: ModelServer, video: Path
) -> None:
    Path("custom_tags.json").write_text('{"rules": [{"description_keywords": ["seen"], "tags": ["Seen"]}]}')
    assert "Seen" not in process(refusing, video, OLD)["tags"]
    assert "Seen" in process(model, video, OLD)["tags"]
