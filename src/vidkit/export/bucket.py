"""A dataset in a bucket: built in a folder of this machine, then put there, the file that marks it as one last."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from pathlib import Path

from vidkit.core import ensure_directory, printable
from vidkit.core.bucket_files import ObjectReader
from vidkit.core.object_store import UPLOADS, ObjectStore
from vidkit.core.stores import within
from vidkit.errors import OutputError
from vidkit.export.folder import LISTED, MARKER, check_replaceable

_BLOCK = 2**20


class DatasetInBucket:
    """Where a dataset is to be in a bucket.

    Args:
        address: the folder there, such as `s3://bucket/set`.
        overwrite: whether an older dataset is replaced.

    Raises:
        OutputError: something is there already, and may not or must not be replaced.
    """

    def __init__(self, address: str, overwrite: bool) -> None:
        self._store = ObjectStore(address)
        self.address = str(self._store.address)
        if next(self._store.files(), None) is not None and not self._is_unfinished():
            if not overwrite:
                raise OutputError(
                    "{address} is there already: give another name, or say --overwrite to replace it",
                    address=printable(address),
                )
            self._check()

    @contextmanager
    def scratch(self, beside: Path | None) -> Iterator[Path]:
        """The folder on this machine where it is built; it goes when all is in the bucket.

        Args:
            beside: the folder to make it in, where the same export finds it again; None: a new temporary one.
        """
        name = self.address.rpartition("/")[2]
        if beside is None:
            with tempfile.TemporaryDirectory(prefix="vidkit-") as temporary:
                yield Path(temporary) / name
            return
        folder = ensure_directory(beside) / f"export-{hashlib.sha256(self.address.encode()).hexdigest()[:16]}"
        yield ensure_directory(folder).absolute() / name
        shutil.rmtree(folder, ignore_errors=True)

    def publish(self, folder: Path, tell: Callable[[int, int], None]) -> None:
        """Put the dataset there. Until the last file is there, nothing says that it is one.

        Args:
            folder: the dataset.
            tell: told how many of its files are there, and of how many.

        Raises:
            OutputError: the store fails, or something of somebody else's is there by now.
        """
        older = set(self._store.files())
        if older and not self._is_unfinished():
            self._check()
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        # A dataset that is being made: what it will hold, and what it still holds of an older one.
        self._store.delete_file(MARKER)
        self._store.write(LISTED, "\n".join(sorted(older | files.keys())).encode("utf-8", "replace"))
        self._upload({name: path for name, path in files.items() if name not in (LISTED, MARKER)}, tell)
        for name in older - files.keys():
            self._store.delete_file(name)
        for name in (LISTED, MARKER):
            self._store.upload(name, files[name])
        tell(len(files), len(files))

    def _upload(self, files: dict[str, Path], tell: Callable[[int, int], None]) -> None:
        with ThreadPoolExecutor(UPLOADS) as pool:
            try:
                uploads = [pool.submit(self._store.upload, name, path) for name, path in files.items()]
                for done, upload in enumerate(as_completed(uploads), 1):
                    upload.result()
                    tell(done, len(files))
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _is_unfinished(self) -> bool:
        """Whether all that is there is what an interrupted export had put there."""
        try:
            listed = self._store.read(LISTED).decode("utf-8", "replace").splitlines()
        except FileNotFoundError:
            return False
        made = {line.partition("\t")[0] for line in [*listed, LISTED]}
        return not self._store.exists(MARKER) and made.issuperset(self._store.files())

    def _check(self) -> None:
        check_replaceable(printable(self.address), self._store.files, self._store.read, self._digest)

    def _digest(self, name: str) -> str:
        digest = hashlib.sha256()
        with ObjectReader(str(within(self.address, name))) as file:
            while block := file.read(_BLOCK):
                digest.update(block)
        return digest.hexdigest()
