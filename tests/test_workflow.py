from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from vidkit import process_video_pipeline
from vidkit.analysis.encoders import ENCODERS, _failure
from vidkit.core.config import Config, load_config
from vidkit.errors import ConfigError, DownloadError, MediaError, VidkitError
from vidkit.record import REQUIRED, Record
from vidkit.rows import Row
from vidkit.workflow import source_key
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .misbehaving_server import Asked, Reply, Server


def describing(asked: Asked) -> Reply:
    return Reply(b'{"description": "A drone flies over a river.", "tags": ["River"]}', type="application/json")


def settings(**overrides: str) -> Config:
    """`Section_Key="text"` for each setting."""
    return load_config(overrides={tuple(name.split("_")): text for name, text in overrides.items()}, environment={})  # type: ignore[misc]


def process(url: str, config: Config | None = None, row: Row | None = None, **options: object) -> Record:
    with open_run(config or settings(), **options) as run:  # type: ignore[arg-type]
        return process_video_pipeline(url, run=run, row=row)


def gets(server: Server, path: str) -> int:
    return sum(asked.method == "GET" for asked in server.asked_for(path))


def test_a_url_becomes_a_whole_record_with_every_file_it_names(server: Server, make_video: MakeVideo) -> None:
    body = make_video(shots=3, shot_length=2, size="640x360", audio=True).read_bytes()
    url = server.at("/three.mp4", Reply(body, etag='"1"'))
    record = process(url, settings(Processing_SegmentLength="4"))
    file = Path("processed_videos/three.mp4.json")
    assert json.loads(file.read_text()) == record
    assert list(record) == [*REQUIRED, "pictures"]
    assert record["schema"] == "vidkit/1"
    assert record["filename"] == "three.mp4"
    assert record["source"]["url"] == record["source"]["resolved_url"] == url
    assert record["resolution"] == "640x360"
    assert record["id"] == record["sha256"][:16]
    assert [round(scene["start_time"]) for scene in record["scenes"]] == [0, 2, 4]
    made_from = record["processing"]["stages"]["clips"]["fingerprint"][:8]
    assert [segment["path"] for segment in record["segments"]] == [
        f"clips/three.mp4/{made_from}/three_clip_001.mp4",
        f"clips/three.mp4/{made_from}/three_clip_002.mp4",
    ]
    names = [record["path"], *(s["thumbnail"] for s in record["scenes"]), *(s["path"] for s in record["segments"])]
    assert all(name and (file.parent / name).stat().st_size > 0 for name in names)
    assert record["tags"] == ["H.264 Codec"]
    assert record["classification"] == "Unclassified"
    assert record["ai"] is None
    assert set(record["processing"]["stages"]) == {
        "download",
        "probe",
        "scenes",
        "clips",
        "pictures",
        "describe",
        "tag",
    }
    assert Path("downloaded_videos/three.mp4").read_bytes() == body


def test_a_second_run_does_nothing_again(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    first = process(url)
    Path("downloaded_videos/v.mp4").unlink()
    assert process(url) == first
    assert gets(server, "/v.mp4") == 1


def test_a_source_that_changed_is_done_again(server: Server, make_video: MakeVideo) -> None:
    other = make_video(shots=2, audio=False)
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'), Reply(other, etag='"2"'))
    first, second = process(url), process(url)
    assert first["sha256"] != second["sha256"]
    assert second["size"] == other.stat().st_size
    assert len(second["scenes"]) == 2


def test_a_csv_that_tells_size_and_time_needs_no_request(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video()))
    row = Row(line=2, url=url, file_size="12", last_modified="2026-11-20", columns={"label": "walk"})
    first = process(url, row=row)
    assert first["source"]["columns"] == {"label": "walk"}
    asked = len(server.asked)
    assert process(url, row=row) == first
    assert len(server.asked) == asked
    newer = Row(line=2, url=url, file_size="12", last_modified="2026-11-21", columns={"label": "run"})
    again = process(url, row=newer)
    assert gets(server, "/v.mp4") == 2
    assert again["source"]["columns"] == {"label": "run"}
    assert again["processing"]["stages"]["clips"] == first["processing"]["stages"]["clips"]


