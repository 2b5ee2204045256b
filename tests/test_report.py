"""`vidkit report`: its numbers, its pictures and their limits, its file, and what it must not tell."""

from __future__ import annotations

import base64
import json
import re
import tracemalloc
from pathlib import Path
from typing import Any

import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.core.files import open_within
from vidkit.library import LibraryEntry, Query, open_library
from vidkit.report.charts import columns, over_time, parts
from vidkit.report.figures import MOST_VALUES, OTHERS, figures_of
from vidkit.tagging.user_rules import open_rules
from vidkit.web.access.actors import Actor
from vidkit.web.access.audit import AuditLog
from vidkit.web.state import StateDatabase
from vidkit.workflow.journal import Journal

from .conftest import MakeVideo
from .records import keep, make_record
from .test_library import HOMES, Settings, server, settings  # noqa: F401

Capture = pytest.CaptureFixture[str]
JPEG = b"\xff\xd8\xff\xe0" + bytes(range(256)) * 20  # 5 kB


def report(*arguments: str) -> str:
    """What `vidkit report` writes into `report.html`."""
    assert main(["report", *arguments]) == 0
    return Path("report.html").read_text(encoding="utf-8")


def numbers(capsys: Capture, *arguments: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["report", "--json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def pictures(page: str) -> list[bytes]:
    """The pictures that stand in a page."""
    return [base64.b64decode(each) for each in re.findall(r'src="data:image/jpeg;base64,([^"]*)"', page)]


def with_pictures(name: str, scenes: int, content: bytes = JPEG) -> dict[str, Any]:
    """A record whose scenes have pictures, which are all different."""
    record: Any = make_record(name, scenes=[f"scene {number}" for number in range(scenes)])
    folder = Path("processed_videos/thumbnails", name)
    folder.mkdir(parents=True)
    for scene in record["scenes"]:
        scene["thumbnail"] = f"thumbnails/{name}/{scene['index']}.jpg"
        (folder / f"{scene['index']}.jpg").write_bytes(content + f"{name} {scene['index']}".encode())
    return record  # type: ignore[no-any-return]


def test_the_numbers_are_those_of_stats_for_the_library_and_for_a_search(capsys: Capture) -> None:
    keep(
        make_record("a.mp4", classification="Boats", tags=["Water"], columns={"topic": "sea"}, segments=["x", "y"]),
        make_record("b.mp4", classification="Boats", tags=["Water", "Night"], duration=20.0, scenes=["s", "t"]),
        make_record("c.mp4", codec="vp9", duration=5.5, columns={"topic": "sea"}),
    )
    Path("processed_videos/failures.csv").write_text(
        "public_url,failed_stage,failed_reason\nhttp://x/1,download,HTTP 404\n"
    )
    for arguments in ([], ["--by", "topic"], ["--tag", "Water"], ["--class", "Boats", "--min-duration", "30"]):
        capsys.readouterr()
        assert main(["stats", "--json", *arguments]) == 0
        stats = json.loads(capsys.readouterr().out)
        found = numbers(capsys, *arguments)
        assert {key: found[key] for key in stats} == stats
    found = numbers(capsys)
    assert found["failures"] == [{"stage": "download", "reason": "HTTP 404", "videos": 1}]
    assert (found["scenes"], found["clips"], found["shortest"], found["longest"]) == (4, 2, 5.5, 60.0)
    boats = {"value": "Boats", "videos": 2, "clips": 2, "seconds": 80.0}
    assert found["class_balance"] == [boats, {"value": "Unclassified", "videos": 1, "clips": 0, "seconds": 5.5}]
    assert found["processed"]["days"] == {"2026-01-02": 3}
    assert not Path("report.html").exists()


def test_a_word_to_leave_out_is_no_option(capsys: Capture) -> None:
    keep(make_record("a.mp4", qwen_description="a red boat"), make_record("b.mp4", qwen_description="a red car"))
    assert numbers(capsys, "red")["videos"] == 2
    assert numbers(capsys, "red", "-boat")["videos"] == 1


@pytest.mark.parametrize("home", HOMES)
def test_a_report_is_the_same_with_each_backend(
    home: str,
    settings: Settings,  # noqa: F811
    capsys: Capture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in settings(home).items():
        monkeypatch.setenv(name, value)
    keep(*(with_pictures(f"{name}.mp4", 2) | {"tags": [name]} for name in "abc"))  # type: ignore[arg-type]
    found = numbers(capsys, "--tag", "b")
    assert (found["videos"], found["scenes"], found["tags"]) == (1, 2, {"b": 1})
    page = report("--sort", "name")
    assert re.findall(r"<h3><bdi>(.\.mp4)", page) == ["a.mp4", "b.mp4", "c.mp4"]
    assert len(set(pictures(page))) == 6


def test_a_processed_video_is_shown_with_the_pictures_of_its_scenes(make_video: MakeVideo) -> None:
    assert main(["process", "--describe", "none", "--urls", str(make_video(shots=3))]) == 0
    page = report("--title", "Three shots")
    (made,) = Path("processed_videos/thumbnails").glob("*/*/")
    assert sorted(pictures(page)) == sorted(path.read_bytes() for path in made.glob("scene_*.jpg"))
    assert "<title>Three shots</title>" in page
    assert "All videos are shown, the newest first, with 3 thumbnails of their 3 scenes." in page


def test_a_video_in_a_bucket_is_shown_with_its_pictures(make_video: MakeVideo, results: str) -> None:
    assert main(["process", "--describe", "none", "--urls", str(make_video(shots=2))]) == 0
    assert len(pictures(report())) == 2


def test_the_limits_hold_and_the_page_says_so() -> None:
    keep(*(with_pictures(f"{number}.mp4", scenes) for number, scenes in enumerate([1, 5, 40])))  # type: ignore[arg-type]
    page = report("--pictures", "20")
    # No video has more than its share, and what one leaves is another one's.
    assert [len(pictures(video)) for video in page.split("<article")[1:]] == [14, 5, 1]
    assert "All videos are shown, the newest first, with 20 thumbnails of their 46 scenes." in page
    assert "The limits of this page are 40 videos, 20 thumbnails and 10.0 MB." in page
    page = report("--videos", "1")
    assert "1 of 3 videos are shown" in page
    page = report("--max-size", "100kB")
    assert 80_000 < Path("report.html").stat().st_size <= 100_000
    assert min(len(pictures(video)) for video in page.split("<article")[1:]) == 1
    assert "the size is reached" in page
    page = report("--max-size", "1kB", "--rows", "0")
    assert pictures(page) == []


def test_the_scenes_with_the_words_of_a_search_come_first_and_are_marked() -> None:
    record: Any = with_pictures("a.mp4", 30)
    for number in (4, 20):
        record["scenes"][number]["description"] = "two boats at sea"
    record["readings"] = {
        "speech": {
            "model": None, "version": "1", "error": None,
            "spans": [{"start_time": 101.0, "end_time": 103.0, "text": "we take the boat"}],
        }
    }  # fmt: skip
    keep(record, make_record("b.mp4"))
    page = report("boat", "--pictures", "5", "--title", "Boats")
    assert "<li>words: <bdi>boat</bdi></li>" in page
    shown = re.findall(r'<figure( class="found")?>.*?<span class="at">(.*?)</span>', page)
    found = [time for mark, time in shown if mark]
    assert found == ["0:40 – 0:50", "1:40 – 1:50", "3:20 – 3:30"]
    assert len(shown) == 5


def test_a_picture_that_is_not_one_of_the_videos_own_is_not_shown(tmp_path: Path) -> None:
    Path("secret.jpg").write_bytes(JPEG + b"secret")
    record = with_pictures("a.mp4", 6)
    thumbnails = Path("processed_videos/thumbnails")
    (thumbnails / "link.jpg").symlink_to(tmp_path / "secret.jpg")
    (thumbnails / "page.jpg").write_text("<script>")
    (thumbnails / "large.jpg").write_bytes(JPEG + bytes(400_000))
    names = ["../secret.jpg", "thumbnails/link.jpg", str(tmp_path / "secret.jpg"), "thumbnails/page.jpg"]
    names += ["thumbnails/large.jpg", "thumbnails/../../secret.jpg"]
    for scene, name in zip(record["scenes"], names, strict=True):
        scene["thumbnail"] = name
    keep(record)  # type: ignore[arg-type]
    page = report()
    assert pictures(page) == []
    assert page.count('class="no-picture"') == 6
    with pytest.raises(FileNotFoundError):
        open_within(tmp_path, "secret.jpg", [thumbnails])


def test_a_file_is_replaced_only_if_it_is_a_report_or_if_that_is_asked_for(capsys: Capture) -> None:
    keep(make_record())
    Path("mine.html").write_text("mine")
    assert main(["report", "--out", "mine.html"]) == 2
    assert "mine.html is there and is no report" in capsys.readouterr().err
    assert Path("mine.html").read_text() == "mine"
    assert main(["report", "--out", "mine.html", "--overwrite"]) == 0
    assert main(["report", "--out", "mine.html", "--title", "again"]) == 0
    assert "<title>again</title>" in Path("mine.html").read_text()
    Path("folder").mkdir()
    assert main(["report", "--out", "folder", "--overwrite"]) == 2
    assert main(["report", "--out", "s3://bucket/report.html"]) == 2
    assert main(["report", "--out", "new/place/r.html"]) == 0
    assert Path("new/place/r.html").is_file()


def test_a_report_that_fails_leaves_the_older_one(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(make_record())
    older = report()
    monkeypatch.setattr("os.fsync", lambda file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert main(["report", "--title", "new"]) == 2
    assert "report.html cannot be written: No space left on device" in capsys.readouterr().err
    assert Path("report.html").read_text() == older
    assert [path.name for path in Path().glob(".vidkit-*")] == []


def test_a_search_that_finds_nothing_and_a_mistake_are_said(capsys: Capture) -> None:
    keep(make_record())
    assert "No video of the library matches." in report("nothing", "--tag", "Nowhere")
    for mistake in (["--max-size", "much"], ["--by", "nothing.there"], ["--after", "soon"]):
        assert main(["report", *mistake]) == 2
        assert f"{mistake[0]}" in capsys.readouterr().err


def secrets_around(monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and a record that are full of secrets, each with `Qz7k` in it."""
    monkeypatch.setenv("QWEN_VL_ACCESS_KEY", "Qz7k-access")
    monkeypatch.setenv("VIDKIT_QWENVL_PUBLICENDPOINT", "https://me:Qz7k@model.example/v1?api=Qz7k")
    Path("config.ini").write_text("[Readers.mine]\nApiKey = Qz7k\nServer = https://me:Qz7k@host/?token=Qz7k\n")
    name = "see https://me:Qz7k@host/v.mp4?X-Amz-Signature=Qz7k and Qz7k-access.mp4"
    ai: Any = {
        "backend": "endpoint", "model": name, "instruction": f"{name} {'x' * 30_000}", "error": name,
        "outdated": False,
    }  # fmt: skip
    url = "https://host/v.mp4?X-Amz-Credential=Qz7k&X-Amz-Signature=Qz7k"
    keep(make_record("v.mp4", url=url, classification=name, tags=[name], qwen_description=name * 100, ai=ai))
    Path("processed_videos/failures.csv").write_text(f"public_url,failed_stage,failed_reason\nx,{name},{name}\n")


def test_no_secret_is_in_a_report(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    secrets_around(monkeypatch)
    page = report("--audit", "--title", "Qz7k-access", "--out", "report.html")
    assert "PublicEndpoint" in page
    assert "ApiKey" in page
    told = json.dumps(numbers(capsys, "--audit", "--title", "Qz7k-access"))
    for text in (page, told):
        assert [text[at.start() - 80 : at.end()] for at in re.finditer("Qz7k", text)] == []


def test_an_audit_says_what_was_processed_corrected_and_erased_and_by_whom(capsys: Capture) -> None:
    keep(make_record("kept.mp4", finished_at="2026-03-04T05:06:07Z"), make_record("gone.mp4"))
    Path("config.ini").write_text("[SceneDetection]\nDefaultThreshold = 0.25\n")
    state = StateDatabase(load_config().serve.directory)
    AuditLog(state)(Actor("Ada", "label", "192.0.2.7"), "label", "kept.mp4: class Boats")
    state.close()
    assert main(["label", "kept.mp4", "--class", "Boats", "--add-tag", "Sail"]) == 0
    Journal(Path("processed_videos")).close()
    assert main(["forget", "--yes", "https://videos.example/gone.mp4"]) == 0
    found = numbers(capsys, "--audit")
    assert (found["corrected"], found["erased"]) == (1, 1)
    audit = found["audit"]
    assert audit["settings"] == [{"section": "SceneDetection", "key": "DefaultThreshold", "value": "0.25"}]
    assert [line["action"] for line in audit["changes"]["rows"]] == ["forget", "label"]
    assert [(line["who"], line["what"]) for line in audit["erased"]] == [("command line", "1 video")]
    (corrected,) = audit["corrections"]["rows"]
    assert (corrected["filename"], corrected["classification"], corrected["added"]) == (
        "kept.mp4",
        "Boats",
        ["Sail"],
    )
    (video,) = audit["videos"]["rows"]
    assert video["at"] == "2026-03-04T05:06:07Z"
    assert video["stages"]["probe"] == "5f2a"
    page = report("--audit")
    for text in ("DefaultThreshold", "2026-03-04 05:06", "Ada", "kept.mp4: class Boats", "+<bdi>Sail</bdi>"):
        assert text in page
    assert "192.0.2.7" not in page + json.dumps(found)
    assert "gone" not in page
    plain = report()  # what is for people outside says nothing of that
    for text in ("DefaultThreshold", "Ada", "5f2a"):
        assert text not in plain
    assert "audit" not in numbers(capsys)


def test_tags_by_older_rules_are_counted(capsys: Capture) -> None:
    keep(make_record("a.mp4"), make_record("b.mp4"))
    assert main(["retag"]) == 0
    assert numbers(capsys)["made_with"]["rules"] | {"fingerprint": ""} == {
        "fingerprint": "", "current": 2, "older": 0, "unknown": 0,
    }  # fmt: skip
    Path("custom_tags.json").write_text('{"rules": [{"description_keywords": ["sea"], "tags": ["Sea"]}]}')
    assert numbers(capsys)["made_with"]["rules"]["older"] == 2


def test_memory_does_not_grow_with_the_videos(tmp_path: Path) -> None:
    def records(start: int, number: int) -> list[LibraryEntry]:
        made = (
            make_record(
                f"{at}.mp4",
                tags=[f"tag {at}"],
                qwen_description=f"{at} " * 1000,
                url=f"https://h{at}.example/v.mp4",
            )
            for at in range(start, start + number)
        )
        return [LibraryEntry(record, tmp_path) for record in made]

    with open_library(load_config()) as library:
        used = []
        for start, number in ((0, 600), (600, 600)):
            library.save_all(records(start, number))
            tracemalloc.start()
            found = figures_of(library, Query(), open_rules(load_config()), rows=10)
            used.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    assert found.videos == 1_200
    assert len(found.hosts) == MOST_VALUES + 1
    assert found.hosts[OTHERS] == 200
    assert len(found.processed.rows()) == 10
    assert used[1] - used[0] < 500_000  # the second half of the records has 2.4 MB of text


def test_times_are_grouped_so_that_a_chart_can_show_them() -> None:
    assert over_time({}) == ("day", [])
    assert over_time({"2026-02-27": 1, "2026-03-01": 2}) == (
        "day",
        [("2026-02-27", 1), ("2026-02-28", 0), ("2026-03-01", 2)],
    )
    unit, months = over_time({"2025-11-30": 1, "2026-02-01": 2, "2026-02-28": 3})
    assert (unit, months) == ("month", [("2025-11", 1), ("2025-12", 0), ("2026-01", 0), ("2026-02", 5)])
    unit, years = over_time({f"{year:04d}-01-01": 1 for year in range(1, 9999, 7)})
    assert (unit, len(years)) == ("year", 62)
    assert sum(part.width for part in parts([3, 2, 1] * 9)) == pytest.approx(1000, abs=0.1)
    assert [column.height for column in columns([("a", 1), ("b", 4)])] == [25, 100]
