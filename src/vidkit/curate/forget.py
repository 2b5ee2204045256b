"""Erase a video and everything derived from it: files, record, model answers, journal, failures, logs."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import reduce
from operator import or_
from pathlib import Path

from vidkit.batch.failures import NAME as FAILURES
from vidkit.core import JOURNAL, ensure_directory, printable, shown_url
from vidkit.core.config import Config
from vidkit.core.files import file_sha256
from vidkit.core.stores import local_files, open_store
from vidkit.curate.traces import Traces, erase_lines, erase_rows, traces_of
from vidkit.download import wanted_name
from vidkit.errors import OutputError
from vidkit.library import Library, LibraryEntry
from vidkit.messages import message
from vidkit.qwen_model.cache import forget_answers
from vidkit.workflow import source_key
from vidkit.workflow.journal import Journal
from vidkit.workflow.journal_database import OLDER
from vidkit.workflow.layout import RemovableFiles, files_of, is_foreign_file, remove_files, work_folder

# Data that vidkit cannot reach; listed each time.
BEYOND = (
    message("datasets that were exported, and what `vidkit prepare` and `vidkit infer` wrote"),
    message("copies in other libraries, and the journals of other machines"),
    message("backups, snapshots, older versions that a bucket keeps, and the log of changes of a database server"),
    message("the video at its source"),
)


@dataclass
class Target:
    """A video to erase: a source URL, and its record, if the library has one."""

    url: str
    entry: LibraryEntry | None = None
    made: RemovableFiles | None = None
    partial: list[Path] = field(default_factory=list)
    """Incomplete downloads, or downloads that are not a video."""
    left: list[str] = field(default_factory=list)
    traces: Traces = field(default_factory=lambda: Traces(frozenset(), frozenset()))

    def shown(self) -> list[str]:
        """The files and folders that are erased, for messages."""
        return [*(self.made.shown() if self.made else ()), *(printable(path) for path in self.partial)]


@dataclass
class Forgotten:
    """Messages about what was erased, what could not be erased, and what vidkit cannot reach."""

    erased: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=lambda: [*BEYOND])


def targets_of(library: Library, key: str, config: Config) -> list[Target]:
    """The videos for a key: from the library, or else other data about it if it is a URL.

    Args:
        library: the library.
        key: an id, a file name or a source URL.
        config: the settings.

    Raises:
        LibraryError: the library cannot be read.
        OutputError: the store fails.
    """
    found = library.find(key)
    if found:
        return [_target(entry, config) for entry in found]
    if "://" not in key:
        return []
    url = source_key(key)
    filename = _journal_name(url, config) or wanted_name(url, None)
    downloads = config.paths.download_directory
    partial = _partial(downloads, filename)
    left = []
    if filename and os.path.lexists(whole := downloads / filename):  # of a video that failed after the download
        if is_foreign_file(whole, url):
            left.append(message("{whole}: it may be the download of another URL", whole=printable(whole)))
        else:
            partial.append(whole)
    return [Target(url, None, None, partial, left, traces_of(url, None, filename))]


def _target(entry: LibraryEntry, config: Config) -> Target:
    record = entry.record
    url, downloads = record["source"]["url"], config.paths.download_directory
    made = files_of(record, entry.folder, downloads)
    return Target(url, entry, made, _partial(downloads, record["filename"]), made.left, traces_of(url, record))


def _partial(downloads: Path, filename: str | None) -> list[Path]:
    """The files of an incomplete download: `NAME.part` and similar."""
    if not filename or "/" in filename or not downloads.is_dir():
        return []
    kinds = (".part", ".stream.part", ".site.part")
    return sorted(
        path
        for path in downloads.iterdir()
        if any(path.name == filename + kind or path.name.startswith(f"{filename}{kind}.") for kind in kinds)
    )


def traces_in(targets: Sequence[Target]) -> Traces:
    """The traces of several videos."""
    return reduce(or_, (target.traces for target in targets))


def forget_videos(library: Library, targets: Sequence[Target], config: Config) -> Forgotten:
    """Erase videos. The library comes last, so that the same command can continue after a failure.

    Args:
        library: the library.
        targets: from `targets_of`.
        config: the settings.

    Raises:
        OutputError: a run is processing one of the videos, or a file cannot be erased.
        LibraryError: the library cannot be written.
    """
    done = Forgotten()
    traces = traces_in(targets)
    answers, older = forget_answers(config.qwen_vl.cache, _contents(targets), _descriptions(targets))
    for target in targets:
        _forget_journal(target, config)
        done.erased += _erase_files(target)
        done.left += target.left
        if "://" not in target.url:
            done.beyond.append(message("your own file {url}", url=printable(target.url)))
    done.erased += [message("{answers} answers of the model", answers=answers)] if answers else []
    if older:
        place = printable(config.qwen_vl.cache)
        done.left.append(
            message(
                "{place}: {older} answers of an older vidkit do not say which video they are about",
                place=place,
                older=older,
            )
        )
    for folder in _work_folders(targets, config):
        rows = erase_rows(folder / FAILURES, traces)
        done.erased += (
            [message("{rows} rows of {path}", rows=rows, path=printable(folder / FAILURES))] if rows else []
        )
        erase_lines(folder / OLDER, traces)
        done.left += [
            message("{path}: a damaged journal", path=printable(path))
            for path in folder.glob(f"{JOURNAL}.damaged*")
        ]
    lines = sum(erase_lines(path, traces) for path in logs_of(config))
    done.erased += [message("{lines} lines of logs", lines=lines)] if lines else []
    stored = [target.url for target in targets if target.entry is not None]
    if stored:
        done.left += library.forget(stored)
        done.erased.append(message("{count} records of {library}", count=len(stored), library=library.name))
    return done


def logs_of(config: Config) -> list[Path]:
    """The log file and its older ones."""
    path = config.logging.log_file
    return [path, *sorted(path.parent.glob(f"{path.name}.*"))] if path.parent.is_dir() else []


def _erase_files(target: Target) -> list[str]:
    if target.made is not None:
        remove_files(target.made)
    for path in target.partial:
        try:
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
        except OSError as error:
            raise OutputError(
                "{path} cannot be removed: {reason}", path=printable(path), reason=error.strerror
            ) from None
    return target.shown()


def _contents(targets: Sequence[Target]) -> set[str]:
    """The hashes of the videos and of their existing clips: they are the keys of the model's answers."""
    found = set()
    for target in targets:
        if target.entry is not None and target.made is not None:
            found.add(target.entry.record["sha256"])
            names = [clip["path"] for clip in target.entry.record["segments"]]
            there = [name for name in names if _is_own(name, target.made) and target.made.store.exists(name)]
            with local_files(target.made.store, there) as folder:
                found |= {file_sha256(folder / name) for name in there if (folder / name).is_file()}
    return found


