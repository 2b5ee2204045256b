"""Vectors of a library: made by `vidkit process` and by `vidkit index`, kept while they are right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from vidkit import process_video_pipeline
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.core.stores import open_store
from vidkit.curate.indexing import index_library
from vidkit.errors import ConfigError
from vidkit.library import Library, LibraryEntry, open_library, parse_query
from vidkit.library.vectors.protocol import TEXT, VideoVectors, made_of, model_id, moments_for
from vidkit.meaning.models import Models, open_models
from vidkit.workflow.run import open_run

from .conftest import MakeVideo
from .meaning_models import image_model, text_model
from .model_server import ModelServer, serving
from .records import keep, make_record

__all__ = ["image_model", "text_model"]

Capture = pytest.CaptureFixture[str]


def use(text: object = "", image: object = "", more: str = "") -> Models:
    """Write the models into config.ini, and open them."""
    Path("config.ini").write_text(f"[Meaning]\nTextModel = {text}\nImageModel = {image}\n{more}")
    return open_models(load_config().meaning)


def library() -> Library:
    return open_library(load_config())


def changes(home: Library, model: str) -> list[int]:
    """The changes of a model's vectors so far: a video whose vectors are saved again has a new one."""
    return [each.change for each in home.vectors(model)]


def found(home: Library, models: Models, words: str, pictures: bool = False) -> list[tuple[str, str, int]]:
    """The moments above the floor that are nearest to words."""
    model = models.image if pictures else models.text
    assert model is not None
    near = home.nearest(model.id, model.queries([words])[0], parse_query(), 5)
    return [(each.url.rpartition("/")[2], each.kind, each.number) for each in near if each.similarity > model.floor]


# `vidkit process`


@pytest.mark.slow
def test_processing_makes_the_vectors_of_texts_and_pictures(
    make_video: MakeVideo, text_model: Path, image_model: Path
) -> None:
    video = make_video(shots=3, shot_length=2)
    with serving() as server:
        server.answer = lambda question: f"Answer {len(server.asked)}."
        models = use(text_model, image_model, f"[Processing]\nSegmentBy = scenes\n{endpoint(server)}")
        with open_run(load_config(), level="segments") as run:
            process_video_pipeline(str(video), run=run)
    assert models.text
    assert models.image
    with library() as home:
        (record,) = (entry.record for entry in home.records())
        texts = moments_for(record, models.text.id)
        assert [kind for kind, _, _ in texts] == ["video", "segment", "segment", "segment"]
        assert home.vector_models() == {models.text.id: 1, models.image.id: 1}
        stored = home.vectors_of(models.text.id, record["source"]["url"])
        assert stored is not None
        assert stored.keys == tuple((kind, number) for kind, number, _ in texts)
        assert np.abs(stored.vectors - models.text.texts([text for _, _, text in texts])).max() < 0.06
        pictures = home.vectors_of(models.image.id, record["source"]["url"])
        assert pictures is not None
        assert pictures.keys == (("scene", 1), ("scene", 2), ("scene", 3))
        assert pictures.made_of == made_of(record, models.image.id)
        (near,) = home.nearest(models.image.id, models.image.queries(["blue"])[0], parse_query(), 1)
        assert near[1:3] == ("scene", 2)  # the second shot of `make_video`


def endpoint(server: ModelServer) -> str:
    """The section of config.ini with a server that describes."""
    return f"[QwenVL]\nPublicEndpoint = {server.url}/ask\nProtocol = vidkit\n"


def test_a_video_whose_texts_did_not_change_is_not_read_again(make_video: MakeVideo, text_model: Path) -> None:
    video = make_video(shots=2)
    run_it = ["process", "--urls", str(video)]
    with serving() as server:
        server.answer = lambda question: f"Answer {len(server.asked)}."
        models = use(text_model, more=endpoint(server))
        assert models.text
        model = models.text.id
        assert main(run_it) == 0
        with library() as home:
            first = changes(home, model)
            assert len(first) == 1
        assert main([*run_it, "--force", "--segment_length", "1"]) == 0  # other clips, and other texts
        with library() as home:
            second = changes(home, model)
            assert second > first
        assert main([*run_it, "--segment_length", "1", "--scene_threshold", "0.9"]) == 0
        with library() as home:
            assert changes(home, model) == second


