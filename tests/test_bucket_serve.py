"""`vidkit serve` over results in a bucket: media comes from there by signed URLs."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import pytest
import requests

from tests.waiting import PATIENCE
from tests.web import config_in, get, serving
from vidkit import process_video_pipeline
from vidkit.core.config import Config
from vidkit.core.object_store import ObjectStore
from vidkit.core.setting_values import read_buckets
from vidkit.library import open_library, video_key
from vidkit.record import Record
from vidkit.workflow.run import open_run

from .bucket_server import KEY, S3, SECRET
from .conftest import MakeVideo
from .test_bucket_download import put


class Shown(NamedTuple):
    """A video that was processed from a bucket into the bucket."""

    config: Config
    record: Record
    bucket: str

    @property
    def path(self) -> str:
        return f"/api/v1/videos/{video_key(self.record['source']['url'])}"


@pytest.fixture(scope="module")
def processed(s3_process: S3, make_video: MakeVideo, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    root = tmp_path_factory.mktemp("shown")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name, value in s3_process.environment.items():
            patch.setenv(name, value)
        bucket = s3_process.new_bucket()
        put(f"{bucket}/in/v.mp4", make_video(shots=2, audio=False))
        config = config_in(root)
        config = replace(
            config,
            paths=replace(config.paths, processed_directory=f"{bucket}/out"),
            serve=replace(config.serve, allowed_buckets=read_buckets(f"{bucket}/in")),
        )
        with open_run(config, level="none") as run:
            record = process_video_pipeline(f"{bucket}/in/v.mp4", run=run)
        yield Shown(config, record, bucket)


@pytest.fixture
def shown(processed: Shown, s3: S3) -> Shown:
    return processed


@pytest.fixture
def address(shown: Shown) -> Iterator[str]:
    with serving(shown.config, no_auth=True) as (address, _):
        yield address


def test_media_in_a_bucket_is_answered_by_a_redirect_that_gives_its_bytes(
    shown: Shown, address: str, s3: S3, caplog: pytest.LogCaptureFixture
) -> None:
    store, record = ObjectStore(f"{shown.bucket}/out"), shown.record
    named = {
        "/clips/1": (record["segments"][0]["path"], "no-store"),
        "/scenes/1/thumbnail": (record["scenes"][0]["thumbnail"], "private, max-age=60"),
        "/sprites/0": (record["sprites"]["images"][0], "private, max-age=60"),  # type: ignore[index]
    }
    for path, (name, caching) in named.items():
        answer = get(address, shown.path + path, allow_redirects=False)
        assert (answer.status_code, answer.content) == (307, b""), path
        assert answer.headers["Cache-Control"] == caching
        assert answer.headers["Location"].startswith(f"{s3.endpoint}/")
        assert get(address, shown.path + path).content == store.read(str(name))
        head = requests.head(address + shown.path + path, allow_redirects=True, timeout=PATIENCE)
        assert int(head.headers["Content-Length"]) == len(store.read(str(name)))
    part = get(address, f"{shown.path}/clips/1", headers={"Range": "bytes=100-199"})
    assert part.status_code == 206
    assert part.content == store.read(str(named["/clips/1"][0]))[100:200]
    assert part.headers["Content-Type"] == "video/mp4"
    cues = get(address, f"{shown.path}/sprites.vtt")
    assert (cues.status_code, "sprites/0#xywh=" in cues.text) == (200, True)
    video = get(address, f"{shown.path}/video", allow_redirects=False)
    assert video.status_code == 307
    assert requests.get(video.headers["Location"], timeout=PATIENCE).content[4:8] == b"ftyp"
    for secret in ("X-Amz", KEY, SECRET):
        assert secret not in caplog.text
        for file in [path for path in shown.config.serve.directory.rglob("*") if path.is_file()]:
            assert secret.encode() not in file.read_bytes()


def test_only_the_hosts_of_the_buckets_are_added_to_what_a_page_may_load(
    shown: Shown, address: str, s3: S3, tmp_path: Path
) -> None:
    policy = get(address, "/").headers["Content-Security-Policy"]
    assert f"img-src 'self' {s3.endpoint} data: blob:" in policy
    assert f"media-src 'self' {s3.endpoint} blob:" in policy
    assert policy.count(s3.endpoint) == 2
    with serving(config_in(tmp_path), no_auth=True) as (other, _):
        assert "http" not in get(other, "/").headers["Content-Security-Policy"]


@pytest.mark.parametrize(
    "path",
    [
        "v.mp4.json",
        "clips/../v.mp4.json",
        "thumbnails/v.mp4/x/scene_001.jpg",
        "/clips/v.mp4",
        "clips//v.mp4",
        "clips",
        "clips/./v.mp4",
        "s3://other/clips/v.mp4",
    ],
)
def test_a_record_leads_only_to_clips_of_its_own_folder(shown: Shown, s3: S3, path: str) -> None:
    changed = hostile(shown, path)
    with serving(shown.config, no_auth=True) as (address, _):
        answer = get(address, f"{changed}/clips/1", allow_redirects=False)
    assert (answer.status_code, answer.json()["detail"]) == (404, "the file of clip 1 is not there")


def test_records_in_other_buckets_are_not_shown(shown: Shown, s3: S3) -> None:
    other = s3.new_bucket()
    refused = hostile(shown, "clips/v.mp4/1.mp4", f"{shown.bucket}/out2", f"{other}/v.mp4")
    ObjectStore(f"{shown.bucket}/out2").write("clips/v.mp4/1.mp4", b"not to be shown")
    with serving(shown.config, no_auth=True) as (address, _):
        answer = get(address, f"{refused}/clips/1", allow_redirects=False)
        assert answer.status_code == 404
        assert "[Serve] AllowedBuckets" in answer.json()["detail"]
        assert get(address, f"{refused}/video", allow_redirects=False).status_code == 404


def hostile(shown: Shown, path: str, folder: str = "", url: str = "https://host/hostile.mp4") -> str:
    """Put a record with this path of its clip into the library; its address."""
    record: Any = {
        **shown.record,
        "filename": "hostile.mp4",
        "path": None,
        "source": {**shown.record["source"], "url": url},
        "segments": [{**shown.record["segments"][0], "path": path}],
    }
    with open_library(shown.config) as library:
        library.save(record, folder or f"{shown.bucket}/out")
    return f"/api/v1/videos/{video_key(url)}"


LOADED = """async ([picture, video]) => {
    const image = new Image();
    image.src = picture;
    await image.decode();
    const player = document.createElement("video");
    player.src = video;
    await new Promise((done, failed) => { player.onloadedmetadata = done; player.onerror = failed; });
    return [image.naturalWidth, Math.round(player.duration)];
}"""


def test_a_page_shows_pictures_and_plays_clips_from_the_bucket(shown: Shown, address: str, page: Any) -> None:
    page.goto(f"{address}{shown.path.removeprefix('/api/v1')}")
    page.wait_for_selector("video")
    found = page.evaluate(LOADED, [f"{shown.path}/scenes/1/thumbnail", f"{shown.path}/clips/1"])
    assert found[0] > 0
    assert found[1] == 4
    assert urlsplit(page.url).netloc == urlsplit(address).netloc
