"""Descriptions from a server: two protocols, three ways to show a clip, faults, cost, kept answers."""

from __future__ import annotations

import logging
import multiprocessing
import socket
import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from vidkit.core.config import Config, load_config
from vidkit.errors import ConfigError, DescribeError
from vidkit.qwen_model import (
    Describer,
    Description,
    describe_record,
    open_describer,
    process_with_qwen_vl,
    query_qwen_vl_chat,
)

from .conftest import MakeVideo
from .model_server import ModelServer, way_of
from .records import record_of
from .waiting import until

KEY = "sk-very-secret-key"
Open = Callable[..., Describer]


@pytest.fixture
def opened(model: ModelServer) -> Iterator[Open]:
    """Open a describer on the server: `opened("openai", Model="m")`."""
    describers: list[Describer] = []

    def make(protocol: str = "auto", path: str = "", max_requests: int | None = None, **keys: str) -> Describer:
        describer = open_describer(settings(model.url + path, protocol, **keys), max_requests=max_requests)
        assert describer is not None
        describers.append(describer)
        return describer

    yield make
    for describer in describers:
        describer.close()


def settings(url: str, protocol: str = "auto", **keys: str) -> Config:
    values = {"PublicEndpoint": url, "Protocol": protocol, "AccessKey": KEY, "Timeout": "20", **keys}
    return load_config(overrides={("QwenVL", key): value for key, value in values.items()}, environment={})


@pytest.fixture
def clips(make_video: MakeVideo, tmp_path: Path) -> list[Path]:
    """Six clips that differ."""
    content = make_video(size="64x36", shot_length=1.0).read_bytes()
    paths = [tmp_path / f"video_clip_{number:03d}.mp4" for number in range(1, 7)]
    for number, path in enumerate(paths):
        path.write_bytes(content + b"\0\0\0\x09free" + bytes([number]))  # a box that players skip
    return paths


# The two protocols


