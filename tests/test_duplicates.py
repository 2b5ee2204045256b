"""Duplicates: which videos show the same, and what is done with copies."""

from __future__ import annotations

import csv
import io
import json
import subprocess
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vidkit.cli import main
from vidkit.core.config import load_config
from vidkit.duplicates import known as known_pictures
from vidkit.duplicates.compare import match
from vidkit.duplicates.files import signature_of
from vidkit.duplicates.groups import CopyFinder
from vidkit.duplicates.index import copies_among
from vidkit.duplicates.known import KnownPictures
from vidkit.duplicates.pdq import BYTES, pdq
from vidkit.duplicates.signature import TICKS, Signature, from_record, to_record
from vidkit.ffmpeg import find_tool
from vidkit.library import open_library
from vidkit.library.mongodb.backend import open_mongodb
from vidkit.library.postgresql.backend import open_postgresql
from vidkit.library.protocol import PicturesOf, pictures_of
from vidkit.library.sqlite.backend import open_sqlite

from .conftest import MakeVideo
from .dataset_parts import export, make_video_files
from .mongod import mongod
from .postgresql import Server as PostgreSQL
from .records import keep, make_record
from .test_batch import vidkit

Capture = pytest.CaptureFixture[str]


def ffmpeg(*words: object) -> None:
    subprocess.run([str(find_tool("ffmpeg")), "-v", "error", "-y", *map(str, words)], check=True)


def footage(path: str, start: str = "0.1", seconds: float = 3.0) -> Path:
    """A moving picture with much in it; another `start` is another one."""
    source = f"mandelbrot=s=320x240:r=25:start_x=-0.{start[2:]}:start_scale=0.3:end_scale=0.2:end_pts=1000"
    ffmpeg("-f", "lavfi", "-t", seconds, "-i", source, "-c:v", "libx264", "-preset", "ultrafast", path)
    return Path(path)


def made_up(seed: int, seconds: int = 30) -> Signature:
    """The signature of a video that nobody filmed."""
    hashes = np.random.default_rng(seed).integers(0, 256, (seconds, BYTES), dtype=np.uint8)
    has_middle = np.arange(seconds) % 4 == 0
    middles = np.random.default_rng(seed + 10**6).integers(0, 256, (int(has_middle.sum()), BYTES), dtype=np.uint8)
    return Signature(seconds * TICKS, np.arange(seconds) * TICKS, hashes, has_middle, middles)


def part(signature: Signature, start: int, end: int) -> Signature:
    """Some seconds of a made-up video."""
    inside = slice(start, end)
    middles = signature.middles[np.cumsum(signature.has_middle)[inside][signature.has_middle[inside]] - 1]
    times = np.arange(end - start) * TICKS
    return Signature(len(times) * TICKS, times, signature.hashes[inside], signature.has_middle[inside], middles)


def noisy(signature: Signature, bits: int, seed: int = 0) -> Signature:
    """The same, with so many bits of each hash turned."""
    random = np.random.default_rng(seed)
    flat = np.unpackbits(signature.hashes, axis=1)
    for row in flat:
        row[random.choice(256, bits, replace=False)] ^= 1
    return replace(signature, hashes=np.packbits(flat, axis=1))


def joined(*parts: Signature) -> Signature:
    """Some videos one after the other."""
    starts = np.cumsum([0, *(each.length for each in parts)])
    times = np.concatenate([each.times + start for each, start in zip(parts, starts, strict=False)])
    together = [
        np.concatenate([getattr(each, key) for each in parts]) for key in ("hashes", "has_middle", "middles")
    ]
    return Signature(int(starts[-1]), times, *together)


def video(name: str, signature: Signature, **changes: Any) -> Any:
    return make_record(name, pictures=to_record(signature), duration=signature.length / TICKS, **changes)


def test_a_hash_is_the_one_of_the_reference_implementation() -> None:
    y, x = np.mgrid[:512, :512]
    waves = np.sin(x / 37) + np.cos((x + 2 * y) / 53) + np.sin(y * x / 9000)
    found, quality = pdq((waves * 42 + 128).astype(np.uint8))
    # By pdqhash 0.2.8, which wraps Meta's C++, its bits in the opposite order.
    assert found.tobytes().hex() == "80ff0f021cff31aa16553daf6a4054aae555aaafe56a8a95e52a8ad5e12a8ad5"
    assert quality == 100
    assert pdq(np.full((512, 512), 90, np.uint8))[1] == 0


