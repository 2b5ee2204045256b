"""Videos in buckets as sources: `s3://` URLs in rows, against a real S3 server."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from vidkit import process_video_pipeline
from vidkit.cli import main
from vidkit.core.buckets import open_bucket
from vidkit.core.config import load_config
from vidkit.core.hosts import read_hosts
from vidkit.core.serve_settings import Serve
from vidkit.core.setting_values import read_buckets
from vidkit.download import download_video, source_version
from vidkit.download.reach import ReachError, reach_of
from vidkit.errors import DownloadError, UnwantedError
from vidkit.workflow.run import open_run

from .bucket_server import KEY, S3, SECRET
from .conftest import MakeVideo

LARGE = b"".join(hashlib.sha256(b"%d" % number).digest() for number in range(700_000))  # 22 MB, six pieces


def put(address: str, content: bytes | Path) -> str:
    """Put an object; its ETag."""
    place = open_bucket(address)
    place.client.put(place.key, content)
    return str(place.client.head(place.key)["e_tag"])


def test_an_object_of_many_pieces_comes_whole_and_in_order(s3: S3, tmp_path: Path) -> None:
    url = f"{s3.new_bucket()}/in/large.mp4"
    etag = put(url, LARGE)
    told: list[tuple[int, int | None]] = []
    found = download_video(url, None, tmp_path / "d", progress=lambda done, total: told.append((done, total)))
    assert found.path.read_bytes() == LARGE
    assert (found.filename, found.resolved_url, found.version) == ("large.mp4", url, etag)
    assert source_version(url) == etag
    assert told[-1] == (len(LARGE), len(LARGE))
    assert [done for done, _ in told] == sorted({done for done, _ in told})
    assert [path.name for path in (tmp_path / "d").iterdir()] == ["large.mp4"]


def test_a_stopped_download_continues_where_it_was_unless_the_object_has_changed(s3: S3, tmp_path: Path) -> None:
    url = f"{s3.new_bucket()}/large.mp4"
    put(url, LARGE)
    counts: list[int] = []

    def fetch(until: int | None) -> bytes:
        stop = threading.Event()
        counts.clear()

        def progress(done: int, total: int | None) -> None:
            counts.append(done)
            if until is not None and done >= until:
                stop.set()

        return download_video(url, None, tmp_path, progress=progress, stop=stop).path.read_bytes()

    with pytest.raises(DownloadError, match="stopped"):
        fetch(9_000_000)
    reached = (tmp_path / "large.mp4.part").stat().st_size
    assert 9_000_000 <= reached < len(LARGE)
    assert LARGE.startswith((tmp_path / "large.mp4.part").read_bytes())
    assert fetch(None) == LARGE
    assert counts[0] > reached  # nothing that was here has come again
    (tmp_path / "large.mp4").unlink()

    with pytest.raises(DownloadError, match="stopped"):
        fetch(9_000_000)
    put(url, LARGE[::-1])
    assert fetch(None) == LARGE[::-1]


def test_an_object_that_is_replaced_during_its_download_is_never_a_mix_of_both(s3: S3, tmp_path: Path) -> None:
    url = f"{s3.new_bucket()}/large.mp4"
    put(url, LARGE)
    replaced: list[str] = []

    def progress(done: int, total: int | None) -> None:
        if not replaced:
            replaced.append(put(url, LARGE[::-1]))

    found = download_video(url, None, tmp_path, progress=progress, backoff=0.01)
    assert found.path.read_bytes() == LARGE[::-1]
    assert found.version == replaced[0]


def test_a_key_is_taken_letter_by_letter(s3: S3, tmp_path: Path) -> None:
    bucket = s3.new_bucket()
    for key in ("a b.mp4", "50%25.mp4", "a?b#c&d=e.mp4", "日本 😀.mp4", "who@where.mp4"):
        put(f"{bucket}/x/{key}", key.encode())
        found = download_video(f"{bucket}/x/{key}", None, tmp_path)
        assert found.path.read_bytes() == key.encode()
        assert found.resolved_url == f"{bucket}/x/{key}"
        assert found.filename == key.replace("?", "_")


def test_what_cannot_be_downloaded_from_a_bucket_is_said_in_words(
    s3: S3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/large.mp4", LARGE)
    put(f"{bucket}/list.m3u8", b"#EXTM3U")

    def words(url: str, kind: type[Exception] = DownloadError, **options: float) -> str:
        with pytest.raises(kind) as failed:
            download_video(url, None, tmp_path, backoff=0.01, retries=1, **options)  # type: ignore[arg-type]
        return str(failed.value)

    assert words(f"{bucket}/no.mp4") == f"{bucket}/no.mp4: there is no such object in the bucket; look at the URL"
    assert words("s3://no-such-bucket/a.mp4").count("s3://no-such-bucket") <= 2
    assert "is a folder of a bucket" in words(f"{bucket}/large.mp4/")
    assert "is an HLS manifest" in words(f"{bucket}/list.m3u8")
    assert "names no bucket" in words("s3://key:secret@host/a.mp4")
    assert "large.mp4 is larger than 1.0 MB" in words(f"{bucket}/large.mp4", UnwantedError, max_size=1e6)
    assert not list(tmp_path.glob("*"))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wrong")
    refused = words(f"{bucket}/large.mp4")
    assert "the store refuses this" in refused
    assert "wrong" not in refused


def test_a_run_over_objects_asks_a_second_time_only_for_what_has_changed(
    s3: S3, make_video: MakeVideo, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/in/v.mp4", make_video(shots=2))
    Path("list.csv").write_text(f"url,label\n{bucket}/in/v.mp4,wave\n")
    run = ["process", "--describe", "none", "--output", f"{bucket}/out", "--csv", "list.csv"]
    assert main(run) == 0
    assert "1 processed" in capsys.readouterr().err
    place = open_bucket(f"{bucket}/out/v.mp4.json")
    record = json.loads(bytes(place.client.get(place.key).bytes()))
    assert record["source"]["url"] == record["source"]["resolved_url"] == f"{bucket}/in/v.mp4"
    assert record["source"]["columns"] == {"label": "wave"}
    for secret in (KEY, SECRET, "Signature"):
        for file in [path for path in Path().rglob("*") if path.is_file()]:
            assert secret.encode() not in file.read_bytes(), file
        assert secret not in json.dumps(record)
    Path("downloaded_videos/v.mp4").unlink()
    assert main(run) == 0
    assert "0 processed, 1 already done" in capsys.readouterr().err
    assert not Path("downloaded_videos/v.mp4").exists()
    put(f"{bucket}/in/v.mp4", make_video(shots=3))
    assert main(run) == 0
    assert "1 processed" in capsys.readouterr().err


def test_a_submitted_job_reads_only_from_the_buckets_that_are_allowed(
    s3: S3, make_video: MakeVideo, tmp_path: Path
) -> None:
    bucket = s3.new_bucket()
    for key in ("public/v.mp4", "public2/v.mp4", "v.mp4"):
        put(f"{bucket}/{key}", make_video())
    allowed = reach_of(Serve(allowed_buckets=read_buckets(f"{bucket}/public/")))
    assert download_video(f"{bucket}/public/v.mp4", None, tmp_path, reach=allowed).path.is_file()
    everything = reach_of(Serve(allowed_hosts=read_hosts("127.0.0.1"), allow_local_files=True))
    refused = ("v.mp4", "public2/v.mp4", "public/../v.mp4", "/public/v.mp4", "public//v.mp4", "public")
    ask: list[Callable[[str], object]] = [
        lambda url: download_video(url, None, tmp_path, reach=allowed),
        lambda url: source_version(url, reach=allowed),
    ]
    for key in refused:
        for each in ask:
            with pytest.raises(DownloadError):
                each(f"{bucket}/{key}")
    for url in (f"{bucket}/public/v.mp4", f"S3://{bucket[5:]}/public/v.mp4", f" {bucket}/v.mp4"):
        with pytest.raises(ReachError, match=r"submitted jobs may not read from this bucket\. .* AllowedBuckets"):
            download_video(url, None, tmp_path, reach=everything)
    with open_run(load_config(), level="none", reach=everything) as run, pytest.raises(ReachError):
        process_video_pipeline(f"{bucket}/public/v.mp4", run=run)


def test_a_run_ends_at_once_when_the_credentials_for_its_videos_have_ended(
    s3: S3, make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = s3.new_bucket()
    put(f"{bucket}/v.mp4", make_video())
    Path("list.csv").write_text("url\n" + "".join(f"{bucket}/{number}.mp4\n" for number in range(500)))
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    monkeypatch.setenv("AWS_METADATA_ENDPOINT", "http://127.0.0.1:9")  # a machine without a role
    assert main(["process", "--describe", "none", "--workers", "1", "--csv", "list.csv"]) == 2
    said = capsys.readouterr().err
    assert "the run ends, since every other row would fail too: " in said
    assert said.count("no credentials were found") <= 4
    summary = json.loads(Path("processed_videos/summary.json").read_text())
    assert summary["failed"] < 10
