"""The functions for Python: what one gives, the next one takes, with the defaults of the command line."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import vidkit
from vidkit.core.settings import Config, settings

from .conftest import MakeVideo

# Parameters that are settings under another name. What None stands for is read from the settings themselves.
OTHER_NAMES = {
    "threshold": "default_threshold", "min_length": "min_scene_length", "download_dir": "download_directory",
    "file_path": "priority_keywords", "budget": None,
}  # fmt: skip
# Defaults of their own: the timeouts of a download and of a MongoDB connection, and an example instruction.
OWN = {("download_video", "timeout"), ("connect_to_mongodb", "timeout"), ("process_with_qwen_vl", "instruction")}


def test_what_is_read_of_a_file_is_tagged_and_classified(make_video: MakeVideo) -> None:
    metadata = vidkit.extract_metadata(make_video(size="640x360"))
    assert vidkit.apply_tags(metadata) == ["H.264 Codec"]
    rules = {"rules": [{"metadata_conditions": {"resolution": "640x360"}, "tags": ["Small"]}]}
    assert vidkit.apply_tags(metadata, rules) == ["H.264 Codec", "Small"]
    assert vidkit.apply_custom_rules(metadata, ["Mine"], rules) == ["Mine", "Small"]
    assert vidkit.classify_video(metadata) == "Unclassified"


@pytest.mark.parametrize("name", [name for name in vidkit.__all__ if inspect.isfunction(getattr(vidkit, name))])
def test_a_function_has_the_defaults_of_the_command_line(name: str) -> None:
    defaults: dict[str, Any] = {}
    for row in settings():
        if row.section not in ("Qwen", "MongoDB"):
            defaults.setdefault(row.attribute, row.default)
    defaults["instruction"] = Config().qwen_vl.default_instruction
    for parameter in inspect.signature(getattr(vidkit, name)).parameters.values():
        known = OTHER_NAMES.get(parameter.name, parameter.name)
        if known not in defaults or parameter.default in (inspect.Parameter.empty, None):
            continue
        if (name, parameter.name) not in OWN:
            assert type(defaults[str(known)])(parameter.default) == defaults[str(known)], parameter.name
