"""`vidkit readers`: the readers, what they need, and what is missing."""

from __future__ import annotations

import argparse
from functools import reduce
from typing import Any

from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.cli.screen import json_text
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.core.settings import show
from vidkit.errors import VidkitError
from vidkit.messages import _, message, translated
from vidkit.readers.protocol import Needs
from vidkit.readers.registry import available, environment_name, load_reader, make_reader, reader_settings


def readers(options: argparse.Namespace, config: Config) -> int:
    """`vidkit readers`: all installed readers, also those that cannot be used."""
    for name in available():
        found = _look(name, config)
        if options.json:
            print(json_text(found))
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
    mark = _("missing") if found["missing"] else _("in use") if found["used"] else _("there")
    version = f" {found['version']}" if found["version"] else ""
    print(f"{mark:8} {found['name']}{version}: {found['meaning'] or translated(found['missing'])}")
    if found["missing"] and found["meaning"]:
        print(f"{'':9}{translated(found['missing'])}")
    if found["needs"]:
        print(" " * 9 + _("needs {needs}", needs=found["needs"]))
    if found["model"]:
        print(" " * 9 + _("model {model}", model=found["model"]))
    for each in found["settings"]:
        print(f"{'':9}[Readers.{found['name']}] {each['key']} = {each['value']}: {each['meaning']}")


def _needs(needs: Needs) -> str:
    """What a reader needs, in words."""
    parts = []
    if pictures := needs.pictures:
        which = {
            "all": message("{per_second:g} frames per second", per_second=pictures.per_second),
            "changed": message(
                "{per_second:g} frames per second where they change", per_second=pictures.per_second
            ),
            "scene": message("a frame of each scene"),
        }[pictures.choose]
        parts.append(message("{which}, at most {side} pixels wide or high", which=which, side=pictures.side))
    if needs.sound:
        parts.append(message("the audio"))
    if needs.text:
        parts.append(message("the description and what other readers have read"))
    if needs.model:
        parts.append(message("the model that describes videos"))
    return reduce(lambda one, other: message("{one} and {other}", one=one, other=other), parts) if parts else ""
