"""Builds the stages of a Dockerfile in folders with a bare Debian each, where no Docker is."""

from __future__ import annotations

import fnmatch
import json
import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MIRROR = "http://deb.debian.org/debian"


@dataclass
class Stage:
    """What the instructions of one stage have made so far. `tree` is its root folder."""

    tree: Path
    name: str
    variables: dict[str, str] = field(
        default_factory=lambda: {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"}
    )
    folder: str = "/"
    user: str = "0:0"
    command: list[str] = field(default_factory=list)

    def run(self, *words: str, alone: bool = False, timeout: float = 600) -> subprocess.CompletedProcess[str]:
        """Run a program in the tree, as the user of the stage and in its folder; its processes end with it.

        `alone`: it sees no network but a loopback of its own, which has the address 10.99.0.1 too.
        """
        variables = [f"{name}={value}" for name, value in self.variables.items()]
        inside = f"cd {shlex.quote(self.folder)} && exec {shlex.join(['env', '-i', *variables, *words])}"
        root = shlex.quote(str(self.tree))
        prepare = f"mount -t proc proc {root}/proc && mount --rbind /dev {root}/dev"
        enter = shlex.join(["chroot", f"--userspec={self.user}", str(self.tree), "/bin/sh", "-c", inside])
        apart = ["--net", "--uts"] if alone else []
        if alone:
            prepare += " && ip link set lo up && ip addr add 10.99.0.1/32 dev lo"
        unshare = ["unshare", *apart, "--mount", "--pid", "--fork", "--kill-child", "sh", "-c"]
        command = [*unshare, f"{prepare} && exec {enter}"]
        return subprocess.run(command, capture_output=True, text=True, timeout=timeout)


def instructions(dockerfile: Path) -> Iterator[tuple[str, str]]:
    """The instructions of a Dockerfile, each with its text on one line."""
    lines = [line for line in dockerfile.read_text().splitlines() if not line.lstrip().startswith("#")]
    for line in re.sub(r"\\\n", " ", "\n".join(lines)).splitlines():
        if line.strip():
            name, _, text = line.strip().partition(" ")
            yield name.upper(), " ".join(text.split())


def kept_by_dockerignore(root: Path, names: Sequence[str]) -> list[str]:
    """The names that Docker would send: the last pattern that fits a file or a folder above it decides."""
    patterns = [line for line in (root / ".dockerignore").read_text().split("\n") if line and line[0] != "#"]
    return [name for name in names if not _is_ignored(name, patterns)]


def _is_ignored(name: str, patterns: list[str]) -> bool:
    ignored = False
    parts = name.split("/")
    for pattern in patterns:
        plain = pattern.lstrip("!")
        above = ["/".join(parts[: n + 1]) for n in range(len(parts))]
        anywhere = plain.removeprefix("**/")
        fits = any(fnmatch.fnmatch(part, anywhere) for part in parts) if anywhere != plain else plain in above
        if fits or plain == "*":
            ignored = not pattern.startswith("!")
    return ignored


class Image:
    """The stages of a Dockerfile, built one after the other below a folder."""

    def __init__(self, root: Path, folder: Path, names: Sequence[str]) -> None:
        """Prepare; `names` are the files of `root` that a checkout has."""
        self.root, self.folder = root, folder
        self.names = kept_by_dockerignore(root, names)
        self.stages: list[Stage] = []

    def build(self) -> Stage:
        """Carry out all instructions; the last stage.

        Raises:
            AssertionError: a step failed; with its end of output.
        """
        for name, text in instructions(self.root / "Dockerfile"):
            getattr(self, f"_{name.lower()}")(text)
        return self.stages[-1]

    def _from(self, text: str) -> None:
        image, _, name = text.partition(" AS ")
        found = re.fullmatch(r"debian:(\w+)-slim", image)
        assert found, f"{image} is not a bare Debian"
        base = self.folder / found[1]
        if not base.exists():
            made = subprocess.run(
                ["debootstrap", "--variant=minbase", found[1], str(base), MIRROR], capture_output=True, text=True
            )
            assert made.returncode == 0, made.stdout[-2000:] + made.stderr[-2000:]
            shutil.copy("/etc/resolv.conf", base / "etc" / "resolv.conf")
        tree = self.folder / f"stage{len(self.stages)}"
        subprocess.run(["cp", "-a", "--reflink=auto", base, tree], check=True)
        self.stages.append(Stage(tree, name))
        self._trust_what_is_trusted_here()

    def _trust_what_is_trusted_here(self) -> None:
        """Where a proxy with a certificate of its own is between here and PyPI, pip has to know it."""
        if here := os.environ.get("PIP_CERT"):
            shutil.copy(here, self.stages[-1].tree / "etc" / "certificates-here.pem")
            self.stages[-1].variables["PIP_CERT"] = "/etc/certificates-here.pem"

    def _run(self, text: str) -> None:
        done = self.stages[-1].run("/bin/sh", "-c", text)
        assert done.returncode == 0, f"RUN {text}\n{done.stdout[-2000:]}\n{done.stderr[-2000:]}"

    def _workdir(self, text: str) -> None:
        self.stages[-1].folder = text
        (self.stages[-1].tree / text.lstrip("/")).mkdir(parents=True, exist_ok=True)

    def _copy(self, text: str) -> None:
        stage = self.stages[-1]
        if text.startswith("--from="):
            name, source, target = text.removeprefix("--from=").split()
            other = next(each for each in self.stages if each.name == name)
            subprocess.run(["cp", "-a", f"{other.tree}{source}", f"{stage.tree}{target}"], check=True)
            return
        assert text == ". ."
        for name in self.names:
            target = Path(f"{stage.tree}{stage.folder}", name)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(self.root / name, target)

    def _env(self, text: str) -> None:
        self.stages[-1].variables.update(word.split("=", 1) for word in shlex.split(text))

    def _user(self, text: str) -> None:
        self.stages[-1].user = text

    def _entrypoint(self, text: str) -> None:
        self.stages[-1].command = json.loads(text)

    def _nothing(self, text: str) -> None:
        """An instruction that changes no file."""

    _volume = _expose = _cmd = _nothing
