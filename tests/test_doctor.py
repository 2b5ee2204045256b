"""`vidkit doctor`: what is installed and configured, whether it can be reached, and what to do where it cannot."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from vidkit.analysis.encoders import try_encoders
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.core.extras import PURPOSES
from vidkit.library import open_library
from vidkit.qwen_model import endpoint_check

from .misbehaving_server import Reply, Server
from .model_server import serving
from .records import make_record

Capture = pytest.CaptureFixture[str]
KEY = "sk-verysecret"


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Sets the endpoint; the key is set already."""
    monkeypatch.setenv("QWEN_VL_ACCESS_KEY", KEY)
    return monkeypatch


def doctor(capsys: Capture) -> tuple[int, dict[str, str]]:
    """The exit code, and for each thing that was looked at its mark and what was found."""
    code = main(["doctor"])
    out, said = capsys.readouterr()
    assert KEY not in out + said
    marks = [line.partition("  ") for line in out.splitlines()]
    lines = [(mark, rest.strip().partition(": ")) for mark, _, rest in marks]
    return code, {what: f"{mark}: {found}" for mark, (what, _, found) in lines}


def test_every_extra_is_listed_with_what_is_installed_and_how_to_get_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    code, found = doctor(capsys)
    assert code == 0
    assert [what for what in found if what.startswith("extra ")] == [f"extra {name}" for name in PURPOSES]
    # An older matplotlib, as an environment would list it.
    old = tmp_path / "old" / "matplotlib-3.1.0.dist-info"
    old.mkdir(parents=True)
    (old / "METADATA").write_text("Metadata-Version: 2.1\nName: matplotlib\nVersion: 3.1.0\n")
    monkeypatch.syspath_prepend(old.parent)
    code, found = doctor(capsys)
    assert code == 0
    command = "pip install 'matplotlib>=3.7'"
    assert found["extra plot"] == f"without: matplotlib missing, for `vidkit stats --plot`: {command}"


def test_an_endpoint_that_answers_is_reached_and_its_models_are_named(
    endpoint: pytest.MonkeyPatch, capsys: Capture
) -> None:
    with serving() as model:
        endpoint.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", model.url + "/v1?secret=1")
        code, found = doctor(capsys)
        assert code == 0
        assert found["endpoint"] == f"ok: {model.url}/v1, reached, with an access key, lists listed-model"
        endpoint.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", model.url + "/describe")
        assert doctor(capsys)[1]["endpoint"].startswith(f"ok: {model.url}/describe, reached, with an access key")
        assert model.asked == []


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (Reply(json.dumps({"error": f"bad key {KEY}"}).encode(), status=401), "does not accept the access key"),
        (Reply(b"no", status=403), "answered 403"),
        (Reply(b"busy", status=503), "answered 503"),
    ],
)
def test_an_endpoint_that_refuses_the_key_or_is_down_is_wrong(
    reply: Reply, said: str, server: Server, endpoint: pytest.MonkeyPatch, capsys: Capture
) -> None:
    server.at("/v1/models", reply)
    endpoint.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", server.url("/v1"))
    code, found = doctor(capsys)
    assert code == 1
    assert found["endpoint"].startswith("wrong: ")
    assert said in found["endpoint"]


def test_an_endpoint_that_is_not_there_or_hangs_is_not_waited_for(
    endpoint: pytest.MonkeyPatch, capsys: Capture
) -> None:
    endpoint.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", "http://127.0.0.1:1/v1")
    code, found = doctor(capsys)
    assert (code, found["endpoint"]) == (
        1,
        "wrong: the endpoint http://127.0.0.1:1/v1/models cannot be reached: Connection refused",
    )
    endpoint.setattr(endpoint_check, "_TIMEOUT", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        endpoint.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        code, found = doctor(capsys)
    assert code == 1
    assert "did not answer" in found["endpoint"]


def test_the_library_is_named_with_its_number_of_records(capsys: Capture) -> None:
    with open_library(load_config(environment={})) as home:
        home.save_all([])
        home.save(make_record(), Path("processed_videos"))
    assert doctor(capsys)[1]["library"] == f"ok: {Path('library.db').absolute()}, 1 record"
    Path("library.db").write_text("no database, but some text that is long enough")
    code, found = doctor(capsys)
    assert code == 1
    assert found["library"].startswith("wrong: ")


def test_the_encoders_that_work_here_are_named(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    failures = try_encoders()
    code, found = doctor(capsys)
    works, _, cannot = found["encoders"].removeprefix("ok: ").partition(" can be used here")
    assert works.split(", ") == [name for name, failure in failures.items() if failure is None]
    assert all(name in cannot for name, failure in failures.items() if failure is not None)
    bad = next((name for name, failure in failures.items() if failure is not None), None)
    if bad is not None:
        monkeypatch.setenv("VIDKIT_PROCESSING_ENCODER", bad)
        code, found = doctor(capsys)
        assert code == 1
        assert found["encoders"].startswith(f"wrong: [Processing] Encoder = {bad} cannot be used here: ")


def test_a_model_folder_that_is_not_whole_is_wrong(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    Path("model").mkdir()
    monkeypatch.setenv("VIDKIT_QWEN_MODELDIR", "model")
    code, found = doctor(capsys)
    assert (code, found["model"]) == (1, "wrong: model does not hold a complete model: config.json is missing")
