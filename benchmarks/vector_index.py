"""Search among vectors: faiss, usearch, and vidkit's scan of signs, beside the exact answer.

    python benchmarks/vector_index.py [--folder /tmp/vectors] [--vectors 100000 500000 5000000] [--methods NAME ...]

The vectors are those of real sentences that lie on this machine (`sentences.py`). Where there are fewer than asked, the
others are made of them: the sum of two real ones by chance, with noise, of length 1. Each method runs in a process of
its own with one thread. Of the searches, also the processor's time is measured: this machine has other work.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from measure import table
from sentences import DIMENSIONS, real_vectors

QUERIES, ANSWERS = 200, 10
COMPARED = 1_000_000  # of more vectors, the exact answer is not worked out: they are for the speed
FILTERS = {"all": 1.0, "20 %": 0.2, "1 %": 0.01}
A_VIDEO = 5  # moments
PARTS = (64, 32, 16, 8, 4, 2, 1)  # of faiss's lists one of so many is looked at: the first with the recall
RECALL = 0.95
Ids = NDArray[np.int64]
Search = Callable[..., Ids]


def made_vectors(folder: Path, count: int, real: int) -> tuple[NDArray[np.float16], NDArray[np.float32]]:
    """So many vectors, and some real ones to ask for, which are not among them."""
    found = real_vectors(real, folder)
    asked = np.asarray(found[:QUERIES], np.float32)
    base = found[QUERIES:]
    path = folder / f"vectors_{count}.npy"
    if not path.exists():
        chance = np.random.default_rng(count)
        out = np.lib.format.open_memmap(folder / "part.npy", "w+", np.float16, (count, DIMENSIONS))
        out[: len(base)] = base[:count]
        noise = chance.standard_normal((20_000, DIMENSIONS), np.float32) * np.float32(0.3 / DIMENSIONS**0.5)
        for at in range(len(base), count, 20_000):
            rows = min(20_000, count - at)
            one, other = (np.asarray(base[chance.integers(0, len(base), rows)], np.float32) for _ in range(2))
            mixed = one + chance.uniform(0.2, 0.8, (rows, 1)).astype(np.float32) * other
            mixed += noise[chance.permutation(len(noise))[:rows]]
            out[at : at + rows] = mixed / np.linalg.norm(mixed, axis=1, keepdims=True)
        out.flush()
        (folder / "part.npy").rename(path)
    return np.load(path, mmap_mode="r"), asked


def allowed_rows(count: int, share: float) -> NDArray[np.bool_] | None:
    """Which vectors a filter allows: those of videos by chance."""
    if share == 1:
        return None
    videos = np.random.default_rng(7).random(-(-count // A_VIDEO)) < share
    return np.repeat(videos, A_VIDEO)[:count]


def exact_answers(vectors: NDArray[np.float16], asked: NDArray[np.float32]) -> dict[str, Ids]:
    """The nearest by comparing with all, for each filter: queries x answers."""
    best = {
        name: (np.full((len(asked), ANSWERS), -2.0, np.float32), np.zeros((len(asked), ANSWERS), np.int64))
        for name in FILTERS
    }
    masks = {name: allowed_rows(len(vectors), share) for name, share in FILTERS.items()}
    for at in range(0, len(vectors), 20_000):
        scores = asked @ vectors[at : at + 20_000].astype(np.float32).T
        for name, mask in masks.items():
            here = scores if mask is None else np.where(mask[at : at + 20_000], scores, -2)
            old, ids = best[name]
            both = np.concatenate([old, here], axis=1)
            which = np.argpartition(-both, ANSWERS - 1, axis=1)[:, :ANSWERS]
            numbers = np.concatenate([ids, np.broadcast_to(np.arange(at, at + here.shape[1]), here.shape)], axis=1)
            best[name] = np.take_along_axis(both, which, 1), np.take_along_axis(numbers, which, 1)
    return {name: ids for name, (_, ids) in best.items()}


# The methods: each builds a file, and opens it for searching.


def vidkit_build(vectors: NDArray[np.float16], path: Path) -> None:
    from vidkit.library.vectors.file import write_file
    from vidkit.library.vectors.protocol import StoredVectors, VideoVectors

    keys = tuple(("scene", number) for number in range(1, A_VIDEO + 1))
    changes = (
        StoredVectors(at + 1, at + 1, VideoVectors("", "", keys[: len(some)], some))
        for at, some in enumerate(vectors[row : row + A_VIDEO] for row in range(0, len(vectors), A_VIDEO))
    )
    with path.open("w+b") as file:
        write_file(file, "text:benchmark", DIMENSIONS, changes)


def vidkit_open(path: Path) -> Search:
    from vidkit.library.vectors import scan as vector_scan
    from vidkit.library.vectors.file import opened

    found = opened(path)
    assert found is not None
    (part,) = found.parts

    def search(asked: NDArray[np.float32], allowed: NDArray[np.bool_] | None) -> Ids:
        among = [vector_scan.Vectors(part.bits, part.vectors, allowed)]
        return vector_scan.nearest(among, asked, found.mean, ANSWERS).rows[:ANSWERS]

    return search


def faiss_build(kind: str, lists: Callable[[int], int]) -> Callable[[NDArray[np.float16], Path], None]:
    def build(vectors: NDArray[np.float16], path: Path) -> None:
        import faiss

        faiss.omp_set_num_threads(1)
        count = lists(len(vectors))
        index = faiss.index_factory(DIMENSIONS, f"IVF{count},{kind}", faiss.METRIC_INNER_PRODUCT)
        sample = np.sort(
            np.random.default_rng(1).choice(len(vectors), min(len(vectors), 40 * count), replace=False)
        )
        index.train(vectors[sample].astype(np.float32))
        for at in range(0, len(vectors), 50_000):
            index.add(vectors[at : at + 50_000].astype(np.float32))
        faiss.write_index(index, str(path))

    return build


def faiss_open(path: Path) -> Search:
    import faiss

    faiss.omp_set_num_threads(1)
    index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP | faiss.IO_FLAG_READ_ONLY)

    def search(asked: NDArray[np.float32], allowed: NDArray[np.bool_] | None, part: int = 32) -> Ids:
        given: dict[str, Any] = {"nprobe": max(1, index.nlist // part)}
        if allowed is not None:
            bits = np.packbits(allowed, bitorder="little")
            given["sel"] = faiss.IDSelectorBitmap(bits)
        return index.search(asked[None], ANSWERS, params=faiss.SearchParametersIVF(**given))[1][0]

    search.parts = PARTS  # type: ignore[attr-defined]
    return search


def usearch_build(kind: str) -> Callable[[NDArray[np.float16], Path], None]:
    def build(vectors: NDArray[np.float16], path: Path) -> None:
        from usearch.index import Index

        index = Index(ndim=DIMENSIONS, metric="cos", dtype=kind)
        for at in range(0, len(vectors), 10_000):
            some = vectors[at : at + 10_000]
            index.add(np.arange(at, at + len(some)), np.ascontiguousarray(some), threads=1)
        index.save(str(path))

    return build


def usearch_open(path: Path) -> Search:
    from usearch.index import Index

    index = Index.restore(str(path), view=True)

    def search(asked: NDArray[np.float32], allowed: NDArray[np.bool_] | None) -> Ids:
        # Its Python has no filter: more answers are asked for, and those that are not allowed are left out.
        count = ANSWERS if allowed is None else min(20_000, int(3 * ANSWERS / allowed.mean()))
        keys = index.search(asked.astype(np.float16), count, threads=1).keys.astype(np.int64)
        return keys[:ANSWERS] if allowed is None else keys[allowed[keys]][:ANSWERS]

    return search


def lists_for(count: int) -> int:
    return 1024 if count <= 200_000 else 2048


METHODS: dict[str, tuple[Callable[[NDArray[np.float16], Path], None], Callable[[Path], Search]]] = {
    "vidkit: signs, then 16-bit vectors": (vidkit_build, vidkit_open),
    "faiss IVF, 16 bits": (faiss_build("SQfp16", lists_for), faiss_open),
    "faiss IVF, 8 bits": (faiss_build("SQ8", lists_for), faiss_open),
    "usearch HNSW, 16 bits": (usearch_build("f16"), usearch_open),
    "usearch HNSW, 8 bits": (usearch_build("i8"), usearch_open),
}


def recall_of(found: list[Ids], truth: Ids) -> float:
    right = sum(len(set(ids.tolist()) & set(truth[at].tolist())) for at, ids in enumerate(found))
    return right / (ANSWERS * len(found))


def memory(name: str) -> int:
    return int(re.search(rf"{name}:\s+(\d+)", Path("/proc/self/status").read_text())[1]) // 1024  # type: ignore[index]


def measure(method: str, folder: Path, count: int, real: int) -> dict[str, Any]:
    """One method: seconds to build, file, memory, milliseconds and recall of each filter."""
    build, open_index = METHODS[method]
    vectors, asked = made_vectors(folder, count, real)
    truth = dict(np.load(folder / f"exact_{count}.npz")) if count <= COMPARED else {}
    path = folder / "index"
    if os.fork() == 0:  # what building needs is not counted
        began, used = time.monotonic(), time.process_time()
        build(vectors, path)
        (folder / "built").write_text(f"{time.monotonic() - began} {time.process_time() - used}")
        os._exit(0)
    assert os.wait()[1] == 0
    wall, cpu = map(float, (folder / "built").read_text().split())
    found: dict[str, Any] = {"method": method, "vectors": count, "build": wall, "build_cpu": cpu}
    found["size"] = path.stat().st_size / (2 * DIMENSIONS * count)
    gc.collect()
    before = memory("RssAnon")
    began = time.perf_counter()
    search = open_index(path)
    search(asked[0], None)
    found["first"] = time.perf_counter() - began
    for name, share in FILTERS.items():
        mask = allowed_rows(count, share)
        times, used_by, right = [], [], 0
        options: list[int] = []
        for part in getattr(search, "parts", ()):
            options = [part]
            if not truth or recall_of([search(one, mask, *options) for one in asked[:50]], truth[name]) >= RECALL:
                break
        for at, one in enumerate(asked):
            began, used = time.perf_counter(), time.thread_time()
            ids = search(one, mask, *options)
            used_by.append(time.thread_time() - used)
            times.append(time.perf_counter() - began)
            right += len(set(ids.tolist()) & set(truth[name][at].tolist())) if truth else 0
        found[name] = {
            "p95": float(np.percentile(times, 95)),
            "cpu95": float(np.percentile(used_by, 95)),
            "recall": right / (ANSWERS * len(asked)) if truth else None,
            "part": options[0] if options else 0,
        }
    found["own"], found["mapped"] = memory("RssAnon") - before, memory("RssFile")
    path.unlink()
    return found


def row(found: dict[str, Any]) -> list[str]:
    cells = [f"{found['vectors']:,}", found["method"], f"{found['build_cpu']:.0f} s", f"{found['size']:.2f}"]
    cells += [f"{found['own']} + {found['mapped']} MB"]
    for name in FILTERS:
        each = found[name]
        looked = f" (1/{each['part']})" if each["part"] else ""
        recall = "" if each["recall"] is None else f", {each['recall']:.3f}"
        cells.append(f"{1000 * each['cpu95']:.1f} ({1000 * each['p95']:.0f}) ms{recall}{looked}")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, default=Path("/tmp/vectors"))
    parser.add_argument("--vectors", type=int, nargs="+", default=[100_000, 500_000, 5_000_000])
    parser.add_argument("--real", type=int, default=100_000 + QUERIES, help="vectors of real sentences")
    parser.add_argument("--methods", nargs="+", default=list(METHODS))
    parser.add_argument("--one", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.one:
        print(json.dumps(measure(given.methods[0], given.folder, given.vectors[0], given.real)))
        return
    rows = []
    for count in given.vectors:
        vectors, asked = made_vectors(given.folder, count, given.real)
        if count <= COMPARED and not (given.folder / f"exact_{count}.npz").exists():
            np.savez(given.folder / f"exact_{count}.npz", **exact_answers(vectors, asked))
        for method in METHODS:
            if not any(each in method for each in given.methods) or (count > 100_000 and "HNSW" in method):
                continue
            words = [sys.executable, __file__, "--one", "--folder", given.folder, "--vectors", count]
            words += ["--real", given.real, "--methods", method]
            done = subprocess.run(
                list(map(str, words)),
                text=True,
                stdout=subprocess.PIPE,
                env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
            )
            if done.returncode:
                rows.append([f"{count:,}", method, "failed"])
                continue
            rows.append(row(json.loads(done.stdout.splitlines()[-1])))
            print(rows[-1], file=sys.stderr, flush=True)
    filters = [f"{name}: ms, recall" for name in FILTERS]
    print(table(["vectors", "method", "to build", "file", "memory", *filters], rows))


if __name__ == "__main__":
    main()
