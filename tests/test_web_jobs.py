"""Jobs of the web library: real servers, real processes, real videos over HTTP."""

from __future__ import annotations

import contextlib
import csv
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
import requests

from tests.conftest import MakeVideo
from tests.downloads import VIDEO
from tests.misbehaving_server import Asked, Reply, Server
from tests.waiting import PATIENCE, until
from tests.web import authorized, key_of, serving
from tests.web_jobs import JOBS, Site, job_processes, jobs_config, serving_process, write_config
from vidkit.core.units import time_text
from vidkit.web.jobs import events as job_events
from vidkit.web.jobs import queue as job_queue
from vidkit.web.jobs.queue import JobQueue, JobRequest
from vidkit.web.services import Services
from vidkit.web.state import StateDatabase

linux = pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")


class LocalSite(Site):
    """A server of this process, and the folder with all its files."""

    def __init__(self, address: str, services: Services, folder: Path) -> None:
        super().__init__(address)
        self.services, self.folder = services, folder


@pytest.fixture(scope="module")
def videos() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSite]:
    folder = tmp_path_factory.mktemp("jobs")
    with serving(jobs_config(folder), no_auth=True) as (address, services):
        yield LocalSite(address, services, folder)


def slow(videos: Server, path: str) -> str:
    """The address of a video that never comes."""
    return videos.at(path, Reply(b"\0" * 2**20, delay=3600))


def test_a_job_goes_from_urls_to_records_in_the_library(site, videos, make_video: MakeVideo):
    good = videos.at("/whole.mp4", Reply(make_video(), etag='"1"'))
    number = site.submit(good, videos.url("/gone.mp4"), settings={"max_fps": 20}, name="two videos")
    job = site.wait(number)
    assert job["state"] == "done", job
    assert (job["total"], job["processed"], job["failed"], job["error"]) == (2, 1, 1, None)
    assert job["bytes"] == make_video().stat().st_size
    assert job["created_by"] == "local"
    assert job["settings"] == {"describe": "none", "max_fps": "20"}
    (entry,) = site.services.library.find(good)
    assert all(clip["fps"] <= 20 for clip in entry.record["segments"])
    (failed,) = site.failures(number)
    assert (failed["url"], failed["line"], failed["stage"]) == (videos.url("/gone.mp4"), 3, "download")
    assert "404" in failed["reason"]
    folder = site.folder / "serve" / "jobs" / str(number)
    assert json.loads((folder / "summary.json").read_text())["processed"] == 1
    assert [row["public_url"] for row in csv.DictReader((folder / "failures.csv").read_text().splitlines())] == [
        failed["url"]
    ]
    (line,) = [entry for entry in audit(site) if entry[1] == "job add" and entry[2] == f"{number}: two videos"]
    assert line[0] == "local"


def audit(site: LocalSite) -> list[tuple[str, str, str]]:
    with site.services.state.reading() as connection:
        return [tuple(row) for row in connection.execute("SELECT who, action, what FROM audit")]


def test_a_retry_takes_the_failed_rows_alone(site, videos, make_video: MakeVideo):
    one = videos.at("/one.mp4", Reply(make_video(), etag='"1"'))
    late = videos.at("/late.mp4", Reply(status=404), Reply(make_video(fps=24), etag='"2"'))
    number = site.submit(one, late)
    assert site.wait(number)["failed"] == 1
    answer = site.call("POST", f"/{number}/retry")
    assert answer.status_code == 201
    again = site.wait(answer.json()["id"])
    assert (again["total"], again["processed"], again["failed"], again["skipped"]) == (1, 1, 0, 0)
    assert site.call("POST", f"/{again['id']}/retry").status_code == 409


def test_a_csv_is_a_job_and_its_columns_are_kept(site, videos, make_video: MakeVideo):
    url = videos.at("/from_csv.mp4", Reply(make_video(fps=23), etag='"1"'))
    table = f"video_url,label\n{url},running\n,nothing\n"
    answer = site.call(
        "POST",
        data=table,
        headers={"Content-Type": "text/csv"},
        params={"name": "table", "priority": 5, "settings": '{"describe": "none"}'},
    )
    assert answer.status_code == 201, answer.text
    job = site.wait(answer.json()["id"])
    assert (job["name"], job["priority"], job["total"], job["processed"], job["failed"]) == ("table", 5, 2, 1, 1)
    (entry,) = site.services.library.find(url)
    assert entry.record["source"]["columns"] == {"label": "running"}
    assert site.failures(job["id"])[0]["line"] == 3


