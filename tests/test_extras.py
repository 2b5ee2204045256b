"""Hints of what to install are right in any installation."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXTRAS = ("export", "ffmpeg", "mcp", "plot", "qwen", "sites", "speech")
ASK = "import sys; from vidkit.core.extras import install_command; print(install_command(*sys.argv[1:]))"


def hint(*words: str, see: tuple[Path, ...] = ()) -> str:
    """The hint in a Python that sees vidkit's source, these folders, and nothing that is installed."""
    path = os.pathsep.join(map(str, (ROOT / "src", *see)))
    done = subprocess.run([sys.executable, "-S", "-c", ASK, *words], env={"PYTHONPATH": path}, capture_output=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.decode().strip()


def requirements(extra: str) -> list[str]:
    text = (ROOT / "pyproject.toml").read_text()
    found = re.search(rf"^{extra} = \[(.*?)\]", text, re.M | re.S)
    assert found
    return re.findall(r'"([^"]+)"', found[1])


def installed(folder: Path, name: str, text: str, command: str | None = None, version: str = "99.0") -> Path:
    """A folder in which a package is installed, as far as its metadata says."""
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{text}")
    if command:
        (info / "entry_points.txt").write_text(f"[console_scripts]\nvidkit = {command}\n")
    return folder


def metadata() -> str:
    lines = []
    for extra in EXTRAS:
        lines.append(f"Provides-Extra: {extra}")
        lines += [f"Requires-Dist: {each}; extra == '{extra}'" for each in requirements(extra)]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("extra", EXTRAS)
def test_a_source_tree_without_metadata_names_the_packages(extra: str) -> None:
    names = [re.split("[<>=;]", each)[0] for each in requirements(extra)]
    assert hint(extra) == "pip install " + " ".join(names)


@pytest.mark.skipif(sys.platform == "win32", reason="quotes are others there")
@pytest.mark.parametrize("extra", EXTRAS)
def test_an_installed_vidkit_names_the_packages_with_their_versions(extra: str, tmp_path: Path) -> None:
    own = installed(tmp_path, "vidkit-toolkit", metadata(), "vidkit.cli:main")
    assert hint(extra, see=(own,)) == "pip install " + " ".join(f"'{each}'" for each in requirements(extra))


def test_only_what_is_missing_or_too_old_is_named(tmp_path: Path) -> None:
    installed(tmp_path, "vidkit-toolkit", metadata(), "vidkit.cli:main")
    for each in requirements("qwen"):
        if not each.startswith("torch>"):
            old = each.startswith("transformers")
            installed(tmp_path, re.split("[<>=;]", each)[0], "", version="4.40.1" if old else "99.0")
    assert re.fullmatch(r"pip install 'torch>=[\d.]+' 'transformers>=[\d.]+'", hint("qwen", see=(tmp_path,)))
    assert "accelerate" in hint("qwen", "everything", see=(tmp_path,))


def test_the_other_project_called_vidkit_is_not_asked(tmp_path: Path) -> None:
    text = "Provides-Extra: export\nRequires-Dist: somebody-elses; extra == 'export'\n"
    assert hint("export", see=(installed(tmp_path, "vidkit", text, "vidkit.main:run"),)) == "pip install pyarrow"


def test_no_hint_names_an_extra_of_a_package_that_is_not_on_the_index() -> None:
    pages = [*(ROOT / "src").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "README.md"]
    named = [str(page) for page in pages if re.search(r"vidkit(-toolkit)?\[", page.read_text(encoding="utf-8"))]
    assert named == []
