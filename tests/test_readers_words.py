"""The readers of texts: keywords, language and summary, of what other readers have read and a model has said."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vidkit.core.config import load_config
from vidkit.readers.protocol import Text, Video
from vidkit.readers.registry import make_reader
from vidkit.readers.words import joined

from .conftest import MakeVideo
from .model_server import ModelServer, serving
from .readers import Install, install
from .test_readers import processed

__all__ = ["install"]

pytest.importorskip("yake", reason="yake is not installed: the extra words")
pytest.importorskip("py3langid", reason="py3langid is not installed: the extra words")

SAYS = """
class It(Reader):
    version = 1
    options = {"Words": Option("", "What is said.")}
    needs = Needs(Pictures(1, 64))

    def read(self, video, batches):
        parts = [part for part in self.settings["Words"].split("/") if part]
        return Reading([Span(n / 2, n / 2 + 0.5, text=part) for n, part in enumerate(parts)])
"""
VOLCANO = (
    "The volcano on the island erupted again this morning./Ash from the volcano fell on the harbour town."
    "/Fishermen left the harbour before the ash came down./The island has one volcano and two villages."
)


@pytest.fixture
def model() -> Iterator[ModelServer]:
    with serving() as server:
        server.protocols = {"openai"}
        server.tags = None
        yield server


@pytest.fixture
def video(install: Install, make_video: MakeVideo) -> Path:
    install("says", SAYS)
    return make_video(shots=1, shot_length=2)


def read(
    video: Path, readers: str, words: str, level: str = "none", url: str = ""
) -> tuple[dict[str, Any], list[str]]:
    """A video's readings, and which readers have read it again."""
    Path("config.ini").write_text(
        f"[Readers]\nUse = {readers}\n[Readers.says]\nWords = {words}\n"
        f"[QwenVL]\nPublicEndpoint = {url}\nModel = tiny\nProtocol = openai\n"
    )
    from vidkit import process_video_pipeline
    from vidkit.workflow.run import open_run

    made: list[str] = []
    with open_run(load_config(), level=level) as run:
        record = process_video_pipeline(str(video), run=run, progress=lambda name, *_: made.append(name))
    return dict(record["readings"]), [name for name in dict.fromkeys(made) if name.startswith("reader:")]


def of_texts(reader: str, *texts: tuple[str, str]) -> Any:
    """What a reader reads of texts with their sources, each of a second."""
    found = [Text(source, n, n + 1.0, text) for n, (source, text) in enumerate(texts)]
    enabled = make_reader(reader, load_config(environment={}))
    return enabled.opened().reader.read(Video("x.mp4", 60, 64, 64, 25, False, texts=found), iter(()))


def test_keywords_are_found_with_the_time_in_which_they_are_said(video: Path) -> None:
    readings, _ = read(video, "says, keywords", VOLCANO)
    reading = readings["keywords"]
    assert reading["error"] is None
    spans = {span["label"].lower(): span for span in reading["spans"]}
    assert {"volcano", "island"} <= spans.keys()
    assert "the" not in spans
    assert (spans["volcano"]["start_time"], spans["volcano"]["end_time"]) == (0, 2)
    assert all(0 < span["score"] <= 1 for span in reading["spans"])
    assert reading["keywords"].lower().split(", ")[0] in spans


def test_keywords_have_stop_words_of_the_language_and_no_numbers_of_a_clock() -> None:
    german = "Der Vulkan ist wieder aktiv und die Insel wird nun geräumt. Der Vulkan wirft Asche auf die Insel."
    reading = of_texts("keywords", ("ocr", "00:00:01 00:00:02 00:00:03"), ("speech", german))
    words = {span.label.lower() for span in reading.spans}
    assert any("vulkan" in word for word in words)
    assert not words & {"der", "die", "und", "ist", "wird"}
    assert not any(word[0].isdigit() for word in words)


