"""Messages and help in other languages: the catalogs are whole, and a language is chosen as gettext does."""

from __future__ import annotations

import gettext
import os
import re
import subprocess
import symtable
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from vidkit import language
from vidkit.cli import main, make_parser
from vidkit.core.config import Config, default_ini, load_config, settings
from vidkit.core.terminal import width_of
from vidkit.language import DOMAINS, _, _n

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))
import make_docs
import messages
from messages import LOCALES

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
def test_every_text_is_translated_with_its_placeholders(path: Path) -> None:
    with path.open("rb") as file:
        catalog = read_po(file)
    wanted, there = set(messages.texts()[path.stem]), {entry.id for entry in catalog if entry.id}
    assert (wanted - there, there - wanted, messages.missing(catalog)) == (set(), set(), []), "run make messages"


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


@pytest.fixture
def narrow(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setenv("COLUMNS", "70")
    return 70


def shown(words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """What a command line answers: its exit code, stdout and stderr."""
    code = main(words.split())
    return code, *capsys.readouterr()


def test_the_help_of_every_command_is_chinese_and_fits_the_terminal(
    chinese: None, narrow: int, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = make_parser().commands
    lines = ["", *commands, *(f"{name} {inner}" for name in commands for inner in commands[name].commands)]
    for line in lines:
        code, text, _err = shown(f"{line} --help", capsys)
        described = text.split("\n\n", 1)[1]
        assert (code, text[:4]) == (0, "用法: ")
        assert not re.search(r"(?<![\w`-])(the|of|such|default)(?![\w-])", described), described
        assert all(width_of(row) <= narrow for row in described.splitlines() if not row.isascii()), described
    assert "选项:\n  -h, --help  显示此帮助信息并退出\n" in shown("--help", capsys)[1]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("proces", "vidkit: 错误: 没有命令 proces：您是否想输入 process？"),
        ("serve --prot 1", "vidkit serve: 错误: 没有选项 --prot：您是否想输入 --port？"),
        ("serve --port x", "vidkit serve: 错误: 参数 --port：'x' 不是端口：端口是 0 到 65535 之间的数字"),
        ("search --limit", "vidkit search: 错误: 参数 --limit：需要一个值"),
        ("process", "vidkit process: 错误: 必须使用以下参数之一：--urls --csv"),
        ("process --urls", "vidkit process: 错误: 参数 --urls：至少需要一个值"),
        ("export", "vidkit export: 错误: 缺少以下参数：DIR, --format"),
        ("process --csv a --urls b", "vidkit process: 错误: 参数 --urls：不能与参数 --csv 同时使用"),
        ("mcp --allow {0}%s", "vidkit mcp: 错误: 参数 --allow：'{0}%s' 不在 label, process, export 之中"),
    ],
)
def test_a_wrong_command_line_is_told_in_chinese(
    words: str, error: str, chinese: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, _out, text = shown(words, capsys)
    line = re.sub(r"argument (\S+): ", r"参数 \1：", text.splitlines()[-1])  # Python 3.10 never translates this
    assert (code, line) == (2, error)


def test_the_page_about_languages_shows_the_help_as_it_is(
    chinese: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    page = (Path(__file__).parents[1] / "docs" / "languages.md").read_text(encoding="utf-8")
    assert shown("scenes --help", capsys)[1].split("\n\n", 1)[1] in page


def test_the_parser_and_the_generated_pages_stay_english(chinese: None) -> None:
    for name, content in make_docs.pages().items():
        assert content == (Path(__file__).parents[1] / name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize(
    ("encoding", "first"), [("utf-8", "用法: vidkit"), ("gbk", "用法: vidkit"), ("latin-1", "usage: vidkit")]
)
def test_the_language_is_one_that_the_terminal_can_show(encoding: str, first: str) -> None:
    environment = {**os.environ, "VIDKIT_LANG": "zh_CN", "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "vidkit", "--help"]
    done = subprocess.run(command, env=environment, capture_output=True, check=True)
    assert done.stdout.decode(encoding).startswith(first)
    assert not done.stderr


def test_init_explains_the_settings_in_chinese_and_gives_them_the_same_values(
    chinese: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert shown("init", capsys)[1].splitlines()[0] == "config.ini 已写入"
    text = Path("config.ini").read_text(encoding="utf-8")
    assert "# 存放下载视频的文件夹。\nDownloadDirectory = downloaded_videos\n" in text
    assert [line for line in text.splitlines() if not line.startswith("#")] == [
        line for line in default_ini().splitlines() if not line.startswith("#")
    ]
    written, built_in = load_config("config.ini"), Config()
    assert [getattr(getattr(written, s.section_attribute), s.attribute) for s in settings()] == [
        getattr(getattr(built_in, s.section_attribute), s.attribute) for s in settings()
    ]


def test_doctor_speaks_chinese_with_its_marks_in_one_column(
    chinese: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, text, _err = shown("doctor", capsys)
    assert code == 0
    lines = text.splitlines()
    assert "未用     设置: 这里没有 config.ini，因此使用默认值；`vidkit init` 会写一个" in lines
    assert {line[:2] for line in lines} == {"正常", "未用"}
    assert not [line for line in lines if line[2:7] != "     " or line[7] == " "]


@pytest.mark.parametrize(
    ("page", "english"), [("README.zh-CN.md", "README.md"), ("docs/index.zh.md", "docs/index.md")]
)
def test_the_commands_of_a_chinese_page_are_those_of_the_english_one(page: str, english: str) -> None:
    def commands(name: str) -> list[str]:
        text = (messages.SOURCE.parents[1] / name).read_text(encoding="utf-8")
        lines = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.M | re.S)).splitlines()
        return [line.partition(" # ")[0].strip() for line in lines]

    assert len(commands(page)) >= 5
    if page.startswith("docs"):
        linked = [
            set(re.findall(r"\]\((\w[^)]*\.md)\)", (messages.SOURCE.parents[1] / name).read_text(encoding="utf-8")))
            for name in (page, english)
        ]
        assert linked[1] - linked[0] <= {page.rpartition("/")[2]}, (
            "a page is missing in the table of the Chinese one"
        )
    assert [line for line in commands(page) if line not in commands(english)] == []


def test_english_imports_no_gettext_and_no_other_part_of_vidkit() -> None:
    code = "import sys; from vidkit.language import _; print(_('a text'), *sys.modules)"
    environment = {**os.environ, "VIDKIT_LANG": "en", "PYTHONPATH": str(messages.SOURCE.parent)}
    command = [sys.executable, "-S", "-c", code]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    loaded = done.stdout.removeprefix("a text ").split()
    assert {name for name in loaded if name.startswith("vidkit.")} <= {"vidkit._version", "vidkit.language"}
    assert not {"gettext", "pathlib"} & set(loaded)


def test_doctor_gives_the_reasons_of_errors_in_chinese(chinese: None, capsys: pytest.CaptureFixture[str]) -> None:
    Path("custom_tags.json").write_text('{"rules": 1}')
    code, text, _err = shown("doctor", capsys)
    (line,) = (line for line in text.splitlines() if "规则: " in line)
    assert (code, line[:2]) == (1, "错误")
    assert "vidkit init" in line
    assert "In an empty folder" not in line


def test_no_function_hides_the_translation_behind_a_variable_of_its_name() -> None:
    def inner(table: symtable.SymbolTable) -> Iterator[symtable.SymbolTable]:
        for child in table.get_children():
            yield child
            yield from inner(child)

    hidden = []
    for path in messages.SOURCE.rglob("*.py"):
        for scope in inner(symtable.symtable(path.read_text(encoding="utf-8"), path.name, "exec")):
            name = scope.lookup("_") if "_" in scope.get_identifiers() else None
            if name and name.is_referenced() and (name.is_local() or name.is_free()):
                hidden.append(f"{path.name}: {scope.get_name()}")
    assert hidden == []