def test_only_the_stage_whose_setting_changed_is_done_again(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2), etag='"1"'))
    first = process(url)
    second = process(url, settings(Processing_SegmentLength="1"))
    third = process(url, settings(Processing_SegmentLength="1", SceneDetection_DefaultThreshold="0.9"))
    assert len(second["segments"]) == 4
    stages = [record["processing"]["stages"] for record in (first, second, third)]
    assert stages[1]["scenes"] == stages[0]["scenes"]
    assert stages[1]["clips"] != stages[0]["clips"]
    assert stages[2]["clips"] == stages[1]["clips"]
    assert stages[2]["scenes"] != stages[1]["scenes"]
    assert gets(server, "/v.mp4") == 1
    assert len(list(Path("processed_videos/clips/v.mp4").rglob("*.mp4"))) == 4  # none of the older ones
    assert len(list(Path("processed_videos/thumbnails/v.mp4").iterdir())) == 1


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("Encoder", "auto"),
        ("ClipMode", "encode"),
        ("MaxFPS", "10"),
        ("MaxResolution", "160x90"),
        ("SegmentBy", "scenes"),
    ],
)
def test_another_encoder_or_limit_cuts_clips_again(
    key: str, value: str, server: Server, make_video: MakeVideo
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2), etag='"1"'))

    def clip(record: Record) -> Path:
        return Path("processed_videos", record["segments"][0]["path"])

    first = clip(process(url))
    before = first.stat()
    assert clip(process(url)).stat() == before
    other = clip(process(url, settings(**{f"Processing_{key}": value})))
    assert other.is_file()
    assert not first.exists()
    assert gets(server, "/v.mp4") == 1


def test_clips_along_scenes_are_made_again_when_the_scenes_are(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=3), etag='"1"'))
    first = process(url, settings(Processing_SegmentBy="scenes"))
    second = process(url, settings(Processing_SegmentBy="scenes", SceneDetection_DefaultThreshold="1"))
    assert [len(record["segments"]) for record in (first, second)] == [3, 1]
    for record in (first, second):
        spans = [[(part["start_time"], part["end_time"]) for part in record[key]] for key in ("scenes", "segments")]  # type: ignore[literal-required]
        assert spans[0] == spans[1]


def test_scenes_and_clips_that_are_both_to_be_made_take_one_decode(
    make_video: MakeVideo, caplog: pytest.LogCaptureFixture
) -> None:
    def decodes(**changes: str) -> int:
        caplog.clear()
        with caplog.at_level(logging.DEBUG, logger="vidkit"):
            process(str(make_video(shots=2)), settings(Processing_ClipMode="encode", **changes))
        said = [record.getMessage() for record in caplog.records]
        return sum("-filter_complex" in words for words in said)

    assert decodes() == 1
    assert decodes() == 0
    assert decodes(Processing_SegmentLength="1") == 1
    assert decodes(Processing_SegmentLength="1", SceneDetection_DefaultThreshold="0.9") == 1