def test_a_signature_is_read_from_its_record_and_a_damaged_one_is_ignored() -> None:
    signature = made_up(1)
    entry = json.loads(json.dumps(to_record(signature)))
    found = from_record(entry, 30.0)
    assert found is not None
    for key in ("times", "hashes", "has_middle", "middles"):
        assert np.array_equal(getattr(found, key), getattr(signature, key))
    assert found.length == signature.length
    for damage in (
        None, [], {}, {**entry, "count": 31}, {**entry, "count": -1}, {**entry, "count": 10**12},
        {**entry, "hashes": "\x1b["}, {**entry, "hashes": entry["hashes"][:-8]}, {**entry, "hashes": None},
    ):  # fmt: skip
        assert from_record(damage, 30.0) is None


@pytest.mark.parametrize(
    "changes",
    [
        ("-vf", "scale=160:120"),
        ("-crf", "38"),
        ("-vf", "crop=iw*0.95:ih*0.95"),
        ("-ss", "0.3"),
        ("-t", "2.7"),
        ("-r", "15"),
        ("-r", "30"),
    ],
    ids=" ".join,
)
def test_a_copy_is_found_however_it_was_changed(changes: tuple[str, ...]) -> None:
    original = footage("original.mp4")
    ffmpeg("-i", original, *changes, "-preset", "ultrafast", "copy.mp4")
    found = match(signature_of(original), signature_of("copy.mp4"))
    assert found.is_copy
    if changes[0] == "-ss":
        assert abs(found.shift - 0.3) < 0.15


def test_a_copy_of_a_long_video_that_begins_between_two_pictures_is_found() -> None:
    original = footage("original.mp4", seconds=30)
    ffmpeg("-ss", "3.45", "-i", original, "-preset", "ultrafast", "-crf", "30", "copy.mp4")
    found = match(signature_of(original), signature_of("copy.mp4"))
    assert found.is_copy
    assert abs(found.shift - 3.45) < 0.3


def test_takes_of_one_scene_are_no_copies(media: Path) -> None:
    names = ("again", "no", "book", "school", "milk", "please")  # each pair is one person in one place
    takes = [signature_of(media / "gestures" / f"{name}.mkv") for name in names]
    assert list(copies_among(takes)) == []
    shares = [match(takes[at], takes[at + 1]).share for at in (0, 2, 4)]
    assert 0 < max(shares) < 0.5  # alike they are


def test_flat_and_black_pictures_count_for_nothing(make_video: MakeVideo) -> None:
    ffmpeg("-f", "lavfi", "-t", "3", "-i", "color=black:s=320x240", "black.mp4")
    black = signature_of("black.mp4")
    assert len(black) == 0
    assert not match(black, black).is_copy


def test_a_shared_intro_is_no_copy_and_a_part_is_one() -> None:
    intro, one, other = made_up(1, 12), made_up(2, 30), made_up(3, 30)
    assert not match(joined(intro, one), joined(intro, other)).is_copy
    assert match(one, joined(intro, one, other)).is_copy
    wrong_order = joined(part(one, 20, 30), part(one, 10, 20), part(one, 0, 10))
    assert not match(one, wrong_order).is_copy


def test_a_video_that_repeats_pictures_is_compared_at_the_right_times() -> None:
    one = made_up(4, 20)
    found = match(part(one, 5, 20), joined(made_up(5, 7), one))
    assert found.is_copy
    assert found.shift == 12


def test_of_many_videos_only_copies_are_paired() -> None:
    originals = [made_up(seed) for seed in range(200)]
    copies = [noisy(part(each, 2, 29), 20, at) for at, each in enumerate(originals[:40])]
    found = {(one, other) for one, other, _ in copies_among([*originals, *copies])}
    assert found == {(at, 200 + at) for at in range(40)}


