"""Buckets as results stores, against a real S3 server."""

from __future__ import annotations

import urllib.request
from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.core import object_store
from vidkit.core.buckets import open_bucket
from vidkit.core.stores import open_store
from vidkit.errors import OutputError

from .bucket_proxy import BucketProxy, Fault
from .bucket_server import KEY, S3, SECRET
from .test_stores import check_verbs


def test_a_bucket_keeps_the_promises_of_a_stores_verbs(s3: S3, tmp_path: Path) -> None:
    bucket = s3.new_bucket()
    open_store(bucket).write("elsewhere.json", b"{}")
    store = open_store(f"{bucket}/results of a run")
    check_verbs(store, tmp_path / "here", absent="no such object")
    with pytest.raises(FileNotFoundError):
        store.fetch("clips/a/1/2.mp4", tmp_path / "here")
    assert store.address == f"{bucket}/results of a run"
    store.write("empty", b"")
    assert not store.exists("empty")
    assert sorted(open_store(bucket).names()) == ["elsewhere.json", "results of a run"]


@pytest.mark.parametrize("name", ["ä ö.mp4", "50%.mp4", "a#b?c&d+e=f.mp4", "日本 😀.mp4", "a:b*.mp4", ".hidden"])
def test_every_name_that_a_video_can_have_is_kept(s3: S3, name: str, tmp_path: Path) -> None:
    store = open_store(s3.new_bucket())
    store.write(f"{name}.json", b"{}")
    with store.publishing(f"clips/{name}/1") as folder:
        (folder / name).write_bytes(b"clip")
    assert store.read(f"{name}.json") == b"{}"
    assert set(store.names()) == {f"{name}.json", "clips"}
    assert list(store.names("clips")) == [name]
    with urllib.request.urlopen(store.url(f"{name}.json")) as answer:
        assert answer.read() == b"{}"
    store.delete(f"clips/{name}")
    # SeaweedFS shows a folder for a while after its last object is gone.
    assert f"{name}.json" in store.names()
    assert not store.exists(f"clips/{name}/1/{name}")


@pytest.mark.parametrize("address", ["s3://", "s3:///x", "s3://b/a//b", "s3://b/../c", "s3://key:secret@b/x"])
def test_an_address_that_names_no_bucket_is_refused(address: str) -> None:
    with pytest.raises(OutputError) as refused:
        open_bucket(address)
    assert "secret" not in str(refused.value)


def test_what_is_wrong_with_a_bucket_is_said_in_words(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match=r"refuses this \(400 Bad Request, InvalidBucketName\)"):
        open_store("s3://No_such_bucket/x").write("a.json", b"")
    store = open_store("s3://no-such-bucket/x")
    with pytest.raises(OutputError, match="there is no such bucket"):
        store.read("a.json")
    with pytest.raises(OutputError, match="there is no such bucket"):
        list(store.names())
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(OutputError, match=r"refuses this \(SignatureDoesNotMatch\). See that the credentials"):
        open_store("s3://bucket/x").read("a.json")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    with pytest.raises(OutputError, match="refuses this"):
        open_store("s3://bucket/x").exists("a.json")


def test_a_listing_of_the_results_leaves_out_what_lies_deeper(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(f"{s3.new_bucket()}/results")
    names = {f"{letter}.mp4.json" for letter in "Abc~ä日"} | {"clips", "thumbnails", ".journal", "clips.json"}
    for name in names:
        if "." in name[1:]:
            store.write(name, b"{}")
        else:
            for number in range(3):
                store.write(f"{name}/v.mp4/{number}.mp4", b"x")
    monkeypatch.setattr(object_store, "_PAGE", 2)
    assert sorted(store.names()) == sorted(names)


def test_doctor_tries_the_bucket_and_leaves_nothing_there(
    s3: S3, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    address = f"{s3.new_bucket()}/results"
    monkeypatch.setenv("VIDKIT_PATHS_PROCESSEDDIRECTORY", address)
    main(["doctor"])
    assert f"ok       records, clips, thumbnails: {address}, can be written" in capsys.readouterr().out
    assert list(open_store(address).names()) == []
    with BucketProxy(s3.endpoint) as proxy:
        monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.endpoint)
        for fault, words in (
            (Fault(501), "works, but the store does not obey conditional writes: of two machines"),
            (Fault(403), "the credentials have expired. Sign in again"),
        ):
            proxy.fault = lambda asked, fault=fault: (  # type: ignore[misc]
                fault if fault.status == 403 or {"if-match", "if-none-match"} & set(asked.headers) else None
            )
            main(["doctor"])
            assert words in capsys.readouterr().out
    monkeypatch.setenv("AWS_ENDPOINT_URL", s3.endpoint)
    assert list(open_store(address).names()) == []


def test_credentials_come_from_a_profile_of_the_aws_tools(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    address = s3.new_bucket()
    Path("credentials").write_text(f"[videos]\naws_access_key_id = {KEY}\naws_secret_access_key = {SECRET}\n")
    Path("config").write_text(f"[profile videos]\nregion = us-east-1\nendpoint_url = {s3.endpoint}\n")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "credentials")
    monkeypatch.setenv("AWS_CONFIG_FILE", "config")
    monkeypatch.setenv("AWS_PROFILE", "videos")
    store = open_store(f"{address}/x")
    store.write("a.json", b"1")
    assert store.read("a.json") == b"1"
    with urllib.request.urlopen(store.url("a.json")) as answer:
        assert answer.read() == b"1"
    monkeypatch.setenv("AWS_PROFILE", "nobody")
    with pytest.raises(OutputError, match=r"the profile of AWS cannot be used: .*nobody"):
        open_store(f"{address}/x")


def test_missing_credentials_are_said_at_once(s3: S3, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(OutputError, match=r"s3://videos: no credentials were found\. Set those of the store"):
        open_store("s3://videos/x")