def test_a_record_has_the_contact_sheet_and_says_that_all_was_read(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    record = process(url)
    assert record["unread"] == 0
    folder = f"thumbnails/v.mp4/{record['processing']['stages']['scenes']['fingerprint'][:8]}"
    assert record["sprites"] == {
        "vtt": f"{folder}/sprites.vtt",
        "images": [f"{folder}/sprites_001.jpg"],
        "interval": 5.0,
    }
    (Path("processed_videos") / record["sprites"]["images"][0]).unlink()
    process(url)
    assert (Path("processed_videos") / record["sprites"]["images"][0]).is_file()
    assert process(url, settings(Processing_SpriteInterval="0"))["sprites"] is None


def test_an_encoder_that_does_not_work_stops_the_run_before_the_first_video(make_video: MakeVideo) -> None:
    broken = next(name for name in ENCODERS if _failure(name) is not None)
    with pytest.raises(ConfigError, match=broken):
        process(str(make_video()), settings(Processing_Encoder=broken))
    assert not Path("processed_videos").exists()


def test_edited_rules_only_tag_again(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    first = process(url, settings(Paths_KeepDownloads="no"))
    Path("custom_tags.json").write_text('{"rules": [{"filename_keywords": ["v"], "tags": ["Vee"]}]}')
    second = process(url, settings(Paths_KeepDownloads="no"))
    assert second["tags"] == ["H.264 Codec", "Vee"]
    assert gets(server, "/v.mp4") == 1
    for stage in ("probe", "scenes", "clips"):
        assert second["processing"]["stages"][stage] == first["processing"]["stages"][stage]


def test_a_lost_clip_or_an_emptied_thumbnail_is_made_again(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    first = process(url)
    clip, picture = Path("processed_videos", first["segments"][0]["path"]), first["scenes"][0]["thumbnail"]
    clip.unlink()
    (Path("processed_videos") / str(picture)).write_bytes(b"")
    process(url)
    assert clip.is_file()
    assert (Path("processed_videos") / str(picture)).stat().st_size > 0
    assert gets(server, "/v.mp4") == 1


def test_a_download_that_is_not_kept_is_fetched_again_only_when_it_is_needed(
    server: Server, make_video: MakeVideo
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    keep_none = settings(Paths_KeepDownloads="no")
    first = process(url, keep_none)
    assert first["path"] is None
    assert list(Path("downloaded_videos").iterdir()) == []
    assert process(url, keep_none) == first
    assert gets(server, "/v.mp4") == 1
    process(url, settings(Paths_KeepDownloads="no", Processing_SegmentLength="1"))
    assert gets(server, "/v.mp4") == 2
    assert list(Path("downloaded_videos").iterdir()) == []


def test_force_does_every_stage_again(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    first = process(url)
    second = process(url, force=True)
    assert gets(server, "/v.mp4") == 2
    assert second["processing"]["started_at"] > first["processing"]["started_at"]


def test_the_endpoint_describes_and_the_rules_read_it(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    endpoint = server.at("/describe", describing)
    Path("custom_tags.json").write_text(
        '{"rules": [{"description_keywords": ["drone"], "tags": ["Drone Footage"]}]}'
    )
    record = process(url, settings(QwenVL_PublicEndpoint=endpoint, QwenVL_Protocol="vidkit"), level="video")
    assert record["qwen_description"] == "A drone flies over a river."
    assert record["ai_generated_tags"] == ["River"]
    assert record["tags"] == ["H.264 Codec", "Drone Footage"]
    assert record["classification"] == "Cinematic"
    assert record["ai"] is not None
    assert record["ai"]["backend"] == "endpoint"


def test_a_new_instruction_describes_again_without_downloading_or_cutting(
    server: Server, make_video: MakeVideo
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    endpoint = server.at("/describe", describing)
    base = {"QwenVL_PublicEndpoint": endpoint, "QwenVL_Protocol": "vidkit", "Paths_KeepDownloads": "no"}
    first = process(url, settings(**base), level="video")
    process(url, settings(**base), level="video")
    assert len(server.asked_for("/describe")) == 1
    second = process(url, settings(**base, QwenVL_DefaultInstruction="What happens?"), level="video")
    assert len(server.asked_for("/describe")) == 2
    assert gets(server, "/v.mp4") == 1
    assert second["processing"]["stages"]["clips"] == first["processing"]["stages"]["clips"]


def test_a_description_that_failed_leaves_a_record_and_is_asked_for_again(
    server: Server, make_video: MakeVideo
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    endpoint = server.at("/describe", Reply(b"no", 401), describing)
    config = settings(QwenVL_PublicEndpoint=endpoint, QwenVL_Protocol="vidkit")
    first = process(url, config, level="video")
    assert first["ai"] is not None
    assert "401" in str(first["ai"]["error"])
    assert first["qwen_description"] is None
    second = process(url, config, level="video")
    assert second["qwen_description"] == "A drone flies over a river."
    assert gets(server, "/v.mp4") == 1


def test_a_run_without_a_model_keeps_what_a_model_said_before(server: Server, make_video: MakeVideo) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    endpoint = server.at("/describe", describing)
    process(url, settings(QwenVL_PublicEndpoint=endpoint, QwenVL_Protocol="vidkit"), level="video")
    record = process(url, settings(Processing_SegmentLength="1"), level="none")
    assert record["qwen_description"] == "A drone flies over a river."
    assert len(record["segments"]) == 2


def test_two_urls_with_one_name_keep_two_records_and_their_names(server: Server, make_video: MakeVideo) -> None:
    one = server.at("/a/v.mp4", Reply(make_video(), etag='"1"'))
    two = server.at("/b/v.mp4", Reply(make_video(shots=2), etag='"1"'))
    names = [process(url)["filename"] for url in (one, two, one, two)]
    assert names[0] == names[2] == "v.mp4"
    assert names[1] == names[3] != "v.mp4"
    assert names[1].startswith("v-")
    assert gets(server, "/a/v.mp4") == gets(server, "/b/v.mp4") == 1


@pytest.mark.parametrize("form", ["path", "relative", "uri"])
def test_a_local_file_is_processed_where_it_is(form: str, make_video: MakeVideo, tmp_path: Path) -> None:
    video = tmp_path / "mine -v.mp4"
    video.write_bytes(make_video().read_bytes())
    url = {"path": str(video), "relative": "mine -v.mp4", "uri": video.as_uri()}[form]
    record = process(url, settings(Paths_KeepDownloads="no"))
    assert record["source"]["url"] == str(video) == source_key(url)
    assert record["path"] == "../mine -v.mp4"
    assert video.is_file()
    assert list(Path("downloaded_videos").iterdir()) == []


def test_a_failure_says_its_stage_and_leaves_nothing_half_done(server: Server, make_video: MakeVideo) -> None:
    gone = server.at("/gone.mp4", Reply(b"", 404))
    broken = server.at("/broken.mp4", Reply(make_video().read_bytes()[:3000]))
    for url, kind, stage in ((gone, DownloadError, "download"), (broken, MediaError, "probe")):
        with pytest.raises(kind) as caught:
            process(url)
        assert isinstance(caught.value, VidkitError)
        assert caught.value.stage == stage
    left = [path.name for path in Path("processed_videos").rglob("*") if path.is_file()]
    assert [name for name in left if not name.startswith(".vidkit")] == []


def test_a_password_in_the_url_is_used_and_kept_nowhere(server: Server, make_video: MakeVideo) -> None:
    server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    process(server.url("/v.mp4", userinfo="me:hush"))
    assert server.asked_for("/v.mp4")[0].headers["Authorization"].startswith("Basic ")
    for path in Path().rglob("*"):
        assert not path.is_file() or b"hush" not in path.read_bytes()


def test_the_call_of_the_prototype_works_with_its_names(make_video: MakeVideo, tmp_path: Path) -> None:
    Path("rules.json").write_text('{"rules": [{"metadata_conditions": {"fps_gte": 20}, "tags": ["Smooth"]}]}')
    record = process_video_pipeline(
        video_url=str(make_video(shots=2)), scene_threshold=1.0, custom_rules="rules.json", output_dir="results"
    )
    assert len(record["scenes"]) == 1
    assert "Smooth" in record["tags"]
    assert Path("results/video.mp4.json").is_file()
