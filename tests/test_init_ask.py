"""`vidkit init --ask`: questions in a terminal or a pipe, each answer tried out on something real."""

from __future__ import annotations

import io
import os
import pty
import select
import stat
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from pymongo import MongoClient

from vidkit.cli import main
from vidkit.core.config import default_ini, load_config

from .bucket_server import S3
from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .model_server import serving
from .mongod import mongod
from .postgresql import PASSWORD
from .postgresql import Server as PostgreSQL
from .records import keep, make_record
from .waiting import PATIENCE

Capture = pytest.CaptureFixture[str]
INI = Path("config.ini")


class Terminal:
    """`vidkit init --ask` in a terminal of its own; `seen` is all that it has shown."""

    def __init__(self, descriptor: int, process: int) -> None:
        self.descriptor, self.process, self.seen = descriptor, process, ""
        self._told = 0

    def answer(self, question: str, text: str) -> None:
        """Wait for a question that is new, and answer it."""
        self.wait_for(question)
        self._told = self.seen.index(question, self._told) + len(question)
        os.write(self.descriptor, text.encode())

    def wait_for(self, text: str | None) -> None:
        """Wait until a text is shown; None: until the command ends."""
        end = time.monotonic() + PATIENCE
        while text is None or text not in self.seen[self._told :]:
            assert time.monotonic() < end, f"{text} is not in {self.seen[self._told :]!r}"
            if not select.select([self.descriptor], [], [], 0.1)[0]:
                continue
            try:
                piece = os.read(self.descriptor, 65536)
            except OSError:  # the other side is closed
                piece = b""
            if not piece:
                assert text is None, f"{text} is not in {self.seen[self._told :]!r}"
                return
            self.seen += piece.decode()

    def end(self) -> int:
        self.wait_for(None)
        return os.waitstatus_to_exitcode(os.waitpid(self.process, 0)[1])


def in_a_terminal() -> tuple[int, int]:
    """The process, and the descriptor of its terminal."""
    process, descriptor = pty.fork()
    if process == 0:
        os.environ.update(TERM="dumb", COLUMNS="500")
        os.execv(sys.executable, [sys.executable, "-m", "vidkit", "init", "--ask"])
    return process, descriptor


@contextmanager
def terminal() -> Iterator[Terminal]:
    process, descriptor = in_a_terminal()
    try:
        yield Terminal(descriptor, process)
    finally:
        os.close(descriptor)


def piped(lines: Sequence[str], monkeypatch: pytest.MonkeyPatch, *options: str) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))
    return main(["init", "--ask", *options])


def test_answers_in_a_terminal_become_a_config_and_the_command_to_run_next(make_video: MakeVideo) -> None:
    folder = Path("my videos")
    folder.mkdir()
    (folder / "a.mp4").write_bytes(make_video().read_bytes())
    with serving() as model, terminal() as shown:
        shown.answer("Where are your videos", "nowhere\r")
        shown.answer("nowhere: there is no such folder or file", "")
        shown.answer("Answer again (y), or keep it (n)? [y] ", "\r")
        shown.answer("Where are your videos", "my videos\r")
        shown.answer("ok: 1 video in my videos, ", "")
        shown.answer("Who describes them", "endpiont\r")
        shown.answer("did you mean endpoint?", "")
        shown.answer("Who describes them", "endpoint\r")
        shown.answer("URL of the endpoint", f"{model.url}/v1\r")
        shown.answer("Access key, not shown", "sk-verysecret\r")
        shown.answer(f"ok: {model.url}/v1, reached, with an access key, lists listed-model", "")
        shown.answer("Model at the endpoint [listed-model]: ", "another\r")
        shown.answer("the endpoint does not list another, but listed-model", "")
        shown.answer("Answer again", "y\r")
        shown.answer("Model at the endpoint [another]: ", "listed-model\r")
        shown.answer("Where does the library live", "mine.db\r")
        shown.answer("mine.db (not there yet: the first run makes it)", "")
        assert shown.end() == 0
    assert "sk-verysecret" not in shown.seen
    assert shown.seen.rstrip().endswith("Next, process your videos:\r\n    vidkit process --urls 'my videos'")
    config = load_config(environment={})
    assert (config.qwen_vl.backend, config.qwen_vl.public_endpoint) == ("endpoint", f"{model.url}/v1")
    assert (config.qwen_vl.model, config.qwen_vl.access_key) == ("listed-model", "sk-verysecret")
    assert config.library.path == Path("mine.db")
    assert stat.S_IMODE(INI.stat().st_mode) == 0o600
    changed = [line for line in INI.read_text().splitlines() if line not in default_ini().splitlines()]
    assert [line.partition(" =")[0] for line in changed] == [
        "Path", "PublicEndpoint", "AccessKey", "Backend", "Model"
    ]  # fmt: skip
    assert Path("custom_tags.json").is_file()


