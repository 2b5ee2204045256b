from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from vidkit.core.leftovers import TEMPORARY, clear_leftovers

LEAVE = """
import sys, tempfile
from pathlib import Path
from vidkit.core.leftovers import TEMPORARY
Path(tempfile.mkdtemp(prefix=TEMPORARY, dir="."), "clip").write_text("")
print("there", flush=True)
sys.stdin.read()
"""


def start(*before: str) -> subprocess.Popen[str]:
    """A process that makes a temporary folder here and lives until its input ends."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    words = [*before, sys.executable, "-c", LEAVE]
    running = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
    assert running.stdout
    if running.stdout.readline() != "there\n":
        running.wait()
        pytest.skip(f"{before[0]} does not work here")
    return running


def end(running: subprocess.Popen[str]) -> None:
    running.kill()
    running.communicate()


def left() -> list[str]:
    return [path.name for path in Path().glob(".vidkit-*")]


def make_old(path: Path, hours: float) -> None:
    for each in (*path.rglob("*"), path):
        os.utime(each, (time.time() - hours * 3600,) * 2)


def test_what_a_living_process_has_stays_and_what_a_dead_one_left_goes_at_once() -> None:
    ours = Path(f"{TEMPORARY}x")
    ours.write_text("")
    running = start()
    clear_leftovers(Path())
    assert len(left()) == 2
    end(running)
    clear_leftovers(Path())
    assert left() == [ours.name]


def test_what_an_older_process_of_the_same_id_left_goes() -> None:
    place, pid, started, token = TEMPORARY.removeprefix(".vidkit-").rstrip("-").split("-")
    Path(f".vidkit-{place}-{pid}-{started}-{token[::-1]}-x").write_text("")
    running = start()
    if started != "0":  # its start can be seen here
        Path(f".vidkit-{place}-{running.pid}-1-{token}-x").write_text("")
    clear_leftovers(Path())
    assert len(left()) == 1
    end(running)


@pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0 or not shutil.which("unshare"),
    reason="namespaces of processes can be made by root on Linux, with unshare",
)
def test_two_containers_leave_each_others_temporary_folders_alone() -> None:
    contained = start("unshare", "--pid", "--fork", "--kill-child", "--mount-proc")
    name = left()[0]
    clear_leftovers(Path())  # seen from outside
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    other = ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c"]
    other += [
        "from pathlib import Path; from vidkit.core.leftovers import clear_leftovers; clear_leftovers(Path())"
    ]
    subprocess.run(other, check=True, env=environment)  # and from another one, where the ids are the same
    assert left() == [name]
    end(contained)
    clear_leftovers(Path())
    assert left() == [name]  # whether it still runs cannot be seen
    make_old(Path(name), 25)
    clear_leftovers(Path())
    assert left() == []


@pytest.mark.parametrize("name", [".vidkit-0123456789-1-5-01234567-x", ".vidkit-4194305-0123-older"])
def test_what_another_host_or_an_older_vidkit_left_goes_once_it_has_not_changed_for_a_day(name: str) -> None:
    Path(name).mkdir()
    clip = Path(name, "clip")
    clip.write_text("")
    make_old(Path(name), 25)
    clip.write_text("it grows")
    clear_leftovers(Path())
    assert left() == [name]
    make_old(Path(name), 25)
    clear_leftovers(Path())
    assert left() == []
