"""The language of messages and help: `_("{path} is not there", path=path)` looks a text up in gettext's catalogs.

`VIDKIT_LANG` names the language, else the locale of the process does. The English texts are the keys, so English
opens no catalog. `scripts/messages.py` writes the catalogs. It imports nothing of vidkit, so every module can use
it.
"""

from __future__ import annotations

import os
import re
import sys
from functools import cache

TYPE_CHECKING = False
if TYPE_CHECKING:
    import gettext

LOCALES = os.path.join(os.path.dirname(__file__), "locale")  # without pathlib, which `--version` does not need
DOMAINS = ("vidkit-help", "vidkit-messages")
_ALSO = {"zh": "zh_CN", "zh_hans": "zh_CN", "zh_hans_cn": "zh_CN", "zh_sg": "zh_CN"}  # names -> a folder of LOCALES


def _(text: str, /, **values: object) -> str:
    """A text in the user's language.

    Args:
        text: the English text. With values, it is a template of `str.format`.
        values: of its placeholders.

    Returns:
        The translation, or else the English text, with its values.
    """
    catalog = _catalog()
    return _filled(catalog.gettext(text) if catalog and text else text, text, values)


def _n(one: str, many: str, count: int, /, **values: object) -> str:
    """A text that depends on a number: `_n("{count} rule", "{count} rules", 3)`.

    Args:
        one: the English template for one thing.
        many: for any other number of them.
        count: the number; it is the value of `{count}`.
        values: of the other placeholders.
    """
    english = one if count == 1 else many
    catalog = _catalog()
    found = catalog.ngettext(one, many, count) if catalog else english
    return _filled(found, english, {"count": count, **values})


def _filled(template: str, english: str, values: dict[str, object]) -> str:
    """A template with its values. If the translation has wrong fields, the English text is used."""
    if not values:
        return template
    if template is not english:
        try:
            return template.format(**values)
        except (LookupError, ValueError, AttributeError, TypeError):
            pass
    return english.format(**values)


@cache
def _catalog() -> gettext.GNUTranslations | None:
    """The texts of the user's language; None for English, or if the screen cannot show that language."""
    for folder in _wanted():
        found: gettext.GNUTranslations | None = None
        for domain in DOMAINS:
            path = os.path.join(LOCALES, folder, "LC_MESSAGES", f"{domain}.mo")
            if os.path.isfile(path):
                import gettext

                with open(path, "rb") as file:
                    texts = gettext.GNUTranslations(file)
                if found:
                    texts.add_fallback(found)
                found = texts
        if found and _can_be_shown(found):
            return found
    return None


def _wanted() -> list[str]:
    """The folders of the languages in the environment, best first, up to English."""
    folders = []
    for name in _named().split(":"):
        language = re.split("[.@]", name.strip())[0].replace("-", "_")
        if language.lower() in ("c", "posix", "en") or language.lower().startswith("en_"):
            break
        folder = _ALSO.get(language.lower(), language)
        if re.fullmatch(r"\w+", folder):
            folders.append(folder)
    return folders


def _named() -> str:
    """The languages of the environment, as in gettext: `LANGUAGE` counts only if the locale is not C."""
    if own := os.environ.get("VIDKIT_LANG"):
        return own
    locale = next(filter(None, map(os.environ.get, ("LC_ALL", "LC_MESSAGES", "LANG"))), "C")
    return locale if re.split("[.@]", locale)[0] in ("C", "POSIX") else os.environ.get("LANGUAGE") or locale


def _can_be_shown(texts: gettext.GNUTranslations) -> bool:
    """Whether the encodings of stdout and stderr have the characters of a language, tested with one word."""
    word = texts.gettext("usage: ")
    try:
        for stream in (sys.stdout, sys.stderr):
            word.encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
