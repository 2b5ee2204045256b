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
from vidkit.core.terminal import width_of
from vidkit.core.units import format_size
from vidkit.download.transfer import ROOM_TO_LEAVE
from vidkit.errors import VidkitError
from vidkit.ffmpeg import find_tool, tool_version
from vidkit.language import _n
from vidkit.library import open_library
from vidkit.library.backends import configured_file
from vidkit.messages import _, translated
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
        check_library(config),
        *(_folder(what, path) for what, path in _folders(config)),
    ]
    fine = not any(mark in ("missing", "wrong") for mark, *_found in checks)
    return [f"{_mark(mark)}  {what}: {translated(found)}" for mark, what, found in checks], fine


# `ok`, `without` (vidkit works without it), `missing` or `wrong`; what was looked at; what was found.
_Check = tuple[str, str, str]


def _mark(mark: str) -> str:
    shown: str = {"ok": _("ok"), "without": _("without"), "missing": _("missing"), "wrong": _("wrong")}[mark]
    return shown + " " * (7 - width_of(shown))


def _versions() -> _Check:
    return "ok", "vidkit", f"{__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def _tool(name: str) -> _Check:
    try:
        return "ok", name, f"{tool_version(name)}, {find_tool(name)}"
    except VidkitError as error:
        return "missing", name, str(error)


def _extra(name: str, tools: list[_Check]) -> _Check:
    what, purpose = _("extra {name}", name=name), _(PURPOSES[name])
    versions = {re.split("[<>=~!;]", package)[0]: version for package, version in installed(name).items()}
    there = [f"{package} {version}" for package, version in versions.items() if version]
    missing = [package for package, version in versions.items() if not version]
    if not missing:
        return "ok", what, _("{packages} (for {purpose})", packages=", ".join(there), purpose=purpose)
    if name == "ffmpeg" and all(mark == "ok" for mark, _, _ in tools):
        return "ok", what, _("not needed, the system has ffmpeg and ffprobe")
    have = _(" ({packages} installed already)", packages=", ".join(there)) if there else ""
    lacking = _(
        "{packages} missing{have}, for {purpose}: {command}",
        packages=", ".join(missing),
        have=have,
        purpose=purpose,
        command=install_command(name),
    )
    return "without", what, lacking


def _settings(config_path: str | None) -> _Check:
    path = Path(config_path) if config_path else DEFAULT_PATH
    if path.is_file():
        return "ok", _("settings"), str(path.absolute())
    lacking = _("no {path} here, so the defaults count; `vidkit init` writes one", path=path)
    return "without", _("settings"), lacking


def _rules(config: Config) -> _Check:
    path = config.rules.custom_tag_rules
    if isinstance(path, Path) and not path.is_file():
        lacking = _("no {path} here, so the built-in rules count; `vidkit init` writes one", path=path)
        return "without", _("rules"), lacking
    try:
        rules = load_custom_tags(path)
    except VidkitError as error:
        return "wrong", _("rules"), str(error)
    there = _n("{count} rule", "{count} rules", len(rules.rules))
    classes = _n("{count} class", "{count} classes", len(rules.classifications))
    return "ok", _("rules"), f"{absolute(path)}, {there}, {classes}"


def _keywords(config: Config) -> _Check:
    try:
        words = load_priority_keywords(config.rules.priority_keywords)
    except VidkitError as error:
        return "wrong", _("priority keywords"), str(error)
    path = config.rules.priority_keywords
    if isinstance(path, Path) and not path.is_file():
        lacking = _("no {path} here, so there are none; `vidkit init` writes one", path=path)
        return "without", _("priority keywords"), lacking
    there = _n("{count} word", "{count} words", len(words))
    return "ok" if words else "without", _("priority keywords"), f"{absolute(path)}, {there}"


def _encoders(config: Config) -> Iterator[_Check]:
    """Which encoders cut clips here, each tried on a second of video."""
    failures = try_encoders()
    wanted = config.processing.encoder
    works = [name for name, failure in failures.items() if failure is None]
    without = [name for name in failures if name not in works]
    found = _("{names} can be used here", names=", ".join(works) or _("none"))
    found += _(", {names} cannot", names=", ".join(without)) if without else ""
    if wanted in without:
        why = _("[Processing] Encoder = {name} cannot be used here: {reason}", name=wanted, reason=failures[wanted])
        yield "wrong", _("encoders"), f"{why}; {found}"
    else:
        yield "ok" if ENCODERS[0] in works else "wrong", _("encoders"), found


