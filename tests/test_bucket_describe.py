"""Describing clips and videos that lie in a bucket: a model's server reads them by signed URLs."""

from __future__ import annotations

import json
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis import extract_metadata
from vidkit.cli import main
from vidkit.core.buckets import open_bucket
from vidkit.core.config import Config, load_config
from vidkit.core.object_store import ObjectStore
from vidkit.infer import run_inference_on_videos
from vidkit.qwen_model import query_qwen_vl_chat
from vidkit.record import Record
from vidkit.workflow.run import open_run

from .bucket_server import KEY, S3, SECRET
from .conftest import MakeVideo
from .model_server import ModelServer, Question
from .test_bucket_download import put


def settings(model: ModelServer, bucket: str, **processing: str) -> Config:
    return load_config(
        overrides={
            ("QwenVL", "PublicEndpoint"): model.url,
            ("QwenVL", "Protocol"): "vidkit",
            ("Paths", "ProcessedDirectory"): f"{bucket}/out",
            **{("Processing", key): value for key, value in processing.items()},
        }
    )


def described(config: Config, url: str, level: str = "auto") -> Record:
    with open_run(config, level=level) as run:
        return process_video_pipeline(url, run=run)


def fetched(address: str) -> bytes:
    with urllib.request.urlopen(address) as answer:
        return bytes(answer.read())


def no_signature_is_kept(*records: Any) -> None:
    for text in (*map(str, records), *(path.read_bytes() for path in Path().rglob("*") if path.is_file())):
        content = text.encode() if isinstance(text, str) else text
        for secret in (b"X-Amz-", SECRET.encode(), KEY.encode()):
            assert secret not in content


def test_clips_in_a_bucket_are_described_by_signed_urls_and_move_no_byte_through_vidkit(
    s3: S3, model: ModelServer, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/in/v.mp4", make_video(shots=2))
    seen: list[bytes] = []

    def answer(question: Question) -> str:
        if url := question.get("video_url"):
            seen.append(fetched(url))
        return f"Clip {len(seen)}."

    model.answer = answer
    read: list[str] = []
    fetch = ObjectStore.fetch
    monkeypatch.setattr(ObjectStore, "fetch", lambda *given: read.append(given[1]) or fetch(*given))
    config = settings(model, bucket, SegmentLength="2")
    record = described(config, f"{bucket}/in/v.mp4", "segments")
    assert record["ai"] is not None
    assert record["ai"]["error"] is None
    clips = [open_bucket(f"{bucket}/out/{clip['path']}") for clip in record["segments"]]
    assert len(clips) == 2
    assert sorted(seen) == sorted(bytes(clip.client.get(clip.key).bytes()) for clip in clips)
    assert read == []
    no_signature_is_kept(record)

    # What was answered stays answered: the key of an answer has no signature in it.
    asked = len(model.asked)
    with open_run(config, level="segments", force=True) as run:
        again = process_video_pipeline(f"{bucket}/in/v.mp4", run=run)
    assert again["processing"]["started_at"] > record["processing"]["started_at"]
    assert [clip["description"] for clip in again["segments"]] == [c["description"] for c in record["segments"]]
    assert len(model.asked) == asked


def test_a_server_that_takes_no_urls_gets_the_clips_themselves(
    s3: S3, model: ModelServer, make_video: MakeVideo
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/in/v.mp4", make_video(shots=2))
    model.refuse, model.status = {"url"}, 400
    record = described(settings(model, bucket, SegmentLength="2"), f"{bucket}/in/v.mp4", "segments")
    assert [clip["description"] for clip in record["segments"]] == ["A red square moves."] * 2
    assert [way for way in model.ways() if way != "text"] == ["url", "data", "data"]


@pytest.mark.parametrize("level", ["video", "scenes"])
def test_the_whole_video_in_a_bucket_is_described_by_its_signed_url_and_scenes_by_their_frames(
    s3: S3, model: ModelServer, make_video: MakeVideo, level: str
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/in/v.mp4", make_video(shots=2))
    seen: list[str] = []
    model.answer = lambda question: seen.append(question.get("video_url", "")) or "Red."
    record = described(settings(model, bucket), f"{bucket}/in/v.mp4", level)
    if level == "video":
        assert fetched(seen[0]) == make_video(shots=2).read_bytes()
        assert record["qwen_description"] == "Red."
    else:
        assert [scene["description"] for scene in record["scenes"]] == ["Red."] * 2
        assert all(url.startswith("data:") for url in seen if url)
    no_signature_is_kept(record)


def test_a_server_that_repeats_the_signed_url_does_not_bring_it_into_the_record(
    s3: S3, model: ModelServer, make_video: MakeVideo, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/in/v.mp4", make_video(shots=2))
    model.answer = lambda question: f"I looked at {question['video_url']}"
    record = described(settings(model, bucket), f"{bucket}/in/v.mp4", "video")
    assert "X-Amz-Signature=***" in str(record["qwen_description"])
    said = str(record["qwen_description"])
    for part in said.partition("?")[2].split("&"):
        if part.startswith(("X-Amz-Signature", "X-Amz-Credential")):
            assert part.endswith("=***")
    model.answer = lambda question: ""
    model.faults = [(400, {"error": f"cannot fetch {model.asked[0]['video_url']}"})] * 3
    assert query_fails(model, f"{bucket}/in/v.mp4").count("=***") >= 2


def query_fails(model: ModelServer, url: str) -> str:
    config = load_config(overrides={("QwenVL", "PublicEndpoint"): model.url, ("QwenVL", "Protocol"): "vidkit"})
    with pytest.raises(Exception, match="cannot fetch") as failed:
        query_qwen_vl_chat(url, config=config)
    return str(failed.value)


def test_the_json_for_inference_may_name_objects(
    s3: S3, model: ModelServer, make_video: MakeVideo, tmp_path: Path
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/in/v.mp4", make_video(shots=2))
    Path("list.csv").write_text(f"url\n{bucket}/in/v.mp4\n")
    assert main(["prepare", "--csv", "list.csv", "--out", "videos.json", "--output", f"{bucket}/out"]) == 0
    model.answer = lambda question: f"{len(fetched(question['video_url']))} bytes"
    config = settings(model, bucket)
    (video,) = run_inference_on_videos("videos.json", out="results.json", config=config)
    (segment,) = video["segments"]
    clip = open_bucket(segment["segment_url"])
    path = tmp_path / "clip.mp4"
    path.write_bytes(bytes(clip.client.get(clip.key).bytes()))
    assert segment["description"] == f"{path.stat().st_size} bytes"
    assert extract_metadata(path).duration == pytest.approx(4, abs=0.2)
    no_signature_is_kept(json.loads(Path("results.json").read_text()))
