"""The index of vectors beside a library: what it finds, and what it does when its file is not as it should be."""

from __future__ import annotations

import inspect
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.errors import LibraryError
from vidkit.library import LibraryEntry, parse_query
from vidkit.library.sqlite.backend import SqliteLibrary, open_sqlite
from vidkit.library.vectors import index as vector_index
from vidkit.library.vectors import scan as vector_scan
from vidkit.library.vectors.file import GONE, _header_as_bytes, opened, stamp_of
from vidkit.library.vectors.protocol import VideoVectors, made_of, moments_for

from . import test_library_vectors
from .records import make_record
from .test_library_sqlite import child, inside
from .test_library_vectors import FOLDER, OTHER, SIZE, WORDS

Vectors = np.ndarray[Any, Any]
PROMISES = [
    function
    for name, function in vars(test_library_vectors).items()
    if name.startswith("test_") and list(inspect.signature(function).parameters) == ["home"]
]


def some_vectors(count: int, size: int = SIZE, seed: int = 3) -> Vectors:
    found = np.random.default_rng(seed).standard_normal((count, size))
    return (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)


def url_of(number: int) -> str:
    return f"https://videos.example/{number}.mp4"


def video(number: int, scenes: int = 2, text: str = "scene") -> Any:
    return make_record(f"{number}.mp4", url=url_of(number), scenes=[f"{text} {at}" for at in range(scenes)])


def fill(home: SqliteLibrary, numbers: Sequence[int], vectors: Vectors, model: str = WORDS) -> None:
    """Videos of two scenes each, with the vectors in this order."""
    records = [video(number) for number in numbers]
    home.save_all(LibraryEntry(record, FOLDER) for record in records)
    home.save_vectors(
        model, (made_for(each, vectors[2 * at : 2 * at + 2], model) for at, each in enumerate(records))
    )


def made_for(record: Any, vectors: Vectors, model: str = WORDS) -> VideoVectors:
    keys = tuple((kind, number) for kind, number, _ in moments_for(record, model))
    return VideoVectors(record["source"]["url"], made_of(record, model), keys, vectors)


def near(home: SqliteLibrary, asked: Vectors, limit: int = 1, model: str = WORDS) -> list[tuple[str, int]]:
    found = home.nearest(model, asked.astype(np.float32), parse_query(), limit)
    return [(each.url, each.number) for each in found]


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("library.db.*.vectors"))


@pytest.fixture
def _small(monkeypatch: pytest.MonkeyPatch) -> None:
    """More than twenty vectors are written into a file."""
    monkeypatch.setattr(vector_index, "SMALL", 20)


@pytest.fixture
def home(tmp_path: Path, _small: None) -> Iterator[SqliteLibrary]:
    """A library of 50 videos, number n with the vectors 2n and 2n + 1 of `VECTORS`, and its index."""
    with open_sqlite(tmp_path / "library.db") as library:
        fill(library, range(50), VECTORS)
        assert near(library, VECTORS[9]) == [(url_of(4), 2)]
        assert len(files(tmp_path)) == 1
        yield library


VECTORS = some_vectors(400)


# What is found


@pytest.mark.parametrize("promise", PROMISES)
def test_what_is_promised_of_a_library_holds_with_a_file_too(
    promise: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_index, "SMALL", 0)
    with open_sqlite(tmp_path / "library.db") as library:
        promise(library)


def alike(count: int, size: int) -> tuple[Vectors, Vectors]:
    """Vectors in groups, all of them in a narrow cone, as models make them; and some to ask for."""
    chance = np.random.default_rng(4)
    groups = chance.standard_normal((300, size))
    vectors = 2 + groups[chance.integers(0, 300, count + 20)] + 0.7 * chance.standard_normal((count + 20, size))
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors[20:].astype(np.float16), vectors[:20].astype(np.float32)


