"""Messages and help in other languages: the catalogs are whole, and a language is chosen as gettext does."""

from __future__ import annotations

import gettext
import sys
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from vidkit import language
from vidkit.language import DOMAINS, LOCALES, _, _n

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import messages

CATALOGS = sorted(LOCALES.rglob("*.po"))


def set_languages(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in ("VIDKIT_LANG", "LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_there_is_a_catalog_of_each_kind_in_each_language() -> None:
    folders = {path.parent for path in CATALOGS}
    assert LOCALES / "zh_CN" / "LC_MESSAGES" in folders
    assert sorted(folder / f"{domain}.po" for folder in folders for domain in DOMAINS) == CATALOGS


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_every_text_is_in_the_catalog(path: Path) -> None:
    with path.open("rb") as file:
        catalog = read_po(file)
    wanted, there = set(messages.texts()[path.stem]), {entry.id for entry in catalog if entry.id}
    assert (wanted - there, there - wanted) == (set(), set()), "run make messages"


@pytest.mark.parametrize("path", CATALOGS, ids=lambda path: f"{path.parents[1].name}-{path.stem}")
def test_the_compiled_catalog_says_what_the_source_says(path: Path) -> None:
    with path.open("rb") as file, path.with_suffix(".mo").open("rb") as compiled:
        catalog, texts = read_po(file), gettext.GNUTranslations(compiled)
    for entry in catalog:
        if isinstance(entry.id, str) and entry.id:
            assert texts.gettext(entry.id) == (entry.string or entry.id), "run make messages"
        elif entry.id:
            assert texts.ngettext(*entry.id, 2) == entry.string[-1], "run make messages"


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, []),
        ({"LANG": "zh_CN.UTF-8"}, ["zh_CN"]),
        ({"LANG": "zh_CN.UTF-8", "VIDKIT_LANG": "en"}, []),
        ({"VIDKIT_LANG": "zh"}, ["zh_CN"]),
        ({"VIDKIT_LANG": "zh-Hans-CN"}, ["zh_CN"]),
        ({"LC_ALL": "C", "LANG": "zh_CN.UTF-8", "LANGUAGE": "zh_CN"}, []),
        ({"LC_ALL": "de_DE.UTF-8", "LANG": "zh_CN.UTF-8"}, ["de_DE"]),
        ({"LANG": "de_DE.UTF-8", "LANGUAGE": "de:zh_CN:en:fr"}, ["de", "zh_CN"]),
        ({"VIDKIT_LANG": "../../zh_CN"}, []),
    ],
)
def test_the_language_is_that_of_vidkit_lang_or_of_the_locale(
    variables: dict[str, str], wanted: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    set_languages(monkeypatch, **variables)
    assert language._wanted() == wanted


@pytest.mark.parametrize(
    "translation", ["{wrong}", "{", "{name.nothing}", "{name[0][1]}", "{name:d}", "{0}"], ids=repr
)
def test_a_translation_with_a_wrong_placeholder_gives_way_to_the_english_text(translation: str) -> None:
    assert language._filled(translation, "{name} is there", {"name": "a"}) == "a is there"


def test_a_text_without_values_may_have_braces() -> None:
    assert _('{"a": 1} is JSON') == '{"a": 1} is JSON'


def test_a_number_chooses_the_english_form() -> None:
    assert [_n("{count} cat of {who}", "{count} cats of {who}", n, who="{x}") for n in (1, 2)] == [
        "1 cat of {x}",
        "2 cats of {x}",
    ]