def test_a_model_that_is_missing_stops_a_run_before_the_first_video(make_video: MakeVideo, capsys: Capture) -> None:
    Path("config.ini").write_text("[Meaning]\nTextModel = ./nowhere\n")
    assert main(["process", "--describe", "none", "--urls", str(make_video())]) == 2
    assert "[Meaning] TextModel: nowhere is not there (docs/meaning.md)" in capsys.readouterr().err
    assert not Path("processed_videos").exists()


def test_a_model_that_fails_leaves_the_video_without_vectors_and_says_who_makes_them(
    make_video: MakeVideo, image_model: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = use("", image_model)
    assert models.image
    with open_run(load_config(), level="none") as run:
        with monkeypatch.context() as broken:

            def fail(*_: object) -> None:
                raise OSError("the disk is gone")

            broken.setattr(type(models.image), "images", fail)
            process_video_pipeline(str(make_video()), run=run)
        assert run.library.vector_models() == {}
        assert (
            f"video.mp4 has no vectors of {models.image.id}: the disk is gone. `vidkit index` makes" in caplog.text
        )
    assert main(["index"]) == 0
    with library() as home:
        assert home.vector_models() == {models.image.id: 1}


# `vidkit index`

RECORDS = [
    make_record("car.mp4", scenes=["A red car drives through heavy rain at night.", "An empty parking lot."]),
    make_record("cat.mp4", scenes=["Close-up of a cat that sleeps on a grey sofa.", "A window."]),
    make_record("none.mp4"),
]


def test_the_command_makes_what_is_missing_once(text_model: Path, capsys: Capture) -> None:
    models = use(text_model)
    assert models.text
    keep(*RECORDS)
    assert main(["index", "--dry-run"]) == 0
    assert capsys.readouterr().out == f"{models.text.id}: vectors of 3 videos are missing; 0 videos had theirs\n"
    assert main(["index"]) == 0
    assert capsys.readouterr().out == f"{models.text.id}: 4 vectors of 3 videos made; 0 videos had theirs\n"
    with library() as home:
        before = changes(home, models.text.id)
        assert found(home, models, "vehicle in bad weather")[0] == ("car.mp4", "scene", 1)
        assert found(home, models, "pet resting on furniture") == [("cat.mp4", "scene", 1)]
        assert found(home, models, "qwpoei zxmcn") == []
    keep(make_record("cat.mp4", scenes=["Two wrestlers fight.", "A window."]))
    assert main(["index", "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    assert made == {"model": models.text.id, "videos": 1, "moments": 2, "there": 2}
    with library() as home:
        after = changes(home, models.text.id)
        assert sorted(set(before) & set(after)) == [before[0], before[2]]
        assert found(home, models, "pet resting on furniture") == []
        assert found(home, models, "men fighting in a ring")[0] == ("cat.mp4", "scene", 1)


def test_the_command_leaves_nothing_for_the_first_search_to_write(
    text_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vidkit.library.vectors.index.SMALL", 1)
    use(text_model)
    keep(*RECORDS)
    assert main(["index", "--dry-run"]) == 0
    assert list(Path.cwd().rglob("*.vectors")) == []
    assert main(["index"]) == 0
    (file,) = Path.cwd().rglob("*.vectors")
    written = file.stat()
    assert main(["search", "cat", "--meaning"]) == 0
    assert file.stat().st_mtime_ns == written.st_mtime_ns


def test_an_interrupted_index_continues_where_it_was(text_model: Path) -> None:
    models = use(text_model)
    assert models.text
    keep(*(make_record(f"{number}.mp4", qwen_description=f"number {number}") for number in range(150)))

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with library() as home:
        with pytest.raises(KeyboardInterrupt):
            index_library(home, models, interrupt)
        there = home.vector_models()[models.text.id]
        assert 0 < there < 150
        told: list[int] = []
        (done,) = index_library(home, models, told.append)
        assert (done.videos, done.moments, done.there) == (150 - there, 150 - there, there)
        assert told[-1] == 150
        assert home.vector_models() == {models.text.id: 150}


def test_vectors_of_an_older_model_are_named_and_can_be_removed(text_model: Path, capsys: Capture) -> None:
    models = use(text_model)
    assert models.text
    keep(*RECORDS)
    old = model_id(TEXT, "old", "0" * 64)
    record = RECORDS[0]
    with library() as home:
        vectors = np.ones((2, 4), np.float16) / 2
        keys = (("scene", 1), ("scene", 2))
        home.save_vectors(old, [VideoVectors(record["source"]["url"], made_of(record, old), keys, vectors)])
    assert main(["index"]) == 0
    said = capsys.readouterr().err
    assert f"{old} is not in use and has vectors of 1 video: `vidkit index --remove '{old}'`" in said
    assert main(["index", "--remove", "text:other:1"]) == 2
    assert (
        f"the library has no vectors of text:other:1; it has those of: {models.text.id}, {old}"
        in capsys.readouterr().err
    )
    Path("config.ini").unlink()
    assert main(["index", "--remove", old]) == 0
    assert "vectors of 1 video removed" in capsys.readouterr().err
    with library() as home:
        assert list(home.vector_models()) == [models.text.id]


def test_index_without_a_model_says_where_to_name_one(capsys: Capture) -> None:
    keep(*RECORDS)
    assert main(["index"]) == 2
    assert "no model is named: set [Meaning] TextModel or ImageModel" in capsys.readouterr().err
    assert main(["doctor"]) in (0, 1, 2)
    assert "search by meaning: no model; set [Meaning] TextModel" in capsys.readouterr().out


def test_doctor_opens_the_models(text_model: Path, capsys: Capture) -> None:
    models = use(text_model)
    assert models.text
    main(["doctor"])
    assert f"ok       search by meaning: {models.text.id}, vectors of 384 numbers" in capsys.readouterr().out
    Path("config.ini").write_text("[Meaning]\nImageModel = ./nowhere\n")
    assert main(["doctor"]) != 0
    assert "wrong    search by meaning: [Meaning] ImageModel: nowhere is not there" in capsys.readouterr().out


def test_a_thumbnail_that_is_gone_or_damaged_has_no_vector_and_is_said(image_model: Path, capsys: Capture) -> None:
    models = use("", image_model)
    assert models.image
    keep(make_record("a.mp4", scenes=[None, None, None]))
    from .test_meaning_models import BLUE, painted

    thumbnails = Path("processed_videos/thumbnails")
    thumbnails.mkdir(parents=True)
    (thumbnails / "2.jpg").write_bytes(painted(BLUE))
    (thumbnails / "3.jpg").write_bytes(painted(BLUE)[:99])
    assert main(["index"]) == 0
    assert "a.mp4: 2 of 3 thumbnails cannot be read: no vectors of them" in capsys.readouterr().err
    with library() as home:
        assert found(home, models, "blue", pictures=True) == [("a.mp4", "scene", 2)]


def test_pictures_in_a_bucket_are_read_from_there(s3_process: object, results: str, image_model: Path) -> None:
    models = use("", image_model)
    assert models.image
    from .test_meaning_models import GREEN, painted

    store = open_store(results)
    record = make_record("a.mp4", scenes=[None, None])
    for number in (1, 2):
        store.write(f"thumbnails/{number}.jpg", painted(GREEN))
    with library() as home:
        home.save_all([LibraryEntry(record, store.address)])
        (done,) = index_library(home, models)
        assert (done.videos, done.moments) == (1, 2)
        assert [each[1:] for each in found(home, models, "green", pictures=True)] == [("scene", 1), ("scene", 2)]


def test_the_settings_reach_other_machines_with_whole_paths(image_model: Path) -> None:
    from vidkit.core.config import with_absolute_paths

    Path("here").mkdir()
    Path("config.ini").write_text("[Meaning]\nTextModel = owner/name\nImageModel = here\nHub = modelscope\n")
    found = with_absolute_paths(load_config()).meaning
    assert (found.text_model, found.image_model) == ("owner/name", str(Path("here").absolute()))
    with pytest.raises(ConfigError, match="Hub"):
        load_config(overrides={("Meaning", "Hub"): "elsewhere"})
