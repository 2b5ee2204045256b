"""`vidkit doctor`: show what is installed, configured and missing, and how to fix it."""

from __future__ import annotations

import os
import platform
import re
import shutil
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from vidkit._version import __version__
from vidkit.analysis.encoders import ENCODERS, try_encoders
from vidkit.core import JOURNAL, load_priority_keywords, printable
from vidkit.core.config import DEFAULT_PATH, Config
from vidkit.core.extras import PURPOSES, install_command, installed
from vidkit.core.object_store import ObjectStore
from vidkit.core.stores import Address, absolute, open_store
from vidkit.core.units import format_count, format_size
from vidkit.download.transfer import ROOM_TO_LEAVE
from vidkit.errors import VidkitError
from vidkit.ffmpeg import find_tool, tool_version
from vidkit.library import open_library
from vidkit.library.backends import configured_file
from vidkit.qwen_model.describer import endpoint_url, open_describer
from vidkit.qwen_model.endpoint_check import check_endpoint
from vidkit.qwen_model.weights import missing_file, weights_size
from vidkit.tagging import load_custom_tags


def report(config: Config, config_path: str | None) -> tuple[list[str], bool]:
    """Look at everything.

    Returns:
        Lines for the screen, and whether nothing that vidkit cannot do without is missing or wrong.
    """
    tools = [_tool(name) for name in ("ffmpeg", "ffprobe")]
    checks = [
        _versions(),
        *tools,
        *(_encoders(config) if tools[0][0] == "ok" else ()),
        *(_extra(name, tools) for name in PURPOSES),
        _settings(config_path),
        _rules(config),
        _keywords(config),
        *_describer(config),
        *_meaning(config),
        _library(config),
        *(_folder(what, path) for what, path in _folders(config)),
    ]
    fine = not any(mark in ("missing", "wrong") for mark, _, _ in checks)
    return [f"{mark:7}  {what}: {found}" for mark, what, found in checks], fine


# `ok`, `without` (vidkit works without it), `missing` or `wrong`; what was looked at; what was found.
_Check = tuple[str, str, str]


def _versions() -> _Check:
    return "ok", "vidkit", f"{__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def _tool(name: str) -> _Check:
    try:
        return "ok", name, f"{tool_version(name)}, {find_tool(name)}"
    except VidkitError as error:
        return "missing", name, str(error)


def _extra(name: str, tools: list[_Check]) -> _Check:
    what, purpose = f"extra {name}", PURPOSES[name]
    versions = {re.split("[<>=~!;]", package)[0]: version for package, version in installed(name).items()}
    there = [f"{package} {version}" for package, version in versions.items() if version]
    missing = [package for package, version in versions.items() if not version]
    if not missing:
        return "ok", what, f"{', '.join(there)} (for {purpose})"
    if name == "ffmpeg" and all(mark == "ok" for mark, _, _ in tools):
        return "ok", what, "not needed, the system has ffmpeg and ffprobe"
    have = f" ({', '.join(there)} installed already)" if there else ""
    return "without", what, f"{', '.join(missing)} missing{have}, for {purpose}: {install_command(name)}"


def _settings(config_path: str | None) -> _Check:
    path = Path(config_path) if config_path else DEFAULT_PATH
    if path.is_file():
        return "ok", "settings", str(path.absolute())
    return "without", "settings", f"no {path} here, so the defaults count; `vidkit init` writes one"


def _rules(config: Config) -> _Check:
    path = config.rules.custom_tag_rules
    if isinstance(path, Path) and not path.is_file():
        return "without", "rules", f"no {path} here, so the built-in rules count; `vidkit init` writes one"
    try:
        rules = load_custom_tags(path)
    except VidkitError as error:
        return "wrong", "rules", str(error)
    counts = (
        f"{format_count(len(rules.rules), 'rule')}, {format_count(len(rules.classifications), 'class', 'classes')}"
    )
    return "ok", "rules", f"{absolute(path)}, {counts}"


def _keywords(config: Config) -> _Check:
    try:
        words = load_priority_keywords(config.rules.priority_keywords)
    except VidkitError as error:
        return "wrong", "priority keywords", str(error)
    path = config.rules.priority_keywords
    if isinstance(path, Path) and not path.is_file():
        return "without", "priority keywords", f"no {path} here, so there are none; `vidkit init` writes one"
    return (
        "ok" if words else "without",
        "priority keywords",
        f"{absolute(path)}, {format_count(len(words), 'word')}",
    )


