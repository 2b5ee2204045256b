"""The folder of a dataset: built and resumed under a temporary name, renamed when complete."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vidkit.core import ensure_directory, file_sha256, printable
from vidkit.core.files import check_local
from vidkit.errors import ConfigError, OutputError, ToolMissingError

MARKER = "dataset.json"  # marks a folder as a dataset of vidkit, and describes it
MADE_BY = "vidkit export"
WORK = ".vidkit"
LISTED = ".vidkit_files"  # the list of files in a dataset: a path on each line; after a tab, a hash
_TEXTS = (".md", ".json", ".jsonl", ".csv", ".txt", ".xml")  # files that people edit, listed with a hash
_COPIES = ("README.md", "dataset_card.md")  # equal files in older datasets, whose list has no hashes
_PLAN = "plan.json"
_SYSTEMS = (".DS_Store", "Thumbs.db", "desktop.ini")  # files that operating systems add to folders


def target_of(directory: str | os.PathLike[str], overwrite: bool) -> Path:
    """The folder for a dataset, after a check that no files of the user would be lost.

    Raises:
        OutputError: the folder exists, and `overwrite` is False or it is not a dataset of vidkit.
    """
    if not os.fspath(directory).strip():
        raise OutputError("DIRECTORY is empty: name the folder that is to be made")
    check_local(directory)
    target = Path(os.path.realpath(directory))
    if not os.path.lexists(target):
        return target
    shown = printable(directory)
    if not target.is_dir():
        raise OutputError("{shown} is a file, and a folder is needed there", shown=shown)
    if not overwrite:
        raise OutputError(
            "{shown} is there already: give another name, or say --overwrite to replace it", shown=shown
        )
    _check_folder(target)
    return target


def _check_folder(target: Path) -> None:
    """Raise OutputError if a folder has files that are not from an export."""
    read, digest = (lambda name: (target / name).read_bytes()), (lambda name: file_sha256(target / name))
    check_replaceable(printable(target), lambda: _files_in(target), read, digest)


def check_replaceable(
    shown: str, files: Callable[[], Iterator[str]], read: Callable[[str], bytes], digest: Callable[[str], str]
) -> None:
    """Check that all files in the place of a dataset are from an older export.

    Args:
        shown: the place, for messages.
        files: lists its files.
        read: returns the content of a file; raises OSError if it is missing.
        digest: returns the SHA-256 of a file; raises OSError if it is missing.

    Raises:
        OutputError: a file is not from an export, or was changed.
    """
    if next(files(), None) is not None and _json(read, MARKER).get("made_by") != MADE_BY:
        raise OutputError(
            "{shown} is not a dataset of vidkit's ({marker} says so in one), so it is not replaced",
            shown=shown,
            marker=MARKER,
        )
    try:
        lines = read(LISTED).decode("utf-8").splitlines()
    except (OSError, ValueError):
        lines = []
    made = {path: known for path, _, known in (line.partition("\t") for line in [*lines, LISTED])}
    others = (path for path in files() if path not in made)
    if own := next((path for path in others if path.rpartition("/")[2] not in _SYSTEMS), None):
        raise OutputError(
            "{own} in {shown} is not of the older export, so the folder is not replaced: move it away, "
            "or give another name",
            own=printable(own),
            shown=shown,
        )
    if edited := next((path for path in made if _is_edited(path, made, digest)), None):
        raise OutputError(
            "{edited} in {shown} was changed after the older export, so the folder is not replaced: "
            "move the file away, or give another name",
            edited=printable(edited),
            shown=shown,
        )


def _is_edited(path: str, made: Mapping[str, str], digest: Callable[[str], str]) -> bool:
    """Whether a file of a dataset was changed."""
    if made[path]:
        return _found(digest, path) not in (made[path], "")
    if path == _COPIES[0] and _COPIES[1] in made:
        return _found(digest, path) not in (_found(digest, _COPIES[1]), "")
    return False


def _found(digest: Callable[[str], str], path: str) -> str:
    """The SHA-256 of a file; empty if it is missing."""
    try:
        return digest(path)
    except OSError:
        return ""


def _files_in(folder: Path) -> Iterator[str]:
    """All files in a folder, relative to it, with `/`. A link to a folder counts as a file."""
    for where, folders, files in os.walk(folder):
        inside = Path(where).relative_to(folder).as_posix()
        links = [name for name in folders if os.path.islink(os.path.join(where, name))]
        yield from (name if inside == "." else f"{inside}/{name}" for name in (*files, *links))


def _json(read: Callable[[str], bytes], name: str) -> dict[str, Any]:
    try:
        content = json.loads(read(name))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


@contextmanager
def building(target: Path, fingerprint: str) -> Iterator[tuple[Path, bool]]:
    """A folder for building, `<name>.exporting`, which is renamed to the target at the end of the block.

    After an error the folder stays, and the next export with the same fingerprint continues in it.

    Args:
        target: the place of the dataset, from `target_of`.
        fingerprint: the fingerprint of the export.

    Returns:
        The folder, and whether an interrupted export continues in it.

    Raises:
        OutputError: it cannot be created or moved, has other files, or another export uses it.
    """
    folder = target.with_name(f"{target.name}.exporting")
    work = folder / WORK
    old = _json(lambda name: (work / name).read_bytes(), _PLAN)
    if folder.exists() and not old and any(folder.iterdir()):
        raise OutputError(
            "{folder} is in the way: the dataset is built there. Move it away.", folder=printable(folder)
        )
    ensure_directory(work)
    with _alone(work):
        resumed = old.get("fingerprint") == fingerprint
        if old and not resumed:
            _clear(folder)
        (work / _PLAN).write_text(json.dumps({"fingerprint": fingerprint}), encoding="utf-8")
        try:
            yield folder, resumed
        except (ConfigError, ToolMissingError):  # nothing to continue
            shutil.rmtree(folder, ignore_errors=True)
            raise
        except OSError as error:
            what = printable(error.filename or folder)
            raise OutputError(
                "{what} cannot be written: {reason}", what=what, reason=error.strerror or error
            ) from None
    _move_in(folder, target)


@contextmanager
def _alone(work: Path) -> Iterator[None]:
    """Lock the folder against a second export, if the system can."""
    with (work / "lock").open("w") as lock:
        try:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except ImportError:  # Windows, where files that are open cannot be replaced
            pass
        except OSError:
            raise OutputError("another export is at work in {parent}", parent=printable(work.parent)) from None
        yield


def _clear(folder: Path) -> None:
    """Remove the files of another interrupted export, except the lock."""
    for path in [*folder.iterdir(), *(folder / WORK).iterdir()]:
        if path.name not in (WORK, "lock"):
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def _move_in(folder: Path, target: Path) -> None:
    if target.exists():
        _check_folder(target)  # for files that were added since
    old = target.with_name(f"{target.name}.replaced")
    try:
        made = folder / WORK / LISTED
        with made.open("w", encoding="utf-8", errors="replace", newline="\n") as listed:
            for path in _files_in(folder):
                if not path.startswith((f"{WORK}/", LISTED)):
                    digest = f"\t{file_sha256(folder / path)}" if path.endswith(_TEXTS) else ""
                    listed.write(f"{path}{digest}\n")
        os.replace(made, folder / LISTED)
        shutil.rmtree(folder / WORK)
        if hasattr(os, "sync"):
            os.sync()  # so that the dataset is complete even after a power loss
        if target.exists():
            os.replace(target, old)
            try:
                os.replace(folder, target)
            except OSError:
                os.replace(old, target)
                raise
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(folder, target)
    except OSError as error:
        raise OutputError(
            "{folder} cannot become {target}: {reason}",
            folder=printable(folder),
            target=printable(target),
            reason=error.strerror,
        ) from None