def test_a_language_without_spaces_has_no_keywords_and_neither_has_a_video_without_texts() -> None:
    assert (
        of_texts("keywords", ("speech", "今日は天気がいいので東京タワーに行きましょう、みんなで楽しみです")).spans
        == ()
    )
    assert of_texts("keywords").spans == ()
    assert of_texts("keywords", ("ocr", "12:30 12:31")).values == {"keywords": None}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The train to the coast leaves from platform nine this evening.", "en"),
        ("Der Zug an die Küste fährt heute Abend von Gleis neun ab.", "de"),
        ("Le train pour la côte part ce soir du quai numéro neuf.", "fr"),
        ("Поезд на побережье отправляется сегодня вечером с девятого пути.", "ru"),
        ("今日は天気がいいので東京タワーに行きましょう、みんなで楽しみです", "ja"),
        ("Nineteen letters on.", None),  # 17 letters
        ("01:00:00:00 01:00:01:00 01:00:02:00 2024", None),
    ],
)
def test_the_language_is_told_from_twenty_letters_on(text: str, language: str | None) -> None:
    reading = of_texts("language", ("speech", text))
    assert reading.values["language"] == language
    assert [span.label for span in reading.spans] == ([language] if language else [])


def test_the_language_of_the_video_is_that_of_its_own_words_and_not_of_its_description() -> None:
    said = ("speech", "Der Zug an die Küste fährt heute Abend von Gleis neun ab.")
    described = ("description", "A man stands on a platform and waits for the train to the coast.")
    reading = of_texts("language", described, said)
    assert reading.values["language"] == "de"
    assert {span.label for span in reading.spans} == {"en", "de"}
    assert of_texts("language", described, ("ocr", "Gleis 9")).values["language"] == "en"


def test_texts_that_changed_are_read_again_and_others_are_not(video: Path) -> None:
    read(video, "says, keywords, language", VOLCANO)
    assert read(video, "says, keywords, language", VOLCANO)[1] == []
    readings, made = read(
        video, "says, keywords, language", "Der Zug an die Küste fährt heute Abend nicht mehr ab."
    )
    assert made == ["reader:says", "reader:keywords", "reader:language"]
    assert readings["language"]["language"] == "de"


def test_a_summary_is_asked_for_by_the_texts_of_all_readers_and_cached(video: Path, model: ModelServer) -> None:
    model.answer = lambda question: "A volcano erupts." if "harbour" in str(question) else "A red picture."
    readings, _ = read(video, "says, summary", VOLCANO, "video", model.url)
    assert readings["summary"]["error"] is None
    assert readings["summary"]["summary"] == "A volcano erupts."
    assert [span["text"] for span in readings["summary"]["spans"]] == ["A volcano erupts."]
    asked = str(model.asked[-1])
    assert all(words in asked for words in ("A red picture.", "says:", "Fishermen left", "three sentences"))
    assert model.ways()[-1] == "text"
    count = len(model.asked)
    assert read(video, "says, summary", VOLCANO, "video", model.url)[1] == []
    assert len(model.asked) == count


def test_without_a_model_the_summary_is_left_out_with_a_sentence_and_an_older_one_stays(
    video: Path, model: ModelServer, caplog: pytest.LogCaptureFixture
) -> None:
    model.answer = lambda question: "A volcano erupts."
    before, _ = read(video, "says, summary", VOLCANO, "video", model.url)
    readings, made = read(video, "says, summary", VOLCANO)
    assert made == []
    assert readings["summary"] == before["summary"]
    assert "reader summary is left out: this run describes nothing. Set [QwenVL] PublicEndpoint" in caplog.text


def test_a_model_that_fails_costs_the_summary_alone_and_the_next_run_asks_again(
    video: Path, model: ModelServer
) -> None:
    model.refuse = {"text"}
    model.status = 400
    readings, _ = read(video, "says, summary", VOLCANO, "video", model.url)
    assert "this cannot be read" in readings["summary"]["error"]
    assert "RefusedError" not in readings["summary"]["error"]
    assert readings["says"]["error"] is None
    model.refuse = set()
    readings, made = read(video, "says, summary", VOLCANO, "video", model.url)
    assert made == ["reader:summary"]
    assert readings["summary"]["error"] is None


def test_texts_are_joined_each_once_and_endless_ones_are_cut() -> None:
    texts = [Text("a", 0, 1, "one 12 two"), Text("b", 0, 1, "one 13 two"), Text("c", 0, 1, "7:30")]
    assert joined(texts) == "one two"
    assert len(joined([Text("a", 0, 1, "word " * 1_000_000)])) == 200_000


def test_readers_of_text_do_not_read_one_another(video: Path) -> None:
    readings, _ = read(video, "says, keywords, language", "Yes.")
    assert readings["language"]["language"] is None
    record, _ = processed(video, "quality, keywords")
    assert record["readings"]["keywords"]["keywords"] is None
