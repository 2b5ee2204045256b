"""Several runs over one results folder at once, in processes of their own."""

from __future__ import annotations

import csv
import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from vidkit import download_video
from vidkit.core.config import load_config
from vidkit.workflow import process_video_pipeline
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .misbehaving_server import Asked, Reply, Server
from .test_batch import vidkit
from .waiting import PATIENCE, until

# As many as the time of a test allows; PAIRS=50 in the environment for more.
PAIRS = int(os.environ.get("PAIRS", "3"))


def start(*words: str) -> subprocess.Popen[str]:
    folder = words[words.index("--output") + 1] if "--output" in words else ""
    return vidkit(
        *words, settings={"VIDKIT_PATHS_DOWNLOADDIRECTORY": str(Path(folder, "downloaded_videos").absolute())}
    )


def finish(*running: subprocess.Popen[str], code: int = 0) -> list[str]:
    """Wait for runs; what they said."""
    said = [each.communicate(timeout=2 * PATIENCE)[1] for each in running]
    assert [each.returncode for each in running] == [code] * len(running), said
    return said


def csv_of(name: str, urls: list[str]) -> str:
    Path(name).write_text("url,last_modified\n" + "".join(f"{url},2026-11-20\n" for url in urls))
    return name


def contents(folder: str = "processed_videos") -> dict[str, dict[str, Any]]:
    """What the records say, by URL, without clocks and without the names, which depend on who came first.

    Every file that a record names is there, and its clips and thumbnails are of its own video.
    """
    found: dict[str, dict[str, Any]] = {}
    for path in Path(folder).glob("*.json"):
        record = json.loads(path.read_text())
        if "schema" not in record:
            continue
        assert record["source"]["url"] not in found, "two records of one URL"
        assert path.name == record["filename"] + ".json"
        files = [record["path"], *(each["path"] for each in record["segments"])]
        files += [each["thumbnail"] for each in record["scenes"]]
        assert all((Path(folder) / file).stat().st_size for file in files)
        stem = os.path.splitext(record["filename"])[0]
        plain = {key: value for key, value in record.items() if key not in ("processing", "filename", "path")}
        text = json.dumps(plain).replace(f"/{record['filename']}/", "/NAME/").replace(f"/{stem}_clip", "/NAME_clip")
        found[record["source"]["url"]] = json.loads(text)
        stages = record["processing"]["stages"]
        found[record["source"]["url"]]["stages"] = {name: stage["fingerprint"] for name, stage in stages.items()}
        assert os.path.getsize(Path(folder) / record["path"]) == record["size"]
    names = [json.loads(path.read_text())["filename"].casefold() for path in Path(folder).glob("*.mp4.json")]
    assert len(set(names)) == len(names)
    return found


def make_site(server: Server, make_video: MakeVideo, folder: str, count: int) -> list[str]:
    """Videos that differ in content and length. Some have the same name."""
    kinds = [make_video(shots=1 + n % 2, shot_length=1 + n % 3, audio=False).read_bytes() for n in range(6)]
    return [
        server.at(
            f"/{folder}/{n}/v{n % 4}.mp4",
            Reply(kinds[n % 6] + b"\0\0\0\x0cfree" + f"{folder[:2]}{n:02d}".encode(), etag=f'"{n}"', delay=0.01),
        )
        for n in range(count)
    ]


@pytest.mark.slow
def test_two_runs_with_the_same_file_names_lose_no_record_and_mix_none(
    server: Server, make_video: MakeVideo
) -> None:
    one, other = (make_site(server, make_video, folder, 8) for folder in ("a", "b"))
    start_one = ["process", "--csv", csv_of("one.csv", one), "--workers", "3"]
    start_other = ["process", "--csv", csv_of("other.csv", other), "--workers", "3"]
    for words in (start_one, start_other):
        finish(start(*words, "--output", "alone"))
    finish(start(*start_one, "--output", "both"), start(*start_other, "--output", "both"))
    assert contents("both") == contents("alone")
    assert len(contents("both")) == 16
    asked = len(server.asked)
    assert "8 already done" in finish(start(*start_one, "--output", "both"))[0]
    assert len(server.asked) == asked


@pytest.mark.slow
def test_two_runs_over_the_same_rows_fetch_and_make_each_video_once(server: Server, make_video: MakeVideo) -> None:
    urls = make_site(server, make_video, "a", 10)
    words = ["process", "--csv", csv_of("v.csv", urls), "--workers", "2", "--json"]
    runs = start(*words), start(*words)
    lines = [json.loads(line) for run in runs for line in run.communicate(timeout=PATIENCE)[0].splitlines()]
    assert [run.returncode for run in runs] == [0, 0]
    assert set(server.fetched().values()) == {1}
    assert {line["source"]["url"] for line in lines} == set(urls)
    assert len(contents()) == 10
    assert len({(line["source"]["url"], line["processing"]["started_at"]) for line in lines}) == 10


