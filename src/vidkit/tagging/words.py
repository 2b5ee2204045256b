"""Find and compare words and tags in any script, regardless of case and kind of quotes."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from vidkit.core.languages import stem

# Variants of one character: quotes, full-width forms. Soft hyphens and emoji selectors are removed.
_VARIANTS = {
    **{code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)},
    **dict.fromkeys(map(ord, "‘’‛ʼ´`＇"), "'"),
    **dict.fromkeys(map(ord, "“”„‟«»＂"), '"'),
    **dict.fromkeys((0x00AD, 0xFE0F), None),
}
_HYPHEN = re.compile(r"(?<=\S)[-‐‑–_]+(?=\S)")
_NAME_PARTS = re.compile(r"[-‐‑–_.\s]+")
# Scripts without spaces between words (Unicode Standard, ch. 6.2 and UAX #14): Thai, Lao, Myanmar, Khmer,
# Tai, Balinese, Javanese, Han, kana, Bopomofo.
_SPACELESS = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u1950-\u19df\u1a20-\u1aaf\u1b00-\u1b7f\ua980-\ua9df"
    "\u2e80-\u2fdf\u3005-\u3007\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff]"
)
_LETTERS = re.compile(r"[^\W\d_]+")
_HANGUL = re.compile("[\u1100-\u11ff\u3130-\u318f\ua960-\ua97f\uac00-\ud7ff]")


def fold(text: str) -> str:
    """The form in which words and tags are compared: one case, one kind of quotes, composed accents, no hyphens."""
    return " ".join(_HYPHEN.sub(" ", caseless(text)).split())


def caseless(text: str) -> str:
    """Text in one case (Unicode's case folding), with one kind of quotes and composed accents (NFC)."""
    return unicodedata.normalize("NFC", text.translate(_VARIANTS).casefold())


def fold_name(text: str) -> str:
    """The folded words of a file name, which `_`, `-` and `.` separate."""
    return _NAME_PARTS.sub(" ", fold(text)).strip()


def contains_words(words: str, text: str) -> bool:
    """Whether folded text contains folded words as whole words.

    In a script without spaces, a word may end after every character. A Korean word may continue, since particles
    are attached to it. `drone's` contains `drone`, but `can't` does not contain `can`.
    """
    start = text.find(words)
    while start >= 0:
        end = start + len(words)
        if _may_start(text, start) and _may_end(text, end):
            return True
        start = text.find(words, start + 1)
    return False


@lru_cache(maxsize=1024)
def stemmed(text: str, stemmer: str) -> str:
    """Folded text with each word replaced by its stem: `zwei Hunde` and `zwei Hund` are the same in German."""
    return _LETTERS.sub(lambda word: stem(word[0], stemmer), text)


def _may_start(text: str, at: int) -> bool:
    return at == 0 or _is_boundary(text[at - 1], text[at])


def _may_end(text: str, at: int) -> bool:
    if at == len(text):
        return True
    if text[at] == "'" and _in_word(text[at - 1]):
        return not re.match(r"'(?!s(?!\w))\w", text[at : at + 3])
    return _is_boundary(text[at - 1], text[at]) or bool(_HANGUL.match(text[at - 1]) and _HANGUL.match(text[at]))


def _is_boundary(before: str, after: str) -> bool:
    """Whether a word may end between two adjacent characters."""
    if unicodedata.category(after)[0] == "M":
        return False
    if not (_in_word(before) and _in_word(after)):
        return True
    if _SPACELESS.match(before) or _SPACELESS.match(after):
        return True
    return bool(_HANGUL.match(before)) != bool(_HANGUL.match(after))


def _in_word(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN"
