from __future__ import annotations

import contextlib
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

import pytest

from vidkit.batch import NullReporter, Summary, process_rows
from vidkit.core.config import load_config
from vidkit.ffmpeg import find_tool
from vidkit.record import Record
from vidkit.rows import CsvRow, Filters, Row, read_video_metadata_from_csv
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .misbehaving_server import Asked, Reply, Server
from .waiting import PATIENCE, until

# As many as the time of a test allows; KILLS=50 in the environment for more.
KILLS = int(os.environ.get("KILLS", "8"))


def run_rows(rows: Any, workers: int = 2, **options: Any) -> Summary:
    with open_run(load_config(environment={}), **options) as run:
        return process_rows(run, rows, workers, NullReporter())


def rows_of(*urls: str) -> list[CsvRow]:
    return [Row(line=number, url=url) for number, url in enumerate(urls, 2)]


def summary_of(folder: str = "processed_videos") -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(folder, "summary.json").read_text())
    return content


def test_one_rows_failure_stops_no_other_and_is_in_failures_csv(server: Server, make_video: MakeVideo) -> None:
    good = [server.at(f"/{n}.mp4", Reply(make_video(), etag='"1"')) for n in "ab"]
    bad = server.at("/broken.mp4", Reply(b"\x00" * 999))
    gone = server.url("/gone.mp4")
    Path("v.csv").write_text(
        f"url,name,size,label\n{good[0]},,,x\n{bad},my name.mp4,12,y\n{gone},,,z\n,,,q\n{good[1]},,,x\n"
    )
    summary = run_rows(read_video_metadata_from_csv("v.csv"))
    assert (summary.processed, summary.failed, summary.skipped) == (2, 3, 0)
    with open("processed_videos/failures.csv", newline="") as file:
        failures = list(csv.DictReader(file))
    assert [(f["public_url"], f["failed_stage"]) for f in failures[:2]] == [(bad, "probe"), (gone, "download")]
    assert "not a playable video" in failures[0]["failed_reason"]
    assert (failures[0]["file_name"], failures[0]["file_size"], failures[0]["label"]) == ("my name.mp4", "12", "y")
    assert "404" in failures[1]["failed_reason"]
    assert summary_of()["bytes"] == 2 * make_video().stat().st_size


def test_the_failures_are_a_csv_that_can_be_run(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(b"", 404), Reply(make_video(), etag='"1"'))
    run_rows([Row(line=2, url=url, columns={"label": "walk"})])
    summary = run_rows(read_video_metadata_from_csv("processed_videos/failures.csv"))
    assert (summary.processed, summary.failed) == (1, 0)
    assert not Path("processed_videos/failures.csv").exists()
    record = json.loads(Path("processed_videos/v.mp4.json").read_text())
    assert record["source"]["columns"] == {"label": "walk"}


def test_rows_that_are_done_are_skipped_without_a_request(server: Server, make_video: MakeVideo) -> None:
    urls = [server.at(f"/{n}.mp4", Reply(make_video())) for n in range(4)]
    rows = [Row(line=n, url=url, file_size="9", last_modified="2026-11-20") for n, url in enumerate(urls)]
    assert run_rows(rows).processed == 4
    asked = len(server.asked)
    assert run_rows(rows).skipped == 4
    assert len(server.asked) == asked
    Path("processed_videos/2.mp4.json").unlink()
    summary = run_rows(rows)
    assert (summary.processed, summary.skipped) == (1, 3)


