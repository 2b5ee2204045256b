"""A name that is misspelt is said, with the one that was probably meant, instead of nothing being found."""

from __future__ import annotations

from pathlib import Path

import pytest

from vidkit.cli import main
from vidkit.library import Library, open_library, unknown_keys

from .conftest import MakeVideo
from .records import make_record

# Fixtures: an empty library in each backend.
from .test_library import library, open_home, server, settings  # noqa: F401

Capture = pytest.CaptureFixture[str]


def test_a_key_that_no_record_has_is_said_with_the_nearest(library: Library) -> None:  # noqa: F811
    library.save(make_record("a.mp4", columns={"Label": "movie", "Genre": "x"}), Path("x"))
    assert list(unknown_keys(library, ["label=film", "GENRE=y", "audio.codec=mp3", "filename=b"])) == []
    assert list(unknown_keys(library, ["labl=movie", "audio.codek=aac"])) == [
        "no record has a key or column labl: did you mean Label?",
        "no record has a key or column audio.codek: did you mean audio.codec?",
    ]
    assert list(unknown_keys(library, ["zzz=1"])) == [
        "no record has a key or column zzz; the columns are Label, Genre"
    ]
    assert list(unknown_keys(library, ["qwen_description=a"])) == [
        "qwen_description is not searched by --where: search for its words"
    ]


@pytest.mark.parametrize("words", [["search"], ["stats"], ["export", "out", "--format", "csv"]])
def test_where_with_a_misspelt_column_says_so(words: list[str], capsys: Capture) -> None:
    from vidkit.core.config import load_config

    with open_library(load_config(environment={})) as home:
        home.save(make_record("a.mp4", columns={"label": "movie"}), Path("processed_videos"))
    main([*words, "--where", "labl=movie"])
    assert "--where: no record has a key or column labl: did you mean label?" in capsys.readouterr().err
    main([*words, "--where", "label=film"])
    assert "did you mean" not in capsys.readouterr().err


def test_a_rule_on_a_misspelt_column_warns_in_process_and_retag(make_video: MakeVideo, capsys: Capture) -> None:
    Path("v.csv").write_text(f"url,label\n{make_video()},movie\n")
    Path("custom_tags.json").write_text(
        '{"rules": [{"metadata_conditions": {"source.columns.labl": "movie"}, "tags": ["Movie"]}]}'
    )
    said = (
        'custom_tags.json: rule 1 asks for "source.columns.labl", and {} has no such column: '
        'did you mean "source.columns.label"?'
    )
    assert main(["process", "--csv", "v.csv"]) == 0
    assert said.format("v.csv") in capsys.readouterr().err
    assert main(["retag"]) == 0
    assert said.format("the library") in capsys.readouterr().err
    Path("custom_tags.json").write_text(Path("custom_tags.json").read_text().replace("labl", "LABEL"))
    assert main(["retag"]) == 0
    out, err = capsys.readouterr()
    assert "1 with other tags" in out
    assert err == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [("procss", "did you mean process?"), ("statistics", "did you mean stats?"), ("zzz", "see vidkit --help")],
)
def test_a_command_that_is_misspelt_is_said_with_the_nearest(command: str, said: str, capsys: Capture) -> None:
    assert main([command, "--urls", "v.mp4"]) == 2
    assert f"there is no command {command}: {said}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["serve", "--prot", "1"], "--prot: did you mean --port?"),
        (
            ["process", "--urls", "v.mp4", "--max_resolutoin=720p"],
            "--max_resolutoin: did you mean --max_resolution?",
        ),
        (["search", "cat", "--zzz"], "--zzz: see vidkit search --help"),
    ],
)
def test_an_option_that_is_misspelt_is_said_with_the_nearest(words: list[str], said: str, capsys: Capture) -> None:
    assert main(words) == 2
    assert f"there is no option {said}" in capsys.readouterr().err


def test_one_of_a_thing_is_not_called_by_its_plural(capsys: Capture) -> None:
    from vidkit.core.config import load_config

    with open_library(load_config(environment={})) as home:
        home.save(make_record("a.mp4", columns={"label": "movie"}), Path("processed_videos"))
    assert main(["stats", "--by", "label"]) == 0
    said = capsys.readouterr().out
    assert ": 1 video, " in said
    assert "label: 1 value\n" in said
    assert main(["retag"]) == 0
    assert "1 record looked at" in capsys.readouterr().out
