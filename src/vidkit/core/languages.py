"""Languages of texts: their names in the settings, and the stems of words."""

from __future__ import annotations

import re
import threading
from functools import cache
from typing import Any

from vidkit.errors import nearest
from vidkit.messages import message

# Code (BCP 47) -> the name that models know. For `STEMMED` there is a Snowball stemmer.
LANGUAGES = {
    "ar": "Arabic", "bn": "Bengali", "ca": "Catalan", "cs": "Czech", "da": "Danish", "de": "German",
    "el": "Greek", "en": "English", "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French",
    "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian", "id": "Indonesian", "it": "Italian", "ja": "Japanese",
    "ko": "Korean", "ms": "Malay", "nl": "Dutch", "no": "Norwegian", "pl": "Polish", "pt": "Portuguese",
    "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai", "tr": "Turkish", "uk": "Ukrainian",
    "ur": "Urdu", "vi": "Vietnamese", "zh": "Simplified Chinese", "zh-hk": "Traditional Chinese",
    "zh-hant": "Traditional Chinese", "zh-tw": "Traditional Chinese",
}  # fmt: skip
STEMMED = {
    "Arabic", "Catalan", "Danish", "Dutch", "English", "Finnish", "French", "German", "Greek", "Hindi",
    "Hungarian", "Indonesian", "Italian", "Norwegian", "Portuguese", "Romanian", "Russian", "Spanish",
    "Swedish", "Turkish",
}  # fmt: skip
_NAME = re.compile(r"[^\W\d_]{3,}(?:[ -][^\W\d_]+){0,3}")
_CODE = re.compile(r"[a-z]{2,3}(?:[-_][a-z0-9]{2,8})*")
_LONGEST = 40
_lock = threading.Lock()  # a stemmer is not thread-safe


def read_language(text: str) -> str:
    """The name of a language, from a name such as `german` or a code such as `de` or `de-AT`.

    A name that is not in the table is kept: a model may know more languages.

    Raises:
        ValueError: it is not a name or a code.
    """
    if not text:
        return ""
    code = text.lower().replace("_", "-")
    if name := LANGUAGES.get(code) or (_CODE.fullmatch(code) and LANGUAGES.get(code.split("-")[0])):
        return name
    names = {name.lower(): name for name in LANGUAGES.values()}
    if name := names.get(text.lower()):
        return name
    if len(text) > _LONGEST or not _NAME.fullmatch(text):
        if near := nearest(text, [*names.values(), *LANGUAGES]):
            raise ValueError(message("not a language: did you mean {near}?", near=near))
        raise ValueError(message("not a language: a name such as German, or a code such as de"))
    return text


def stemmer_of(language: str) -> str | None:
    """The stemmer of a language, for `stem`; None if there is none."""
    return language.lower() if language in STEMMED else None


def stem(word: str, stemmer: str) -> str:
    """The stem of a word in lower case, by a Snowball stemmer such as `german`."""
    with _lock:
        return str(_stemmer(stemmer).stemWord(word))


@cache
def _stemmer(name: str) -> Any:
    import snowballstemmer  # slow to import: as long as a search

    return snowballstemmer.stemmer(name)
