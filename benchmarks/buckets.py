"""Results in a bucket: uploads beside bare obstore, and processes killed while they upload.

    python benchmarks/buckets.py [--kills 100] [--megabytes 256]

The store is SeaweedFS on loopback: it shares the processor with what is measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from measure import pairs, table

sys.path.insert(0, str(Path(__file__).parents[1]))

from tests.bucket_server import S3, s3_server

from vidkit.core.buckets import open_bucket
from vidkit.core.stores import Store, open_store

CLIP, THUMBNAIL, LARGE = 4 * 10**6, 30_000, 64 * 10**6
# One round of a process that is killed: two small files and a large one in three parts, then the record.
ROUND = """
import json, sys
from vidkit.core.stores import open_store
store, sizes = open_store(sys.argv[1]), json.loads(sys.argv[2])
print("ready", flush=True)
number = 0
while True:
    number += 1
    name = f"clips/v{sys.argv[3]}-{number}.mp4/0f3c2b1a"
    with store.publishing(name) as folder:
        for file, size in sizes.items():
            (folder / file).write_bytes(b"x" * size)
    assert store.write_over(f"v{sys.argv[3]}-{number}.mp4.json", json.dumps({"clips": name}).encode(), None)
"""
SIZES = {"a.mp4": 200_000, "b.jpg": 20_000, "large.mp4": 20 * 2**20}


@contextmanager
def server() -> Iterator[S3]:
    with tempfile.TemporaryDirectory() as folder, s3_server(Path(folder) / "weed") as running:
        os.environ.update(running.environment)
        yield running


def make_files(folder: Path, megabytes: int) -> int:
    """The files of a video of a few hours: one large clip, many of 4 MB, four thumbnails for each. Their bytes."""
    folder.mkdir()
    clips = max(1, (megabytes * 10**6 - LARGE) // CLIP)
    sizes = {"large.mp4": LARGE} | {f"{n:03}.mp4": CLIP for n in range(clips)}
    sizes |= {f"{n:04}.jpg": THUMBNAIL for n in range(4 * clips)}
    block = os.urandom(2**20)
    for name, size in sizes.items():
        with (folder / name).open("wb") as file:
            while file.tell() < size:
                file.write(block[: size - file.tell()])
    return sum(sizes.values())


def uploads(s3: S3, megabytes: int) -> list[object]:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as name:
        files = Path(name) / "files"
        size = make_files(files, megabytes)
        bucket = s3.new_bucket()
        store, place = open_store(bucket), open_bucket(bucket)

        def ours() -> None:
            with store.publishing("clips/ours/1", Path(name)) as folder:
                for file in files.iterdir():
                    os.link(file, folder / file.name)

        async def theirs() -> None:
            # obstore's own way to do many at once; so many at a time as vidkit has.
            limit = asyncio.Semaphore(8)

            async def put(file: Path) -> None:
                async with limit:
                    await place.client.put_async(f"clips/theirs/1/{file.name}", file)

            await asyncio.gather(*map(put, files.iterdir()))

        ours(), asyncio.run(theirs())
        mine, base, ratio = pairs(ours, lambda: asyncio.run(theirs()), runs=7)
    speeds = f"{size / 1e6 / mine:.0f} and {size / 1e6 / base:.0f} MB/s"
    many = f"uploading {size / 1e6:.0f} MB: a clip of 64 MB, others of 4 MB, thumbnails"
    return [many, "bare obstore, speed", f"{1 / ratio:.2f}", "0.8 at least", speeds]


def visible(store: Store) -> dict[str, int]:
    """Every object of a store, with its size."""
    place = open_bucket(str(store.address))
    start = len(place.key) + 1
    return {each["path"][start:]: each["size"] for page in place.client.list(place.key) for each in page}


def kills(s3: S3, number: int) -> list[object]:
    """Kill a process at a random moment of its uploads, again and again; how many objects are not whole."""
    random.seed(7)
    half = bare = unfinished = 0
    bucket = s3.new_bucket()
    for turn in range(number):
        results = f"{bucket}/{turn}"
        command = [sys.executable, "-c", ROUND, results, json.dumps(SIZES), str(turn)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert process.stdout
        process.stdout.readline()
        time.sleep(random.uniform(0, 1.5))
        process.kill()
        process.wait()
        process.stdout.close()
        store = open_store(results)
        found = visible(store)
        half += sum(SIZES.get(key.rpartition("/")[2], size) != size for key, size in found.items())
        records = [json.loads(store.read(key)) for key in found if key.endswith(".json")]
        bare += sum(f"{record['clips']}/{file}" not in found for record in records for file in SIZES)
        unfinished += len(records) * len(SIZES) != len(found) - len(records)
    what = f"{number} processes killed at a random moment of their uploads ({unfinished} of them inside a video)"
    return [what, "", "", "no half object", f"{half} half objects, {bare} records without a file"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--megabytes", type=int, default=256)
    options = parser.parse_args()
    if shutil.disk_usage(tempfile.gettempdir()).free < 20e9:
        sys.exit("the S3 server needs 20 GB of free disk")
    with server() as s3:
        rows = [uploads(s3, options.megabytes), kills(s3, options.kills)]
    print(table(["what", "compared with", "ratio", "goal", "measured"], rows))


if __name__ == "__main__":
    main()
