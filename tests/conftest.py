"""What the tests share: made videos, real footage, a clean folder and environment."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser import ARGUMENTS, find_chromium, prepare_page
from tests.bucket_server import S3, s3_server
from tests.misbehaving_server import Server
from tests.model_server import ModelServer, serving
from tests.postgresql import Server as PostgreSQL
from tests.postgresql import data_folder, postgresql
from tests.ray_cluster import RayCluster, ray_cluster
from vidkit import language
from vidkit.ffmpeg import find_tool, tool_version

SHARED_MEDIA = Path(__file__).parents[2] / "shared" / "media"
MakeVideo = Callable[..., Path]


def pytest_configure() -> None:
    os.environ["VIDKIT_LANG"] = "en"  # whatever the language of this machine
    _take_another_ffmpeg()
    _begin_with_the_usual_signals()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test of a page that fails runs again, at most twice, and the report says so. On a busy machine, Chromium
    may get no processor for longer than a test waits."""
    for item in items:
        if "chromium" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.flaky(reruns=2))


def _take_another_ffmpeg() -> None:
    """With `FFMPEG_FOLDER=/usr/bin` in the environment, all tests use the ffmpeg and ffprobe of that folder."""
    if folder := os.environ.get("FFMPEG_FOLDER"):
        os.environ["PATH"] = os.pathsep.join([folder, os.environ["PATH"]])
        taken = find_tool("ffmpeg").parent
        if taken != Path(folder):
            raise pytest.UsageError(f"FFMPEG_FOLDER={folder} has no ffmpeg; the tests would take that of {taken}")


def _begin_with_the_usual_signals() -> None:
    """Children begin with the usual signals; `nohup make test &` has SIGHUP and SIGINT ignored, which they inherit.

    A handler that does nothing still lets this process live on; a program that is started begins with the default.
    """
    for name in ("SIGHUP", "SIGINT"):
        number = getattr(signal, name, None)
        if number is not None and signal.getsignal(number) == signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture(autouse=True)
def clean_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every test runs in an empty folder, and nothing in the environment configures vidkit."""
    for name in set(os.environ) - {"VIDKIT_LANG"}:
        if name.startswith(("VIDKIT_", "AWS_", "AZURE_", "GOOGLE_")) or name == "QWEN_VL_ACCESS_KEY":
            monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "no profiles"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def chinese(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The user's language is Chinese: in this process, and in those that it starts."""
    monkeypatch.setenv("VIDKIT_LANG", "zh_CN")
    language._catalog.cache_clear()
    yield
    language._catalog.cache_clear()


@pytest.fixture(autouse=True)
def plain_logging() -> Iterator[None]:
    """What a command set up for the log ends with its test."""
    yield
    root = logging.getLogger("vidkit")
    for handler in list(root.handlers):
        root.removeHandler(handler)
        handler.close()
    root.propagate = True
    root.setLevel(logging.NOTSET)


def turn(video: Path, degrees: int, turned: Path) -> Path:
    """Note in a copy of an MP4 file that it is to be shown turned clockwise by 90, 180 or 270 degrees."""
    version = re.match(r"n?(\d+)", tool_version("ffmpeg"))
    if version and int(version[1]) < 6:
        turning, noted = [], ["-metadata:s:v", f"rotate={360 - degrees}"]
    else:  # this option counts counter-clockwise, as the display matrix does
        turning, noted = ["-display_rotation", str(-degrees)], []
    command = [find_tool("ffmpeg"), "-v", "error", "-y", *turning, "-i", video, "-c", "copy", *noted, turned]
    subprocess.run(command, check=True)
    return turned


@pytest.fixture(scope="session")
def media() -> Path:
    """The folder of real footage, which is not part of the repository."""
    if not SHARED_MEDIA.is_dir():
        pytest.skip(f"real footage is not here: {SHARED_MEDIA}")
    return SHARED_MEDIA


@pytest.fixture(scope="session")
def s3_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[S3]:
    """A real S3 server on loopback: one for all tests of a process."""
    pytest.importorskip("obstore", reason="obstore is not installed: pip install 'vidkit-toolkit[cloud]'")
    with s3_server(tmp_path_factory.mktemp("s3")) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgreSQL]:
    """A real PostgreSQL server on loopback: one for all tests of a process, which have databases of their own."""
    with data_folder() as data, postgresql(data, stop=signal.SIGQUIT) as server:
        yield server


@pytest.fixture
def database(postgres: PostgreSQL) -> Iterator[str]:
    """The name of an empty database of this test's own."""
    name = postgres.new_database()
    yield name
    postgres.leave(name)


@pytest.fixture
def s3(s3_process: S3, monkeypatch: pytest.MonkeyPatch) -> S3:
    """The S3 server, with the environment that leads to it; `s3.new_bucket()` is an address."""
    for name, value in s3_process.environment.items():
        monkeypatch.setenv(name, value)
    return s3_process


