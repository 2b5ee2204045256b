"""Tags and classes: what a rule finds in a record, and what it does not."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from vidkit.tagging import apply_custom_rules, apply_tags, classify_video


def described(text: str | None, **more: Any) -> dict[str, Any]:
    return {"qwen_description": text, **more}


def tags_by(rule: dict[str, Any], video: dict[str, Any]) -> list[str]:
    return apply_custom_rules(video, [], {"rules": [{"tags": ["found"], **rule}]})


def finds(word: str, text: str) -> bool:
    return tags_by({"description_keywords": [word]}, described(text)) == ["found"]


def meets(video: dict[str, Any], **entries: Any) -> bool:
    conditions = {key.replace("__", "."): wanted for key, wanted in entries.items()}
    return tags_by({"metadata_conditions": conditions}, video) == ["found"]


# The built-in rules


@pytest.mark.parametrize(
    ("video", "tags"),
    [
        ({}, []),
        (
            {"qwen_description": None, "scenes": None, "segments": None, "source": None, "ai_generated_tags": None},
            [],
        ),
        ({"resolution": "3840x2160", "width": 3840, "height": 2160}, ["High Resolution"]),
        ({"resolution": "4096x2160"}, ["High Resolution"]),
        ({"resolution": "2160x3840"}, ["High Resolution"]),
        ({"resolution": "7680x4320"}, ["High Resolution"]),
        ({"resolution": "4K"}, ["High Resolution"]),
        ({"resolution": "2560x1440"}, []),
        ({"duration": 600.5}, ["Extended Play"]),
        ({"duration": 600.0}, []),
        ({"codec": "h264"}, ["H.264 Codec"]),
        ({"codec": "hevc"}, []),
        (described("Full of ACTION!"), ["Action"]),
        (described("Her reaction, his transactions."), []),
        (described("A slow night-shot of a harbour"), ["Night-time Filming"]),
        (described("One night. Shot on film."), []),
    ],
)
def test_the_built_in_tags(video: dict[str, Any], tags: list[str]) -> None:
    assert apply_tags(video) == tags


def test_tags_come_in_the_order_of_the_rules_and_only_once() -> None:
    video = described("action, night shot", codec="h264", duration=601, resolution="2160x3840")
    expected = ["High Resolution", "Extended Play", "H.264 Codec", "Action", "Night-time Filming"]
    assert apply_tags(video) == expected
    rules = {
        "rules": [{"metadata_conditions": {"codec": "h264"}, "tags": ["high-resolution", "Mine", "ACTION", "Mine"]}]
    }
    assert apply_tags(video, rules) == [*expected, "Mine"]


def test_a_hyphen_and_a_space_make_one_tag_in_the_first_spelling() -> None:
    rules = {
        "rules": [{"description_keywords": ["x"], "tags": ["High Intensity", "High-Intensity", "HIGH  intensity"]}]
    }
    assert apply_custom_rules(described("x"), ["Slow"], rules) == ["Slow", "High Intensity"]
    assert apply_custom_rules(described("x"), ["High-Intensity"], rules) == ["High-Intensity"]


def test_neither_the_record_nor_the_tags_given_are_changed() -> None:
    video, tags = described("x", tags=["Old"]), ["a", "A"]
    assert apply_custom_rules(video, tags, {"rules": [{"description_keywords": ["x"], "tags": ["b"]}]}) == [
        "a",
        "b",
    ]
    assert tags == ["a", "A"]
    assert video == described("x", tags=["Old"])
    assert apply_tags(video) == []  # tags of an earlier run are no reason for tags


# Words


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("drone", "DRONE"),
        ("Bird's Eye", "seen from a bird’s eye view"),
        ("bird’s eye", "Bird's-Eye view"),
        ("drone", "the drone's shadow"),
        ("drone", "'drone'"),
        ("action", "beaucoup d'action"),
        ("car chase", "a car\n  chase"),
        ("close-up", "close up of a hand"),
        ("close up", "a close‑up"),
        ("drone footage", "drone_footage"),
        ("C++", "a talk on C++."),
        ("4K", "in 4K动作片"),
        ("café", unicodedata.normalize("NFD", "ein Café")),
        ("STRASSE", "auf der Straße"),
        ("ΟΔΟΣ", "η οδός οδος"),
        ("Москва", "вид на МОСКВА-реку"),
        ("动作", "这是一部动作片。"),
        ("カメラ", "防犯カメラの映像"),
        ("ช้าง", "มีช้างสองตัว"),
        ("드론", "드론이 날아간다"),
        ("हाथी", "एक हाथी चलता है"),
        ("فيل", "هذا فيل كبير"),
        ("ＤＲＯＮＥ", "drone"),
        ("🔥", "hot🔥🔥"),
        ("❤️", "I ❤ this"),
    ],
)
def test_a_word_is_found(word: str, text: str) -> None:
    assert finds(word, text)


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("drone", "drones"),
        ("action", "reaction"),
        ("can", "they can't see"),
        ("don", "don't"),
        ("cafe", "café"),
        ("cafe", unicodedata.normalize("NFD", "café")),
        ("4.2", "at 4.25 seconds"),
        ("액션", "그녀의 리액션"),
        ("हाथ", "एक हाथी चलता है"),
        ("night shot", "at night, shot by hand"),
        ("лев", "хлев"),
        ("ก", "กี่"),
        ("drone", ""),
    ],
)
def test_another_word_is_not_taken_for_it(word: str, text: str) -> None:
    assert not finds(word, text)


def test_descriptions_of_scenes_and_segments_count() -> None:
    rule = {"description_keywords": ["fox"]}
    assert tags_by(rule, described(None, scenes=[{"description": None}, {"description": "A fox."}])) == ["found"]
    assert tags_by(rule, described("", segments=[{}, {"description": "A fox."}])) == ["found"]
    assert tags_by(rule, described("a", scenes=[{"description": "b"}])) == []
    # A phrase does not run from one description into the next.
    assert tags_by({"description_keywords": ["red fox"]}, described("red", scenes=[{"description": "fox"}])) == []


def test_the_models_tags_count_whole_and_in_any_case() -> None:
    rule = {"ai_generated_tags": ["Car Chase", "explosive"]}
    assert tags_by(rule, {"ai_generated_tags": ["EXPLOSIVE"]}) == ["found"]
    assert tags_by(rule, {"segments": [{"tags": None}, {"tags": ["car-chase"]}]}) == ["found"]
    assert tags_by(rule, {"ai_generated_tags": ["explosives", "car"], "tags": ["Explosive"]}) == []


def test_a_file_name_is_split_at_its_punctuation() -> None:
    rule = {"filename_keywords": ["drone", "v1.2", "Été 2024", "summer holiday"]}
    for name in (
        "my_drone-01.mp4",
        "DRONE.mov",
        "cut_v1.2_final.mp4",
        "summer.holiday.mkv",
        unicodedata.normalize("NFD", "été_2024.mp4"),
    ):
        assert tags_by(rule, {"filename": name}) == ["found"], name
        assert tags_by(rule, {"source": {"file_name": name}}) == ["found"], name
    for name in ("drones.mp4", "v1.25.mp4", "2024.mp4"):
        assert tags_by(rule, {"filename": name}) == [], name
    assert tags_by(rule, described("drone")) == []


# Rules among each other


def test_any_condition_is_enough_unless_the_rule_says_all() -> None:
    rule = {"description_keywords": ["fox"], "filename_keywords": ["forest"]}
    one, both = described("a fox"), described("a fox", filename="forest.mp4")
    assert tags_by(rule, one) == tags_by(rule | {"match": "any"}, one) == ["found"]
    assert tags_by(rule | {"match": "all"}, one) == []
    assert tags_by(rule | {"match": "all"}, both) == ["found"]


def test_a_rule_sees_the_tags_of_the_rules_before_it() -> None:
    second = {"tags_present": ["high intensity"], "tags": ["Second"]}
    first = {"description_keywords": ["x"], "tags": ["High-Intensity"]}
    assert apply_custom_rules(described("x"), [], {"rules": [first, second]}) == ["High-Intensity", "Second"]
    assert apply_custom_rules(described("x"), [], {"rules": [second, first]}) == ["High-Intensity"]
    assert apply_tags({"codec": "h264"}, {"rules": [{"tags_present": ["h.264 codec"], "tags": ["b"]}]}) == [
        "H.264 Codec",
        "b",
    ]


# metadata_conditions

VIDEO: dict[str, Any] = {
    "filename": "a.mp4",
    "duration": 330.0,
    "size": 500_000_000,
    "bit_rate": 2_000_001,
    "codec": "h264",
    "container": "mov,mp4,m4a,3gp,3g2,mj2",
    "fps": 30000 / 1001,
    "frame_rate": "30000/1001",
    "audio": {"codec": "aac", "channels": 2, "sample_rate": 48000},
    "ai_generated_tags": ["Fox", "High-Speed"],
    "scenes": [{}, {}, {}],
    "path": None,
    "source": {
        "url": "https://example.com/a.mp4",
        "file_size": "1.5GB",
        "last_modified": "2026-11-20 19:48:30",
        "columns": {
            "Label": "High-Intensity",
            "score": "0.75",
            "length": "5:30",
            "shot": "2026-03-01",
            "blank": "",
        },
    },
}


@pytest.mark.parametrize(
    "entries",
    [
        {"codec": "H264"},
        {"codec": "H.264"},
        {"codec_in": ["hevc", "AVC"]},
        {"codec_ne": "hevc"},
        {"codec_contains": "26"},
        {"container": "mp4"},
        {"container": "mov,mp4,m4a,3gp,3g2,mj2"},
        {"duration": 330},
        {"duration": "5:30"},
        {"duration": "330"},
        {"duration_gt": "5:29", "duration_lt": "5m 31s"},
        {"duration_gte": 330, "duration_lte": "330"},
        {"duration_in": [1, "5:30"]},
        {"size": "500MB"},
        {"size_gt": "400MB", "size_lt": "0.5GiB"},
        {"bit_rate_gt": 2000000},
        {"bit_rate_lte": "2.5M"},
        {"fps": 29.97},
        {"fps_gte": 29.97, "fps_lte": 29.97},
        {"frame_rate": 29.97},
        {"frame_rate": "30000/1001"},
        {"audio__codec": "AAC", "audio__channels_gte": 2},
        {"audio_ne": None},
        {"path": None},
        {"path_ne": "x"},
        {"scenes_gt": 2, "scenes_lte": 3},
        {"ai_generated_tags_contains": "high speed"},
        {"source__url_contains": "EXAMPLE.com"},
        {"source__file_size_gt": "1GB"},
        {"source__last_modified_gte": "2026-11-20", "source__last_modified_lt": "2026-11-21T00:00:00Z"},
        {"source__columns__label": "high-intensity"},
        {"source__columns__score": 0.75},
        {"source__columns__score": "0.750"},
        {"source__columns__score_gt": 0.5, "source__columns__score_lt": "0.8"},
        {"source__columns__length_gt": "5:00"},
        {"source__columns__shot_lt": "2026-04-01"},
        {"source__columns__missing": None},
        {"source__columns__missing_ne": "x"},
        {"source__columns__blank": ""},
    ],
)
def test_a_metadata_condition_holds(entries: dict[str, Any]) -> None:
    assert meets(VIDEO, **entries)


@pytest.mark.parametrize(
    "entries",
    [
        {"codec": "hevc"},
        {"codec_ne": "H.264"},
        {"codec_in": ["hevc", "vp9"]},
        {"container": "mkv"},
        {"duration_gt": 330},
        {"duration_lt": "5:30"},
        {"duration": 331},
        {"fps": 30},
        {"fps_gt": 29.98},
        {"codec": "h264", "duration_gt": 600},
        {"audio": None},
        {"audio__codec": "mp3"},
        {"path": "x"},
        {"path_contains": "x"},
        {"rotation_lt": 1},
        {"rotation_gte": 0},
        {"rotation_in": [0]},
        {"path_ne": None},
        {"scenes_gt": 3},
        {"ai_generated_tags_contains": "high"},
        {"source__columns__label": "High"},
        {"source__columns__label_gt": 1},
        {"source__columns__blank_lt": 1},
        {"source__columns__missing": "x"},
        {"source__columns__missing_lt": 5},
        {"source__last_modified_lt": "2026-11-20"},
    ],
)
def test_a_metadata_condition_does_not_hold(entries: dict[str, Any]) -> None:
    assert not meets(VIDEO, **entries)


@pytest.mark.parametrize(
    ("size", "names"),
    [
        ("4096x2160", {"4K", "UHD", "2160p"}),
        ("3840x2160", {"4K", "UHD", "2160p"}),
        ("2160x3840", {"4K", "UHD", "2160p"}),
        ("7680x4320", {"4K", "UHD", "8K", "4320p"}),
        ("2560x1440", {"1440p", "2K"}),
        ("1920x1080", {"1080p"}),
        ("1080x1920", {"1080p"}),
        ("1920x800", {"1080p"}),
        ("1440x1080", {"1080p"}),
        ("1280x720", {"720p"}),
        ("720x1280", {"720p"}),
        ("960x720", {"720p"}),
        ("1280x534", {"720p"}),
        ("854x480", {"480p"}),
        ("640x360", {"360p"}),
        ("100x100", set()),
    ],
)
def test_a_resolution_has_its_name_whichever_way_it_is_held(size: str, names: set[str]) -> None:
    width, height = map(int, size.split("x"))
    video = {"resolution": size, "width": width, "height": height}
    every = ("144p", "240p", "360p", "480p", "720p", "1080p", "1440p", "2160p", "4320p", "2K", "4K", "UHD", "8K")
    assert {name for name in every if meets(video, resolution=name)} == names
    assert {name for name in every if meets({"resolution": size}, resolution_in=[name])} == names
    assert {name for name in every if not meets(video, resolution_ne=name)} == names


def test_resolutions_are_ordered_by_their_names_or_their_pixels() -> None:
    upright = {"resolution": "1080x1920"}
    assert meets(
        upright, resolution_gte="1080p", resolution_lte="1080p", resolution_gt="720p", resolution_lt="1440p"
    )
    assert not meets(upright, resolution_gt="1080p")
    assert not meets(upright, resolution_lt="1080p")
    assert meets({"resolution": "7680x4320"}, resolution_gt="4K")
    assert meets(upright, resolution_gte="1920x1080", resolution_lte="1920x1080", resolution_gt="1280x720")
    assert not meets(upright, resolution_gt="1920x1080")
    assert meets(upright, resolution="1080x1920")
    assert not meets(upright, resolution="1920x1080")
    assert not meets({}, resolution_lt="4K")
    assert not meets({"resolution": "unknown"}, resolution="4K")


# Classes


@pytest.mark.parametrize(
    ("video", "name"),
    [
        ({}, "Unclassified"),
        ({"tags": None}, "Unclassified"),
        ({"tags": ["Action"]}, "Action"),
        ({"tags": ["high intensity"]}, "Action"),
        ({"tags": ["Action Packed"]}, "Action"),
        ({"tags": ["Sports"]}, "Sports"),
        ({"ai_generated_tags": ["sport"]}, "Sports"),
        ({"tags": ["Documentary Footage"]}, "Documentary"),
        (described("A Narrative of the sea"), "Documentary"),
        (described("narratives, action"), "Unclassified"),
        ({"tags": ["Drone Footage"]}, "Cinematic"),
        ({"tags": ["Aerial Shot", "Cinematic"]}, "Cinematic"),
        ({"tags": ["Drone Footage", "Action"]}, "Action"),
        ({"tags": ["Drone Footage", "Documentary Footage"]}, "Documentary"),
    ],
)
def test_the_built_in_classes(video: dict[str, Any], name: str) -> None:
    assert classify_video(video) == name


def test_classes_of_ones_own_come_first_in_their_order() -> None:
    own = {
        "classifications": [
            {"name": "Wildlife", "description_keywords": ["fox"], "tags_present": ["Animal"]},
            {
                "name": "Short",
                "match": "all",
                "tags_present": ["Action"],
                "metadata_conditions": {"duration_lt": 10},
            },
        ]
    }
    assert classify_video({"tags": ["animal", "Action"]}, own) == "Wildlife"
    assert classify_video({"tags": ["Action"], "duration": 9}, own) == "Short"
    assert classify_video({"tags": ["Action"], "duration": 11}, own) == "Action"
    assert classify_video({"tags": []}, own) == "Unclassified"