def test_a_preview_shows_columns_errors_and_rows_and_keeps_nothing(site):
    before = len(site.call("GET").json()["items"])
    table = "name,link\na.mp4,https://videos.example/a.mp4\nb.mp4\nc.mp4,https://user:word@videos.example/c.mp4\n"
    answer = site.call("POST", "/preview", data=table, headers={"Content-Type": "text/csv"})
    found = answer.json()
    assert (found["columns"], found["url_column"], found["rows"]) == (["name", "link"], "link", 3)
    assert [error["line"] for error in found["errors"]] == [3]
    assert [row["url"] for row in found["sample"]] == [
        "https://videos.example/a.mp4",
        "https://videos.example/c.mp4",
    ]
    assert list((site.folder / "serve" / "incoming").iterdir()) == []
    assert len(site.call("GET").json()["items"]) == before


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ("a,b\n1,2\n", "the CSV has no column of URLs"),
        ("", "the CSV is empty"),
        ("https://videos.example/a.mp4\n", "begins with a URL"),
        ("PK\3\4", "Save the workbook as CSV"),
    ],
)  # fmt: skip
def test_a_csv_that_is_wrong_as_a_whole_is_refused_in_words(site, table, words):
    for path in ("", "/preview"):
        answer = site.call("POST", path, data=table, headers={"Content-Type": "text/csv"})
        assert answer.status_code == 400
        assert words in answer.json()["detail"]
        assert str(site.folder) not in answer.text


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"urls": []}, 422),
        ({"urls": [" "]}, 400),
        ({"urls": ["https://a.example/a.mp4"], "settings": {"output": "/tmp"}}, 422),
        ({"urls": ["https://a.example/a.mp4"], "settings": {"keep_downloads": False}}, 422),
        ({"urls": ["https://a.example/a.mp4"], "settings": {"use_vpc": True}}, 422),
        ({"urls": ["https://a.example/a.mp4"], "settings": {"workers": 1000}}, 400),
        ({"urls": ["https://a.example/a.mp4"], "settings": {"max_fps": "quick"}}, 400),
        ({"urls": ["https://a.example/a.mp4"], "settings": {"min_size": "big"}}, 400),
        ({"urls": ["https://a.example/a.mp4"], "settings": {"segment_length": 5, "segment_overlap": 6}}, 400),
        ({"urls": ["https://a.example/a.mp4"], "priority": 1000}, 422),
        ({"urls": ["https://a.example/a.mp4"] * 10_001}, 422),
        ({"urls": ["https://a.example/" + "a" * 10_000]}, 422),
    ],
)  # fmt: skip
def test_a_job_that_cannot_be_is_refused_at_once(site, body, status):
    answer = site.call("POST", json=body)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_folder_is_all_its_videos_only_where_jobs_may_read_files(site, tmp_path: Path, make_video: MakeVideo):
    (tmp_path / "videos").mkdir()
    for name in ("a.mp4", "b.mp4"):
        shutil.copy(make_video(), tmp_path / "videos" / name)
    refused = site.wait(site.submit(str(tmp_path / "videos"), "/no/such/folder"))
    assert (refused["failed"], refused["processed"], refused["total"]) == (2, 0, 2)
    reasons = {failed["reason"].removeprefix(failed["url"]) for failed in site.failures(refused["id"])}
    assert len(reasons) == 1  # it does not tell whether a folder is there
    assert "AllowLocalFiles" in reasons.pop()
    with serving(jobs_config(tmp_path, allow_local_files=True), no_auth=True) as (address, _):
        allowed = Site(address)
        job = allowed.wait(allowed.submit(str(tmp_path / "videos"), "/no/such/file.mp4"))
        assert (job["total"], job["processed"], job["failed"]) == (3, 2, 1), allowed.failures(job["id"])
        assert allowed.failures(job["id"])[0]["line"] == 3


