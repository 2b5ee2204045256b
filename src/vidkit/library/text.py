"""Words in the library: without case and accents, in any script.

Texts are split into words only here, so all backends have the same results.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

# Characters that are ignored: accents, vowel points, invisible joiners, soft hyphens, the Arabic tatweel.
_ACCENTS = re.compile(
    "[\u00ad\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640"
    "\u064b-\u065f\u0670\u06d6-\u06dc\u1ab0-\u1aff\u1dc0-\u1dff\u200b-\u200d\u20d0-\u20f0\ufe20-\ufe2f\ufeff]"
)
# Letters that Unicode does not decompose, but people often type without the stroke.
_PLAIN = str.maketrans("łøđħı", "lodhi")
# Thai, Lao, Myanmar, Khmer, kana and Han are written without spaces, and Korean attaches particles to words: each
# of their characters is a word, and a sequence of them in a query is a phrase.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u3096\u309d-\u309f\u30a1-\u30fa\u30fc-\u30ff"
    "\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff"
)
# The scripts of India and Tibetan write vowels as marks, which are part of a word (the dandas are not).
_WITH_MARKS = "\u0900-\u0963\u0966-\u0dff\u0f71-\u0f84\u0f90-\u0fbc"
# A longer word is split: an index limits the length of words.
_LONGEST = 64
_WORD = re.compile(f"[{_SPACELESS}]|(?:[^\\W_{_SPACELESS}]|[{_WITH_MARKS}]){{1,{_LONGEST}}}")
_ASCII_WORD = re.compile(f"[a-z0-9]{{1,{_LONGEST}}}")
_WORD_OR_END = re.compile(f"{_WORD.pattern}|\n")
_END = "\1"  # a line end, so that `split` keeps it
_ASCII_LETTERS = {code: chr(code).lower() if chr(code).isalnum() else " " for code in range(128)} | {10: _END}
# Separates joined texts, so that no phrase spans two texts. It is not a letter: no search can find it.
BETWEEN = "\u00b6"


def fold(text: str) -> str:
    """Text without case and accents. Hangul and kana are not decomposed."""
    if text.isascii():
        return text.lower()
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", bare).translate(_PLAIN)


def words(text: str) -> list[str]:
    """The words of a text, folded, in order. Everything other than letters and digits separates words, also `_`."""
    folded = fold(text)
    return (_ASCII_WORD if folded.isascii() else _WORD).findall(folded)


def joined(texts: Iterable[str]) -> str:
    """The words of several texts, joined by single spaces, with BETWEEN between the texts."""
    text = " \n ".join([text.replace("\n", " ") for text in texts])
    if text.isascii():  # twice as fast as the pattern
        found = text.translate(_ASCII_LETTERS).split()
        if not found or max(map(len, found)) <= _LONGEST:
            return " ".join(found).replace(_END, BETWEEN)
    return " ".join(_WORD_OR_END.findall(fold(text))).replace("\n", BETWEEN)


def words_with_places(text: str) -> list[tuple[str, int, int]]:
    """The words of a text with their positions: (word, start, end). The text should be NFC."""
    if text.isascii():
        return [(match[0], *match.span()) for match in _ASCII_WORD.finditer(text.lower())]
    letters: list[str] = []
    places: list[int] = []
    for place, character in enumerate(text):
        for letter in fold(character):
            letters.append(letter)
            places.append(place)
    found = _WORD.finditer("".join(letters))
    return [(match[0], places[match.start()], places[match.end() - 1] + 1) for match in found]


def label(text: str) -> str:
    """A tag or a class for comparison: `High-Intensity` and `high intensity` are the same."""
    return " ".join(words(text)) or " ".join(fold(text).split())


def storable(text: str) -> str:
    """Text that every database accepts: half a surrogate pair and NUL are replaced by an escape such as
    `\\ud800`."""
    if not text.isascii():
        text = text.encode("utf-8", "backslashreplace").decode()
    return text.replace("\0", "\\x00")
