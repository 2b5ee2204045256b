"""`vidkit process --csv --describe segments` from end to end, with any describer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vidkit.cli import main

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server

SETTINGS = """\
[QwenVL]
MaxTokens = 12
{vl}
[Qwen]
MaxFrames = 4
MaxPixels = 4704
{own}
[Processing]
SegmentLength = 2
[Concurrency]
MaxWorkers = 2
"""


def describe_a_csv_twice(
    make_video: MakeVideo, vl: Mapping[str, str], own: Mapping[str, str]
) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Two videos of three clips in all, described, and again, and again into another folder.

    Returns:
        What `summary.json` says the model did in the three runs. That every segment has words is seen to here.
    """
    Path("config.ini").write_text(SETTINGS.format(vl=_keys(vl), own=_keys(own)))
    with Server() as web:
        one = web.at("/one.mp4", Reply(make_video(shots=1, size="112x84"), etag='"1"'))
        two = web.at("/two.mp4", Reply(make_video(shots=2, size="112x84"), etag='"2"'))
        Path("videos.csv").write_text(f"file_name,public_url\none.mp4,{one}\ntwo.mp4,{two}\n")
        process = ["process", "--csv", "videos.csv", "--describe", "segments"]
        assert main(process) == 0
        first = _model("processed_videos")
        for name, clips in (("one", 1), ("two", 2)):
            record = json.loads(Path(f"processed_videos/{name}.mp4.json").read_text())
            assert record["ai"]["error"] is None
            assert record["qwen_description"]
            assert [bool(segment["description"]) for segment in record["segments"]] == [True] * clips
        assert main(process) == 0
        second = _model("processed_videos")
        assert main([*process, "--output", "elsewhere"]) == 0
        third = _model("elsewhere")
    return first, second, third


def _keys(values: Mapping[str, str]) -> str:
    return "".join(f"{key} = {value}\n" for key, value in values.items())


def _model(folder: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(folder, "summary.json").read_text())["model"]
    return content
