"""`make messages`: put the texts of the code into the catalogs of all languages, and list what is missing.

`vidkit-help.po` has what `--help`, `init` and `doctor` show, `vidkit-messages.po` has all else. A new language is a
new folder: `scripts/messages.py fr`. The `.mo` files are committed, so an installation builds nothing.
"""

from __future__ import annotations

import ast
import os
import re
import string
import sys
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po

from vidkit.cli import make_parser
from vidkit.cli.parser import ARGPARSE, Parser
from vidkit.core.config import INI_HEAD
from vidkit.core.extras import PURPOSES
from vidkit.core.settings import settings
from vidkit.language import DOMAINS

SOURCE = Path(__file__).parents[1] / "src" / "vidkit"
LOCALES = SOURCE / "locale"
_HELP, _MESSAGES = DOMAINS
# The modules whose texts are help.
_HELPING = re.compile(r"cli/(__init__|answers|doctor|guided|parser|\w*arguments|commands/setup)\.py")
_HEADER = """# Texts in {language}. `make messages` keeps them in step with the code; fill the empty ones.
msgid ""
msgstr ""
"Language: {language}\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Plural-Forms: {plurals}\\n"

"""
# The calls whose first argument is a text; those of `log` and of exceptions come beside.
_CALLS = ("_", "_n", "message", "numbered", "say", "counted", "format_count", "number")
# Texts that only the web API and its page show: they are in English.
_ENGLISH = ("web", "mcp")
_NO_DATE = datetime.fromtimestamp(0, timezone.utc)  # the same texts make the same file

# The English text, or (for one, for many) -> the modules that have it.
Texts = dict[str | tuple[str, str], list[str]]


def texts() -> dict[str, Texts]:
    """Domain -> its texts, in the order of the code."""
    found: dict[str, Texts] = {domain: {} for domain in DOMAINS}
    for text in (*_parser_texts(make_parser()), *ARGPARSE):
        found[_HELP].setdefault(text, ["cli"])
    for setting in settings():
        found[_HELP].setdefault(setting.meaning, ["core/settings.py"])
    for text in INI_HEAD:
        found[_HELP].setdefault(text, ["core/config.py"])
    for purpose in PURPOSES.values():
        found[_HELP].setdefault(purpose, ["core/extras.py"])
    for path in sorted(SOURCE.rglob("*.py")):
        name = path.relative_to(SOURCE).as_posix()
        if name.partition("/")[0] in _ENGLISH:
            continue
        domain = _HELP if _HELPING.fullmatch(name) else _MESSAGES
        for text in _calls(ast.parse(path.read_text(encoding="utf-8")), name):
            places = found[domain].setdefault(text, [])
            places.extend([name] if name not in places else ())
    found[_MESSAGES] = {text: places for text, places in found[_MESSAGES].items() if text not in found[_HELP]}
    return found


def _parser_texts(parser: Parser) -> Iterator[str]:
    """What `--help` shows of a command and its subcommands."""
    yield from filter(None, (parser.description, parser.epilog))
    yield from (title for title in parser.titles if title)
    yield from (action.help for action in parser.declared if action.help)
    for command in parser.commands.values():
        yield from _parser_texts(command)
    yield from (line.help for line in parser.summaries if line.help)


def _calls(tree: ast.Module, name: str) -> Iterator[str | tuple[str, str]]:
    """The texts that a module shows, makes or raises. Calls with a variable look one up in a table."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    for node in sorted(calls, key=lambda call: (call.lineno, call.col_offset)):
        if not (called := _called(node)):
            continue
        pair = called in ("_n", "numbered")
        given = [text for part in node.args[: 2 if pair else 1] for text in _branches(part)]
        literal = [part.value for part in given if isinstance(part, ast.Constant) and isinstance(part.value, str)]
        if called == "format_count":
            yield _count_forms(node)
        elif called == "number":
            yield from (part.value for part in node.args[3:4] if isinstance(part, ast.Constant))
        elif pair and len(literal) == 2:
            yield literal[0], literal[1]
        elif len(literal) == len(given):
            yield from filter(_says_something, literal)
        elif any(isinstance(part, ast.JoinedStr | ast.BinOp) for part in given):
            sys.exit(f"{name}:{node.lineno}: {called}() needs one literal, with {{names}} in it")


def _called(node: ast.Call) -> str:
    """The name of a call that has a text; else nothing."""
    if isinstance(node.func, ast.Name):
        return node.func.id if node.func.id in _CALLS or node.func.id in _errors() else ""
    of_log = isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "log"
    return f"log.{node.func.attr}" if of_log and node.func.attr in ("warning", "error", "critical") else ""


@cache
def _errors() -> set[str]:
    """The names of vidkit's exceptions, whose constructor takes a text and its values."""
    trees = (ast.parse(path.read_text(encoding="utf-8")) for path in SOURCE.rglob("*.py"))
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"VidkitError"}
    while more := {name for name in bases if name not in found and found & bases[name]}:
        found |= more
    return found