def test_the_plain_protocol_sends_the_url_and_the_caps(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    describer = opened("vidkit", "/api/v1/inference")
    assert describer.describe(clips[0], "https://example.org/a.mp4", "Describe.") == Description(
        "A red square moves.", ("square",)
    )
    assert model.asked == [
        {
            "video_url": "https://example.org/a.mp4", "instruction": "Describe.",
            "max_resolution": "720p", "max_fps": 30.0,
        }
    ]  # fmt: skip
    assert model.paths == ["/api/v1/inference"]
    assert model.headers[0]["Authorization"] == f"Bearer {KEY}"


def test_the_chat_protocol_sends_the_url_the_model_and_the_form_of_the_answer(
    model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    describer = opened("auto", "/v1", Model="Qwen/Qwen2.5-VL-7B-Instruct", MaxTokens="77")
    description = describer.describe(clips[0], "https://example.org/a.mp4", "Describe.")
    assert description == Description("A red square moves.", ("square",))
    (question,) = model.asked
    assert model.paths == ["/v1/chat/completions"]
    assert question["model"] == describer.model == "Qwen/Qwen2.5-VL-7B-Instruct"
    assert question["max_tokens"] == 77
    video, text = question["messages"][0]["content"]
    assert video == {"type": "video_url", "video_url": {"url": "https://example.org/a.mp4"}}
    assert text["text"].startswith("Describe.")
    assert '{"description"' in text["text"]


def test_a_server_is_asked_for_its_model_once(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    describer = opened("auto", "/v1/chat/completions")
    assert describer.model is None
    for clip in clips:
        describer.describe(clip, None, "Describe.")
    assert describer.model == "listed-model"
    assert {question["model"] for question in model.asked} == {"listed-model"}
    assert describer.cost.requests == 6


@pytest.mark.parametrize(
    ("path", "speaks", "asked_at"),
    [
        ("", "openai", "/v1/chat/completions"),
        ("/", "openai", "/v1/chat/completions"),
        ("/ask", "openai", "/ask"),
        ("/ask", "vidkit", "/ask"),
        ("", "vidkit", "/"),
    ],
)
def test_the_protocol_is_found_out_by_the_first_answer(
    path: str, speaks: str, asked_at: str, model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    model.protocols = {speaks}
    describer = opened("auto", path)
    for clip in clips:
        assert describer.describe(clip, None, "Describe.").text == "A red square moves."
    chats = ["messages" in question for question in model.asked]
    assert len(chats) <= 7  # one question more at the most
    assert chats[-6:] == [speaks == "openai"] * 6
    assert model.paths[-1] == asked_at


def test_where_no_protocol_is_taken_the_first_refusal_is_said(
    model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    model.faults = [(400, {"error": "no such video"}), (422, {"error": "what?"}), (422, {"error": "what?"})]
    with pytest.raises(DescribeError, match="answered 400: no such video"):
        opened("auto", "/ask").describe(clips[0], None, "Describe.")
    assert len(model.asked) == 3


def test_a_server_that_has_a_page_for_chats_is_not_sent_a_clip_to_find_out(
    model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    model.says_405 = True
    opened("auto").describe(clips[0], None, "Describe.")
    assert model.paths == ["/v1/chat/completions"]


# How a clip is shown


def test_a_clip_without_a_url_is_sent_whole(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    for protocol in ("vidkit", "openai"):
        opened(protocol, "/v1").describe(clips[0], None, protocol)
    assert model.ways() == ["data", "data"]
    assert model.asked[0]["video_url"].startswith("data:video/mp4;base64,AAAA")


@pytest.mark.parametrize("status", [400, 415, 422, 500, 501])
def test_a_server_without_video_is_given_frames_and_that_is_remembered(
    status: int, model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    model.refuse, model.status = {"url", "data"}, status
    describer = opened("openai", "/v1")
    for clip in clips:
        describer.describe(clip, "https://example.org/a.mp4", "Describe.")
    assert model.ways() == ["url", "data", *["frames"] * 6]
    pictures = [p for p in model.asked[2]["messages"][0]["content"] if p["type"] == "image_url"]
    assert len(pictures) == 2
    assert pictures[0]["image_url"]["url"].startswith("data:image/jpeg;base64,/9j/")


def test_what_a_server_takes_is_found_out_once_though_many_ask(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    model.refuse, model.delay = {"data"}, 0.05
    result = describe_record(
        opened("openai", "/v1"), record_of(clips), clips[0], None, "Describe.", "segments", tmp_path
    )
    assert model.ways() == ["data", *["frames"] * 6, "text"]
    assert result["ai"]["error"] is None


def test_a_single_clip_that_is_refused_does_not_change_how_the_others_are_shown(
    model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    describer = opened("openai", "/v1")
    describer.describe(clips[0], None, "Describe.")
    model.faults = [(400, {"error": "cannot decode"})]
    for clip in clips[1:4]:
        describer.describe(clip, None, "Describe.")
    assert model.ways() == ["data", "data", "frames", "data", "data"]


def test_a_clip_that_is_too_large_goes_as_frames(
    model: ModelServer, opened: Open, make_video: MakeVideo, tmp_path: Path
) -> None:
    large = tmp_path / "large.mp4"
    large.write_bytes(make_video().read_bytes() + bytes(8_000_000))
    opened("openai", "/v1").describe(large, None, "Describe.")
    assert model.ways() == ["frames"]
    with pytest.raises(DescribeError, match=r"large\.mp4 is over 7\.5 MB"):
        opened("vidkit").describe(large, None, "Describe.")


def test_frames_fit_the_budget(model: ModelServer, make_video: MakeVideo) -> None:
    model.refuse = {"data"}
    overrides = {
        ("QwenVL", "PublicEndpoint"): model.url + "/v1", ("Qwen", "FramesPerSecond"): "5",
        ("Qwen", "MaxFrames"): "6", ("Qwen", "MaxPixels"): "10000",
    }  # fmt: skip
    describer = open_describer(load_config(overrides=overrides, environment={}))
    assert describer is not None
    describer.describe(make_video(), None, "Describe.")
    describer.close()
    pictures = [p for p in model.asked[-1]["messages"][0]["content"] if p["type"] == "image_url"]
    assert len(pictures) == 6
    import base64

    header = base64.b64decode(pictures[0]["image_url"]["url"].split(",")[1])
    at = header.index(b"\xff\xc0")  # the frame header: height and width follow
    height, width = (int.from_bytes(header[at + k : at + k + 2], "big") for k in (5, 7))
    assert 8000 < height * width <= 10000
    assert width / height == pytest.approx(16 / 9, rel=0.05)


# What is described


def test_every_segment_gets_a_description_and_the_video_a_summary_of_them(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    model.answer = lambda question: (
        f"clip {len(question['messages'][0]['content'][0]['video_url']['url']) % 7}"
        if way_of(question) == "data"
        else "All of it."
    )
    describer = opened("openai", "/v1")
    result = describe_record(describer, record_of(clips), clips[0], None, "Describe.", "segments", tmp_path)
    assert [entry["description"][:4] for entry in result["segments"]] == ["clip"] * 6
    assert [entry["index"] for entry in result["segments"]] == [1, 2, 3, 4, 5, 6]
    assert result["segments"][0]["tags"] == ["square"]
    assert result["qwen_description"] == "All of it."
    assert result["ai_generated_tags"] == ["square"]
    assert result["ai"] == {
        "backend": "endpoint", "model": "listed-model", "instruction": "Describe.", "error": None,
        "outdated": False,
    }  # fmt: skip
    assert model.ways() == [*["data"] * 6, "text"]
    assert "75 to 90 s: clip" in model.asked[-1]["messages"][0]["content"][0]["text"]


def test_auto_describes_the_video_if_it_is_one_clip_long(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    url = "https://example.org/a.mp4"
    result = describe_record(opened(), record_of(clips[:1]), clips[1], url, "Describe.", "auto", tmp_path)
    assert result["qwen_description"] == result["segments"][0]["description"] == "A red square moves."
    assert model.ways() == ["url"]


def test_auto_describes_a_longer_video_by_its_segments(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    result = describe_record(opened(), record_of(clips[:2]), clips[0], None, "Describe.", "auto", tmp_path)
    assert [entry["description"] for entry in result["segments"]] == ["A red square moves."] * 2
    assert model.ways() == ["data", "data", "text"]


def test_the_whole_video_is_one_question(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    result = describe_record(opened(), record_of(clips), clips[0], None, "Describe.", "video", tmp_path)
    assert "segments" not in result
    assert result["qwen_description"] == "A red square moves."
    assert model.ways() == ["data"]


@pytest.mark.parametrize("protocol", ["vidkit", "openai"])
def test_each_scene_is_shown_alone(
    protocol: str, model: ModelServer, opened: Open, make_video: MakeVideo, tmp_path: Path
) -> None:
    video = make_video(shots=3)
    scenes = [
        {"index": n + 1, "start_time": n * 2.0, "end_time": n * 2.0 + 2, "score": None, "description": None}
        for n in range(3)
    ]
    record = record_of([], scenes=scenes)
    url = "https://example.org/a.mp4"
    result = describe_record(opened(protocol, "/v1"), record, video, url, "Describe.", "scenes", tmp_path)
    assert [entry["description"] for entry in result["scenes"]] == ["A red square moves."] * 3
    assert "tags" not in result["scenes"][0]
    assert result["ai_generated_tags"] == ["square"]
    assert model.ways() == ["data", "data", "data", "text"]
    shown = {str(question)[:20_000] for question in model.asked}
    assert len(shown) == 4  # three different pieces of it


def test_a_part_that_failed_is_asked_again_alone(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    model.tags = None
    broken = clips[2].read_bytes()
    clips[2].unlink()
    record = record_of(clips)
    result = describe_record(opened("vidkit"), record, clips[0], None, "Describe.", "segments", tmp_path)
    assert [entry["description"] is None for entry in result["segments"]] == [n == 2 for n in range(6)]
    assert result["ai"]["error"].startswith("1 of 6 segments have no description: ")
    assert "video_clip_003.mp4 cannot be read" in result["ai"]["error"]
    assert result["qwen_description"] == "A red square moves."
    clips[2].write_bytes(broken)
    model.asked.clear()
    again = describe_record(
        opened("vidkit", Cache="other.db"), {**record, **result}, clips[0], None, "Describe.", "segments", tmp_path
    )
    assert model.ways() == ["data", "text"]
    assert again["ai"]["error"] is None
    assert all(entry["description"] for entry in again["segments"])


def test_a_server_that_takes_no_text_alone_gets_the_parts_joined_and_is_not_asked_again(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    model.refuse = {"text"}
    model.answer = lambda question: f"clip {hash(question['video_url'])}"
    describer = opened("vidkit")
    first = describe_record(describer, record_of(clips), clips[0], None, "Describe.", "segments", tmp_path)
    assert first["qwen_description"].startswith("clip ")
    assert "\n\nclip " in first["qwen_description"]
    assert first["ai"]["error"] is None
    describe_record(describer, record_of(clips[:3]), clips[0], None, "Describe it.", "segments", tmp_path)
    assert model.ways().count("text") == 1


def test_nothing_is_described_at_level_none(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    result = describe_record(opened(), record_of(clips), clips[0], None, "Describe.", "none")
    assert result == {"qwen_description": None, "ai_generated_tags": [], "ai": None}
    assert model.asked == []


# Cost, and the answers that are kept


def test_the_same_clip_is_asked_about_once_across_videos_and_runs(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    copy = tmp_path / "copy.mp4"
    copy.write_bytes(clips[0].read_bytes())
    first, second = opened("openai", "/v1"), opened("openai", "/v1")
    said = [d.describe(path, None, "Describe.") for d in (first, second) for path in (clips[0], copy)]
    assert said == [Description("A red square moves.", ("square",))] * 4
    assert len(model.asked) == 1
    assert (first.cost.requests, first.cost.cached) == (1, 1)
    assert (second.cost.requests, second.cost.cached) == (0, 2)


def test_another_instruction_model_or_setting_is_another_question(
    model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    opened("openai", "/v1").describe(clips[0], None, "Describe.")
    opened("openai", "/v1").describe(clips[0], None, "Describe it.")
    opened("openai", "/v1", Model="other").describe(clips[0], None, "Describe.")
    opened("openai", "/v1", MaxTokens="9").describe(clips[0], None, "Describe.")
    assert len(model.asked) == 4


def test_two_threads_with_the_same_clip_pay_once(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    model.delay = 0.2
    describer = opened("openai", "/v1")
    threads = [threading.Thread(target=describer.describe, args=(clips[0], None, "Describe.")) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(model.asked) == 1
    assert describer.cost.cached == 3


def test_processes_share_the_answers(model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    arguments = [(model.url + "/v1", str(tmp_path / "answers.db"), str(clip)) for clip in clips[:3]]
    with context.Pool(3) as pool:
        assert pool.starmap(_describe_elsewhere, arguments) == ["A red square moves."] * 3
    describer = opened("openai", "/v1")
    for clip in clips[:3]:
        describer.describe(clip, None, "Describe.")
    assert describer.cost.requests == 0
    assert len(model.asked) == 3


def _describe_elsewhere(url: str, cache: str, clip: str) -> str:
    describer = open_describer(settings(url, "openai", Cache=cache))
    assert describer is not None
    text = describer.describe(Path(clip), None, "Describe.").text
    describer.close()
    return text


def test_a_broken_cache_costs_answers_and_not_the_run(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "answers.db").write_bytes(b"this is no database, it only is long enough to look at" * 100)
    logging.getLogger("vidkit").propagate = True
    describer = opened("openai", "/v1")
    assert describer.describe(clips[0], None, "Describe.").text
    assert describer.describe(clips[1], None, "Describe.").text
    assert [r.message for r in caplog.records if "answers are not kept" in r.message] == [
        "answers are not kept: answers.db cannot be used (file is not a database). "
        "Move it away or set [QwenVL] Cache to another file."
    ]


def test_a_useless_answer_is_not_kept(model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path) -> None:
    model.tags, model.answer = None, lambda question: "<think>hm"
    with pytest.raises(DescribeError, match="without a word"):
        opened("openai", "/v1").describe(clips[0], None, "Describe.")
    database = sqlite3.connect(tmp_path / "answers.db")
    assert database.execute("SELECT count(*) FROM answers").fetchone() == (0,)
    database.close()


def test_the_cost_is_counted(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    model.delay = 0.05
    describer = opened("openai", "/v1")
    for clip in clips[:3]:
        describer.describe(clip, None, "Describe.")
    cost = describer.cost
    assert (cost.requests, cost.tokens_in, cost.tokens_out) == (3, 300, 30)
    assert 0.15 <= cost.seconds < 60


def test_no_more_is_asked_than_allowed_and_the_rest_waits_for_the_next_run(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    describer = opened("openai", "/v1", max_requests=4)
    result = describe_record(describer, record_of(clips), clips[0], None, "Describe.", "segments", tmp_path)
    assert len(model.asked) == 4
    assert sum(entry["description"] is not None for entry in result["segments"]) == 4
    assert "2 of 6 segments have no description: --max-requests 4 is reached" in result["ai"]["error"]
    record = {**record_of(clips), **result}
    again = describe_record(opened("openai", "/v1"), record, clips[0], None, "Describe.", "segments", tmp_path)
    assert model.ways()[4:] == ["data", "data", "text"]
    assert again["ai"]["error"] is None


def test_as_many_requests_are_in_progress_as_there_are_workers(
    model: ModelServer, clips: list[Path], tmp_path: Path
) -> None:
    model.delay = 0.5
    overrides = {("QwenVL", "PublicEndpoint"): model.url + "/v1", ("Concurrency", "MaxWorkers"): "3"}
    describer = open_describer(load_config(overrides=overrides, environment={}))
    assert describer is not None
    halves = [threading.Thread(
        target=describe_record,
        args=(describer, record_of(half), half[0], None, "Describe.", "segments", tmp_path),
    ) for half in (clips[:3], clips[3:])]  # fmt: skip
    for half in halves:
        half.start()
    for half in halves:
        half.join()
    describer.close()
    assert model.most_at_once == 3


# Faults


@pytest.mark.parametrize("fault", [429, 500, 503, 408, "close", "cut"])
def test_temporary_failures_are_tried_again(
    fault: object, model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    describer = opened("vidkit")
    describer.describe(clips[0], None, "Describe.")
    model.faults = [fault]
    assert describer.describe(clips[1], None, "Describe.").text == "A red square moves."
    assert describer.cost.requests == 3


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ((200, b"{not json"), "answered something that is not JSON: {not json"),
        ((200, b""), "answered nothing"),
        ((200, b"<html><body>Welcome</body></html>"), "answered with a web page: is the endpoint's URL right"),
        ((200, {"tags": []}), 'answered without a "description"'),
        ((200, {"description": "  "}), 'answered without a "description"'),
        ((200, [1]), 'answered without a "description"'),
        ((400, {"error": {"message": "no such\x1b video"}}), "answered 400: no such? video"),
        ((403, b"<html><head><title>x</title></head><h1>Forbidden</h1></html>"), "answered 403: Forbidden"),
        (
            (302, b"", {"Location": "http://user:pw@127.0.0.1:1/x"}),
            "has moved to the endpoint http://127.0.0.1:1/x",
        ),
        ((429, b"slow down", {"Retry-After": "4000"}), "answered 429: slow down"),
        ((200, b'{"description": "' + b"x" * 9_000_000 + b'"}'), "answered more than 8 MiB"),
    ],
)
def test_a_useless_answer_is_said_in_words(
    fault: object, words: str, model: ModelServer, opened: Open, clips: list[Path]
) -> None:
    model.faults = [fault]
    with pytest.raises(DescribeError) as caught:
        opened("vidkit").describe(clips[0], None, "Describe.")
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"the endpoint {model.url}")
    assert len(model.asked) == 1


def test_a_description_of_a_megabyte_is_read(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    model.answer = lambda question: "word " * 200_000
    assert 10_000 < len(opened("vidkit").describe(clips[0], None, "Describe.").text) < 40_000


def test_chats_that_say_nothing_are_said_in_words(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    empty = {"choices": [{"message": {"content": None}, "finish_reason": "length"}]}
    model.faults = [(200, empty), (200, {"choices": []}), (200, {"error": {"message": "quota"}})]
    describer = opened("openai", "/v1")
    with pytest.raises(DescribeError, match=r"without a word: raise \[QwenVL\] MaxTokens"):
        describer.describe(clips[0], None, "Describe.")
    with pytest.raises(DescribeError, match="answered no choices: quota"):
        describer.describe(clips[0], None, "Describe.")


def test_a_wrong_key_is_said_and_not_sent_again(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    model.faults = [(401, {"error": {"message": f"Incorrect API key provided: {KEY}"}})]
    describer = opened("vidkit")
    for clip in clips:
        with pytest.raises(DescribeError) as caught:
            describer.describe(clip, None, "Describe.")
        assert "does not accept the access key (QWEN_VL_ACCESS_KEY or [QwenVL] AccessKey)" in str(caught.value)
        assert KEY not in str(caught.value)
    assert len(model.asked) == 1


def test_the_key_does_not_come_back_in_a_description(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("vidkit").propagate = True
    model.answer = lambda question: f"You sent {KEY}."
    result = describe_record(opened("vidkit"), record_of(clips[:1]), clips[0], None, "Describe.", "auto", tmp_path)
    model.faults = [(400, {"detail": f"bad key {KEY}"})]
    failed = describe_record(opened("vidkit"), record_of(clips[1:2]), clips[0], None, "Describe.", "auto", tmp_path)
    assert result["qwen_description"] == "You sent ***."
    assert "bad key ***" in failed["ai"]["error"]
    assert KEY not in caplog.text + str(result) + str(failed) + repr(settings("http://x"))
    assert KEY.encode() not in (tmp_path / "answers.db").read_bytes()


def test_a_short_key_is_not_shown_in_an_error(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    model.faults = [(400, {"detail": "bad key k3y"})]
    with pytest.raises(DescribeError, match=r"bad key \*\*\*"):
        opened("vidkit", AccessKey="k3y").describe(clips[0], None, "Describe.")


def test_a_password_and_a_query_in_the_endpoint_are_not_shown(clips: list[Path]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://me:hunter2@127.0.0.1:{unused.getsockname()[1]}/ask?token=t0ken"
        describer = open_describer(settings(url, "vidkit"), max_requests=1)
        assert describer is not None
        with pytest.raises(DescribeError) as caught:
            describer.describe(clips[0], None, "Describe.")
        describer.close()
    assert "hunter2" not in str(caught.value)
    assert "t0ken" not in str(caught.value)


def test_a_slow_server_is_left_after_the_timeout(model: ModelServer, opened: Open, clips: list[Path]) -> None:
    model.delay = 1.0
    with pytest.raises(DescribeError, match=r"did not answer within 0\.3 seconds \(\[QwenVL\] Timeout\)"):
        opened("vidkit", Timeout="0.3").describe(clips[0], None, "Describe.")
    until(lambda: len(model.asked) == 1)


def test_a_server_that_is_down_is_said_and_then_looked_at_once_for_each_clip(clips: list[Path]) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        describer = open_describer(settings(f"http://127.0.0.1:{unused.getsockname()[1]}/ask", "vidkit"))
        assert describer is not None
        with pytest.raises(DescribeError, match=r"cannot be reached: Connection refused \(tried 4 times\)"):
            describer.describe(clips[0], None, "Describe.")
        with pytest.raises(DescribeError, match=r"cannot be reached: Connection refused$"):
            describer.describe(clips[1], None, "Describe.")
        describer.close()


def test_a_clip_that_no_server_can_read_fails_alone(
    model: ModelServer, opened: Open, clips: list[Path], tmp_path: Path
) -> None:
    clips[3].write_bytes(b"this is no video")
    model.refuse = {"data"}
    result = describe_record(
        opened("openai", "/v1"), record_of(clips), clips[0], None, "Describe.", "segments", tmp_path
    )
    assert [entry["description"] is None for entry in result["segments"]] == [n == 3 for n in range(6)]
    assert "video_clip_004.mp4 cannot be read: " in result["ai"]["error"]


# Settings and the functions for Python


@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"PublicEndpoint": "ftp://host/x"}, "PublicEndpoint is not an http or https URL"),
        ({"PublicEndpoint": "http://[bad"}, "PublicEndpoint is not an http or https URL"),
        ({"PublicEndpoint": "host:8000"}, "PublicEndpoint is not an http or https URL"),
        ({"PublicEndpoint": "me:secret@host/v1"}, "is not an http or https URL: the endpoint host/v1"),
        ({"Backend": "endpoint"}, "Backend is endpoint, and no endpoint is set"),
        ({"Protocol": "opneai"}, "did you mean openai"),
    ],
)
def test_impossible_settings_are_reported_before_the_first_request(keys: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        open_describer(load_config(overrides={("QwenVL", k): v for k, v in keys.items()}, environment={}))


def test_which_describer_is_opened() -> None:
    def backend(**keys: str) -> str | None:
        overrides = {tuple(key.split("_")): value for key, value in keys.items()}
        describer = open_describer(load_config(overrides=overrides, environment={}))  # type: ignore[arg-type]
        return describer.backend if describer else None

    assert backend() is None
    assert backend(QwenVL_PublicEndpoint="https://your-public-endpoint") is None
    assert backend(QwenVL_PublicEndpoint="http://host/v1") == "endpoint"
    assert backend(Qwen_ModelDir="weights") == "local"
    assert backend(QwenVL_PublicEndpoint="http://host/v1", Qwen_ModelDir="weights") == "endpoint"
    assert (
        backend(QwenVL_PublicEndpoint="http://host/v1", Qwen_ModelDir="weights", QwenVL_Backend="local") == "local"
    )
    assert backend(QwenVL_PublicEndpoint="http://host/v1", QwenVL_Backend="none") is None
    assert backend(QwenVL_Backend="local") == "local"


def test_the_vpc_endpoint_is_asked_when_told_to(model: ModelServer) -> None:
    config = load_config(
        overrides={
            ("QwenVL", "PublicEndpoint"): "http://127.0.0.1:9/public",
            ("QwenVL", "VpcEndpoint"): model.url + "/vpc",
        },
        environment={},
    )
    description = query_qwen_vl_chat("https://example.org/a.mp4", use_vpc=True, max_fps=5, config=config)
    assert description.text == "A red square moves."
    assert model.paths == ["/vpc"]
    assert model.asked[0]["max_fps"] == 5
    with pytest.raises(ConfigError, match="--use_vpc needs"):
        open_describer(load_config(environment={}), use_vpc=True)


def test_the_fingerprint_changes_with_what_changes_the_answer_and_not_with_the_address(model: ModelServer) -> None:
    def fingerprint(url: str, **keys: str) -> str:
        describer = open_describer(settings(url, **keys))
        assert describer is not None
        return describer.fingerprint

    one = fingerprint("http://a/v1")
    assert one == fingerprint("http://b/v1") == fingerprint("http://b/v1", AccessKey="other", Timeout="5")
    assert len({one, fingerprint("http://a/v1", Model="m"), fingerprint("http://a/v1", MaxTokens="9")}) == 3
    assert model.asked == []


def test_one_local_video_is_described_from_python(model: ModelServer, clips: list[Path], tmp_path: Path) -> None:
    (tmp_path / "config.ini").write_text(f"[QwenVL]\nPublicEndpoint = {model.url}/v1\n")
    (tmp_path / "priority_keywords.json").write_text('{"priority_keywords": ["rain"]}')
    assert process_with_qwen_vl(clips[0]).text == "A red square moves."
    assert query_qwen_vl_chat(str(clips[1])).tags == ("square",)
    texts = [question["messages"][0]["content"][-1]["text"] for question in model.asked]
    assert texts[0].startswith("Describe this scene. Focus on these aspects: rain\n")
    assert texts[1].startswith("Describe this video. Focus on these aspects: rain\n")
    with pytest.raises(ConfigError, match="no model is set"):
        process_with_qwen_vl(clips[0], config=load_config(environment={}, config_path=_empty(tmp_path)))


def _empty(folder: Path) -> Path:
    path = folder / "empty.ini"
    path.write_text("")
    return path