def _describer(config: Config) -> Iterator[_Check]:
    wanted = config.qwen_vl.backend
    try:
        url = endpoint_url(config, use_vpc=False) if wanted in ("auto", "endpoint") else ""
        describer = open_describer(config)
    except VidkitError as error:
        yield "wrong", _("model"), str(error)
        return
    if describer is None:
        none = _("none, so nothing is described; set [QwenVL] PublicEndpoint or [Qwen] ModelDir in config.ini")
        yield "without", _("model"), none
        return
    describer.close()
    if not url:
        yield check_local_model(config)
        return
    fine, seen, _models = check_endpoint(config, url)
    yield "ok" if fine else "wrong", _("endpoint"), seen
    if config.qwen_vl.vpc_endpoint:
        yield _vpc_endpoint(config)


def _vpc_endpoint(config: Config) -> _Check:
    """The second endpoint, which only machines in its own network reach."""
    try:
        fine, seen, _models = check_endpoint(config, endpoint_url(config, use_vpc=True))
    except VidkitError as error:
        return "wrong", _("endpoint for --use_vpc"), str(error)
    return "ok" if fine else "without", _("endpoint for --use_vpc"), seen


def check_local_model(config: Config) -> _Check:
    """Look at the model on this machine."""
    folder = config.qwen.model_dir
    if not folder:
        named, hub = config.qwen.model, config.qwen.hub
        return "ok", _("model"), _("{model}, fetched from {hub} when it is first needed", model=named, hub=hub)
    if lacking := missing_file(Path(folder)):
        wrong = _("{folder} does not hold a complete model: {file} is missing", folder=folder, file=lacking)
        return "wrong", _("model"), wrong
    return "ok", _("model"), f"{Path(folder).absolute()}, {format_size(weights_size(Path(folder)))}"


def _meaning(config: Config) -> Iterator[_Check]:
    """The models of search by meaning, opened."""
    from vidkit.meaning.models import open_models

    settings = config.meaning
    if not (settings.text_model or settings.image_model):
        none = _("no model; set [Meaning] TextModel in config.ini (docs/meaning.md)")
        yield "without", _("search by meaning"), none
        return
    try:
        for model in open_models(settings):
            found = _("{model}, vectors of {size} numbers", model=printable(model.id), size=model.size)
            yield "ok", _("search by meaning"), found
    except VidkitError as error:
        yield "wrong", _("search by meaning"), str(error)


def check_library(config: Config) -> _Check:
    """Open the library, and count what is in it."""
    try:
        path = configured_file(config)
        if path is not None and not path.exists():
            new = _("{path} (not there yet: the first run makes it)", path=path.absolute())
            return "ok", _("library"), new
        with open_library(config) as library:
            records = _n("{count} record", "{count} records", library.stats().videos)
            return "ok", _("library"), f"{library.name}, {records}"
    except VidkitError as error:
        return "wrong", _("library"), str(error)


def _folders(config: Config) -> list[tuple[str, Address]]:
    return [
        (_("records, clips, thumbnails"), config.paths.processed_directory),
        (_("downloads"), config.paths.download_directory),
    ]


def _bucket(what: str, store: ObjectStore) -> _Check:
    """Whether results can be kept in a bucket: a small object is written, read, replaced and deleted."""
    place = printable(store.address)
    if store.obeys_conditions():
        return "ok", what, _("{place}, can be written, read, listed and deleted", place=place)
    late = _(
        "{place}, works, but the store does not obey conditional writes: of two machines that finish one video at "
        "the same moment, the second may replace the first one's record",
        place=place,
    )
    return "without", what, late


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
        return "wrong", what, _("{path} cannot be written", path=path)
    free = shutil.disk_usage(there).free
    if free < ROOM_TO_LEAVE:
        wrong = _(
            "{path}, {free} free; {least} must stay free: make room",
            path=path,
            free=format_size(free),
            least=format_size(ROOM_TO_LEAVE),
        )
        return "wrong", what, wrong
    return "ok", what, _("{path}, {free} free", path=path, free=format_size(free))
