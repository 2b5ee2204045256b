"""Forms of a word: a search for `walks` also finds `walking`, because both have the stem `walk`.

Next to its index, a library stores all its words, each with its stem. A search looks up the forms of its words
there, so the index itself has each word as it is written. Stems are those of Snowball
(https://snowballstem.org). The language of a text is not known, so the script decides: Latin letters are read as
English, Cyrillic letters as Russian. Words in other scripts, words with digits and words of two letters have no
other forms.
"""

from __future__ import annotations

import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache

from vidkit.core.languages import stem
from vidkit.library.query import Query, Term

_SCRIPTS = (
    (re.compile("[a-z]{3,}"), "english"),
    (re.compile("[\u0430-\u044f]{3,}"), "russian"),
    (re.compile("[\u03b1-\u03c9]{3,}"), "greek"),
    (re.compile("[\u0621-\u064a]{3,}"), "arabic"),
    (re.compile("[\u0900-\u0963]{3,}"), "hindi"),
    (re.compile("[\u0b80-\u0bff]{3,}"), "tamil"),
    (re.compile("[\u0561-\u0587]{3,}"), "armenian"),
)
# `text.fold` removes the breve from this letter, but Russian endings need it.
_RUSSIAN_END = re.compile("(?<=[\u0430\u0435\u0438\u043e\u0443\u044b\u044d\u044e\u044f])\u0438$")
_MOST_FORMS = 50  # of one word in a search
_MOST_KNOWN = 500_000  # words in memory


class KnownWords:
    """Words that are already stored in a library. Threads share it.

    A word is added after its commit. A word that is missing here is only stored again.
    """

    def __init__(self) -> None:
        self._words: set[str] = set()
        self._lock = threading.Lock()

    def without_known(self, words: Iterable[str]) -> set[str]:
        """The words that may not be stored yet."""
        with self._lock:
            return set(words) - self._words

    def add(self, words: Iterable[str]) -> None:
        """Add words that are stored now."""
        with self._lock:
            if len(self._words) > _MOST_KNOWN:
                self._words.clear()
            self._words.update(words)

    def clear(self) -> None:
        """Forget all words."""
        with self._lock:
            self._words.clear()


@lru_cache(maxsize=1 << 16)
def stem_of(word: str) -> str | None:
    """The stem of a folded word (`text.words`); None if it has no other forms."""
    for script, language in _SCRIPTS:
        if script.fullmatch(word):
            if language == "russian":
                word = _RUSSIAN_END.sub("\u0439", word)
            return stem(word, language)
    return None


def with_forms(query: Query, words_of: Callable[[list[str]], Iterable[tuple[str, str]]]) -> Query:
    """Add the other forms of its words to a query.

    Args:
        query: as the user typed it. Words in quotes and beginnings of words (`walk*`) stay as they are.
        words_of: stems -> (stem, word) of each word in the library with one of these stems.
    """
    typed = {term for clause in (*query.words, query.without) for term in clause if _has_forms(term)}
    stems = {term: stem for term in typed if (stem := stem_of(term.words[0])) is not None}
    if not stems:
        return query
    found: defaultdict[str, list[str]] = defaultdict(list)
    for stem, word in words_of(sorted(set(stems.values()))):
        found[stem].append(word)

    def widened(term: Term) -> Term:
        others = sorted(set(found[stems[term]]) - set(term.words)) if term in stems else []
        return replace(term, forms=tuple(others[:_MOST_FORMS])) if others else term

    return replace(
        query,
        words=tuple(tuple(map(widened, clause)) for clause in query.words),
        without=tuple(map(widened, query.without)),
    )


def _has_forms(term: Term) -> bool:
    return len(term.words) == 1 and not (term.prefix or term.exact)


def stems_of(words: Iterable[str]) -> list[tuple[str, str]]:
    """(stem, word) of each word that has a stem."""
    return [(stem, word) for word in words if (stem := stem_of(word)) is not None]