def test_enter_takes_the_defaults_and_keeps_a_config_that_is_there(
    monkeypatch: pytest.MonkeyPatch, make_video: MakeVideo, capsys: Capture
) -> None:
    text = "; mine\n[QwenVL]\nBackend=none\n[Processing]\nMaxFPS = 25\n"
    INI.write_text(text)
    Path("a.mp4").write_bytes(make_video().read_bytes())
    assert piped(["", "", ""], monkeypatch) == 0
    out = capsys.readouterr().out
    assert INI.read_text() == text
    assert "config.ini is there already: left as it is" in out
    assert out.endswith("    vidkit process --urls .\n")
    assert piped(["", "", "films/mine.db"], monkeypatch) == 0
    assert INI.read_text().startswith(text)
    assert load_config(environment={}).library.path == Path("films/mine.db")


@pytest.mark.parametrize("lines", [[], [""], ["", "n", "none"]])
def test_answers_that_end_early_write_nothing(
    lines: list[str], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    assert piped(lines, monkeypatch) == 2
    said = capsys.readouterr().err
    assert said == "ERROR: the answers ended before the last question: nothing was written\n"
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize("key", ["\x03", "\x04"])
def test_ctrl_c_and_ctrl_d_write_nothing(key: str) -> None:
    with terminal() as shown:
        shown.answer("Where are your videos", "https://example.invalid/v.mp4\r")
        shown.answer("example.invalid/v.mp4 cannot be reached", "")
        shown.answer("Answer again", "n\r")
        shown.answer("Who describes them", "endpoint\r")
        shown.answer("URL of the endpoint", "http://127.0.0.1:1/v1\r")
        shown.answer("Access key, not shown", key)
        assert shown.end() == (130 if key == "\x03" else 2)
    assert "nothing was written" in shown.seen
    assert "Traceback" not in shown.seen
    assert list(Path().iterdir()) == []


def test_a_terminal_that_is_closed_ends_it_and_leaves_nothing_behind() -> None:
    process, descriptor = in_a_terminal()
    shown = Terminal(descriptor, process)
    shown.answer("Where are your videos", ".\r")
    os.close(descriptor)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) in (2, 130)
    assert list(Path().iterdir()) == []