def test_the_best_of_a_group_is_kept_and_a_compilation_is_no_copy_of_its_parts() -> None:
    one, other = made_up(1), made_up(2)
    records = [
        video("small.mp4", one, resolution="640x360"),
        video("short.mp4", part(one, 3, 30)),
        video("best.mp4", noisy(one, 10)),
        video("later.mp4", noisy(one, 8)),
        video("compilation.mp4", joined(one, other), resolution="320x180"),
        video("alone.mp4", made_up(3)),
    ]
    (group,) = CopyFinder(map(pictures_of, records)).groups()
    assert group.kept.filename == "best.mp4"
    reasons = {copy.video.filename: copy.reason for copy in group.copies}
    assert reasons == {"small.mp4": "more pixels", "short.mp4": "longer", "later.mp4": "came first"}


def test_groups_are_listed_as_text_csv_and_json(capsys: Capture) -> None:
    one = made_up(1)
    without = make_record("old.mp4", sha256="a" * 64), make_record("same.mp4", sha256="a" * 64)
    small = video("=small.mp4", one, resolution="640x360", url="https://me:geheim@example.com/small.mp4")
    keep(video("best.mp4", one), small, video("other.mp4", made_up(2)), *without)
    assert main(["duplicates"]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert [line.split()[0] for line in lines] == ["keep", "copy", "keep", "copy"]
    assert "https://videos.example/best.mp4  1280x720" in lines[0]
    assert "100% the same; the other one has more pixels" in lines[1]
    assert "the same file" in lines[3]
    assert "5 videos: 2 copies of 2 videos" in shown.err
    assert "2 videos have no picture hashes" in shown.err
    assert main(["duplicates", "--json"]) == 0
    groups = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert groups[0]["kept"]["filename"] == "best.mp4"
    assert groups[0]["copies"][0]["reason"] == "more pixels"
    assert main(["duplicates", "--csv"]) == 0
    text = capsys.readouterr().out
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["group"], row["kept"]) for row in rows] == [("1", "yes"), ("1", "no"), ("2", "yes"), ("2", "no")]
    assert rows[1]["filename"] == "'=small.mp4"
    assert "geheim" not in text


def test_the_servers_give_the_same_hashes_as_sqlite(tmp_path: Path, postgres: PostgreSQL) -> None:
    odd = video("odd.mp4", made_up(2), columns={"a.b": "$c"})
    found = []
    with mongod(tmp_path / "mongod") as address, ExitStack() as opened:
        for library in (
            open_sqlite("library.db"),
            open_mongodb(f"mongodb://{address}", "duplicates"),
            open_postgresql(postgres.uri(postgres.new_database())),
        ):
            opened.enter_context(closing(library))
            library.save(video("one.mp4", made_up(1)), Path("results").absolute())
            library.save(odd, Path("results").absolute())
            library.save(make_record("none.mp4"), Path("results").absolute())
            videos = list(library.pictures())
            assert list(library.pictures(videos[0][0])) == videos[1:]
            found.append([each for _, each in videos])
    assert found[0] == found[1] == found[2]
    assert [each.pictures is None for each in found[0]] == [False, False, True]


def test_of_two_copies_at_once_one_is_new() -> None:
    import threading

    known = KnownPictures(lambda after: [])
    one = made_up(1)
    answers: list[str | None] = []
    barrier = threading.Barrier(8)

    def ask(number: int) -> None:
        barrier.wait()
        answers.append(known.copy_of(pictures_of(video(f"{number}.mp4", noisy(one, 5, number)))))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert answers.count(None) == 1
    assert len(set(answers)) == 2


def test_a_video_that_came_into_the_library_since_is_known() -> None:
    videos: list[tuple[int, PicturesOf]] = []
    known = KnownPictures(lambda after: [each for each in videos if each[0] > after])
    assert known.copy_of(pictures_of(video("other.mp4", made_up(2)))) is None
    videos.append((7, pictures_of(video("theirs.mp4", made_up(1)))))
    assert (
        known.copy_of(pictures_of(video("ours.mp4", part(made_up(1), 2, 28))))
        == "https://videos.example/theirs.mp4"
    )