def _is_own(name: str, made: RemovableFiles) -> bool:
    return any(name.startswith(f"{folder}/") for folder in made.names) and ".." not in name.split("/")


def _descriptions(targets: Sequence[Target]) -> set[str]:
    found: set[str | None] = set()
    for record in (target.entry.record for target in targets if target.entry is not None):
        found |= {record["qwen_description"], *(part["description"] for part in record["scenes"])}
        found |= {part["description"] for part in record["segments"]}
    return {text for text in found if text}


def _work_folders(targets: Sequence[Target], config: Config) -> list[Path]:
    """The folders on this machine with journals and failures of these videos."""
    addresses = [config.paths.processed_directory, *(target.entry.folder for target in targets if target.entry)]
    folders = (work_folder(open_store(address), config.paths.download_directory) for address in addresses)
    return [folder for folder in dict.fromkeys(folder.absolute() for folder in folders) if folder.is_dir()]


def _journals(target: Target | None, config: Config) -> Iterator[Journal]:
    addresses = [config.paths.processed_directory, *([target.entry.folder] if target and target.entry else [])]
    for address in dict.fromkeys(map(str, addresses)):
        store = open_store(address)
        folder = work_folder(store, config.paths.download_directory)
        if (folder / JOURNAL).exists() or store.folder is None:
            yield Journal(ensure_directory(folder), store=store)


def _journal_name(url: str, config: Config) -> str | None:
    for journal in _journals(None, config):
        with closing(journal):
            return journal.filename(url)
    return None


def _forget_journal(target: Target, config: Config) -> None:
    """Replace the URL in the journals by a hash."""
    for journal in _journals(target, config):
        with closing(journal):
            if not journal.take(target.url):
                raise OutputError(
                    "a run works on {url} now: stop it, or wait for it", url=printable(shown_url(target.url))
                )
            journal.erase(target.url)
