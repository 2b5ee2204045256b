"""The page of a video in a real browser: frames, scenes, corrections, clips in place of a video, hostile texts."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.browser import serious_problems, wait_until
from tests.waiting import until
from tests.web import config_in, get, serving
from vidkit import process_video_pipeline
from vidkit.curate.retag import retagged, write_json
from vidkit.ffmpeg import find_tool
from vidkit.library import LibraryEntry, video_key
from vidkit.tagging.user_rules import open_rules
from vidkit.web.services import Services
from vidkit.workflow.run import RunSpec, open_run

FPS, SECONDS = 10, 24
EVIL = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
# The number of the frame that is seen, which the brightness of two halves tells.
FRAME = """(() => {
  const video = document.querySelector("vidkit-media video:not(.waits)");
  if (!video || video.readyState < 2 || video.seeking) return null;
  const pen = Object.assign(document.createElement("canvas"), { width: 64, height: 36 }).getContext("2d");
  pen.drawImage(video, 0, 0, 64, 36);
  // Red is brightness alone, as the other channels have the colour.
  const digit = (x) => Math.round(pen.getImageData(x, 18, 1, 1).data[0] / (12 * 255 / 219));
  return digit(16) + 16 * digit(48);
})()"""


class Site(NamedTuple):
    """A server over a library with videos."""

    address: str
    services: Services
    keys: dict[str, str]

    def open(self, page: Any, name: str, query: str = "") -> None:
        page.goto(f"{self.address}/videos/{self.keys[name]}?{query}")
        page.locator("vidkit-player").wait_for()

    def record(self, name: str) -> Any:
        return get(self.address, f"/api/v1/videos/{self.keys[name]}").json()


def make_numbered(path: Path, encoder: str) -> None:
    """A video whose frames tell their number by the brightness of their halves."""
    low, high = "16+12*mod(N\\,16)", "16+12*floor(N/16)"
    picture = f"geq=lum='if(lt(X\\,W/2)\\,{low}\\,{high})':cb='60+70*mod(floor(N/{3 * FPS})\\,2)':cr=128"
    source = f"color=s=320x180:r={FPS}:d={SECONDS},format=yuv420p,{picture}"
    words = [find_tool("ffmpeg"), "-v", "error", "-y", "-f", "lavfi", "-i", source, "-c:v", encoder]
    quality = ["-crf", "10", "-bf", "2"] if encoder == "libx264" else ["-q:v", "2"]
    subprocess.run([*words, *quality, "-g", "50", path], check=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("page")
    config = config_in(root)
    processing = replace(config.processing, segment_length=8.0, segment_overlap=0.0, sprite_interval=2.0)
    config = replace(config, processing=processing)
    make_numbered(root / "numbered.mp4", "libx264")
    make_numbered(root / "old.avi", "mpeg4")
    keys = {}
    with open_run(RunSpec(config=config)) as run:
        for name in ("numbered.mp4", "old.avi"):
            process_video_pipeline(str(root / name), run=run)
            keys[name] = video_key(str(root / name))
    with serving(config, no_auth=True) as (address, services):
        _describe(services, keys)
        yield Site(address, services, keys)


def _describe(services: Services, keys: dict[str, str]) -> None:
    """Give a video scenes every three seconds, with descriptions, some of them hostile."""
    entry = services.library.by_key(keys["numbered.mp4"])
    assert entry is not None
    record = entry.record
    scene = record["scenes"][0]
    record["scenes"] = [
        {**scene, "index": n + 1, "start_time": n * 3.0, "end_time": n * 3.0 + 3, "description": f"Boat {n + 1}."}
        for n in range(SECONDS // 3)
    ]
    record["scenes"][4]["description"] = f"A harbour. {EVIL}"
    record["qwen_description"] = f"A night shot of boats. {EVIL}"
    record["ai_generated_tags"] = [f"Sea {EVIL}"]
    record["source"]["columns"] = {EVIL: EVIL}
    record = retagged(record, open_rules(services.config))
    services.library.save(record, entry.folder)
    write_json(LibraryEntry(record, entry.folder), record)


@pytest.fixture
def view(page: Any) -> Any:
    page.set_viewport_size({"width": 1440, "height": 1100})
    return page


def frame_of(page: Any, wanted: int | None = None) -> int:
    """The number of the frame that is seen: the wanted one, if that is given, as soon as it is there."""
    test = FRAME if wanted is None else f"{FRAME} === {wanted}"
    found = wait_until(page, f"(() => {{ const found = {test}; return found === null ? null : [found]; }})()")
    if wanted is not None:
        wait_until(page, f"{FRAME} === {wanted}")
        return wanted
    return int(found[0])


def press(page: Any, key: str) -> None:
    page.keyboard.press(key)


@pytest.mark.slow
def test_a_person_watches_a_video_frame_by_frame(site: Site, view: Any) -> None:
    """Every way to a frame shows just that one: the address, scenes, clips, steps, a typed time, the time line."""
    site.open(view, "numbered.mp4", "m=scene:3")
    frame_of(view, 6 * FPS)
    press(view, "]")
    frame_of(view, 9 * FPS)
    press(view, ".")
    frame_of(view, 9 * FPS + 1)
    press(view, ".")
    frame_of(view, 9 * FPS + 2)
    for left in (1, 0, -1):
        press(view, ",")
        frame_of(view, 9 * FPS + left)
    press(view, "[")
    frame_of(view, 6 * FPS)
    view.get_by_role("tab", name="Scenes").click()
    view.get_by_role("button", name="Scene 8,").click()
    frame_of(view, 21 * FPS)
    wait_until(view, "new URLSearchParams(location.search).get('t') === '21'")
    view.get_by_role("tab", name="Clips").click()
    view.get_by_role("button", name="Clip 2,").click()
    frame_of(view, 8 * FPS)
    view.get_by_role("tab", name="Contact sheet").click()
    view.get_by_role("button", name="0:14", exact=True).click()
    frame_of(view, 14 * FPS)
    press(view, "t")
    view.keyboard.type("0:10.5")
    press(view, "Enter")
    frame_of(view, 105)
    press(view, "t")
    view.keyboard.type("#77")
    press(view, "Enter")
    frame_of(view, 77)
    lanes = view.locator(".time-line canvas").bounding_box()
    view.mouse.click(lanes["x"] + lanes["width"] * 0.65, lanes["y"] + 40)  # within scene 6, which begins at 15 s
    frame_of(view, 15 * FPS)
    wait_until(view, "new URLSearchParams(location.search).get('t') === '15'")
    view.mouse.click(lanes["x"] + lanes["width"] * 0.5, lanes["y"] + 10)  # the ruler
    wait_until(view, f"Math.abs({FRAME} - {12 * FPS}) <= 1")
    wait_until(view, "Math.abs(new URLSearchParams(location.search).get('t') - 12) <= 0.11")
    view.reload()
    wait_until(view, f"Math.abs({FRAME} - {12 * FPS}) <= 1")


@pytest.mark.slow
def test_the_frame_that_a_click_will_show_is_ready_before_it(site: Site, view: Any) -> None:
    """A click on a scene only shows the video that waits: its frame is decoded since the pointer rests on it."""
    site.open(view, "numbered.mp4", "m=scene:3")
    frame_of(view, 6 * FPS)
    view.get_by_role("tab", name="Scenes").click()
    ready = """(second) => {
      const waits = document.querySelector("vidkit-media video.waits");
      return Math.abs(waits.currentTime - second) < 0.05 && !waits.seeking && waits.readyState >= 2;
    }"""
    view.get_by_role("button", name="Scene 8,").hover()
    wait_until(view, f"({ready})(21)")
    assert view.evaluate(FRAME) == 6 * FPS  # what is seen stays
    view.evaluate("window.waited = document.querySelector('vidkit-media video.waits')")
    view.get_by_role("button", name="Scene 8,").click()
    assert view.evaluate("!waited.classList.contains('waits') && !waited.seeking")
    frame_of(view, 21 * FPS)
    view.get_by_role("button", name="Scene 2,").focus()
    wait_until(view, f"({ready})(3)")
    press(view, "Enter")
    frame_of(view, 3 * FPS)
    press(view, "]")
    frame_of(view, 6 * FPS)
    wait_until(view, f"({ready})(9)")  # the scene that the same key leads to next


@pytest.mark.slow
def test_a_person_plays_loops_zooms_and_sees_it_in_the_address(site: Site, view: Any) -> None:
    site.open(view, "numbered.mp4", "t=3&loop=3-4.5")
    frame_of(view, 3 * FPS)
    view.evaluate("""window.seen = [];
      const player = document.querySelector("vidkit-player");
      player.addEventListener("frame", () => player.frameTime !== seen.at(-1) && seen.push(player.frameTime));""")
    press(view, ">")
    press(view, ">")
    press(view, "k")
    wait_until(view, "seen.filter((time, place) => time < seen[place - 1]).length >= 3")
    press(view, "Space")
    times = view.evaluate("seen")
    assert min(times) >= 2.9
    # A slow machine shows few frames. The first that is beyond the end leads back, wherever it is.
    beyond = "".join("x" if time > 4.6 else " " for time in times)
    assert "xxx" not in beyond
    view.locator("#video-time").fill("0:04")
    press(view, "Enter")
    frame_of(view, 4 * FPS)
    assert view.evaluate("document.querySelector('vidkit-player').rate") == 2
    press(view, "r")
    wait_until(view, "!new URLSearchParams(location.search).has('loop')")
    press(view, "r")
    wait_until(view, "new URLSearchParams(location.search).get('loop') === '3-6'")
    before = view.locator(".time-line canvas").screenshot()
    press(view, "+")
    press(view, "+")
    until(lambda: view.locator(".time-line canvas").screenshot() != before)
    press(view, "0")
    view.mouse.move(0, 0)
    press(view, "?")
    keys = view.locator("dialog").inner_text()
    assert "previous scene" in keys
    assert "one frame back" in keys


@pytest.mark.slow
def test_a_person_corrects_labels_and_takes_it_back(site: Site, view: Any) -> None:
    record_before = site.record("numbered.mp4")
    site.open(view, "numbered.mp4")
    night = view.locator(".labels-tags > li", has_text="Night-time Filming")
    night.locator("summary").click()
    assert "night shot" in night.inner_text()
    assert "the description" in night.inner_text()
    view.get_by_label("Class", exact=True).fill("Boats")
    press(view, "Enter")
    view.get_by_role("button", name="Undo").wait_for()
    assert site.record("numbered.mp4")["classification"] == "Boats"
    view.get_by_label("Add a tag", exact=True).fill("Calm sea")
    press(view, "Enter")
    view.locator(".labels-tags > li", has_text="Calm sea").get_by_text("person", exact=True).wait_for()
    night.get_by_role("button", name="Remove").click()
    view.get_by_role("button", name="Put Night-time Filming back").wait_for()
    record = site.record("numbered.mp4")
    assert "Calm sea" in record["tags"]
    assert "Night-time Filming" not in record["tags"]
    view.evaluate("document.activeElement.blur()")
    for _ in range(3):  # no undo waits for the one before it
        press(view, "u")
    until(lambda: site.record("numbered.mp4")["corrections"] is None)
    assert "Night-time Filming" in site.record("numbered.mp4")["tags"]
    wait_until(view, "!document.querySelector('.labels-removed')")
    wait_until(view, f"document.getElementById('video-class').value === {record_before['classification']!r}")


@pytest.mark.slow
def test_a_video_that_the_browser_cannot_play_is_played_by_its_clips(site: Site, view: Any) -> None:
    assert site.record("old.avi")["codec"] == "mpeg4"
    site.open(view, "old.avi", "t=7.5")
    view.get_by_text("its clips are played one after another").wait_for()
    first = frame_of(view)
    assert abs(first - 75) <= 1
    press(view, "k")
    wait_until(view, f"{FRAME} > 83")  # over the end of the first clip, which is at 8 seconds
    press(view, "k")
    assert view.evaluate("document.querySelector('vidkit-player').mode") == "clips"
    press(view, "t")
    view.keyboard.type("0:20")
    press(view, "Enter")
    wait_until(view, f"Math.abs({FRAME} - 200) <= 1")


@pytest.mark.slow
def test_what_a_model_or_a_csv_says_is_only_text(site: Site, view: Any) -> None:
    site.open(view, "numbered.mp4", "from=q%3Dharbour")
    view.get_by_text("A night shot of boats.").wait_for()
    view.get_by_role("tab", name="Scenes").click()
    view.get_by_text("A harbour.").first.wait_for()
    wait_until(view, "document.querySelector('.time-line-names').textContent.includes('Moments')")
    lanes = view.locator(".time-line canvas").bounding_box()
    view.mouse.move(lanes["x"] + lanes["width"] * 13 / 24, lanes["y"] + 40)
    view.locator(".time-line-hover").get_by_text("A harbour.").wait_for()
    assert view.evaluate("window.hacked") is None
    assert view.locator("main img[src='x']").count() == 0


@pytest.mark.slow
def test_the_page_is_for_everyone(site: Site, view: Any) -> None:
    site.open(view, "numbered.mp4")
    view.locator(".labels-tags > li").first.wait_for()
    for tab in ("Contact sheet", "Scenes", "Clips"):
        view.get_by_role("tab", name=tab).click()
        assert serious_problems(view) == []
    view.set_viewport_size({"width": 375, "height": 800})
    wait_until(view, "document.documentElement.scrollWidth <= 375")


@pytest.mark.slow
def test_a_person_erases_a_video_after_one_question(site: Site, view: Any) -> None:
    record = {**site.record("numbered.mp4")}
    record["source"] = {**record["source"], "url": "https://videos.example/short.mp4"}
    record |= {"filename": "short.mp4", "path": None}
    folder = site.services.config.paths.processed_directory.absolute()
    site.services.library.save(record, folder)
    site.keys["short.mp4"] = video_key(record["source"]["url"])
    site.open(view, "short.mp4", "from=q%3Dboat")
    view.get_by_text("The download of this video was not kept").wait_for()
    view.get_by_role("button", name="Erase").click()
    view.get_by_role("button", name="Cancel").click()
    assert site.record("short.mp4")["filename"] == "short.mp4"
    view.get_by_role("button", name="Erase").click()
    view.locator("dialog").get_by_role("button", name="Erase").click()
    wait_until(view, "location.pathname === '/' && location.search === '?q=boat'")
    assert site.services.library.by_key(site.keys["short.mp4"]) is None
