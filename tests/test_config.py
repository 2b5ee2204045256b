from __future__ import annotations

import logging
from pathlib import Path

import pytest

from vidkit.core.config import default_ini, load_config, settings
from vidkit.errors import ConfigError


def test_the_command_line_comes_before_the_environment_before_the_file_before_the_default() -> None:
    key = ("Processing", "SegmentLength")
    environment = {"VIDKIT_PROCESSING_SEGMENTLENGTH": "20"}
    assert load_config(environment={}).processing.segment_length == 15
    Path("config.ini").write_text("[Processing]\nSegmentLength = 10\n")
    assert load_config(environment={}).processing.segment_length == 10
    assert load_config(environment=environment).processing.segment_length == 20
    assert load_config(overrides={key: "30"}, environment=environment).processing.segment_length == 30


def test_the_written_config_holds_every_key_at_its_default() -> None:
    Path("config.ini").write_text(default_ini())
    text = default_ini()
    for row in settings():
        assert f"\n{row.key} =" in text
        assert row.meaning in text
    assert load_config(environment={}).processing == load_config(Path("config.ini"), environment={}).processing


def test_an_empty_value_in_the_file_means_the_default() -> None:
    keys = [(row.section, row.key) for row in settings()]
    sections = dict.fromkeys(section for section, _ in keys)
    Path("config.ini").write_text(
        "".join(
            f"[{each}]\n" + "".join(f"{key} =\n" for section, key in keys if section == each) for each in sections
        )
    )
    config = load_config(environment={})
    for row in settings():
        assert getattr(getattr(config, row.section_attribute), row.attribute) == row.default
    assert config.explicit == frozenset()
    Path("config.ini").write_text("[Processing]\nMaxFPS =\nSegmentLength = 10\n")
    assert load_config(environment={"VIDKIT_PROCESSING_MAXFPS": ""}).processing.max_fps == 30


def test_sections_and_keys_are_known_in_any_case(caplog: pytest.LogCaptureFixture) -> None:
    Path("config.ini").write_text("[processing]\nsegmentlength = 12\n")
    assert load_config(environment={}).processing.segment_length == 12
    assert not caplog.records


def test_an_unknown_key_and_section_are_named_with_the_nearest(caplog: pytest.LogCaptureFixture) -> None:
    Path("config.ini").write_text("[Procesing]\nx = 1\n[Processing]\nSegmentLenght = 3\n")
    with caplog.at_level(logging.WARNING, logger="vidkit"):
        logging.getLogger("vidkit").propagate = True
        load_config(environment={})
    words = " ".join(record.getMessage() for record in caplog.records)
    assert "[Procesing]" in words
    assert "did you mean [Processing]?" in words
    assert "SegmentLenght" in words
    assert "did you mean SegmentLength?" in words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[Processing]\nMaxFPS = fast\n", ["config.ini", "MaxFPS", "fast"]),
        ("[SceneDetection]\nDefaultThreshold = 3\n", ["DefaultThreshold", "from 0 to 1"]),
        ("[Processing]\nMaxResolution = big\n", ["MaxResolution", "720p"]),
        ("[Paths]\nKeepDownloads = perhaps\n", ["KeepDownloads", "neither yes nor no"]),
        ("[Processing]\nSegmentLength = 5\nSegmentOverlap = 5\n", ["SegmentOverlap", "less than"]),
        ("[Processing]\nClipMode = copy\nSegmentOverlap = 5\n", ["ClipMode", "overlap"]),
        ("[Processing]\nEncoder = nvenc\n", ["Encoder", "did you mean h264_nvenc? libx264"]),
        ("[Concurrency]\nMaxWorkers = 2.5\n", ["MaxWorkers", "2.5"]),
        ("MaxFPS = 3\n", ["config.ini", "line 1", "Section"]),
        ("[Paths]\nKeepDownloads = yes\nKeepDownloads = no\n", ["line 3", "twice"]),
        ("[Paths\n", ["config.ini", "line 1"]),
    ],
)
def test_a_mistake_names_the_file_the_key_and_what_is_right(text: str, words: list[str]) -> None:
    Path("config.ini").write_text(text)
    with pytest.raises(ConfigError) as caught:
        load_config(environment={})
    for word in words:
        assert word in str(caught.value)


def test_a_config_that_was_named_must_be_there_and_be_text() -> None:
    with pytest.raises(ConfigError, match="no such file"):
        load_config("elsewhere.ini", environment={})
    Path("binary.ini").write_bytes(b"\xff\xfe\x00\x01\x99")
    with pytest.raises(ConfigError, match="UTF-8"):
        load_config("binary.ini", environment={})


def test_a_secret_is_in_no_error_and_no_repr() -> None:
    environment = {"QWEN_VL_ACCESS_KEY": "sk-verysecret", "VIDKIT_MONGODB_URI": "mongodb://u:pass@h"}
    config = load_config(environment=environment)
    assert config.qwen_vl.access_key == "sk-verysecret"
    assert "verysecret" not in repr(config)
    assert "pass" not in repr(config)
    assert set(config.secrets()) == {"sk-verysecret", "mongodb://u:pass@h"}


def test_the_sample_values_of_the_prototype_count_as_not_set() -> None:
    Path("config.ini").write_text(
        "[MongoDB]\nURI = mongodb+srv://username:password@cluster.mongodb.net/x?w=majority\n[QwenVL]\n"
        "PublicEndpoint = https://quickstart-endpoint.region.aliyuncs.com/api/v1/inference\n"
        "VpcEndpoint = https://your-vpc-endpoint\nAccessKey = Your_Access_Key\n"
    )
    config = load_config(environment={})
    assert config.mongodb.uri == config.qwen_vl.public_endpoint == config.qwen_vl.access_key == ""
    assert config.qwen_vl.vpc_endpoint == ""


def test_a_percent_sign_is_no_interpolation() -> None:
    Path("config.ini").write_text("[QwenVL]\nDefaultInstruction = 100% of the people\n")
    assert load_config(environment={}).qwen_vl.default_instruction == "100% of the people"
