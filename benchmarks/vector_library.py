"""Search by vectors through a whole SQLite library: 50,000 videos with 10 and with 100 moments each.

    python benchmarks/vector_library.py [--folder /tmp/vectors] [--real 100200] [--moments 10 100]

The vectors are those of `vectors/index.py`. Each search takes all that `Library.nearest` does: it asks the library for
what is newer, for the videos that the filter allows, and for each answer. Times are by the clock and, in brackets, of
the processor, which is what they would be on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from measure import table
from vector_index import made_vectors, memory
from vidkit.library import LibraryEntry, Query, parse_query
from vidkit.library.sqlite.backend import SqliteLibrary, open_sqlite
from vidkit.library.vectors.protocol import VideoVectors

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.records import make_record

VIDEOS = 50_000
FILTERS: dict[str, Query] = {
    "no filter": parse_query(),
    "a class": parse_query(classes=["Sports"]),
    "a length": parse_query(min_duration="60", max_duration="62"),
    "a CSV's column": parse_query(where=["label=label 7"]),
    "a word": parse_query("bridge"),
    "a source": parse_query(sources=["description"]),
}
ANSWERS = 100  # what hybrid search asks for
RIGHT = 10


def record(number: int) -> LibraryEntry:
    """A video with short texts, since those are not what is measured."""
    chance = random.Random(number)
    made = make_record(
        f"video_{number}.mp4",
        qwen_description="a bridge" if number % 50 == 0 else "a street",
        classification=chance.choice(["Action", "Sports", "Documentary", "Cinematic", "Unclassified"]),
        duration=round(chance.lognormvariate(4, 1), 3),
        columns={"label": f"label {number % 400}"},
    )
    return LibraryEntry(made, Path("/videos/processed"))


def fill(library: SqliteLibrary) -> None:
    """The records, where they are not there yet."""
    there = library.stats().videos
    for at in range(there, VIDEOS, 5000):
        library.save_all(record(number) for number in range(at, min(at + 5000, VIDEOS)))
        print(f"   {at + 5000:,} videos", file=sys.stderr, flush=True)


def fill_vectors(library: SqliteLibrary, model: str, vectors: NDArray[np.float16], moments: int) -> None:
    if library.vector_models().get(model) == VIDEOS:
        return
    keys = tuple(("scene", number) for number in range(1, moments + 1))
    urls = (each.record["source"]["url"] for each in library.records())

    def rows() -> Iterator[VideoVectors]:
        for at, url in enumerate(urls):
            yield VideoVectors(url, "made", keys, np.asarray(vectors[at * moments : (at + 1) * moments]))

    every = rows()
    while some := list(islice(every, 1000)):  # as many as are read and then written
        library.save_vectors(model, some)


def timed(library: SqliteLibrary, model: str, asked: NDArray[np.float32], query: Query) -> str:
    wall, cpu = [], []
    for one in asked:
        began, used = time.perf_counter(), time.thread_time()
        library.nearest(model, one, query, ANSWERS)
        cpu.append(time.thread_time() - used)
        wall.append(time.perf_counter() - began)
    middle, most = np.percentile(wall, [50, 95]) * 1000
    cpu_middle, cpu_most = np.percentile(cpu, [50, 95]) * 1000
    return f"{middle:.0f} / {most:.0f} ms ({cpu_middle:.0f} / {cpu_most:.0f})"


def recall(
    library: SqliteLibrary, model: str, vectors: NDArray[np.float16], asked: NDArray[np.float32], moments: int
) -> float:
    """How many of the nearest ten are among the first ten answers."""
    best = np.full((len(asked), 0), 0, np.float32)
    rows = np.zeros((len(asked), 0), np.int64)
    for at in range(0, len(vectors), 50_000):
        scores = asked @ vectors[at : at + 50_000].astype(np.float32).T
        which = np.argpartition(-scores, RIGHT, axis=1)[:, :RIGHT]
        best = np.concatenate([best, np.take_along_axis(scores, which, 1)], axis=1)
        rows = np.concatenate([rows, which + at], axis=1)
    right = 0
    for one, scores, found in zip(asked, best, rows, strict=True):
        exact = {divmod(int(row), moments) for row in found[np.argsort(-scores)[:RIGHT]]}
        answers = library.nearest(model, one, parse_query(), RIGHT)
        found_here = {(int(each.url.rpartition("_")[2][:-4]), each.number - 1) for each in answers}
        right += len(found_here & exact)
    return right / (RIGHT * len(asked))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/vectors"))
    parser.add_argument("--real", type=int, default=100_200)
    parser.add_argument("--moments", type=int, nargs="+", default=[10, 100])
    parser.add_argument("--queries", type=int, default=100)
    given = parser.parse_args()
    path = given.folder / "library.db"
    cells: dict[str, list[str]] = {}
    for moments in given.moments:
        model = f"text:of {moments}:0"
        vectors, asked = made_vectors(given.folder, VIDEOS * moments, given.real)
        asked = asked[: given.queries]
        with open_sqlite(path) as library:
            fill(library)
            fill_vectors(library, model, vectors, moments)
        with open_sqlite(path) as library:
            began, used = time.perf_counter(), time.process_time()
            library.nearest(model, asked[0], parse_query(), ANSWERS)
            first = f"{time.perf_counter() - began:.0f} s ({time.process_time() - used:.0f})"
            cells.setdefault("the first search, which makes the file", []).append(first)
        with open_sqlite(path) as library:
            before = memory("RssAnon")
            began, used = time.perf_counter(), time.process_time()
            library.nearest(model, asked[0], parse_query(), ANSWERS)
            first = f"{1000 * (time.perf_counter() - began):.0f} ms ({1000 * (time.process_time() - used):.0f})"
            cells.setdefault("the first search of a process later on", []).append(first)
            for name, query in FILTERS.items():
                share = library.stats(query).videos / VIDEOS if query != FILTERS["no filter"] else 1
                print(f"   {name}: {share:.4f} of the videos", file=sys.stderr, flush=True)
                cells.setdefault(f"{name}", []).append(timed(library, model, asked, query))
            cells.setdefault("recall of ten", []).append(f"{recall(library, model, vectors, asked, moments):.3f}")
            file = next(
                each
                for each in given.folder.glob("library.db.*.vectors")
                if model.encode() in each.open("rb").read(500)
            )
            cells.setdefault("size of the file, relative to the vectors", []).append(
                f"{file.stat().st_size / vectors.nbytes:.2f}"
            )
            cells.setdefault("memory: own, mapped", []).append(
                f"{memory('RssAnon') - before} MB, {memory('RssFile')} MB"
            )
        print({name: each[-1] for name, each in cells.items()}, file=sys.stderr, flush=True)
    print(
        table(
            ["", *(f"{VIDEOS * moments:,} moments" for moments in given.moments)],
            [[name, *each] for name, each in cells.items()],
        )
    )


if __name__ == "__main__":
    main()