def test_an_endpoint_that_is_wrong_can_be_kept_anyway(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    server.at("/v1/models", Reply(b'{"error": "bad key"}', status=401))
    lines = [".", "n", "endpoint", "nonsense", "", server.url("/v1"), "sk-verysecret", "n", "", ""]
    assert piped(lines, monkeypatch) == 0
    out = capsys.readouterr().out
    assert "wrong: [QwenVL] PublicEndpoint is not an http or https URL" in out
    assert "does not accept the access key" in out
    assert "sk-verysecret" not in out
    config = load_config(environment={})
    assert (config.qwen_vl.public_endpoint, config.qwen_vl.model) == (server.url("/v1"), "")


def test_what_the_environment_sets_is_not_asked(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("QWEN_VL_ACCESS_KEY", "sk-verysecret")
    monkeypatch.setenv("VIDKIT_LIBRARY_PATH", "films.db")
    with serving() as model:
        assert piped([".", "n", "endpoint", f"{model.url}/v1", ""], monkeypatch) == 0
    out = capsys.readouterr().out
    assert "The access key is that of the environment variable QWEN_VL_ACCESS_KEY." in out
    assert "The library is set by the environment variable VIDKIT_LIBRARY_PATH." in out
    assert "sk-verysecret" not in out + INI.read_text()


def test_a_local_model_is_a_folder_or_a_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    Path("model").mkdir()
    assert piped([".", "n", "local", "model", "n", ""], monkeypatch) == 0
    assert "wrong: model does not hold a complete model: config.json is missing" in capsys.readouterr().out
    config = load_config(environment={})
    assert (config.qwen_vl.backend, config.qwen.model_dir) == ("local", "model")
    assert piped([".", "n", "local", "./nowhere", "y", "Qwen/Qwen2-VL-2B-Instruct", "n", ""], monkeypatch) == 0
    out = capsys.readouterr().out
    assert "./nowhere: there is no such folder" in out
    config = load_config(environment={})
    assert (config.qwen.model_dir, config.qwen.model) == ("", "Qwen/Qwen2-VL-2B-Instruct")


def test_a_csv_and_urls_are_looked_at(
    server: Server, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    Path("good.csv").write_text("url,label\nhttps://a.example/1.mp4,x\nhttps://a.example/2.mp4,y\n")
    Path("urls.txt").write_text("https://a.example/1.mp4\n")
    url = server.at("/v.mp4", Reply(make_video(), type="video/mp4"))
    rest = ["none", ""]
    assert piped(["good.csv", *rest], monkeypatch) == 0
    out = capsys.readouterr().out
    assert "ok: 2 rows, URLs in the column url\n" in out
    assert out.endswith("    vidkit process --csv good.csv\n")
    assert piped(["urls.txt", "y", f"{url} {url}?x", *rest], monkeypatch) == 0
    out = capsys.readouterr().out
    assert "wrong: urls.txt begins with a URL" in out
    assert f"ok: 2 URLs; {url} answers with video/mp4\n" in out
    assert out.endswith(f"    vidkit process --urls {url} '{url}?x'\n")
    gone = server.url("/gone.mp4").replace("://", "://me:hidden@")
    assert piped([gone, "n", *rest], monkeypatch) == 0
    out = capsys.readouterr().out
    assert f"wrong: {server.url('/gone.mp4')} answers 404" in out


def test_a_bucket_is_listed(
    s3: S3, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    from vidkit.core.stores import open_store

    bucket = s3.new_bucket()
    open_store(f"{bucket}/films").write("a.mp4", make_video().read_bytes())
    lines = [f"{bucket}x/", "y", f"{bucket}/empty/", "y", f"{bucket}/films/", "none", ""]
    assert piped(lines, monkeypatch) == 0
    out = capsys.readouterr().out
    assert "there is no such bucket" in out
    assert "has no objects" in out
    assert f"ok: 1 video in {bucket}/films/\n" in out
    assert out.endswith(f"    vidkit process --csv {bucket}/films/\n")


def test_a_library_in_postgresql_is_opened_with_a_password_that_is_not_shown(postgres: PostgreSQL) -> None:
    database = postgres.new_database()
    address = f"postgresql://postgres@{postgres.address}/{database}"
    with terminal() as shown:
        shown.answer("Where are your videos", "\r")
        shown.answer("Answer again", "n\r")
        shown.answer("Who describes them", "\r")
        shown.answer("Where does the library live", f"{address}\r")
        shown.answer("Password of postgres, not shown", "wrong\r")
        shown.answer("Answer again", "y\r")
        shown.answer("Where does the library live", f"{address}\r")
        shown.answer("Password of postgres, not shown", f"{PASSWORD}\r")
        shown.wait_for("0 records")
        assert shown.end() == 0
    postgres.leave(database)
    assert PASSWORD not in shown.seen
    assert "s3cr" not in shown.seen
    assert load_config(environment={}).library.path == postgres.uri(database)
    assert stat.S_IMODE(INI.stat().st_mode) == 0o600


@pytest.mark.slow
def test_a_library_in_mongodb_is_opened_and_a_file_takes_its_place_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with mongod(tmp_path / "mongo") as address:
        uri = f"mongodb://{address}/?serverSelectionTimeoutMS=5000"
        assert piped([".", "n", "none", uri], monkeypatch) == 0
        assert "0 records" in capsys.readouterr().out
        assert load_config(environment={}).mongodb.uri == uri
        assert piped([".", "n", "none", "s3://x/y", "library.db"], monkeypatch) == 0
    assert "wrong: s3:// is not a library" in capsys.readouterr().out
    config = load_config(environment={})
    assert (config.mongodb.uri, config.library.path) == ("", Path("library.db"))


@pytest.mark.parametrize("end", ["", "/", "/?appName=x", "/?serverSelectionTimeoutMS=200"])
def test_a_mongodb_that_does_not_answer_is_waited_for_three_seconds(
    end: str, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    timeouts: list[float] = []

    class Client(MongoClient[dict[str, object]]):
        def __init__(self, *words: object, **options: object) -> None:
            super().__init__(*words, **options)  # type: ignore[arg-type]
            timeouts.append(self.options.server_selection_timeout)

    monkeypatch.setattr("vidkit.library.mongodb.server.MongoClient", Client)
    uri = f"mongodb://127.0.0.1:1{end}"
    assert piped([".", "n", "none", uri, "n"], monkeypatch) == 0
    assert "mongodb://127.0.0.1:1 does not answer" in capsys.readouterr().out
    assert timeouts == [0.2 if "200" in end else 3.0]
    assert load_config(environment={}).mongodb.uri == uri


def test_a_library_file_is_opened_and_counted(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    keep(make_record())
    Path("other.db").write_text("no database, but some text that is long enough")
    assert piped([".", "n", "none", "other.db", "y", "library.db"], monkeypatch) == 0
    out = capsys.readouterr().out
    assert "other.db is not a SQLite database" in out
    assert f"ok: {Path('library.db').absolute()}, 1 record\n" in out


def test_a_hostile_answer_is_refused_and_never_shown(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    assert piped(["\x1b[31mred", "x\udcff", "a; rm -rf '", "n", "none", ""], monkeypatch) == 0
    out, said = capsys.readouterr()
    assert "\x1b" not in out + said
    assert out.count("an answer is one line of text") == 2
    assert out.endswith("""    vidkit process --urls 'a; rm -rf '"'"''\n""")


def test_standard_input_that_is_no_text_or_closed_is_said() -> None:
    command = [sys.executable, "-m", "vidkit", "init", "--ask"]
    done = subprocess.run(command, input=b"\xff\xfe\n", capture_output=True, env=os.environ | {"LC_ALL": "C.UTF-8"})
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    done = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], capture_output=True)
    assert done.returncode == 2
    assert b"nothing was written" in done.stderr
    assert list(Path().iterdir()) == []