def test_the_openapi_says_what_a_job_may_set(site):
    described = requests.get(f"{site.address}/api/openapi.json", timeout=PATIENCE).json()
    parts = described["components"]["schemas"]
    body = described["paths"][JOBS]["post"]["requestBody"]["content"]["application/json"]["schema"]
    settings = parts[body["$ref"].rpartition("/")[2]]["properties"]["settings"]
    assert "encoder" in parts[settings["$ref"].rpartition("/")[2]]["properties"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described))) <= set(
        parts
    )  # none leads nowhere


def test_a_job_that_runs_lets_others_go_first_and_is_cancelled_and_no_process_is_left(site, videos):
    number = site.submit(slow(videos, "/cancelled.mp4"))
    until(lambda: site.job(number)["videos"])
    assert site.job(number)["videos"][0]["name"] == "cancelled.mp4"
    for process in job_processes(site.folder):
        assert os.getpriority(os.PRIO_PROCESS, process) == os.nice(0) + 1
        share = Path(f"/proc/{process}/autogroup")
        assert not share.exists() or int(share.read_text().split()[-1]) == os.nice(0) + 1
    assert job_processes(site.folder)
    answer = site.call("PATCH", f"/{number}", json={"state": "cancelled"})
    assert answer.ok
    assert answer.json()["cancelling"]
    job = site.wait(number)
    assert (job["state"], job["error"], job["videos"]) == ("cancelled", None, [])
    until(lambda: not job_processes(site.folder))
    assert site.call("PATCH", f"/{number}", json={"state": "cancelled"}).status_code == 409


def test_higher_priorities_run_first_then_the_older(site, videos):
    blocking = site.submit(slow(videos, "/blocking.mp4"))
    site.wait(blocking, "running")
    names = {site.submit(videos.url(f"/absent{n}.mp4"), priority=n): n for n in (0, 5, -5, 5)}
    first, second, third, fourth = names
    raised = site.call("PATCH", f"/{third}", json={"priority": 50})
    assert raised.json()["priority"] == 50
    gone = site.submit(videos.url("/never.mp4"))
    assert site.call("PATCH", f"/{gone}", json={"state": "cancelled"}).json()["state"] == "cancelled"
    site.call("PATCH", f"/{blocking}", json={"state": "cancelled"})
    started = [site.wait(number)["started_at"] for number in (third, second, fourth, first)]
    assert started == sorted(started)
    assert site.job(gone)["started_at"] is None
    assert site.call("PATCH", f"/{first}", json={"priority": 1}).status_code == 409


@linux
def test_a_job_whose_process_is_killed_fails_in_words_and_a_retry_finishes_it(site, videos, make_video: MakeVideo):
    done = videos.at("/done.mp4", Reply(make_video(fps=22), etag='"1"'))
    never = videos.at("/stuck.mp4", Reply(b"\0" * 2**20, delay=3600))
    number = site.submit(done, never, settings={"workers": 1})
    until(lambda: site.job(number)["processed"] == 1)
    (process,) = job_processes(site.folder)
    os.kill(process, signal.SIGKILL)
    job = site.wait(number)
    assert job["state"] == "failed"
    assert "memory" in job["error"]
    assert "retry" in job["error"]
    assert (job["processed"], job["videos"]) == (1, [])
    videos.at("/stuck.mp4", Reply(make_video(fps=21), etag='"2"'))
    again = site.wait(site.call("POST", f"/{number}/retry").json()["id"])
    assert (again["state"], again["skipped"], again["processed"]) == ("done", 1, 1)
    assert sum(asked.path == "/done.mp4" and asked.method == "GET" for asked in videos.asked) == 1