def _encoders(config: Config) -> Iterator[_Check]:
    """Which encoders cut clips here, each tried on a second of video."""
    failures = try_encoders()
    wanted = config.processing.encoder
    works = [name for name, failure in failures.items() if failure is None]
    without = [name for name in failures if name not in works]
    found = f"{', '.join(works) or 'none'} can be used here"
    found += f", {', '.join(without)} cannot" if without else ""
    if wanted in without:
        yield (
            "wrong",
            "encoders",
            f"[Processing] Encoder = {wanted} cannot be used here: {failures[wanted]}; {found}",
        )
    else:
        yield "ok" if ENCODERS[0] in works else "wrong", "encoders", found


def _describer(config: Config) -> Iterator[_Check]:
    wanted = config.qwen_vl.backend
    try:
        url = endpoint_url(config, use_vpc=False) if wanted in ("auto", "endpoint") else ""
        describer = open_describer(config)
    except VidkitError as error:
        yield "wrong", "model", str(error)
        return
    if describer is None:
        none = "none, so nothing is described; set [QwenVL] PublicEndpoint or [Qwen] ModelDir in config.ini"
        yield "without", "model", none
        return
    describer.close()
    if not url:
        yield _local_model(config)
        return
    fine, seen = check_endpoint(config, url)
    yield "ok" if fine else "wrong", "endpoint", seen
    if config.qwen_vl.vpc_endpoint:
        yield _vpc_endpoint(config)


def _vpc_endpoint(config: Config) -> _Check:
    """The second endpoint, which only machines in its own network reach."""
    try:
        fine, seen = check_endpoint(config, endpoint_url(config, use_vpc=True))
    except VidkitError as error:
        return "wrong", "endpoint for --use_vpc", str(error)
    return "ok" if fine else "without", "endpoint for --use_vpc", seen


def _local_model(config: Config) -> _Check:
    folder = config.qwen.model_dir
    if not folder:
        return "ok", "model", f"{config.qwen.model}, fetched from {config.qwen.hub} when it is first needed"
    if lacking := missing_file(Path(folder)):
        return "wrong", "model", f"{folder} does not hold a complete model: {lacking} is missing"
    return "ok", "model", f"{Path(folder).absolute()}, {format_size(weights_size(Path(folder)))}"


def _meaning(config: Config) -> Iterator[_Check]:
    """The models of search by meaning, opened."""
    from vidkit.meaning.models import open_models

    settings = config.meaning
    if not (settings.text_model or settings.image_model):
        yield "without", "search by meaning", "no model; set [Meaning] TextModel in config.ini (docs/meaning.md)"
        return
    try:
        for model in open_models(settings):
            yield "ok", "search by meaning", f"{printable(model.id)}, vectors of {model.size} numbers"
    except VidkitError as error:
        yield "wrong", "search by meaning", str(error)


def _library(config: Config) -> _Check:
    try:
        path = configured_file(config)
        if path is not None and not path.exists():
            return "ok", "library", f"{path.absolute()} (not there yet: the first run makes it)"
        with open_library(config) as library:
            records = library.stats().videos
            return "ok", "library", f"{library.name}, {format_count(records, 'record')}"
    except VidkitError as error:
        return "wrong", "library", str(error)


def _folders(config: Config) -> list[tuple[str, Address]]:
    return [
        ("records, clips, thumbnails", config.paths.processed_directory),
        ("downloads", config.paths.download_directory),
    ]


def _bucket(what: str, store: ObjectStore) -> _Check:
    """Whether results can be kept in a bucket: a small object is written, read, replaced and deleted."""
    place = printable(store.address)
    if store.obeys_conditions():
        return "ok", what, f"{place}, can be written, read, listed and deleted"
    late = "of two machines that finish one video at the same moment, the second may replace the first one's record"
    return "without", what, f"{place}, works, but the store does not obey conditional writes: {late}"


def _folder(what: str, address: Address) -> _Check:
    try:
        store = open_store(address)
        path = store.folder
        if isinstance(store, ObjectStore):
            return _bucket(what, store)
        if path is None:
            store.exists(JOURNAL)  # whether it answers
            return "ok", what, printable(address)
    except VidkitError as error:
        return "wrong", what, str(error)
    there = path
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK):
        return "wrong", what, f"{path} cannot be written"
    free = shutil.disk_usage(there).free
    if free < ROOM_TO_LEAVE:
        left = f"{format_size(free)} free, and {format_size(ROOM_TO_LEAVE)} are to stay so: make room"
        return "wrong", what, f"{path}, {left}"
    return "ok", what, f"{path}, {format_size(free)} free"