def _branches(part: ast.expr) -> list[ast.expr]:
    return [part.body, part.orelse] if isinstance(part, ast.IfExp) else [part]


def _count_forms(node: ast.Call) -> tuple[str, str]:
    one, *many = [str(part.value) for part in node.args[1:] if isinstance(part, ast.Constant)]
    return f"{{count}} {one}", f"{{count}} {many[0] if many else f'{one}s'}"


def _says_something(text: str) -> bool:
    """Whether there is something to translate besides placeholders and signs."""
    if re.search(r"\{\w+[^{}]*\}", text):
        return any(piece.strip(" :;,()/") for piece, *_ in string.Formatter().parse(text))
    return bool(text.replace("%s", "").strip(" :"))


def update(path: Path, wanted: Texts) -> Catalog:
    """The catalog at a path with these texts and no others; translations of the same text are kept."""
    language = path.parents[1].name
    old = Catalog(locale=language)
    if path.exists():
        with path.open("rb") as file:
            old = read_po(file, locale=language)
    new = Catalog(locale=language, fuzzy=False, creation_date=_NO_DATE, revision_date=_NO_DATE)
    for text, places in wanted.items():
        before = old.get(text if isinstance(text, str) else text[0])
        kept = before.string if before and before.id == text else ""
        new.add(text, kept, locations=[(place, None) for place in places])
    return new


def missing(catalog: Catalog) -> list[str]:
    """The texts without a translation, or whose translation has other placeholders."""
    return [
        str(entry.id)
        for entry in catalog
        if entry.id and not all(_agrees(entry.id, text) for text in _forms(entry.string))
    ]


def _forms(text: str | tuple[str, ...]) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else text or ("",)


def _agrees(english: str | tuple[str, ...], text: str) -> bool:
    """Whether a translation is there, with the placeholders of the English text (of that for many, if two)."""
    return bool(text) and placeholders(text) == placeholders(_forms(english)[-1])


def placeholders(text: str) -> set[str]:
    """`{name}`, `%(name)s` and, in this order, `%s` of a template; a brace that is none is taken as it is."""
    try:
        braces = {f"{{{name}!{how}:{form}}}" for _, name, form, how in string.Formatter().parse(text) if name}
    except ValueError:
        braces = set()
    named = set(re.findall(r"%\(\w+\)\w", text))
    return braces | named | {f"{at}%{form}" for at, form in enumerate(re.findall(r"%(\.?\d*[sdrf])", text))}


def main(languages: list[str]) -> int:
    found, lacking = texts(), 0
    for language in languages or sorted(path.name for path in LOCALES.iterdir() if path.is_dir()):
        for domain in DOMAINS:
            path = LOCALES / language / "LC_MESSAGES" / f"{domain}.po"
            path.parent.mkdir(parents=True, exist_ok=True)
            catalog = update(path, found[domain])
            header = _HEADER.format(language=language, plurals=catalog.plural_forms)
            with path.open("wb") as file:
                file.write(header.encode())
                write_po(file, catalog, width=116, include_lineno=False, omit_header=True)
            with path.with_suffix(".mo").open("wb") as file:
                write_mo(file, catalog)
            for text in missing(catalog):
                print(f"{language} {domain}: {text}")
                lacking += 1
    print(f"{lacking} texts are to be translated" if lacking else "every text is translated")
    return int(bool(lacking))


if __name__ == "__main__":
    os.environ["VIDKIT_LANG"] = "en"
    sys.exit(main(sys.argv[1:]))
