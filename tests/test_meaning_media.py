"""Real footage, described by an endpoint, found by other words than those of its description."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from vidkit import process_video_pipeline
from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.library import parse_query
from vidkit.meaning.models import open_models
from vidkit.workflow.run import open_run

from .meaning_models import text_model
from .model_server import serving

__all__ = ["text_model"]

# What is to be seen, as a model would say it; and what somebody types who looks for it.
FOOTAGE = {
    "vfr_fire.mp4": ("Logs burn in a fireplace with bright orange flames.", "fire glowing on the hearth"),
    "bunny_vp8.webm": ("An animated rabbit stands in a green meadow under a tree.", "cartoon bunny outdoors"),
    "armwrestling_short.mp4": (
        "Two men arm wrestle at a table; one of them wins.",
        "strength competition between guys",
    ),
    "chaplin.mp4": ("A black and white silent film: a man with a hat and a cane stumbles.", "early cinema comedy"),
}
NONSENSE = ("qwpoe zmxn", "blorp fizzle wug", "xkcd jjjj", "asd fgh jkl")


@pytest.mark.slow
def test_real_footage_is_found_by_other_words_than_those_of_its_description(
    media: Path, text_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there = {path.name: path for path in media.iterdir() if path.name in FOOTAGE}
    if len(there) < len(FOOTAGE):
        pytest.skip(f"not all of this footage is here: {', '.join(FOOTAGE)}")
    with serving() as server:
        endpoint = f"[QwenVL]\nPublicEndpoint = {server.url}/ask\nProtocol = vidkit\n"
        Path("config.ini").write_text(f"[Meaning]\nTextModel = {text_model}\n{endpoint}")
        model = open_models(load_config().meaning).text
        assert model is not None
        with open_run(load_config(), level="video") as run:
            for name, (description, _) in FOOTAGE.items():
                server.answer = lambda question, said=description: said  # type: ignore[misc]
                process_video_pipeline(str(there[name]), run=run)

            def found(words: str) -> list[str]:
                near = run.library.nearest(model.id, model.queries([words])[0], parse_query(), 9)
                return [Path(each.url).name for each in near if each.similarity > model.floor]

            for name, (description, other_words) in FOOTAGE.items():
                assert found(description)[0] == name
                assert not set(other_words.split()) & set(description.lower().rstrip(".").split())
                assert found(other_words)[:1] == [name], other_words
            for nonsense in NONSENSE:
                assert found(nonsense) == []

    def searched(*words: str) -> list[tuple[str, list[str]]]:
        assert main(["search", "--json", *words]) == 0
        answers = map(json.loads, capsys.readouterr().out.splitlines())
        return [(each["filename"], each["why"]) for each in answers]

    for name, (description, other_words) in FOOTAGE.items():
        words = description.rstrip(".").replace(":", "").replace(";", "").split()
        assert searched(*words)[0] == (name, ["words", "meaning"])
        assert searched(other_words)[0] == (name, ["meaning"])  # in quotes of the shell
        assert searched(*other_words.split())[0] == searched("--meaning", other_words)[0] == (name, ["meaning"])
        assert searched("--no-meaning", *other_words.split()) == []
        assert searched(*other_words.split(), f"-{words[-1]}") == []
    for nonsense in NONSENSE:
        assert searched(nonsense) == searched("--meaning", nonsense) == []