@pytest.fixture
def results(s3: S3, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of results in a bucket of this test's own, which is the ProcessedDirectory."""
    address = f"{s3.new_bucket()}/results"
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", address)
    return address


@pytest.fixture
def server() -> Iterator[Server]:
    """A web server of this test's own, which answers as the test says."""
    with Server() as running:
        yield running


@pytest.fixture
def model() -> Iterator[ModelServer]:
    """A server of this test's own that answers as a model does."""
    with serving() as running:
        yield running


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless Chromium, run by Playwright: one for all tests of a process."""
    executable = find_chromium()
    if executable is None:
        pytest.skip("Chromium is not installed; on Debian: apt install chromium")
    sync = pytest.importorskip("playwright.sync_api", reason="Playwright is not installed")
    with sync.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture
def page_errors() -> list[str]:
    """The errors on the console of a test's page."""
    return []


@pytest.fixture
def expected_errors() -> list[str]:
    """Parts of the errors that a test's page may have: a module gives its own, a test adds to them."""
    return []


@pytest.fixture
def page(chromium: Any, page_errors: list[str], expected_errors: list[str]) -> Iterator[Any]:
    """An empty page of a fresh profile. Errors on its console, such as a broken policy, fail the test."""
    context = chromium.new_context(viewport={"width": 1280, "height": 800})
    page = prepare_page(context.new_page())
    page.on("console", lambda message: page_errors.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: page_errors.append(str(error)))
    yield page
    context.close()
    assert [error for error in page_errors if not any(part in error for part in expected_errors)] == []


@pytest.fixture(scope="session")
def two_nodes() -> Iterator[RayCluster]:
    """A Ray cluster for the tests that harm no node: its head and another node have one slot each."""
    with ray_cluster(1, head_cpus=1) as running:
        yield running


@pytest.fixture(scope="session")
def make_video(tmp_path_factory: pytest.TempPathFactory) -> MakeVideo:
    """Make a video in a line, once for each set of arguments: `make_video(shots=3, size="640x360", fps=25)`.

    The processes of pytest-xdist share the videos: one is made under another name, and linked into its place if no
    other process was faster.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "videos"
    folder.mkdir(exist_ok=True)

    def make(
        name: str = "video.mp4",
        shots: int = 1,
        shot_length: float = 2.0,
        size: str = "320x180",
        fps: str | int = 25,
        audio: bool = True,
        options: tuple[str, ...] = (),
    ) -> Path:
        key = "_".join(map(str, (shots, shot_length, size, fps, int(audio), *options))).replace("/", "-")
        path = folder / "".join(c if c.isalnum() or c in "._-" else "-" for c in key) / name
        if path.exists():
            return path
        path.parent.mkdir(exist_ok=True)
        # Shots that differ strongly from one another: another colour, a box of another colour elsewhere.
        colours = ("red", "blue", "yellow", "black", "white", "green")
        inputs: list[str] = []
        for shot in range(shots):
            source = f"color=c={colours[shot % 6]}:s={size}:r={fps}:d={shot_length}"
            place = f"x=iw*{shot * 0.3 % 0.8:.2f}:y=ih*{shot * 0.45 % 0.8:.2f}:w=iw/4:h=ih/4"
            box = f"drawbox={place}:c={colours[(shot + 2) % 6]}:t=fill"
            inputs += ["-f", "lavfi", "-i", f"{source},{box}"]
        graph = "".join(f"[{i}:v]" for i in range(shots)) + f"concat=n={shots}:v=1:a=0,format=yuv420p[v]"
        command = [*map(str, (find_tool("ffmpeg"), "-v", "error", "-y")), *inputs]
        if audio:
            command += ["-f", "lavfi", "-i", f"sine=440:d={shots * shot_length}"]
        command += ["-filter_complex", graph, "-map", "[v]"]
        command += ["-map", f"{shots}:a", "-c:a", "aac"] if audio and not name.endswith(".webm") else []
        command += ["-c:v", "libx264", "-preset", "ultrafast"] if not name.endswith(".webm") else ["-c:v", "libvpx"]
        with tempfile.TemporaryDirectory(prefix=".making-", dir=folder) as making:
            made = Path(making, name)
            subprocess.run([*command, *options, str(made)], check=True, capture_output=True)
            with contextlib.suppress(FileExistsError):
                os.link(made, path)
        return path

    return make


def check_by(program: str, package: str, file: Path) -> None:
    """A checker that a package of PyPI carries finds nothing in a file; the test is skipped where it is not there.

    Args:
        program: its name, looked for on the PATH and beside this Python.
        package: what to install.
        file: what it looks at.
    """
    found = shutil.which(program) or shutil.which(program, path=str(Path(sys.executable).parent))
    if found is None:
        pytest.skip(f"{program} is not installed: pip install {package}")
    done = subprocess.run([found, file], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "")