@linux
@pytest.mark.slow
def test_jobs_of_a_server_that_is_killed_are_finished_by_the_next_and_nothing_is_done_again(
    tmp_path: Path, videos: Server, make_video: MakeVideo
):
    config = write_config(tmp_path, MaxJobs=3)
    quick = [videos.at(f"/kill{n}.mp4", Reply(make_video(fps=10 + n), etag='"1"')) for n in range(3)]
    stuck = [videos.at(f"/stuck{n}.mp4", Reply(b"\0" * 2**20, delay=3600)) for n in range(3)]
    with serving_process(config) as (site, server):
        settings = {"workers": 1, "force": True}
        numbers = [site.submit(*pair, settings=settings) for pair in zip(quick, stuck, strict=True)]
        until(lambda: all(site.job(number)["processed"] == 1 for number in numbers))
        assert len(job_processes(tmp_path)) == 3
        server.kill()
        server.wait()
    until(lambda: not job_processes(tmp_path))
    for n in range(3):
        videos.at(f"/stuck{n}.mp4", Reply(make_video(fps=30 + n), etag='"1"'))
    with serving_process(config) as (site, _):
        jobs = [site.wait(number) for number in numbers]
        assert [job["state"] for job in jobs] == ["done"] * 3
        assert len(list((tmp_path / "serve" / "servers").iterdir())) == 1
        assert [(job["processed"], job["skipped"], job["failed"]) for job in jobs] == [(2, 0, 0)] * 3
    for url in quick:
        assert sum(videos.url(asked.path) == url and asked.method == "GET" for asked in videos.asked) == 1


@linux
def test_a_server_that_stops_lets_its_job_go_on_with_the_next(
    tmp_path: Path, videos: Server, make_video: MakeVideo
):
    config = jobs_config(tmp_path)
    url = slow(videos, "/later.mp4")
    with serving(config, no_auth=True) as (address, _):
        number = Site(address).submit(url)
        until(lambda: Site(address).job(number)["videos"])
    assert not job_processes(tmp_path)
    videos.at("/later.mp4", Reply(make_video(fps=19), etag='"1"'))
    with serving(config, no_auth=True) as (address, _):
        job = Site(address).wait(number)
        assert (job["state"], job["processed"]) == ("done", 1)


@pytest.mark.slow
def test_two_servers_share_a_queue_and_run_no_job_twice(tmp_path: Path, videos: Server):
    config = jobs_config(tmp_path, max_jobs=2)
    urls = [videos.url(f"/shared{n}.mp4") for n in range(6)]
    with serving(config, no_auth=True) as (one, _), serving(config, no_auth=True) as (other, _):
        sites = Site(one), Site(other)
        numbers = [sites[n % 2].submit(url) for n, url in enumerate(urls)]
        for number in numbers:
            assert sites[0].wait(number)["state"] == "done"
            assert sites[1].job(number)["state"] == "done"
    for n in range(6):
        assert sum(asked.path == f"/shared{n}.mp4" and asked.method == "GET" for asked in videos.asked) == 1
    for number in numbers:
        log = (tmp_path / "serve" / "jobs" / str(number) / "job.log").read_text()
        assert log.count("begins") == 1


def test_a_secret_is_in_no_argument_answer_or_file_that_is_shown(site, videos):
    url = slow(videos, "/secret.mp4").replace("http://", "http://someone:passw0rd@")
    number = site.submit(url)
    until(lambda: site.job(number)["videos"])
    answers = [site.call("GET", path).text for path in ("", f"/{number}", f"/{number}/failures")]
    assert all("passw0rd" not in answer for answer in answers)
    for process in job_processes(site.folder):
        assert b"passw0rd" not in Path(f"/proc/{process}/cmdline").read_bytes()
    site.call("PATCH", f"/{number}", json={"state": "cancelled"})
    site.wait(number)
    assert all("passw0rd" not in what for _, _, what in audit(site))
    assert "passw0rd" not in (site.folder / "serve" / "jobs" / str(number) / "job.log").read_text()


def test_folders_of_jobs_go_long_after_their_end_and_not_before(tmp_path: Path):
    config = jobs_config(tmp_path)
    with closing(StateDatabase(config.serve.directory)) as state:
        with closing(JobQueue(state, replace(config, serve=replace(config.serve, max_jobs=0)))) as jobs:
            old, late, waits = (jobs.add(JobRequest("retag", name), "owner") for name in ("old", "late", "waits"))
            assert jobs.cancel(old.id)
            assert jobs.cancel(late.id)
        for job, days in ((old, 31), (late, 29)):
            with state.writing() as connection:
                then = time_text(time.time() - days * 86400)
                connection.execute("UPDATE jobs SET finished_at = ? WHERE id = ?", (then, job.id))
        with closing(JobQueue(state, replace(config, serve=replace(config.serve, max_jobs=0)))) as jobs:
            until(lambda: not jobs.folder(old.id).path.exists())
            assert [jobs.folder(job.id).path.exists() for job in (old, late, waits)] == [False, True, True]
            assert jobs.get(old.id).state == "cancelled"