def test_a_row_that_is_there_twice_is_processed_once(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    summary = run_rows(rows_of(url, url, url))
    assert (summary.processed, summary.skipped) == (1, 2)


def test_of_two_rows_with_one_name_the_first_always_has_it(server: Server, make_video: MakeVideo) -> None:
    urls = [server.at(f"/{n}/v.mp4", Reply(make_video(), etag=f'"{n}"')) for n in range(6)]
    run_rows(rows_of(*urls), workers=6)
    record = json.loads(Path("processed_videos/v.mp4.json").read_text())
    assert record["source"]["url"] == urls[0]
    assert len(list(Path("processed_videos").glob("v*.mp4.json"))) == 6


def test_filters_read_the_csv_and_then_the_video(server: Server, make_video: MakeVideo) -> None:
    for name in ("told", "silent", "long"):
        server.at(f"/{name}.mp4", Reply(make_video(shots=3 if name == "long" else 1), etag='"1"'))
    rows = [
        Row(line=2, url=server.url("/told.mp4"), duration="1:00"),
        Row(line=3, url=server.url("/silent.mp4")),
        Row(line=4, url=server.url("/long.mp4")),
    ]
    summary = run_rows(rows, filters=Filters(max_duration=3))
    assert (summary.filtered, summary.processed, summary.failed) == (2, 1, 0)
    assert server.asked_for("/told.mp4") == []
    assert sorted(path.name for path in Path("downloaded_videos").iterdir()) == ["silent.mp4"]


def test_no_more_videos_are_in_progress_than_workers(server: Server, make_video: MakeVideo) -> None:
    class Counting(NullReporter):
        now = most = 0

        def began(self, url: str, name: str | None) -> None:
            self.now += 1
            self.most = max(self.most, self.now)

        def finished(self, url: str, record: Record, new: bool) -> None:
            self.now -= 1

    urls = [server.at(f"/{n}.mp4", Reply(make_video(), etag='"1"', delay=0.05)) for n in range(8)]
    counting = Counting()
    with open_run(load_config(environment={})) as run:
        process_rows(run, rows_of(*urls), 3, counting)
    assert counting.most == 3


def test_a_mistake_in_vidkit_itself_is_one_videos_failure(server: Server, make_video: MakeVideo) -> None:
    class Mistaken(NullReporter):
        def stage(self, url: str, stage: str, done: int, total: int | None) -> None:
            if url == urls[0]:
                raise ZeroDivisionError("as if by mistake")

    urls = [server.at(f"/{n}.mp4", Reply(make_video(), etag='"1"')) for n in range(2)]
    with open_run(load_config(environment={})) as run:
        summary = process_rows(run, rows_of(*urls), 2, Mistaken())
    assert (summary.processed, summary.failed) == (1, 1)
    assert "please report" in Path("processed_videos/failures.csv").read_text()


def vidkit(
    *words: str, settings: Mapping[str, str] = MappingProxyType({}), **options: Any
) -> subprocess.Popen[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "vidkit", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
        start_new_session=True,
        **options,
    )


def interrupt(running: subprocess.Popen[str]) -> str:
    """Send a run Ctrl-C, and wait until it says so; what it said on its standard error."""
    assert running.stderr is not None
    os.kill(running.pid, signal.SIGINT)
    said = ""
    while line := running.stderr.readline():
        said += line
        if "Ctrl-C again to stop now" in line:
            break
    return said


def leftovers() -> list[str]:
    found = [*Path("processed_videos").rglob("*"), *Path("downloaded_videos").rglob("*")]
    return [str(path) for path in found if ".part" in path.name or ".vidkit-" in path.name or ".track" in path.name]


def plain(record: dict[str, Any]) -> dict[str, Any]:
    """A record without what a clock put into it."""
    stages = {name: stage["fingerprint"] for name, stage in record["processing"]["stages"].items()}
    return {**record, "processing": stages}


@pytest.mark.slow
def test_a_run_killed_again_and_again_ends_as_an_unbroken_one(server: Server, make_video: MakeVideo) -> None:
    good = [
        server.at(f"/{n}/v{n % 3}.mp4", Reply(make_video(shots=1 + n % 2), etag=f'"{n}"', delay=0.02))
        for n in range(6)
    ]
    Path("v.csv").write_text("url\n" + "\n".join([*good, server.url("/gone.mp4")]) + "\n")
    start = ["process", "--csv", "v.csv", "--workers", "3"]
    unbroken = vidkit(*start, "--output", "unbroken")
    _, said = unbroken.communicate(timeout=PATIENCE)
    assert unbroken.returncode == 1
    assert "1 failed" in said, said
    expected = {path.name: plain(json.loads(path.read_text())) for path in Path("unbroken").glob("*.mp4.json")}
    chance = random.Random(5)
    for _ in range(KILLS):
        running = vidkit(*start)
        time.sleep(chance.uniform(0.1, 1.6))
        os.killpg(running.pid, signal.SIGKILL)
        running.communicate()
    last = vidkit(*start)
    _, said = last.communicate(timeout=PATIENCE)
    assert last.returncode == 1
    assert "1 failed" in said
    found = {path.name: plain(json.loads(path.read_text())) for path in Path("processed_videos").glob("*.mp4.json")}
    assert found == expected
    assert len(found) == 6
    assert leftovers() == []


def test_ctrl_c_finishes_the_videos_in_progress_and_no_other(server: Server, make_video: MakeVideo) -> None:
    body = make_video(size="640x360", shots=3).read_bytes()
    interrupted = threading.Event()

    def answer(asked: Asked) -> Reply:
        interrupted.wait(PATIENCE)
        return Reply(body, etag='"1"')

    urls = [server.at(f"/{n}.mp4", answer) for n in range(5)]
    running = vidkit("process", "--workers", "2", "--urls", *urls)
    until(lambda: len(server.asked) == 2)
    said = interrupt(running)
    interrupted.set()
    out, more = running.communicate(timeout=PATIENCE)
    said += more
    assert running.returncode == 130
    assert "Ctrl-C again to stop now" in said
    assert "interrupted: the same command continues from here" in said
    assert "Traceback" not in said
    assert len(out.splitlines()) == 2 == len(list(Path("processed_videos").glob("*.mp4.json")))
    assert summary_of()["interrupted"] is True


def test_ctrl_c_twice_stops_at_once_and_the_next_run_continues(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"', delay=600), Reply(make_video(), etag='"1"'))
    running = vidkit("process", "--urls", url)
    until(lambda: server.asked)
    said = interrupt(running)
    os.kill(running.pid, signal.SIGINT)
    said += running.communicate(timeout=PATIENCE)[1]
    assert running.returncode == 130
    assert "Traceback" not in said
    assert "failed" not in said
    again = vidkit("process", "--urls", url)
    again.communicate(timeout=PATIENCE)
    assert again.returncode == 0
    assert leftovers() == []


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_run_that_the_system_ends_leaves_no_ffmpeg_and_nothing_half_done(
    name: str, make_video: MakeVideo, tmp_path: Path
) -> None:
    video = make_video(shots=6, shot_length=20.0, size="1280x720")
    running = vidkit("process", "--clip_mode", "encode", "--urls", str(video))
    while not [*Path().glob("processed_videos/**/.vidkit-*/**/*.mp4")]:
        assert running.poll() is None
        time.sleep(0.02)
    os.kill(running.pid, getattr(signal, name))
    _, said = running.communicate(timeout=PATIENCE)
    assert running.returncode == 130
    assert "Traceback" not in said
    assert "failed" not in said
    assert summary_of()["interrupted"] is True
    assert leftovers() == []
    assert not [line for line in _commands() if str(tmp_path) in line]


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="terminals do not hang up here")
def test_a_run_under_nohup_continues_when_the_terminal_is_closed(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"', delay=1.5))
    words = ["sh", "-c", 'trap "" HUP; exec "$@"', "sh", sys.executable, "-m", "vidkit", "process", "--urls", url]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    running = subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    until(lambda: server.asked)
    os.kill(running.pid, signal.SIGHUP)
    out, said = running.communicate(timeout=PATIENCE)
    assert running.returncode == 0, said
    assert "2.0s" in out


def _commands() -> list[str]:
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found.append(path.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return found


@pytest.mark.parametrize("reader", ["gone", "full"])
def test_a_run_continues_if_nobody_reads_its_results(reader: str, make_video: MakeVideo) -> None:
    for name in ("a.mp4", "b.mp4", "c.mp4"):
        Path(name).write_bytes(make_video().read_bytes())
    words = [sys.executable, "-m", "vidkit", "process", "--workers", "1", "--urls", "a.mp4", "b.mp4", "c.mp4"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    reading, writing = os.pipe()
    os.close(reading)
    if reader == "full":
        os.close(writing)
        writing = os.open("/dev/full", os.O_WRONLY)
    done = subprocess.run(words, stdout=writing, stderr=subprocess.PIPE, text=True, env=environment)
    os.close(writing)
    assert done.returncode == 0
    assert "3 processed" in done.stderr
    assert "no more results are printed" in done.stderr
    assert "mistake" not in done.stderr
    assert len(list(Path("processed_videos").glob("*.mp4.json"))) == 3


@pytest.mark.skipif(os.name == "nt" or os.geteuid() != 0, reason="a small file system can only be mounted by root")
def test_a_full_disk_fails_the_video_in_words_and_leaves_nothing_half_done(
    server: Server, make_video: MakeVideo, tmp_path: Path
) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=300k", "tmpfs", small], capture_output=True)
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted: {mounted.stderr.decode().strip()}")
    try:
        noise = ["-f", "lavfi", "-i", "testsrc2=s=320x180:d=2,noise=alls=80:allf=t", "-preset", "ultrafast"]
        subprocess.run([find_tool("ffmpeg"), "-v", "error", *noise, "noise.mp4"], check=True)
        url = server.at("/v.mp4", Reply(Path("noise.mp4"), etag='"1"'))
        running = vidkit("process", "--output", "small/out", "--urls", url)
        _, said = running.communicate(timeout=PATIENCE)
        assert running.returncode in (1, 2)
        assert "Traceback" not in said
        assert "space" in said
        assert list(Path("small/out").glob("*.mp4.json")) == []
    finally:
        subprocess.run(["umount", "-l", small], check=True)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_an_output_folder_that_cannot_be_written_is_said_before_any_work(tmp_path: Path) -> None:
    (tmp_path / "locked").mkdir(mode=0o500)
    running = vidkit("process", "--output", "locked/out", "--urls", "http://127.0.0.1:1/x.mp4")
    _, said = running.communicate(timeout=PATIENCE)
    assert running.returncode == 2
    assert "locked/out" in said


def test_no_process_and_no_file_handle_is_left_behind(server: Server, make_video: MakeVideo) -> None:
    handles = Path("/proc/self/fd")
    if not handles.is_dir():
        pytest.skip("open files cannot be counted here: no /proc")
    urls = [server.at(f"/{n}.mp4", Reply(make_video(), etag='"1"')) for n in range(6)]
    run_rows(rows_of(*urls[:2]))
    before = len(list(handles.iterdir()))
    run_rows(rows_of(*urls))
    # The server, in this process too, closes its ends when it gets to it. A connection of each worker may live on.
    until(lambda: len(list(handles.iterdir())) <= before + 2)
    for child in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        with contextlib.suppress(OSError):  # it has ended meanwhile
            assert Path(f"/proc/{child}/comm").read_text().strip() not in ("ffmpeg", "ffprobe")


@pytest.mark.skipif(not (shutil.which("rclone") and shutil.which("awk")), reason="rclone and awk are not installed")
def test_the_awk_command_over_a_real_folder_processes_every_file_that_it_did_not_cut(
    server: Server, make_video: MakeVideo, tmp_path: Path
) -> None:
    bucket = tmp_path / "vids"
    (bucket / "sub").mkdir(parents=True)
    good = ["plain.mp4", "one space.mp4", "comma, and space.mp4", "50%.mp4", "semi;colon.mp4", "übung.mp4"]
    cut = "a name with many spaces.mp4"
    for name in (*good, cut, "notes.txt"):
        (bucket / name).write_bytes(make_video().read_bytes())
        server.at("/vids/" + quote(name), Reply(bucket / name, etag='"1"'))
    command = (
        f"rclone lsf --format pst {bucket} | awk -v bucket_url={server.url('/vids/')} "
        """'BEGIN {print "file_name,file_size,last_modified,public_url"} """
        """{print $1","$2","$3","bucket_url $1}' > file_info_with_urls.csv"""
    )
    environment = {**os.environ, "RCLONE_CONFIG": "", "LC_ALL": "C.UTF-8"}
    subprocess.run(["sh", "-c", command], check=True, env=environment, capture_output=True)
    out, said = vidkit("process", "--csv", "file_info_with_urls.csv", "--json").communicate(timeout=PATIENCE)
    done = [json.loads(line)["source"]["url"] for line in out.splitlines()]
    assert sorted(done) == sorted(server.url("/vids/" + quote(name)) for name in good)
    assert "6 processed, 1 failed" in said
    assert "2 ignored" in said
    assert "rclone lsf" in Path("processed_videos/failures.csv").read_text()


def _peak_of(rows: int) -> float:
    """Megabytes that a run over so many rows without a URL takes at the most."""
    with Path("bad.csv").open("w") as file:
        file.write("url,name\n")
        file.writelines(f",the name of row {number}\n" for number in range(rows))
    code = "import resource; from vidkit.cli import main; main(['process', '--csv', 'bad.csv']); "
    code += "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment)
    assert f"{rows} failed" in done.stderr
    return int(done.stdout.split()[-1]) / 1024


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere memory is counted in other units")
def test_memory_does_not_grow_with_the_rows_that_fail() -> None:
    few, many = _peak_of(100), _peak_of(50_000)
    assert many - few < 15
    with open("processed_videos/failures.csv", newline="") as file:
        failed = list(csv.DictReader(file))
    assert len(failed) == 50_000
    assert "no URL" in failed[-1]["failed_reason"]


def test_failures_come_in_the_order_of_their_rows(server: Server, make_video: MakeVideo) -> None:
    slow = server.at("/slow.mp4", Reply(b"\x00" * 200_000, delay=0.1))
    run_rows([Row(line=2, url=slow), Row(line=3, url=server.url("/gone.mp4"))])
    with open("processed_videos/failures.csv", newline="") as file:
        assert [row["public_url"] for row in csv.DictReader(file)] == [slow, server.url("/gone.mp4")]


def test_videos_are_downloaded_at_the_same_time(server: Server, make_video: MakeVideo) -> None:
    all_asked = threading.Barrier(3)

    def answer(asked: Asked) -> Reply:
        all_asked.wait(PATIENCE)
        return Reply(make_video(), etag='"1"')

    summary = run_rows(rows_of(*(server.at(f"/{n}.mp4", answer) for n in range(3))), workers=3)
    assert (summary.processed, summary.failed) == (3, 0)
