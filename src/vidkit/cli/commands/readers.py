"""`vidkit readers`: which readers there are, what they need, and what is missing."""

from __future__ import annotations

import argparse
import json
from typing import Any

from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.core.settings import show
from vidkit.errors import VidkitError
from vidkit.readers.protocol import Needs
from vidkit.readers.registry import available, environment_name, load_reader, make_reader, reader_settings


def readers(options: argparse.Namespace, config: Config) -> int:
    """`vidkit readers`: all that are installed, those that cannot be used too."""
    for name in available():
        found = _look(name, config)
        if options.json:
            print(json.dumps(found, ensure_ascii=False))
        else:
            _show(found)
    return EXIT_DONE


def _look(name: str, config: Config) -> dict[str, Any]:
    found: dict[str, Any] = {
        "name": printable(name), "used": name in config.readers.use, "missing": None, "version": None,
        "model": None, "meaning": "", "needs": "", "settings": [],
    }  # fmt: skip
    try:
        kind = load_reader(name)
        found |= {"meaning": printable(kind.meaning), "version": printable(kind.version)}
        values = reader_settings(name, kind, config)
        found["settings"] = [
            {
                "key": key,
                "value": printable(show(values[key])),
                "meaning": printable(option.meaning),
                "environment": environment_name(name, key),
            }
            for key, option in kind.options.items()
        ]
        reader = make_reader(name, config)
        found |= {"needs": _needs(reader.needs), "model": reader.model and printable(reader.model)}
    except VidkitError as error:
        found["missing"] = printable(error)
    return found


def _show(found: dict[str, Any]) -> None:
    mark = "missing" if found["missing"] else "in use" if found["used"] else "there"
    version = f" {found['version']}" if found["version"] else ""
    print(f"{mark:8} {found['name']}{version}: {found['meaning'] or found['missing']}")
    if found["missing"] and found["meaning"]:
        print(f"{'':9}{found['missing']}")
    if found["needs"]:
        print(f"{'':9}needs {found['needs']}")
    if found["model"]:
        print(f"{'':9}model {found['model']}")
    for each in found["settings"]:
        print(f"{'':9}[Readers.{found['name']}] {each['key']} = {each['value']}: {each['meaning']}")


def _needs(needs: Needs) -> str:
    """What a reader needs, in words."""
    parts = []
    if pictures := needs.pictures:
        which = {
            "all": f"{pictures.per_second:g} pictures a second",
            "changed": f"{pictures.per_second:g} pictures a second where they change",
            "scene": "a picture of each scene",
        }[pictures.choose]
        parts.append(f"{which}, at most {pictures.side} pixels wide or high")
    if needs.sound:
        parts.append("the sound")
    if needs.text:
        parts.append("the description and what other readers have read")
    if needs.model:
        parts.append("the model that describes videos")
    return " and ".join(parts)