def test_events_tell_of_a_job_from_its_start_to_its_end(site, videos):
    number = site.submit(videos.url("/no_such.mp4"))
    with requests.get(f"{site.address}{JOBS}/{number}/events", stream=True, timeout=PATIENCE) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line[6:]) for line in answer.iter_lines() if line.startswith(b"data: ")]
    assert [job["id"] for job in told] == [number] * len(told)
    assert told[-1]["state"] == "done"
    assert told[-1]["failed"] == 1
    assert told[-1] == site.job(number)


def test_events_of_all_jobs_come_while_they_are_read(site, videos):
    with requests.get(f"{site.address}{JOBS}/events", stream=True, timeout=PATIENCE) as answer:
        number = site.submit(videos.url("/no_such_either.mp4"))
        states = set()
        for line in answer.iter_lines():
            if line.startswith(b"data: ") and json.loads(line[6:])["id"] == number:
                states.add(json.loads(line[6:])["state"])
            if "done" in states:
                break
    assert "running" in states
    assert site.call("GET", "/999999/events").status_code == 404


def test_readers_that_read_nothing_cost_little_and_are_limited(site, videos):
    silent = [
        requests.get(f"{site.address}{JOBS}/events", stream=True, timeout=PATIENCE)
        for _ in range(job_events.MOST_LISTENERS_EACH)
    ]
    try:
        refused = site.call("GET", "/events", stream=True)
        assert refused.status_code == 503
        assert refused.headers["Retry-After"]
        assert site.wait(site.submit(videos.url("/unseen.mp4")))["state"] == "done"
    finally:
        for answer in silent:
            answer.close()
    until(lambda: not site.services.events._listeners)


def test_a_reader_that_reads_nothing_holds_up_nobody(site):
    """Its socket fills up; the server keeps only the last state of each job for it."""
    host, port = site.address.removeprefix("http://").split(":")
    with socket.socket() as silent, site.call("GET", "/events", stream=True) as other:
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        silent.connect((host, int(port)))
        silent.sendall(f"GET {JOBS}/events HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
        until(lambda: len(site.services.events._listeners) == 2)
        listeners = list(site.services.events._listeners)
        told = {"state": "queued", "words": "x" * 1000}
        for turn in range(20):
            for number in range(1_000_000, 1_000_000 + 2 * job_events._MOST_PENDING):
                site.services.events._send({"id": number, "turn": turn, **told})
        assert all(len(listener._pending) <= job_events._MOST_PENDING for listener in listeners)
        end = time.monotonic() + PATIENCE
        for line in other.iter_lines():  # one that reads is told what it missed
            if line == b"event: reload":
                break
            assert time.monotonic() < end
    until(lambda: not site.services.events._listeners)


def test_events_end_when_the_reader_may_read_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job_events, "_CHECK_EVERY", 0.2)
    with serving(jobs_config(tmp_path)) as (address, services):
        key = key_of(services, "read")
        answer = requests.get(f"{address}{JOBS}/events", stream=True, timeout=PATIENCE, headers=authorized(key))
        assert answer.status_code == 200
        (kept,) = services.keys.all()
        assert services.keys.revoke(kept.id)
        assert list(answer.iter_lines()) == []


def test_a_server_that_stops_ends_events_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vidkit.web.server._GRACE", 100)
    with serving(jobs_config(tmp_path), no_auth=True) as (address, _):
        answer = requests.get(f"{address}{JOBS}/events", stream=True, timeout=PATIENCE)
        began = time.monotonic()
    assert time.monotonic() - began < 60
    assert list(answer.iter_lines()) == []