def test_a_copy_is_known_among_many_videos(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(known_pictures, "_BLOCK", 1000)  # pictures, so that several blocks are full
    videos = [pictures_of(video(f"{seed}.mp4", made_up(seed))) for seed in range(150)]
    known = KnownPictures(lambda after: list(enumerate(videos, 1))[after:])
    for seed in range(0, 150, 3):
        copy = noisy(part(made_up(seed), 2, 29), 24, seed)
        assert known.copy_of(pictures_of(video("copy.mp4", copy))) == videos[seed].url
    assert known.copy_of(pictures_of(video("new.mp4", made_up(1000)))) is None
    assert len(known._blocks) == 5


def test_copies_are_skipped_and_left_again_without_a_decode(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIDKIT_CONCURRENCY_MAXWORKERS", "1")
    original, other = footage("original.mp4"), footage("other.mp4", start="0.74")
    ffmpeg("-i", original, "-vf", "scale=160:120", "-preset", "ultrafast", "copy.mp4")
    command = ["process", "--skip-duplicates", "--urls", str(original), "copy.mp4", str(other)]
    assert main(command) == 0
    said = capsys.readouterr().err
    assert "skipped: copy.mp4: it shows the same as" in said
    assert "2 processed, 1 duplicates skipped" in said
    results = Path("processed_videos")
    assert json.loads((results / "summary.json").read_text())["duplicates"] == 1
    assert not list(results.rglob("copy.mp4*"))
    with open_library(load_config()) as library:
        assert library.stats().videos == 2
    from vidkit.workflow import pictures

    with monkeypatch.context() as patched:
        patched.setattr(pictures, "square_frames_output", None)  # another decode of it would fail
        assert main(command) == 0
    assert "1 duplicates skipped" in capsys.readouterr().err
    assert main(["remove", str(original.absolute()), "--yes"]) == 0
    assert main(["process", "--skip-duplicates", "--urls", "copy.mp4"]) == 0
    assert (results / "copy.mp4.json").exists()


@pytest.mark.slow
def test_two_runs_at_once_that_skip_copies_harm_nothing() -> None:
    original = footage("original.mp4")
    copies = []
    for number in range(3):
        copies.append(f"copy{number}.mp4")
        ffmpeg("-i", original, "-crf", 20 + 5 * number, "-preset", "ultrafast", copies[-1])
    words = ["process", "--skip-duplicates", "--workers", "2", "--urls", str(original), *copies]
    running = [vidkit(*words), vidkit(*words)]
    said = [each.communicate(timeout=240)[1] for each in running]
    assert [each.returncode for each in running] == [0, 0], said
    assert main(["process", "--skip-duplicates", "--urls", str(original), *copies]) == 0
    with open_library(load_config()) as library:
        names = {each.record["filename"] for each in library.records()}
    records = {path.name.removesuffix(".json") for path in Path("processed_videos").glob("*.mp4.json")}
    assert names == records
    assert 1 <= len(names) <= 2  # two that began in the same moment do not know each other


def test_the_same_content_is_never_in_two_splits() -> None:
    folder = Path("processed_videos").absolute()
    with open_sqlite("library.db") as library:
        for number in range(30):
            one = made_up(number)
            for name, signature in (("a", one), ("b", noisy(part(one, 2, 28), 15))):
                changes = {"pictures": to_record(signature), "duration": signature.length / TICKS}
                columns = {"label": f"{number % 2}"}
                library.save_all([make_video_files(folder, f"{name}{number}.mp4", columns=columns, **changes)])
        done = export(library, "jsonl", split="50/50", files="reference")
        assert done.items == 60
        rows = [json.loads(line) for path in Path("out").glob("*.jsonl") for line in path.read_text().splitlines()]
        sides = {row["name"]: row["split"] for row in rows}
        assert all(sides[f"a{number}"] == sides[f"b{number}"] for number in range(30))
        assert {split: sum(counts.values()) for split, counts in done.counts.items()} == {"train": 30, "test": 30}
        done = export(library, "jsonl", directory="less", files="reference", no_duplicates=True)
        assert done.items == 30
        assert done.missing == {"of copies of other videos": 30}
        assert {row["name"][0] for row in map(json.loads, Path("less/train.jsonl").read_text().splitlines())} == {
            "a"
        }


def test_without_hashes_nothing_can_be_skipped(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIDKIT_PROCESSING_PICTUREHASHES", "no")
    assert main(["process", "--skip-duplicates", "--urls", str(footage("one.mp4", seconds=1))]) == 2
    assert "PictureHashes = yes" in capsys.readouterr().err
    assert main(["process", "--urls", "one.mp4"]) == 0
    assert "pictures" not in json.loads(Path("processed_videos/one.mp4.json").read_text())
