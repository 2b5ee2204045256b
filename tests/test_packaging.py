"""What is published: short modules, a wheel that works in an empty environment, an sdist with its tests."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from vidkit import __version__
from vidkit.ffmpeg import find_tool

from .conftest import MakeVideo

ROOT = Path(__file__).parents[1]
ADDRESS = "https://github.com/somebody/vidkit"
LONGEST = 400  # lines of a module


def run(*words: object, environment: dict[str, str] | None = None, code: int = 0) -> str:
    """Run a program to its end, and give what it says; by default in an environment that knows no source tree."""
    variables = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(
        [*map(str, words)], capture_output=True, text=True, env={**variables, **(environment or {})}
    )
    assert done.returncode == code, f"{words}: {done.stdout[-2000:]}\n{done.stderr[-2000:]}"
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist and the wheel that is made from it."""
    pytest.importorskip("build")
    pytest.importorskip("hatchling")
    folder = tmp_path_factory.mktemp("dist")
    there = {"GITHUB_REPOSITORY": "somebody/vidkit", "GITHUB_SERVER_URL": "https://github.com"}
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, environment=there)
    return folder


def wheel_of(built: Path) -> Path:
    return next(built.glob("vidkit_toolkit-*-py3-none-any.whl"))


def test_no_module_is_too_long_to_be_read_at_once() -> None:
    modules = [
        file
        for file in sorted((ROOT / "src").rglob("*"))
        if file.suffix in (".py", ".js") and "vendor" not in file.parts
    ]
    assert {file.suffix for file in modules} == {".py", ".js"}
    lengths = {str(file.relative_to(ROOT)): len(file.read_text(encoding="utf-8").splitlines()) for file in modules}
    assert {name: length for name, length in lengths.items() if length > LONGEST} == {}


@pytest.mark.slow
def test_the_wheel_works_in_an_empty_environment(built: Path, make_video: MakeVideo, tmp_path: Path) -> None:
    video = make_video(shots=2)
    venv.create("env", with_pip=True, symlinks=os.name != "nt")
    programs = tmp_path / "env" / ("Scripts" if os.name == "nt" else "bin")
    words = [programs / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    install = subprocess.run([*words, wheel_of(built)], capture_output=True, text=True)
    if install.returncode and re.search(r"No matching distribution|onnection|timed out", install.stderr):
        pytest.skip(f"the packages that vidkit needs cannot be had here: {install.stderr.strip()[-200:]}")
    assert install.returncode == 0, install.stderr
    path = os.pathsep.join([str(find_tool("ffmpeg").parent), os.environ["PATH"]])
    vidkit, here = programs / "vidkit", {"PATH": path}
    assert run(vidkit, "--version").startswith(f"vidkit {__version__}")
    run(vidkit, "init")
    assert f"vidkit: {__version__}" in run(vidkit, "doctor", environment=here)
    assert "2 scenes" in run(vidkit, "process", "--urls", video, environment=here)
    assert "320x180" in run(vidkit, "show", "video.mp4")
    wanted = re.search(r'export = \["(pyarrow.*)"\]', (ROOT / "pyproject.toml").read_text())
    assert wanted
    said = run(vidkit, "export", "out", "--format", "parquet", code=2)
    assert f"parquet needs pyarrow: pip install '{wanted[1]}'" in said


@pytest.mark.slow
def test_the_page_of_the_package_has_its_links_and_they_lead_to_this_version(built: Path) -> None:
    with zipfile.ZipFile(wheel_of(built)) as wheel:
        name = next(name for name in wheel.namelist() if name.endswith("/METADATA"))
        head, _, page = wheel.read(name).decode().partition("\n\n")
    links = dict(re.findall(r"^Project-URL: (\w+), (\S+)$", head, re.M))
    assert links == {
        "Source": ADDRESS,
        "Documentation": f"{ADDRESS}/blob/v{__version__}/README.md",
        "Changelog": f"{ADDRESS}/blob/v{__version__}/CHANGELOG.md",
        "Issues": f"{ADDRESS}/issues",
    }
    targets = re.findall(r"\]\(([^)]+)\)", page)
    assert [target for target in targets if not target.startswith("https://")] == []
    own = [target.partition(f"/blob/v{__version__}/")[2] for target in targets if target.startswith(ADDRESS)]
    assert "docs/config.md" in own
    assert [name for name in own if not (ROOT / name.partition("#")[0]).is_file()] == []


def test_the_wheel_speaks_all_languages(built: Path) -> None:
    catalogs = {path.relative_to(ROOT / "src").as_posix() for path in (ROOT / "src").rglob("*.mo")}
    with zipfile.ZipFile(wheel_of(built)) as wheel:
        assert catalogs
        assert catalogs <= set(wheel.namelist())


@pytest.mark.slow
def test_the_tests_of_the_sdist_pass(built: Path, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        archive.extractall(tmp_path, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (root,) = tmp_path.glob("vidkit_toolkit-*")
    kept = subprocess.run(["git", "-C", str(ROOT), "ls-files"], capture_output=True, text=True)
    names = kept.stdout.splitlines() if kept.returncode == 0 else []
    assert [name for name in names if not (root / name).exists() and (ROOT / name).exists()] == []
    words = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", root, "-c"]
    words += [root / "pyproject.toml", root / "tests" / "test_units.py", root / "tests" / "test_cli.py"]
    chosen = ["-k", "test_units or fresh or init_writes or version"]
    said = run(*words, *chosen, environment={"PYTHONPATH": str(root / "src"), "PYTEST_ADDOPTS": ""})
    assert "passed" in said
    assert "skipped" not in said
