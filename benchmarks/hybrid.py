"""Search by words and by meaning at once, in a SQLite library of five moments a video: the 95th percentile.

Run alone: `.venv/bin/python benchmarks/hybrid.py [--videos 100000] [--folder /tmp/hybrid]`.

The records are those of `library.py`. Their vectors are made: each is near to one of 2,000 directions, with 384 numbers.
Nothing is below the floor, so each search has all 200 answers by meaning; that is the most it can have to do. What
the text model takes for a query is measured beside it, with all-MiniLM-L6-v2 where the tests' packages are there. Times are
by the clock and, in brackets, of the processors, which is what they would be on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from library import clock as clock_of
from library import percentiles, record, timed, typed
from measure import table

sys.path.insert(0, str(Path(__file__).parents[1]))

from vidkit.library import Library, LibraryEntry, parse_query
from vidkit.library.sqlite.backend import open_sqlite
from vidkit.library.vectors.protocol import TEXT, VideoVectors, made_of, model_id, moments_for
from vidkit.meaning.search import Asked, AvailableModels, Search

SIZE = 384
MODEL = model_id(TEXT, "made", "0" * 12)
GOALS = {500_000: "150 ms", 5_000_000: "400 ms"}  # a search's 95th percentile
_PAGE = 50
_QUERIES = 20  # of each kind, or a few more
_DIRECTIONS = 2000
_VIDEOS = 2000  # at a time


class Made:
    """A model whose vectors are made. A text is near to one of the directions."""

    id = MODEL
    floor = -1.0

    def __init__(self) -> None:
        chance = np.random.default_rng(1)
        self._directions = unit(chance.standard_normal((_DIRECTIONS, SIZE)))

    def queries(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return np.stack([self.near(np.random.default_rng(list(text.encode())), 1)[0] for text in texts])

    def near(self, chance: np.random.Generator, count: int) -> NDArray[np.float32]:
        found = self._directions[chance.integers(0, _DIRECTIONS, count)]
        return unit(found + chance.standard_normal((count, SIZE)) * (0.9 / SIZE**0.5))


def unit(vectors: NDArray[Any]) -> NDArray[np.float32]:
    found: NDArray[np.float32] = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return found


def vectors_for(model: Made, first: int, entries: Sequence[LibraryEntry]) -> Iterator[VideoVectors]:
    """The vectors of records."""
    chance = np.random.default_rng(first)
    for made in (entry.record for entry in entries):
        keys = tuple((kind, at) for kind, at, _ in moments_for(made, MODEL))
        rows = model.near(chance, len(keys)).astype(np.float16)
        yield VideoVectors(made["source"]["url"], made_of(made, MODEL), keys, rows)


def queries() -> dict[str, list[dict[str, Any]]]:
    """What is asked, by kind, as `parse_query` takes it."""
    kinds = typed()
    words = [each["words"] for each in kinds["one word"] + kinds["two words"]]
    long = [" ".join(words[at : at + 5]) for at in range(2, len(words) - 5, 2)]
    filters = [each for each in kinds["a filter"] if "sort" not in each]
    both = [{"words": text, **given} for text, given in itertools.product(words[::5] + long[:2], filters)]
    return {
        "one or two words": [{"words": text} for text in words],
        "five words": [{"words": text} for text in long],
        "words and a filter": both,
        "words and -words": [{"words": f"{text} -{other}"} for text, other in itertools.pairwise(words)],
    }


def measured(library: Library, model: Made, runs: int) -> dict[str, list[str]]:
    """Kind -> what each way of searching takes for a first page: of some runs the middle one."""
    now = clock_of(None)
    search = Search(library, lambda wait: AvailableModels((model,)))
    search.page(Asked(parse_query("warm", limit=_PAGE)))  # opens the index
    found: dict[str, list[str]] = {}
    for kind, asked in queries().items():
        found[kind] = []
        for way in ("off", "on", "only"):
            times = []
            for each in asked[:: max(1, len(asked) // _QUERIES)]:
                query = parse_query(**each, limit=_PAGE, by_meaning=way == "only")
                ask = partial(search.page, Asked(query, way))  # type: ignore[arg-type]
                took = [timed(now, ask) for _ in range(runs)]  # a first page is found anew each time
                times.append(sorted(took)[runs // 2])
            found[kind].append(percentiles(times))
            print(kind, way, found[kind][-1], file=sys.stderr, flush=True)
    return found


def of_the_model() -> str:
    """What all-MiniLM-L6-v2 takes for a query."""
    from tests.meaning_models import make_text_model

    from vidkit.meaning.models import TextModel

    with tempfile.TemporaryDirectory() as folder:
        model = TextModel(str(make_text_model(Path(folder) / "minilm")), "huggingface", 1)
        now = clock_of(None)
        texts = [each["words"] for kind in queries().values() for each in kind][:60]
        model.queries(texts[:1])
        return percentiles([timed(now, lambda text=text: model.queries([text])) for text in texts])  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--videos", type=int, default=100_000)
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "hybrid")
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    given.folder.mkdir(exist_ok=True)
    model, began = Made(), time.monotonic()
    with open_sqlite(given.folder / f"library_{given.videos}.db") as library:
        for at in range(library.vector_models().get(MODEL, 0), given.videos, _VIDEOS):
            part = [record(number) for number in range(at, min(given.videos, at + _VIDEOS))]
            library.save_all(part)
            library.save_vectors(MODEL, vectors_for(model, at, part))
        moments = sum(len(each.found.keys) for each in library.vectors(MODEL) if each.found)
        print(f"{moments:,} vectors after {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
        found = measured(library, model, given.runs)
    goal = next((text for count, text in GOALS.items() if moments <= 1.2 * count), "")
    head = (f"{moments:,} moments, first page of {_PAGE}", "goal", "words", "words and meaning", "meaning")
    print(table(head, [[kind, goal, *cells] for kind, cells in found.items()]))
    print(f"\nThe text model for one query: {of_the_model()}")


if __name__ == "__main__":
    main()
