"""`vidkit serve`, `vidkit keys` and `vidkit audit` as commands, in processes of their own."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests

from tests.ports import free_port
from tests.records import make_record
from tests.waiting import PATIENCE, until
from tests.web import authorized, get
from tests.web_process import serve_process, vidkit
from vidkit.export import export_to_json
from vidkit.library import video_key

SESSION = "/api/v1/session"

# Each test starts several processes.
pytestmark = pytest.mark.slow


def test_keys_are_made_listed_and_revoked_while_the_server_runs(tmp_path):
    with serve_process(tmp_path) as server:
        for _ in range(5):  # several threads of the server have opened its database
            get(server.address, SESSION, headers=authorized("vk_unknown"))
        added = vidkit(tmp_path, "keys", "add", "anna", "--scope", "label", "--expires", "90d")
        key = added.stdout.strip()
        assert get(server.address, SESSION, headers=authorized(key)).json()["scope"] == "label"
        [listed] = map(json.loads, vidkit(tmp_path, "keys", "list", "--json").stdout.splitlines())
        assert (listed["name"], listed["scope"], listed["state"]) == ("anna", "label", "active")
        wrong = vidkit(tmp_path, "keys", "revoke", "ana")
        assert (wrong.returncode, "did you mean anna?" in wrong.stderr) == (2, True)
        assert vidkit(tmp_path, "keys", "revoke", "anna").returncode == 0
        assert get(server.address, SESSION, headers=authorized(key)).status_code == 401
        link = vidkit(tmp_path, "keys", "link").stdout.strip()
        assert link.startswith(f"{server.address}/sign-in#")
        body = {"token": link.partition("#")[2]}
        assert requests.post(server.address + SESSION, json=body, timeout=PATIENCE).status_code == 200
    log = [json.loads(line) for line in vidkit(tmp_path, "audit", "--json").stdout.splitlines()]
    assert [line["action"] for line in log] == ["add key", "revoke key", "sign in"]
    assert "anna, label" in vidkit(tmp_path, "audit", "--limit", "3").stdout
    secrets = [key, body["token"], server.token]
    files = [path for path in tmp_path.rglob("*") if path.is_file() and path != server.output]
    assert files
    for path in files:
        assert not [secret for secret in secrets if secret.encode() in path.read_bytes()], path


def test_no_sign_in_link_without_a_server(tmp_path):
    done = vidkit(tmp_path, "keys", "link")
    assert done.returncode == 2
    assert "vidkit serve" in done.stderr


def _open(address: str, path: str, headers: dict[str, str]) -> socket.socket:
    """A request that begins to be answered, and whose answer is then read no further."""
    place = urlsplit(address)
    reader = socket.create_connection((place.hostname, place.port), PATIENCE)
    lines = [f"GET {path} HTTP/1.1", f"Host: {place.netloc}", *(f"{name}: {headers[name]}" for name in headers)]
    reader.sendall("\r\n".join([*lines, "", ""]).encode())
    assert reader.recv(15).startswith(b"HTTP/1.1 200")
    return reader


def test_the_browser_is_opened_without_the_token_on_its_command_line(tmp_path, monkeypatch):
    seen = tmp_path / "seen"
    browser = tmp_path / "browser"
    browser.write_text(f'#!/bin/sh\necho "$@" > {seen}.part\nmv {seen}.part {seen}\nsleep 60\n')
    browser.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(browser))
    with serve_process(tmp_path, "--open") as server:
        until(seen.exists)
        file = Path(urlsplit(seen.read_text().strip()).path)
        assert file.parent == tmp_path / "serve"
        assert f"{server.address}/sign-in#{server.token}" in file.read_text()
        assert get(server.address, "/healthz").status_code == 200
        server.stop()
        assert not file.exists()


def test_keys_need_no_package_of_the_server(tmp_path):
    hidden = "import sys; sys.modules |= {'fastapi': None, 'limits': None, 'uvicorn': None}; "
    run = "from vidkit.cli import main; sys.exit(main(['keys', 'add', 'anna', '--scope', 'read']))"
    done = subprocess.run([sys.executable, "-c", hidden + run], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout[:3]) == (0, "vk_")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_server_ends_quickly_while_events_and_a_download_run(tmp_path, number):
    folder = tmp_path / "processed_videos"
    video = tmp_path / "downloaded_videos" / "large.mp4"
    video.parent.mkdir()
    with video.open("wb") as file:
        file.truncate(200 * 2**20)
    record = make_record("large.mp4", path="../downloaded_videos/large.mp4", size=200 * 2**20)
    folder.mkdir()
    export_to_json(record, folder)
    assert vidkit(tmp_path, "library", "add", str(folder)).returncode == 0
    key = authorized(vidkit(tmp_path, "keys", "add", "anna", "--scope", "read").stdout.strip())
    media = f"/api/v1/videos/{video_key(record['source']['url'])}/video"
    with serve_process(tmp_path) as server, ExitStack() as stack:
        for path in ("/api/v1/jobs/events", media, media):
            stack.enter_context(_open(server.address, path, key))
        code, seconds = server.stop(number)
        assert code == 0
        assert seconds < 30
        assert len(server.output.read_text().splitlines()) == 3  # where it is, the link, how to get another
    assert vidkit(tmp_path, "keys", "link").returncode == 2


def test_other_machines_are_let_in_only_when_a_key_exists(tmp_path):
    refused = vidkit(tmp_path, "serve", "--host", "0.0.0.0", "--port", "0")
    assert refused.returncode == 2
    assert "vidkit keys add" in refused.stderr
    assert "--no-auth" in vidkit(tmp_path, "serve", "--host", "0.0.0.0", "--no-auth").stderr
    vidkit(tmp_path, "keys", "add", "anna", "--scope", "read")
    with serve_process(tmp_path, "--host", "0.0.0.0") as server:
        port = server.address.rpartition(":")[2]
        assert get(f"http://127.0.0.1:{port}", "/healthz").status_code == 200


def test_a_port_in_use_is_said_in_words(tmp_path):
    with serve_process(tmp_path) as server:
        again = vidkit(tmp_path, "serve", "--port", server.address.rpartition(":")[2])
    assert again.returncode == 2
    assert "--port" in again.stderr
    assert "Traceback" not in again.stderr


def test_two_servers_share_keys_and_sessions_also_after_a_kill(tmp_path):
    with serve_process(tmp_path) as first, serve_process(tmp_path) as second:
        answer = requests.post(first.address + SESSION, json={"token": first.token}, timeout=PATIENCE)
        cookies = answer.cookies
        assert get(second.address, SESSION, cookies=cookies).status_code == 200
        os.kill(first.process.pid, signal.SIGKILL)
        first.process.wait()
        assert get(second.address, SESSION, cookies=cookies).status_code == 200
        assert vidkit(tmp_path, "keys", "link").stdout.count("http://") == 1
    with serve_process(tmp_path) as third:
        assert get(third.address, SESSION, cookies=cookies).status_code == 200


def test_the_files_of_the_server_are_for_its_owner_only(tmp_path):
    with serve_process(tmp_path) as server:
        get(server.address, SESSION, headers=authorized("vk_unknown"))
        folder = tmp_path / "serve"
        assert folder.stat().st_mode & 0o777 == 0o700
        assert {path.stat().st_mode & 0o777 for path in folder.iterdir() if path.is_file()} == {0o600}


DOCS = (Path(__file__).parents[1] / "docs" / "serve.md").read_text(encoding="utf-8")


def test_the_example_of_the_documentation_runs(tmp_path):
    folder = tmp_path / "processed_videos"
    folder.mkdir()
    records = [make_record(f"{n}.mp4", scenes=[f"a walk at {n}"]) for n in range(3)]
    for record in records:
        export_to_json(record, folder)
    assert vidkit(tmp_path, "library", "add", str(folder)).returncode == 0
    key = vidkit(tmp_path, "keys", "add", "anna", "--scope", "label").stdout.strip()
    [example] = re.findall("```python\n(.*?)```", DOCS, re.DOTALL)
    with serve_process(tmp_path) as server:
        assert "http://127.0.0.1:8765" in example
        example = example.replace("http://127.0.0.1:8765", server.address).replace("limit=100", "limit=2")
        environment = {**os.environ, "VIDKIT_KEY": key}
        done = subprocess.run(
            [sys.executable, "-c", example], capture_output=True, text=True, timeout=PATIENCE, env=environment
        )
        assert done.stderr == ""
        assert sorted(done.stdout.splitlines()) == [f"{n}.mp4 0.0 10.0" for n in range(3)]
        found = get(server.address, "/api/v1/search?tag=Checked", headers=authorized(key)).json()
        assert len({item["filename"] for item in found["items"]}) == 3
        log = vidkit(tmp_path, "audit").stdout
        assert log.count("anna") >= 3


@pytest.mark.skipif(shutil.which("nginx") is None, reason="nginx is not installed: apt install nginx-light")
def test_the_settings_for_nginx_of_the_documentation_work(tmp_path):
    (tmp_path / "config.ini").write_text(
        "[Serve]\nServerNames = videos.example.org\nTrustedProxies = 127.0.0.1\n", encoding="utf-8"
    )
    [place] = re.findall(r"```nginx\n(.*?)```", DOCS, re.DOTALL)
    port = free_port()
    with serve_process(tmp_path) as server:
        place = place.replace("listen 443 ssl", f"listen 127.0.0.1:{port}")
        place = place.replace("http://127.0.0.1:8765", server.address).replace("$scheme", "https")
        paths = "".join(f"{kind}_temp_path {tmp_path}/{kind};" for kind in _NGINX_KINDS)
        (tmp_path / "nginx.conf").write_text(
            f"daemon off; pid {tmp_path}/nginx.pid; error_log {tmp_path}/error.log; events {{}}\n"
            f"http {{ access_log {tmp_path}/access.log; {paths}\n{place}\n}}\n",
            encoding="utf-8",
        )
        command = ["nginx", "-c", str(tmp_path / "nginx.conf"), "-e", str(tmp_path / "error.log")]
        with subprocess.Popen(command) as nginx:
            try:
                until(lambda: _listens(port), told=lambda: "nginx does not listen")
                _use_through_proxy(f"http://127.0.0.1:{port}", server.token)
            finally:
                nginx.terminate()
        assert server.token not in (tmp_path / "access.log").read_text()
    assert "203.0.113.7" in vidkit(tmp_path, "audit").stdout


_NGINX_KINDS = ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")


def _listens(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _use_through_proxy(proxy: str, token: str) -> None:
    browser = {
        "Host": "videos.example.org",
        "Origin": "https://videos.example.org",
        "Sec-Fetch-Site": "same-origin",
        "X-Forwarded-For": "203.0.113.7",
    }
    opened = requests.post(proxy + SESSION, json={"token": token}, headers=browser, timeout=PATIENCE)
    assert opened.status_code == 200, opened.text
    assert "Secure" in opened.headers["set-cookie"]
    cookie = {"Cookie": opened.headers["set-cookie"].partition(";")[0]}
    assert get(proxy, SESSION, headers={**browser, **cookie}).json()["name"] == "owner"
    assert get(proxy, SESSION, headers={**browser, **cookie, "Host": "example.org"}).status_code == 421
    with requests.get(
        proxy + "/api/v1/jobs/events", headers={**browser, **cookie}, stream=True, timeout=PATIENCE
    ) as events:
        assert events.status_code == 200
