"""What is installed, what is configured, what is missing and how to get it."""

from __future__ import annotations

import importlib.util
import os
import platform
import shutil
import sqlite3
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vidkit import __version__
from vidkit.config import DEFAULT_PATH, Config
from vidkit.core import load_priority_keywords
from vidkit.errors import VidkitError
from vidkit.ffmpeg import find_tool, tool_version
from vidkit.library import open_library, see_that_it_is_a_file
from vidkit.qwen_model import open_describer
from vidkit.tagging import load_custom_tags
from vidkit.units import format_size

# An extra -> the module that shows whether it is there, and what it is for.
EXTRAS = {
    "sites": (("yt_dlp", "yt-dlp"), "videos on YouTube and a thousand other sites"),
    "qwen": (("transformers", "transformers"), "a Qwen-VL model on this machine"),
}


def report(config: Config, config_path: str | None) -> tuple[list[str], bool]:
    """Look at everything.

    Returns:
        Lines for the screen, and whether nothing that vidkit cannot do without is missing or wrong.
    """
    checks = [
        _versions(),
        *(_tool(name) for name in ("ffmpeg", "ffprobe")),
        *(_extra(name) for name in EXTRAS),
        _settings(config_path),
        _rules(config),
        _keywords(config),
        _describer(config),
        _library(config),
        *(_folder(what, path) for what, path in _folders(config)),
    ]
    return [f"{mark:7}  {what}: {found}" for mark, what, found in checks], all(c[0] != "missing" for c in checks)


_Check = tuple[str, str, str]


def _versions() -> _Check:
    return "ok", "vidkit", f"{__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}"


def _tool(name: str) -> _Check:
    try:
        return "ok", name, f"{tool_version(name)}, {find_tool(name)}"
    except VidkitError as error:
        return "missing", name, str(error)


def _extra(name: str) -> _Check:
    (module, package), purpose = EXTRAS[name]
    if importlib.util.find_spec(module) is None:
        return "without", package, f"for {purpose}: pip install 'vidkit[{name}]'"
    try:
        return "ok", package, version(package)
    except PackageNotFoundError:
        return "ok", package, "installed"


def _settings(config_path: str | None) -> _Check:
    path = Path(config_path) if config_path else DEFAULT_PATH
    if path.is_file():
        return "ok", "settings", str(path.absolute())
    return "without", "settings", f"no {path} here, so the defaults count; `vidkit init` writes one"


def _rules(config: Config) -> _Check:
    path = config.rules.custom_tag_rules
    if not path.is_file():
        return "without", "rules", f"no {path} here, so the built-in rules count; `vidkit init` writes one"
    try:
        rules = load_custom_tags(path)
    except VidkitError as error:
        return "missing", "rules", str(error)
    return "ok", "rules", f"{path.absolute()}, {len(rules.rules)} rules, {len(rules.classifications)} classes"


def _keywords(config: Config) -> _Check:
    try:
        words = load_priority_keywords(config.rules.priority_keywords)
    except VidkitError as error:
        return "missing", "priority keywords", str(error)
    return "ok" if words else "without", "priority keywords", f"{len(words)} in {config.rules.priority_keywords}"


def _describer(config: Config) -> _Check:
    try:
        describer = open_describer(config)
    except VidkitError as error:
        return "missing", "model", str(error)
    if describer is None:
        return (
            "without",
            "model",
            "none, so nothing is described; set [QwenVL] PublicEndpoint or [Qwen] ModelDir in config.ini",
        )
    key = "with an access key" if config.qwen_vl.access_key else "without an access key"
    return "ok", "model", f"{describer.backend}, {key}"


def _library(config: Config) -> _Check:
    where = "MongoDB" if config.mongodb.uri else str(config.library.path)
    try:
        if not config.mongodb.uri:
            see_that_it_is_a_file(config.library.path)
            if not config.library.path.exists():
                return "ok", "library", f"{where} (not there yet: the first run makes it)"
        with open_library(config) as library:
            return "ok", "library", f"{where}, {library.stats().videos} videos"
    except VidkitError as error:
        return "missing", "library", str(error)


def _folders(config: Config) -> list[tuple[str, Path]]:
    return [
        ("records, clips, thumbnails", config.paths.processed_directory),
        ("downloads", config.paths.download_directory),
    ]


def _folder(what: str, path: Path) -> _Check:
    there = path.absolute()
    while not there.exists():
        there = there.parent
    if not os.access(there, os.W_OK):
        return "missing", what, f"{path.absolute()} cannot be written"
    return "ok", what, f"{path.absolute()}, {format_size(shutil.disk_usage(there).free)} free"
