"""Completion in real shells: commands, options, and names of the library, of the rules and of the settings."""

from __future__ import annotations

import os
import pty
import re
import select
import shlex
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from vidkit.cli import main

from .records import keep, make_record
from .waiting import PATIENCE

pytest.importorskip("argcomplete")
SHELLS = ("bash", "zsh", "fish")
HOSTILE = ['it\'s "x"', "$(touch pwned)", "a;b|c&d", "*", "`touch pwned`", "ü 夜 [1]", "co:lon=x"]
HIDDEN = ["--force", "esc\x1b[31m", "x" * 300]


@pytest.fixture
def vidkit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A command `vidkit` on the PATH, as an installation has it."""
    folder = tmp_path / "commands"
    folder.mkdir()
    command = folder / "vidkit"
    command.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m vidkit "$@"\n')
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    return command


@pytest.fixture
def library() -> None:
    """A library with names that are ordinary, and with some that are not."""
    keep(
        make_record("a walk.mp4", tags=["Night Shot", *HOSTILE, *HIDDEN], classification="City Life"),
        make_record("b.mp4", tags=["Nice"], columns={"label": "walk", "my col": "x"}),
    )


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return needed(str(request.param))


def needed(shell: str) -> str:
    if shutil.which(shell) is None:
        assert shell != "bash"
        pytest.skip(f"{shell} is not installed: apt install {shell}")
    return shell


def asked(line: str) -> list[str]:
    """What vidkit answers a shell that quotes by itself (fish), in a process of its own."""
    variables = {"_ARGCOMPLETE": "1", "_ARGCOMPLETE_IFS": "\n", "_ARGCOMPLETE_SHELL": "fish", "COMP_TYPE": ""}
    variables |= {"COMP_LINE": line, "COMP_POINT": str(len(line)), "_ARGCOMPLETE_SUPPRESS_SPACE": "1"}
    command = [
        "bash", "-c", 'exec "$0" -m vidkit 8>&1 9>&2 1>/dev/null', sys.executable
    ]  # fmt: skip
    done = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True)
    assert done.stderr == ""
    return done.stdout.split("\n") if done.stdout else []


def typed(shell: str, lines: Sequence[str]) -> list[list[str]]:
    """The words of command lines, as a real shell has them after these keys are typed in a terminal."""
    start = {
        "bash": ["bash", "--norc", "--noprofile", "-i"],
        "zsh": ["zsh", "-f", "-i"],
        "fish": ["fish", "--no-config", "-i"],
    }[shell]
    code = subprocess.run(["vidkit", "completion", shell], capture_output=True, check=True).stdout
    Path("completion").write_bytes(code)
    show, words = Path("show"), Path("words")
    show.write_text('#!/bin/sh\nfor word in "$@"; do printf "%s\\0" "$word"; done > new\nmv new words\n')
    show.chmod(0o755)
    process, terminal = pty.fork()
    if process == 0:
        os.environ.update(TERM="xterm", PS1="$ ", HISTFILE="")
        os.execvp(start[0], start)
    try:
        prepare = {
            "bash": "bind 'set enable-bracketed-paste off' 2>/dev/null; source completion",
            "zsh": "autoload -Uz compinit; compinit -u -D; bindkey -e; source completion",
            "fish": "source completion",
        }[shell]
        os.write(terminal, f"{prepare}; ./show ready\r".encode())
        assert _shown(terminal, words) == ["ready"]
        found = []
        for line in lines:
            # Once it is completed, the shell parses the line: `show` gets the words that the command would get.
            os.write(terminal, f"{line}\t\x01./show \x05\r".encode())
            found.append(_shown(terminal, words))
        return found
    finally:
        os.close(terminal)
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


def _shown(terminal: int, words: Path) -> list[str]:
    """What `show` was given, as soon as it was."""
    end, seen = time.monotonic() + PATIENCE, b""
    while not words.exists():
        if select.select([terminal], [], [], 0.05)[0]:
            seen += os.read(terminal, 65536)
        assert time.monotonic() < end, seen
    found = words.read_bytes().decode().split("\0")[:-1]
    words.unlink()
    return found


def test_commands_options_and_the_words_of_settings_are_completed() -> None:
    Path("config.ini").write_text("[Readers]\nUse = quality\n")
    Path("clip 1.mp4").touch()
    Path("folder").mkdir()
    assert {name.split("\t")[0] for name in asked("vidkit comp")} == {"completion"}
    assert "--clip_mode" in asked("vidkit clips --clip")
    assert asked("vidkit clips --clip_mode ") == ["auto", "copy", "encode"]
    assert asked("vidkit export x --format k") == ["kinetics"]
    assert asked("vidkit completion f") == ["fish"]
    assert asked("vidkit config set Processing.Cl") == ["Processing.ClipMode"]
    assert asked("vidkit config set Processing.ClipMode e") == ["encode"]
    assert asked("vidkit config set Paths.KeepDownloads ") == ["yes", "no"]
    assert asked("vidkit config get Readers.objects.Mod") == ["Readers.objects.ModelDir"]
    assert asked("vidkit process --readers quality,oc") == ["quality,ocr"]
    assert set(asked("vidkit search walk --in d")) == {"description"}
    assert asked("vidkit probe cl") == ["clip 1.mp4"]
    assert "folder/" in asked("vidkit process --urls ")
    assert asked("vidkit search --limit ") == []


def test_names_of_the_library_and_of_the_rules_are_completed(library: None) -> None:
    Path("custom_tags.json").write_text('{"rules": [{"filename_keywords": ["x"], "tags": ["Ninth"]}]}')
    assert set(asked("vidkit search boat -reaction --tag Ni")) == {
        "Night Shot",
        "Nice",
        "Ninth",
        "Night-time Filming",
    }
    assert set(asked("vidkit search --class Ci")) == {"City Life", "Cinematic"}
    assert asked("vidkit search --where ") == ["label=", "my col="]
    assert asked("vidkit stats --by l") == ["label"]
    assert asked("vidkit show a") == ["a walk.mp4"]
    everything = asked("vidkit label b.mp4 --add-tag ")
    assert set(HOSTILE) < set(everything)
    assert not set(HIDDEN) & set(everything)


@pytest.mark.parametrize(
    "content", [{}, {"config.ini": "[Library\n"}, {"library.db": "no database"}, {"custom_tags.json": "{"}]
)
def test_where_something_is_missing_or_wrong_completion_is_silent(content: dict[str, str]) -> None:
    for name, text in content.items():
        Path(name).write_text(text)
    asked("vidkit search --tag ")
    assert asked("vidkit show ") == []
    assert asked("vidkit sho") == ["show"]
    assert sorted(path.name for path in Path().iterdir()) == sorted(content)


def test_the_library_on_a_server_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, address in (("LIBRARY_PATH", "postgresql://127.0.0.1:1/x"), ("MONGODB_URI", "mongodb://127.0.0.1:1")):
        monkeypatch.setenv(f"VIDKIT_{name}", address)
        began = time.monotonic()
        assert "Cinematic" in asked("vidkit search --class C")
        assert time.monotonic() - began < 28  # MongoDB is waited for half a minute


@pytest.mark.slow
def test_a_shell_completes_names_as_words_that_the_command_gets_whole_and_runs_nothing(
    shell: str, vidkit: Path, library: None
) -> None:
    Path("custom_tags.json").write_text('{"rules": []}')
    lines = {
        "vidkit comple": ["vidkit", "completion"],
        "vidkit completion z": ["vidkit", "completion", "zsh"],
        "vidkit search --class Cit": ["vidkit", "search", "--class", "City Life"],
        "vidkit search --tag Night\\ S": ["vidkit", "search", "--tag", "Night Shot"],
    }
    if shell != "zsh":  # argcomplete does not know zsh's quotes
        lines["vidkit search --tag 'Night S"] = ["vidkit", "search", "--tag", "Night Shot"]
    for name in HOSTILE:
        keys = re.sub(r"(\W)", r"\\\1", name[:2]) if name[0].isascii() else name[0]
        lines[f"vidkit search --tag {keys}"] = ["vidkit", "search", "--tag", name]
    assert typed(shell, list(lines)) == list(lines.values())
    assert not Path("pwned").exists()


def test_the_completion_of_commands_and_tags_imports_nothing_heavy(library: None) -> None:
    code = "import sys, os; os._exit = lambda _: (print(*sys.modules), sys.stdout.flush(), sys.exit(0))\n"
    code += "import vidkit.cli; vidkit.cli.main()"
    for line, heavy in {
        "vidkit comp": {"vidkit.core.config", "dataclasses", "sqlite3", "subprocess.run", "numpy"},
        "vidkit search --tag ": {"numpy", "requests", "pymongo", "psycopg", "torch", "bs4", "obstore", "tqdm"},
    }.items():
        variables = {"_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)), "COMP_TYPE": ""}
        command = ["bash", "-c", '"$0" -c "$1" 8>/dev/null 9>&2', sys.executable, code]
        said = subprocess.run(command, env=os.environ | variables, capture_output=True, text=True).stdout
        loaded = set(said.split())
        assert "argcomplete" in loaded
        assert not loaded & heavy


def test_the_code_for_a_shell_is_accepted_by_it(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["completion", shell]) == 0
    Path("code").write_text(capsys.readouterr().out)
    assert subprocess.run([shell, "-n", "code"]).returncode == 0
    assert main(["completion", "csh"]) == 2


def test_every_completer_belongs_to_a_value_of_the_help() -> None:
    from vidkit.cli import make_parser
    from vidkit.cli.completion import _COMPLETERS
    from vidkit.cli.parser import Parser

    def names(parser: Parser) -> set[str]:
        own = {str(action.metavar) for action in parser.declared}
        return own.union(*(names(command) for command in parser.commands.values()))

    assert set(_COMPLETERS) <= names(make_parser())