@pytest.mark.parametrize("share", [1.0, 0.3, 0.05])
@pytest.mark.parametrize("size", [100, 384])
def test_almost_all_of_the_nearest_ten_are_found_also_with_a_filter(
    share: float, size: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(vector_scan, "EXACT", 500)
    monkeypatch.setattr(vector_scan, "_LEAST", 500)
    vectors, asked = alike(20_000, size)
    mean = vectors.astype(np.float32).mean(axis=0)
    similarities = asked @ vectors.astype(np.float32).T
    allowed = np.random.default_rng(5).random(len(vectors)) < share
    half = len(vectors) // 2
    parts = [
        vector_scan.Vectors(
            vector_scan.signs(vectors[here], mean), vectors[here], allowed[here] if share < 1 else None
        )
        for here in (slice(half), slice(half, None))
    ]
    right = 0
    for one, exactly in zip(asked, similarities, strict=True):
        exact = np.argsort(-np.where(allowed, exactly, -2))[:10]
        found = vector_scan.nearest(parts, one, mean, 10)
        rows = (found.rows + half * found.parts)[:10]
        assert allowed[rows].all()
        right += len(set(rows.tolist()) & set(exact.tolist()))
    assert right >= 0.95 * 10 * len(asked)


def test_bits_are_counted_the_same_with_a_numpy_that_cannot_count_them(monkeypatch: pytest.MonkeyPatch) -> None:
    bits = vector_scan.signs(some_vectors(1000, 100), np.zeros(100, np.float32))
    counted = vector_scan.differing(bits, bits[:, 5])
    assert counted[5] == 0
    assert counted[6] == sum(bin(int(a ^ b)).count("1") for a, b in zip(bits[:, 5], bits[:, 6], strict=True))
    monkeypatch.delattr(np, "bitwise_count", raising=False)
    assert np.array_equal(vector_scan.differing(bits, bits[:, 5]), counted)


def test_what_is_newer_is_found_at_once_and_the_file_grows_only_where_it_is_much(
    home: SqliteLibrary, tmp_path: Path
) -> None:
    (file,) = files(tmp_path)
    before = file.read_bytes()
    fill(home, range(50, 55), VECTORS[100:])
    assert near(home, VECTORS[108]) == [(url_of(54), 1)]
    assert file.read_bytes() == before
    fill(home, range(55, 80), VECTORS[110:])
    assert near(home, VECTORS[159]) == [(url_of(79), 2)]
    found = opened(file)
    assert found is not None
    assert [len(part.vectors) for part in found.parts] == [100, 60]
    with open_sqlite(tmp_path / "library.db") as again:
        assert [near(again, VECTORS[at]) for at in (0, 101, 159)] == [
            [(url_of(at // 2), at % 2 + 1)] for at in (0, 101, 159)
        ]


def test_old_vectors_of_a_video_are_not_answered_and_not_those_of_a_removed_one(
    home: SqliteLibrary, tmp_path: Path
) -> None:
    fill(home, [4], VECTORS[200:])
    home.remove(url_of(7))
    home.save_all([LibraryEntry(video(9, text="other"), FOLDER)])
    for library in (home, open_sqlite(tmp_path / "library.db")):
        assert url_of(4) not in dict(near(library, VECTORS[9], 3))
        assert near(library, VECTORS[201]) == [(url_of(4), 2)]
        found = near(library, VECTORS[14], 200)
        assert len(found) == 96
        assert not {url_of(7), url_of(9)} & dict(found).keys()
    library.close()
    fill(home, range(50, 80), VECTORS[100:])
    assert len(near(home, VECTORS[14], 200)) == 96 + 60
    (written,) = map(opened, files(tmp_path))
    assert written is not None
    assert [int((part.stamps == GONE).sum()) for part in written.parts] == [3, 0]


def test_a_file_that_grows_says_of_older_vectors_that_they_are_gone(home: SqliteLibrary, tmp_path: Path) -> None:
    fill(home, range(12), VECTORS[200:])
    assert near(home, VECTORS[209]) == [(url_of(4), 2)]
    (written,) = map(opened, files(tmp_path))
    assert written is not None
    assert [int((part.stamps == GONE).sum()) for part in written.parts] == [12, 0]
    assert len(near(home, VECTORS[9], 200)) == 100


def test_the_file_is_written_again_when_much_of_it_is_gone(home: SqliteLibrary, tmp_path: Path) -> None:
    for number in range(30):
        home.remove(url_of(number))
    assert len(near(home, VECTORS[0], 200)) == 40
    (written,) = map(opened, files(tmp_path))
    assert written is not None
    assert [len(part.vectors) for part in written.parts] == [40]


def test_a_small_library_has_no_file(tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "library.db") as library:
        fill(library, range(50), VECTORS)
        assert near(library, VECTORS[9]) == [(url_of(4), 2)]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["library.db"]


# A file that is not as it should be


def spoil_end(content: bytes) -> bytes:
    return content[: len(content) - 100]


def spoil_header(content: bytes) -> bytes:
    return content.replace(b'"scene"', b'"speec"', 1)


@pytest.mark.parametrize(
    "spoil",
    [lambda _: b"", lambda _: b"vidkit vectors 1", lambda _: os.urandom(100_000), spoil_end, spoil_header],
    ids=["empty", "short", "noise", "cut", "header"],
)
def test_a_torn_file_is_written_again(spoil: Any, home: SqliteLibrary, tmp_path: Path) -> None:
    (file,) = files(tmp_path)
    content = file.read_bytes()
    (tmp_path / "torn").write_bytes(spoil(content))
    os.replace(tmp_path / "torn", file)
    for library in (home, open_sqlite(tmp_path / "library.db")):
        found = library.nearest(WORDS, VECTORS[9].astype(np.float32), parse_query(), 200)
        assert found[0][:3] == (url_of(4), "scene", 2)
        assert len(found) == 100
    library.close()
    assert file.read_bytes() == content


def test_a_missing_file_is_written_again_while_the_library_is_open(home: SqliteLibrary, tmp_path: Path) -> None:
    (file,) = files(tmp_path)
    file.unlink()
    assert near(home, VECTORS[9]) == [(url_of(4), 2)]
    assert file.exists()


def test_a_file_of_another_model_is_written_again(home: SqliteLibrary, tmp_path: Path) -> None:
    (file,) = files(tmp_path)
    fill(home, range(40), VECTORS[200:], OTHER)
    assert near(home, VECTORS[201], model=OTHER) == [(url_of(0), 2)]
    (other,) = set(files(tmp_path)) - {file}
    os.replace(file, other)
    with open_sqlite(tmp_path / "library.db") as again:
        assert near(again, VECTORS[203], model=OTHER) == [(url_of(1), 2)]
        assert len(near(again, VECTORS[203], 200, OTHER)) == 80
        assert near(again, VECTORS[9]) == [(url_of(4), 2)]
    assert len(files(tmp_path)) == 2


def test_a_file_that_says_that_it_is_of_another_model_is_written_again(home: SqliteLibrary, tmp_path: Path) -> None:
    (file,) = files(tmp_path)
    content = file.read_bytes()
    header = opened(file).header  # type: ignore[union-attr]
    changed = _header_as_bytes(header._replace(model=OTHER))
    (tmp_path / "changed").write_bytes(changed + content[len(changed) :])
    os.replace(tmp_path / "changed", file)
    assert near(home, VECTORS[9]) == [(url_of(4), 2)]
    assert file.read_bytes() == content


@pytest.mark.parametrize(("count", "again"), [(10, 0), (50, 0), (90, 0), (50, 1)])
def test_a_file_of_another_library_is_written_again(
    count: int, again: int, home: SqliteLibrary, tmp_path: Path
) -> None:
    (file,) = files(tmp_path)
    home.close()
    (tmp_path / "library.db").unlink()
    with open_sqlite(tmp_path / "library.db") as library:
        records = [video(number, text="other") for number in range(count)]
        library.save_all(LibraryEntry(record, FOLDER) for record in records)
        library.save_vectors(
            WORDS, (made_for(each, VECTORS[200 + 2 * at :][:2]) for at, each in enumerate(records))
        )
        for _ in range(again):  # so the file's last change is not there any more
            library.save_vectors(WORDS, [made_for(records[-1], VECTORS[200 + 2 * count - 2 :][:2])])
        assert len(near(library, VECTORS[0], 500)) == 2 * count
        assert near(library, VECTORS[203]) == [(url_of(1), 2)]
    assert not file.exists() or len(opened(file).parts) == 1  # type: ignore[union-attr]


def test_an_earlier_state_of_the_library_is_searched_as_it_was(home: SqliteLibrary, tmp_path: Path) -> None:
    home.close()
    earlier = (tmp_path / "library.db").read_bytes()
    with open_sqlite(tmp_path / "library.db") as library:
        library.remove(url_of(4))
        fill(library, range(50, 90), VECTORS[100:])
        assert near(library, VECTORS[179]) == [(url_of(89), 2)]
    (tmp_path / "library.db").write_bytes(earlier)
    with open_sqlite(tmp_path / "library.db") as library:
        assert near(library, VECTORS[9]) == [(url_of(4), 2)]
        assert len(near(library, VECTORS[9], 200)) == 100


def test_vectors_that_were_removed_and_made_again_are_those_that_are_found(
    home: SqliteLibrary, tmp_path: Path
) -> None:
    assert home.remove_vectors(WORDS) == 50
    assert near(home, VECTORS[9], 10) == []
    fill(home, range(50), VECTORS[200:])
    assert near(home, VECTORS[209]) == [(url_of(4), 2)]
    assert len(near(home, VECTORS[9], 200)) == 100


def test_vectors_of_another_size_than_those_in_the_file_are_refused(home: SqliteLibrary) -> None:
    with pytest.raises(LibraryError, match=r"have 16 numbers, and one with 8"):
        near(home, np.ones(8))
    home.save_vectors(WORDS, [made_for(video(3), some_vectors(2, 8))])
    for _ in range(2):
        with pytest.raises(LibraryError, match=r"have 16 numbers, and one with 8 .* Run `vidkit index`"):
            near(home, VECTORS[0])
    fill(home, [3], VECTORS[6:])
    assert near(home, VECTORS[7]) == [(url_of(3), 2)]


# Where it cannot be written


def test_where_the_file_cannot_be_written_it_is_made_elsewhere_and_said_once(
    home: SqliteLibrary, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (file,) = files(tmp_path)
    home.close()
    file.unlink()
    (file / "in the way").mkdir(parents=True)
    with caplog.at_level(logging.WARNING), open_sqlite(tmp_path / "library.db") as library:
        for _ in range(2):
            assert near(library, VECTORS[9]) == [(url_of(4), 2)]
        fill(library, range(50, 90), VECTORS[100:])
        assert near(library, VECTORS[179]) == [(url_of(89), 2)]
    (said,) = caplog.messages
    assert said.startswith(f"the index {file} cannot be written: ")
    assert said.endswith("Allow writing to its folder")
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".vidkit")] == []


READ_ONLY = """
from vidkit.library.vectors import index as vector_index
from tests.test_library_vectors import WORDS
from tests.test_vector_index import VECTORS
vector_index.SMALL = 20
import logging, subprocess, tempfile
logging.basicConfig(stream=sys.stdout, format="%(message)s")
for folder in sys.argv[3:]:
    subprocess.run(["mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], check=True)
tempfile.tempdir = sys.argv[-1]
with open_sqlite(sys.argv[2]) as library:
    index = vector_index.VectorIndex(library, WORDS, Path(sys.argv[3]) / "index")
    for _ in range(2):
        (found,) = index.nearest(VECTORS[9], 1)
        print(found.url, found.number, len(index.nearest(VECTORS[9], 200)))
"""


def test_on_a_read_only_disk_vectors_are_searched_in_memory(home: SqliteLibrary, tmp_path: Path) -> None:
    before = inside("unshare", "--mount")
    home.close()
    for name in ("index", "temporary"):
        (tmp_path / name).mkdir()
    with child(
        READ_ONLY, tmp_path / "library.db", tmp_path / "index", tmp_path / "temporary", before=before
    ) as reader:
        said = reader.communicate()[0].splitlines()
    assert said[0].startswith(f"the index {tmp_path}/index/index cannot be written: Read-only file system.")
    assert said[1].startswith("no index can be written: ")
    assert said[2:] == [f"{url_of(4)} 2 100"] * 2


KILLED = """
from vidkit.library.vectors import file as vector_file
from vidkit.library.vectors import index as vector_index
from tests.test_library_vectors import WORDS
from tests.test_vector_index import VECTORS
vector_index.SMALL = 20
header = vector_file._header_as_bytes
def wait(given):
    print("ready", flush=True)
    sys.stdin.readline()
    return header(given)
vector_file._header_as_bytes = wait
with open_sqlite(sys.argv[2]) as library:
    library.nearest(WORDS, VECTORS[9], parse_query(), 1)
"""


def test_a_process_that_is_killed_while_it_writes_leaves_the_file_as_it_was(
    home: SqliteLibrary, tmp_path: Path
) -> None:
    (file,) = files(tmp_path)
    before = file.read_bytes()
    home.save_all(LibraryEntry(video(number), FOLDER) for number in range(50, 70))
    home.save_vectors(
        WORDS, (made_for(video(number), VECTORS[2 * number : 2 * number + 2]) for number in range(50, 70))
    )
    with child(KILLED, tmp_path / "library.db") as writer:
        assert writer.stdout is not None
        assert writer.stdout.readline() == "ready\n"
        writer.send_signal(signal.SIGKILL)
    assert file.read_bytes() == before
    assert len(list(tmp_path.glob(".vidkit-*"))) == 1
    assert near(home, VECTORS[139]) == [(url_of(69), 2)]
    assert list(tmp_path.glob(".vidkit-*")) == []


# Several at once

WRITER = """
from vidkit.library.vectors import index as vector_index
from tests.test_library_vectors import WORDS
from tests.test_vector_index import VECTORS, fill, near, url_of
vector_index.SMALL = 20
with open_sqlite(sys.argv[2]) as library:
    for turn in range(12):
        fill(library, range(50, 62), VECTORS[100 + 24 * (turn % 2):])
        library.remove(url_of(20 + turn))
        near(library, VECTORS[0])
        print(turn, flush=True)
"""
READER = """
from vidkit.library.vectors import index as vector_index
from tests.test_library_vectors import WORDS
from tests.test_vector_index import VECTORS
vector_index.SMALL = 20
right = {}
for number in range(62):
    for scene in (1, 2):
        row = 2 * number + scene - 1
        right[f"https://videos.example/{number}.mp4", scene] = (row,) if number < 50 else (row, row + 24)
with open_sqlite(sys.argv[2]) as library:
    print("ready", flush=True)
    count = 0
    while not os.path.exists(sys.argv[3]):
        found = library.nearest(WORDS, VECTORS[count % 150], parse_query(), 150)
        assert len(found) >= 60, len(found)
        for each in found:
            rows = right[each.url, each.number]
            exact = [float(VECTORS[row].astype("f4") @ VECTORS[count % 150].astype("f4")) for row in rows]
            assert any(abs(each.similarity - one) < 1e-3 for one in exact), each
        count += 1
    print("right", flush=True)
"""


@pytest.mark.slow
def test_two_processes_search_while_one_writes(home: SqliteLibrary, tmp_path: Path) -> None:
    home.close()
    end = tmp_path / "end"
    readers = [child(READER, tmp_path / "library.db", end) for _ in range(2)]
    for reader in readers:
        assert reader.stdout is not None
        assert reader.stdout.readline() == "ready\n"
    with child(WRITER, tmp_path / "library.db") as writer:
        assert writer.communicate()[0].split() == [str(turn) for turn in range(12)]
    time.sleep(0.2)
    end.touch()
    for reader in readers:
        assert reader.communicate()[0] == "right\n"
        assert reader.returncode == 0
    with open_sqlite(tmp_path / "library.db") as library:
        assert len(near(library, VECTORS[0], 300)) == 2 * (62 - 12)


# Erasing


def has(folder: Path, vectors: Vectors) -> bool:
    return any(row.tobytes() in path.read_bytes() for path in folder.glob("*library.db*") for row in vectors)


def test_forgetting_leaves_nothing_of_a_video_in_the_file(home: SqliteLibrary, tmp_path: Path) -> None:
    home.save_all([LibraryEntry(video(9, text="other"), FOLDER)])  # its vectors are not right any more
    home.remove(url_of(7))
    assert has(tmp_path, VECTORS[8:10])
    assert has(tmp_path, VECTORS[14:16])
    (file,) = files(tmp_path)
    bits = vector_scan.signs(VECTORS[8:10], opened(file).mean)  # type: ignore[union-attr]
    assert home.forget([url_of(4)]) == []
    for number in (4, 7, 9):
        assert not has(tmp_path, VECTORS[2 * number : 2 * number + 2])
    found = opened(file)
    assert found is not None
    assert not np.isin(bits, found.parts[0].bits[:, 8:10]).any()
    assert has(tmp_path, VECTORS[10:12])
    for library in (home, open_sqlite(tmp_path / "library.db")):
        assert len(near(library, VECTORS[8], 200)) == 100 - 6
        assert near(library, VECTORS[11]) == [(url_of(5), 2)]
    library.close()


def test_forgetting_removes_what_a_killed_process_left_and_a_torn_file(home: SqliteLibrary, tmp_path: Path) -> None:
    (file,) = files(tmp_path)
    content = file.read_bytes()
    home.close()
    (tmp_path / "torn").write_bytes(content[:-100])
    os.replace(tmp_path / "torn", file)
    code = "import sys; from vidkit.core import TEMPORARY; "
    code += "open(f'{TEMPORARY}library.db.vectors', 'wb').write(sys.stdin.buffer.read())"
    subprocess.run([sys.executable, "-c", code], input=content, cwd=tmp_path, check=True)
    assert len(list(tmp_path.glob(".vidkit-*"))) == 1
    with open_sqlite(tmp_path / "library.db") as library:
        assert library.forget([url_of(4)]) == []
    assert not has(tmp_path, VECTORS[8:10])
    assert list(tmp_path.glob(".vidkit-*")) == []


def test_another_process_does_not_answer_what_was_forgotten(home: SqliteLibrary, tmp_path: Path) -> None:
    with open_sqlite(tmp_path / "library.db") as other:
        assert near(other, VECTORS[9]) == [(url_of(4), 2)]
        assert home.forget([url_of(4)]) == []
        assert url_of(4) not in dict(near(other, VECTORS[9], 200))


def test_a_stamp_is_never_that_of_what_is_gone() -> None:
    assert len({stamp_of(change, made) for change in range(100) for made in ("a", "b")} | {GONE}) == 201