def test_ten_thousand_jobs_wait_and_are_listed_page_by_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(job_queue.JobTable, "claim", lambda *_: None)
    config = jobs_config(tmp_path)
    with serving(config, no_auth=True) as (address, services):
        site = Site(address)
        with services.state.writing() as connection:
            connection.executemany(
                "INSERT INTO jobs (kind, state, priority, name, created_at, created_by, settings, version)"
                " VALUES ('process', 'queued', ?, 'many', '2026-01-02T03:04:05Z', 'local', '{}', ?)",
                [(number % 7, number) for number in range(1, 10_001)],
            )
        page = site.call("GET", params={"limit": 200}).json()
        assert page["counts"]["queued"] == 10_000
        seen = [job["id"] for job in page["items"]]
        while page["next"]:
            page = site.call("GET", params={"limit": 200, "cursor": page["next"]}).json()
            seen += [job["id"] for job in page["items"]]
        assert seen == list(range(10_000, 0, -1))
        monkeypatch.setattr(job_queue, "MOST_WAITING", 10_000)
        refused = site.call("POST", json={"urls": ["https://a.example/a.mp4"]})
        assert refused.status_code == 429
        assert list((tmp_path / "serve" / "incoming").iterdir()) == []


def test_a_body_that_is_too_large_is_refused(site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("vidkit.web.bodies.MOST", 2**20)

    def pieces() -> Iterator[bytes]:
        yield b"url\n"
        for _ in range(64):
            yield b"https://videos.example/a.mp4\n" * 1000

    answer = site.call("POST", "/preview", data=pieces(), headers={"Content-Type": "text/csv"})
    assert answer.status_code == 413
    assert list((site.folder / "serve" / "incoming").iterdir()) == []
    assert site.call("POST", data="url\n" * 2**19, headers={"Content-Type": "text/csv"}).status_code == 413
    assert site.call("POST", data="{}", headers={"Content-Type": "text/plain"}).status_code == 415


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 12 MB."""
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("a small file system can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_disk_that_is_full_of_videos_is_the_reason_of_each_row(small_disk: Path, tmp_path: Path, videos: Server):
    large = videos.at("/large.mp4", Reply(VIDEO * 8, etag='"1"'))
    config = jobs_config(tmp_path)
    paths = replace(config.paths, download_directory=small_disk / "d", processed_directory=small_disk / "p")
    with serving(replace(config, paths=paths), no_auth=True) as (address, _):
        site = Site(address)
        number = site.submit(large)
        job = site.wait(number)
        assert (job["state"], job["failed"]) == ("done", 1)
        assert "make room" in site.failures(number)[0]["reason"]


def test_a_server_on_a_full_disk_says_so_and_goes_on_when_there_is_room(small_disk: Path, videos: Server):
    path = "/while_full.mp4"
    videos.at(path, Reply(b"\0" * 2**20, delay=3600))
    with serving(jobs_config(small_disk), no_auth=True) as (address, _):
        site = Site(address)
        number = site.submit(videos.url(path))
        until(lambda: site.job(number)["videos"])
        fill(small_disk / "full")
        refused = site.call("POST", json={"urls": ["https://videos.example/a.mp4"]})
        assert refused.status_code in (503, 507), refused.text
        assert "full" in refused.json()["detail"] or "No space left" in refused.json()["detail"]
        (process,) = job_processes(small_disk)
        os.kill(process, signal.SIGTERM)
        until(lambda: not job_processes(small_disk))
        assert site.job(number)["state"] == "running"  # nobody could write down that it ended
        (small_disk / "full").unlink()
        job = site.wait(number)
        assert job["state"] == "failed"
        assert site.call("POST", json={"urls": ["https://videos.example/a.mp4"]}).status_code == 201


def fill(path: Path) -> None:
    """Leave no room on a disk."""
    with path.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(path.parent).free < 4096


def test_a_job_that_cannot_write_what_came_of_it_fails_in_words(small_disk: Path, tmp_path: Path, videos: Server):
    is_full = threading.Event()

    def answer(_: Asked) -> Reply:
        is_full.wait(PATIENCE)
        return Reply(status=404)

    for name in ("jobs", "incoming"):  # these alone are on the small disk
        (tmp_path / "serve" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "serve" / name).symlink_to(small_disk)
    with serving(jobs_config(tmp_path), no_auth=True) as (address, _):
        site = Site(address)
        number = site.submit(videos.at("/no_outcome.mp4", answer))
        until(lambda: site.job(number)["videos"])
        fill(small_disk / "full")
        is_full.set()
        job = site.wait(number)
        assert job["state"] == "failed"
        assert "No space left on device" in job["error"]