def test_a_url_that_another_run_works_on_is_waited_for(server: Server, make_video: MakeVideo) -> None:
    slow = server.at("/slow.mp4", Reply(make_video(), etag='"1"', delay=2.0))
    quick = server.at("/quick.mp4", Reply(make_video(), etag='"1"'))
    first = start("process", "--urls", slow)
    until(lambda: server.asked)
    second = start("process", "--workers", "1", "--urls", slow, quick)
    finish(first, second)
    assert server.fetched() == {"/slow.mp4": 1, "/quick.mp4": 1}


def test_a_url_whose_run_was_killed_is_taken_over_at_once(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"', delay=600), Reply(make_video(), etag='"1"'))
    first = start("process", "--urls", url)
    until(lambda: server.asked)
    second = start("process", "--urls", url)
    time.sleep(1.5)  # the second mostly waits by now
    os.killpg(first.pid, signal.SIGKILL)
    finish(second)
    first.communicate()
    assert len(contents()) == 1


def test_names_that_differ_only_in_case_are_one_name(server: Server, make_video: MakeVideo) -> None:
    config = load_config(environment={})
    urls = [server.at(f"/{n}/{name}", Reply(make_video(), etag='"1"')) for n, name in enumerate(["V.mp4", "v.MP4"])]
    with open_run(config) as run, open_run(config) as other:
        names = [process_video_pipeline(urls[0], run=run)["filename"]]
        names.append(process_video_pipeline(urls[1], run=other)["filename"])
    assert names[0] == "V.mp4"
    assert names[1].startswith("v-")


def test_downloads_of_one_url_at_once_share_no_part(server: Server) -> None:
    body = b"\x00\x00\x00\x18ftypmp42" + os.urandom(2_000_000)
    url = server.at("/v.mp4", Reply(body, etag='"1"', delay=0.05))
    code = f"from vidkit import download_video; download_video({url!r}, progress=False)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = [subprocess.Popen([sys.executable, "-c", code], env=environment) for _ in range(3)]
    assert [each.wait(PATIENCE) for each in running] == [0, 0, 0]
    assert [path.name for path in Path("downloaded_videos").iterdir()] == ["v.mp4"]
    assert Path("downloaded_videos/v.mp4").read_bytes() == body


def test_a_download_that_was_killed_is_continued_by_the_next(server: Server) -> None:
    body = b"\x00\x00\x00\x18ftypmp42" + os.urandom(2_000_000)
    url = server.at("/v.mp4", Reply(body, etag='"1"', stall_after=500_000), Reply(body, etag='"1"'))
    code = f"from vidkit import download_video; download_video({url!r}, progress=False)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = subprocess.Popen([sys.executable, "-c", code], env=environment)
    part = Path("downloaded_videos/v.mp4.part")
    until(lambda: part.exists() and part.stat().st_size > 300_000)
    running.kill()
    running.wait()
    assert download_video(url, progress=False).path.read_bytes() == body
    assert "Range" in server.asked[-1].headers
    assert [path.name for path in Path("downloaded_videos").iterdir()] == ["v.mp4"]


def test_the_failures_of_two_runs_at_once_are_both_kept(server: Server, make_video: MakeVideo) -> None:
    other_ended = threading.Event()

    def slow_answer(asked: Asked) -> Reply:
        other_ended.wait(PATIENCE)
        return Reply(make_video(), etag='"1"')

    late, slow = server.url("/late.mp4"), server.at("/slow.mp4", slow_answer)
    gone = server.url("/gone.mp4")
    first = start("process", "--urls", slow, late)
    until(lambda: server.asked_for("/slow.mp4"))
    finish(start("process", "--urls", gone), code=1)
    other_ended.set()
    finish(first, code=1)
    with open("processed_videos/failures.csv", newline="") as file:
        assert {row["public_url"] for row in csv.DictReader(file)} == {late, gone}
    finish(start("process", "--urls", slow), code=0)
    assert not Path("processed_videos/failures.csv").exists()


@pytest.mark.slow
def test_pairs_of_runs_one_of_them_killed_leave_the_records_of_one_that_was_left_alone(
    server: Server, make_video: MakeVideo
) -> None:
    urls = make_site(server, make_video, "a", 6)
    here = csv_of("here.csv", [*urls, server.url("/gone.mp4")])
    there = csv_of("there.csv", [server.url("/gone.mp4"), *reversed(urls)])
    finish(start("process", "--csv", here, "--output", "alone"), code=1)
    expected = contents("alone")
    assert len(expected) == 6
    chance = random.Random(9)
    for number in range(PAIRS):
        output = ["--output", f"pair{number}", "--workers", "3"]
        runs = []
        for rows in chance.sample([here, there], 2):
            runs.append(start("process", "--csv", rows, *output))
            time.sleep(chance.uniform(0, 1.2))
        victim = chance.choice(runs)
        time.sleep(chance.uniform(0, 2.5))
        os.killpg(victim.pid, signal.SIGKILL)
        for run in runs:
            run.communicate(timeout=2 * PATIENCE)
            assert run is victim or run.returncode == 1
        assert contents(f"pair{number}") == expected, number
        finish(start("process", "--csv", here, *output), code=1)
        assert contents(f"pair{number}") == expected, number
        left = [str(path) for path in Path(f"pair{number}").rglob(".vidkit-*")]
        assert not left
        assert not [path.name for path in Path(f"pair{number}/downloaded_videos").iterdir() if ".part" in path.name]
