"""`vidkit forget`: nothing of an erased video can be read in any file, the others stay, no later run fetches it."""

from __future__ import annotations

import gzip
import json
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.core.files import file_sha256
from vidkit.core.stores import open_store
from vidkit.curate.traces import erase_lines, erase_rows, traces_of
from vidkit.library import open_library, video_key
from vidkit.qwen_model.cache import AnswerCache
from vidkit.qwen_model.question import Reply
from vidkit.web.jobs.table import JobTable
from vidkit.web.state import StateDatabase
from vidkit.workflow.journal import Entry, Journal

from .conftest import MakeVideo
from .misbehaving_server import Reply as Answer
from .misbehaving_server import Server
from .model_server import serving
from .records import keep, make_record
from .test_bucket_results import all_names
from .test_search_readings import TALK

Capture = pytest.CaptureFixture[str]
SECRET = "zanzibar"  # is in all that the video is known by
DESCRIPTION = f"A {SECRET} kite over a lonely bay."
TITLE = f"Holiday {SECRET} tape"


@pytest.fixture
def remembering(monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite leaves deleted texts in free pages, as it does by itself; Debian's is built to overwrite them."""
    connect = sqlite3.connect

    def connected(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.execute("PRAGMA secure_delete = OFF")
        return connection

    monkeypatch.setattr(sqlite3, "connect", connected)


def files_with(text: str, folder: Path = Path()) -> list[str]:
    """The files below a folder that have a text, as it is or compressed."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            content = gzip.decompress(content) if path.suffix == ".gz" else content
            if text.encode() in content.lower() or text in path.name:
                found.append(str(path))
    return found


def process(server: Server, make_video: MakeVideo, *names: str) -> dict[str, str]:
    """Process videos from a CSV with titles; name -> URL. One row fails."""
    urls = {name: server.at(f"/{name}", Answer(make_video(name, shots=2), etag=f'"{name}"')) for name in names}
    rows = [f"{url},{TITLE if SECRET in name else 'Street'}" for name, url in urls.items()]
    broken = server.at(f"/broken-{SECRET}.mp4", Answer(b"no video"))
    other = server.at("/broken-other.mp4", Answer(b"no video"))
    rows += [f"{broken},{TITLE}", f"{other},Other"]
    Path("list.csv").write_text("\n".join(["public_url,title", *rows]) + "\n")
    assert main(["process", "--csv", "list.csv", "--describe", "none"]) == 1
    return {**urls, "broken": broken, "other": other}


def describe(url: str) -> None:
    """Give a video a description, tags, readings and an answer in the cache, as a model and readers do."""
    with open_library(load_config()) as home:
        (entry,) = home.find(url)
        record = entry.record
        record["qwen_description"] = DESCRIPTION
        record["readings"] = {
            **TALK,
            "speech": {**TALK["speech"], "spans": [{**TALK["speech"]["spans"][0], "text": DESCRIPTION}]},
        }
        home.save(record, entry.folder)
        open_store(entry.folder).write(f"{record['filename']}.json", json.dumps(record).encode())
    cache = AnswerCache(load_config().qwen_vl.cache)
    cache.keep(f"{record['sha256']}-0f", Reply(DESCRIPTION))
    cache.keep("00ff", Reply(DESCRIPTION))
    cache.keep("text-0f", Reply(f"A summary: {DESCRIPTION}"))
    cache.keep("aa-0f", Reply("A calm street."))
    cache.close()


def serve_job(url: str, other: str) -> StateDatabase:
    """What `vidkit serve` has of a job with two videos, and of triage."""
    directory = load_config().serve.directory
    state = StateDatabase(directory)
    job = JobTable(state, "me").add("process", url, "me", {"urls": [url]}, 0, 2, 9, lambda number: None)
    assert job is not None
    folder = directory / "jobs" / str(job.id)
    folder.mkdir(parents=True)
    (folder / "rows.csv").write_text(f'public_url,title\n{url},"{TITLE}\nsecond line"\n{other},Other\n')
    (folder / "request.json").write_text(json.dumps({"kind": "process", "urls": [url, other]}))
    (folder / "failures.jsonl").write_text(json.dumps({"url": url, "line": 2, "reason": TITLE}) + "\n")
    (folder / "job.log").write_text(f"INFO {url}: done\nINFO {other}: done\n")
    with state.writing() as connection:
        line = ("2026-01-01T00:00:00Z", "me", "label", f"{url}: class", "")
        connection.execute("INSERT INTO audit (at, who, action, what, address) VALUES (?, ?, ?, ?, ?)", line)
        connection.execute("INSERT INTO triage_queues VALUES (1, '{}', '{}', 1, 1, 1, '', '')")
        connection.execute(
            "INSERT INTO triage_moments VALUES (1, 1, ?, 'video', 0, NULL, NULL, NULL)", (video_key(url),)
        )
    return state


@pytest.mark.slow
@pytest.mark.usefixtures("remembering")
def test_nothing_of_a_forgotten_video_can_be_read_and_the_others_stay(
    server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    name = f"{SECRET}.mp4"
    urls = process(server, make_video, name, "street.mp4")
    describe(urls[name])
    serve_job(urls[name], urls["street.mp4"]).close()
    (Path("downloaded_videos") / f"{name}.part").write_text("half")
    before = files_with(SECRET)
    assert {
        "library.db",
        "answers.db",
        "video_processing.log",
        "serve/state.db",
        f"processed_videos/{name}.json",
    } <= set(before)
    assert {"processed_videos/.vidkit.db", "processed_videos/failures.csv"} <= set(before)
    capsys.readouterr()

    assert main(["forget", name, urls["broken"], "--dry-run"]) == 0
    assert f"downloaded_videos/{name}" in capsys.readouterr().out
    assert files_with(SECRET) == before

    assert main(["forget", name, urls["broken"], "--yes"]) == 0
    said = capsys.readouterr().out
    assert "2 videos are erased" in said
    assert "erased: 3 answers of the model" in said
    assert "not reached: datasets that were exported" in said
    Path("list.csv").unlink()  # the user's own
    assert files_with(SECRET) == []
    assert not [path for path in Path().rglob("*") if SECRET in path.name]

    with open_library(load_config()) as home:
        assert [entry.record["filename"] for entry in home.records()] == ["street.mp4"]
    assert Path("downloaded_videos/street.mp4").exists()
    assert urls["other"] in Path("processed_videos/failures.csv").read_text()
    assert urls["other"] in Path("video_processing.log").read_text()
    rows = Path("serve/jobs/1/rows.csv").read_text()
    assert rows.splitlines()[3] == f"{urls['street.mp4']},Other"  # in its own line, by which a retry knows it
    with closing(StateDatabase(Path("serve"))) as state, state.reading() as connection:
        audit = [tuple(row) for row in connection.execute("SELECT action, what FROM audit ORDER BY id")]
        assert audit == [("label", "(erased)"), ("forget", "2 videos")]
        assert connection.execute("SELECT count(*) FROM triage_moments").fetchone()[0] == 0
    with closing(sqlite3.connect("answers.db")) as answers:
        assert answers.execute("SELECT key FROM answers").fetchall() == [("aa-0f",)]


@pytest.mark.slow
def test_a_later_run_skips_a_forgotten_url_unless_it_is_forced(
    server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    url = server.at("/v.mp4", Answer(make_video(shots=1), etag='"1"'))
    words = ["process", "--describe", "none", "--urls", url]
    assert main(words) == 0
    assert main(["forget", url, "--yes"]) == 0
    fetched = server.fetched()["/v.mp4"]
    assert main(words) == 0
    assert server.fetched()["/v.mp4"] == fetched
    assert main([*words, "--force"]) == 0
    assert server.fetched()["/v.mp4"] > fetched
    with open_library(load_config()) as home:
        assert home.stats().videos == 1


@pytest.mark.slow
def test_a_video_in_a_bucket_is_forgotten(results: str, server: Server, make_video: MakeVideo) -> None:
    urls = process(server, make_video, f"{SECRET}.mp4", "street.mp4")
    store = open_store(results)
    assert store.exists(f"{SECRET}.mp4.json")
    assert any(urls[f"{SECRET}.mp4"].encode() in part for part in parts_of(results))
    assert main(["forget", urls[f"{SECRET}.mp4"], urls["broken"], "--yes"]) == 0
    Path("list.csv").unlink()
    assert files_with(SECRET) == []
    assert not [name for name in all_names(store) if SECRET in name]
    assert not any(SECRET.encode() in part for part in parts_of(results))
    assert any(urls["street.mp4"].encode() in part for part in parts_of(results))
    assert store.exists("street.mp4.json")


def parts_of(results: str) -> list[bytes]:
    store = open_store(results)
    return [gzip.decompress(store.read(f".journal/{name}")) for name in store.names(".journal")]


def test_it_asks_first_and_names_what_it_does_not_know(capsys: Capture) -> None:
    keep(make_record("talk.mp4"))
    assert main(["forget", "talk.mp4"]) == 2
    assert "forget asks first, and there is nobody to ask: say --yes" in capsys.readouterr().err
    assert main(["forget", "unknown.mp4", "--yes"]) == 1
    assert "no video of the library has this id" in capsys.readouterr().err
    with open_library(load_config()) as home:
        assert home.stats().videos == 1


def test_a_video_that_a_run_works_on_is_not_forgotten(capsys: Capture) -> None:
    keep(make_record("talk.mp4"))
    url = "https://videos.example/talk.mp4"
    with closing(Journal(Path("processed_videos"))) as journal:
        assert journal.take(url)
        assert main(["forget", "talk.mp4", "--yes"]) == 2
        assert "a run works on" in capsys.readouterr().err
    assert main(["forget", "talk.mp4", "--yes"]) == 0


def test_a_users_own_file_stays_and_is_named(make_video: MakeVideo, capsys: Capture) -> None:
    video = make_video()
    assert main(["process", "--describe", "none", "--urls", str(video)]) == 0
    assert main(["forget", str(video), "--yes"]) == 0
    assert video.exists()
    assert f"not reached: your own file {video}" in capsys.readouterr().out
    assert not list(Path("processed_videos").glob("*.mp4.json"))


@pytest.mark.slow
def test_the_answers_about_a_video_are_known_by_its_clips(make_video: MakeVideo) -> None:
    video, other = make_video("kite.mp4", shots=2), make_video("street.mp4", shots=3, size="256x144")
    with serving() as model:
        text = f"[QwenVL]\nPublicEndpoint = {model.url}/v1\nModel = m\n[Processing]\nSegmentLength = 1\n"
        Path("config.ini").write_text(text)
        model.answer = lambda question: f"Seen {len(model.asked)}"  # no two answers are the same
        assert main(["process", "--urls", str(video)]) == 0
        Path("config.ini").write_text(text.replace("Model = m", "Model = m\nDefaultInstruction = Again?"))
        assert main(["process", "--urls", str(video), str(other)]) == 0
    assert main(["forget", str(video), "--yes"]) == 0
    with open_library(load_config()) as home:
        (entry,) = home.records()
    clips = {file_sha256(Path("processed_videos") / clip["path"]) for clip in entry.record["segments"]}
    with closing(sqlite3.connect("answers.db")) as answers:
        assert {key.partition("-")[0] for (key,) in answers.execute("SELECT key FROM answers")} == clips


@pytest.mark.usefixtures("remembering")
def test_a_journal_keeps_no_url_but_knows_it(tmp_path: Path) -> None:
    with closing(Journal(tmp_path)) as journal:
        for number in range(300):
            journal.add(f"https://videos.example/{number}", Entry(f"{number}.mp4", "1", "s"))
        journal.erase("https://videos.example/77")
        assert journal.done([("https://videos.example/77", None)], "other") == {"https://videos.example/77"}
        assert journal.filename("https://videos.example/78") == "78.mp4"
        assert b"videos.example/77" not in (tmp_path / ".vidkit.db").read_bytes().replace(
            b"videos.example/77.", b""
        )


@pytest.mark.parametrize(
    ("line", "goes"),
    [
        ("INFO https://a.example/v.mp4: done", True),
        ("INFO https://a.example/v.mp4?x=1: done", False),
        ("INFO https://a.example/v.mp4.json", False),
        ("INFO processed_videos/v.mp4: done", True),
        ("INFO rev.mp4: done", False),
        ("INFO v.mp4.", True),
        ("INFO 'v.mp4'", True),
        ("INFO https://user:secret@a.example/v.mp4", False),
    ],
)
def test_a_line_of_a_log_goes_only_if_it_names_the_video(tmp_path: Path, line: str, goes: bool) -> None:
    log = tmp_path / "a.log"
    log.write_text(f"before\n{line}\nafter\n")
    traces = traces_of("https://a.example/v.mp4", None, "v.mp4")
    assert erase_lines(log, traces) == (1 if goes or "@a.example/v.mp4" in line else 0)
    assert log.read_text().startswith("before\n")
    assert log.read_text().endswith("after\n")


def test_a_row_of_another_url_with_the_same_name_stays(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    path.write_text("public_url,file_name\nhttps://a.example/v.mp4,v.mp4\nhttps://b.example/v.mp4,v.mp4\n")
    assert erase_rows(path, traces_of("https://a.example/v.mp4", None, "v.mp4")) == 1
    assert path.read_text() == "public_url,file_name\nhttps://b.example/v.mp4,v.mp4\n"
