"""A dataset in a bucket: built in a local folder, then uploaded. The file that marks it as complete comes last."""

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
    """The place of a dataset in a bucket.

    Args:
        address: the folder in the bucket, such as `s3://bucket/set`.
        overwrite: whether to replace an older dataset.

    Raises:
        OutputError: the folder already has files, and `overwrite` is False or they are not a dataset of vidkit.
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
        """The local folder where the dataset is built; removed when everything is uploaded.

        Args:
            beside: the parent folder, so that an interrupted export can continue; None for a temporary folder.
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
        """Upload the dataset. Only the last file marks it as a dataset.

        Args:
            folder: the dataset.
            tell: called with the number of uploaded files, and of all files.

        Raises:
            OutputError: the store fails, or the place now has files that are not from an export.
        """
        older = set(self._store.files())
        if older and not self._is_unfinished():
            self._check()
        files = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
        # The list of an unfinished dataset: its new files, and files of an older one.
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
        """Whether all files there are from an interrupted export."""
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
