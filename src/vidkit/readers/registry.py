"""Find the installed readers by their entry points, and create the readers of a run with their settings."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from vidkit.core import printable
from vidkit.core.config import READER_VARIABLES, Config
from vidkit.errors import ConfigError, nearest, sentence
from vidkit.messages import message
from vidkit.readers.opened import EnabledReader
from vidkit.readers.protocol import GROUP, RATES, Needs, Reader

log = logging.getLogger(__name__)

# The readers of this package, for a source tree that is not installed; the same as in pyproject.toml.
BUILT_IN = {
    "faces": "vidkit.readers.faces:Faces",
    "keywords": "vidkit.readers.words:Keywords",
    "language": "vidkit.readers.words:Language",
    "moderation": "vidkit.readers.moderation:Moderation",
    "objects": "vidkit.readers.objects:Objects",
    "ocr": "vidkit.readers.ocr:Ocr",
    "quality": "vidkit.readers.quality:Quality",
    "speech": "vidkit.readers.speech:Speech",
    "summary": "vidkit.readers.summary:Summary",
}
_NAME = re.compile(r"[a-z][a-z0-9_]{0,30}")
_RESERVED = {"video", "scene", "segment", "description"}  # other kinds and sources of moments
_SIDES = range(16, 4097)


def available() -> dict[str, list[EntryPoint]]:
    """The installed readers by name. If several have the same name, none of them can be used."""
    found = {name: [EntryPoint(name, value, GROUP)] for name, value in BUILT_IN.items()}
    for point in entry_points(group=GROUP):
        others = found.setdefault(point.name, [])
        if point.value not in [other.value for other in others]:
            others.append(point)
    return dict(sorted(found.items()))


def load_reader(name: str) -> type[Reader]:
    """The class of an installed reader.

    Raises:
        ConfigError: there is no reader of this name, or more than one, or it cannot be loaded.
    """
    found = available().get(name)
    if found is None:
        near = nearest(name, available())
        hint = message("did you mean {near}? ", near=near) if near else ""
        raise ConfigError(
            "[Readers] Use: no reader is called {name!r}: {hint}`vidkit readers` lists them",
            name=printable(name),
            hint=hint,
        )
    if len(found) > 1:
        packages = " and ".join(_package(point) for point in found)
        raise ConfigError(
            "reader {name} comes from {packages}: uninstall all but one of them", name=name, packages=packages
        )
    if name in _RESERVED:
        raise ConfigError(
            "{package} calls a reader {name}, which is something else in searches",
            package=_package(found[0]),
            name=name,
        )
    if not _NAME.fullmatch(name):
        raise ConfigError(
            "{package} calls a reader {name!r}: small letters, digits and _ only, please",
            package=_package(found[0]),
            name=printable(name),
        )
    try:
        reader = found[0].load()
    except Exception as error:
        log.info("reader %s cannot be loaded", name, exc_info=True)
        raise ConfigError(
            "reader {name} of {package} cannot be loaded: {reason}",
            name=name,
            package=_package(found[0]),
            reason=_message_of(error),
        ) from None
    if not (isinstance(reader, type) and issubclass(reader, Reader)):
        raise ConfigError(
            "reader {name} of {package} is no class derived from vidkit.readers.Reader",
            name=name,
            package=_package(found[0]),
        )
    return reader


def _message_of(error: Exception) -> str:
    return printable(str(error)) or type(error).__name__


def _package(point: EntryPoint) -> str:
    return printable(point.dist.name) if point.dist is not None else "vidkit-toolkit"


def make_reader(name: str, config: Config, fetch: bool = False) -> EnabledReader:
    """A reader with its settings, not yet opened.

    Args:
        name: the reader's.
        config: the settings.
        fetch: whether it downloads what it needs, such as the weights of a model.

    Raises:
        ConfigError: it cannot be loaded, a setting is wrong, or something is missing.
    """
    kind = load_reader(name)
    values = reader_settings(name, kind, config)

    def make() -> Reader:
        return kind(values)

    try:
        reader = make()
        _check_needs(reader.needs)
        if fetch:
            reader.fetch()
        missing = reader.missing()
    except ConfigError:
        raise
    except Exception as error:
        log.info("reader %s cannot be used", name, exc_info=True)
        raise ConfigError("reader {name} cannot be used: {reason}", name=name, reason=_message_of(error)) from None
    if missing:
        raise ConfigError("reader {name} cannot be used: {missing}", name=name, missing=printable(missing))
    counts = {key: str(values[key]) for key, option in kind.options.items() if option.counts}
    return EnabledReader(name, reader, make, counts, config.readers.timeout)


def open_readers(config: Config) -> tuple[EnabledReader, ...]:
    """The readers that a run uses, in the order of `[Readers] Use`.

    Raises:
        ConfigError: one of them cannot be used; none was opened.
    """
    for unknown in _unknown_sections(config):
        log.warning("%s", unknown)
    return tuple(make_reader(name, config, fetch=True) for name in config.readers.use)


def _check_needs(needs: Needs) -> None:
    pictures = needs.pictures
    if needs.text and (pictures or needs.sound):
        raise ValueError(message("a reader of text can need neither frames nor audio"))
    if needs.model and not needs.text:
        raise ValueError(message("only a reader of text can need the model that describes"))
    if not (needs.text or pictures or needs.sound):
        raise ValueError(message("it needs neither frames nor audio nor text"))
    if pictures and pictures.per_second not in RATES:
        raise ValueError(
            message(
                "{per_second:g} frames per second: one of {rates} is possible",
                per_second=pictures.per_second,
                rates=", ".join(map(str, RATES)),
            )
        )
    if pictures and pictures.side not in _SIDES:
        raise ValueError(
            message(
                "frames with {side} pixels: {smallest} to {largest} are possible",
                side=pictures.side,
                smallest=_SIDES[0],
                largest=_SIDES[-1],
            )
        )


def reader_settings(name: str, kind: type[Reader], config: Config) -> dict[str, Any]:
    """The values of a reader's settings, from the environment, config.ini, or its own defaults.

    Raises:
        ConfigError: a value cannot be read.
    """
    values, wrong = _read_options(name, kind, config)
    for error in wrong:
        raise ConfigError(error)
    for unknown in _unknown_options(name, kind, config):
        log.warning("%s", unknown)
    return values


def _read_options(name: str, kind: type[Reader], config: Config) -> tuple[dict[str, Any], list[str]]:
    """The values of a reader's settings, and the errors of the wrong ones."""
    values: dict[str, Any] = {}
    wrong: list[str] = []
    given = {each.key.lower(): each for each in config.reader_settings if each.reader == name}
    variables = {each.where: each for each in config.reader_settings if not each.reader}
    for key, option in kind.options.items():
        setting = variables.get(environment_name(name, key)) or given.get(key.lower())
        try:
            values[key] = option.read(setting.text.strip()) if setting and setting.text.strip() else option.default
        except ValueError as error:
            where = setting.where if setting else name
            wrong.append(
                message(
                    "{where}: {error} {meaning}",
                    where=where,
                    error=sentence(printable(str(error))),
                    meaning=option.meaning,
                )
            )
    return values, wrong


def _unknown_options(name: str, kind: type[Reader], config: Config) -> Iterator[str]:
    """A warning for each key that a reader does not have."""
    known = {key.lower(): key for key in kind.options}
    for setting in config.reader_settings:
        if setting.reader == name and setting.key.lower() not in known:
            near = nearest(setting.key, kind.options)
            hint = message(": did you mean {near}?", near=near) if near else ""
            yield message(
                "{where}: reader {name} has no such setting{hint}", where=setting.where, name=name, hint=hint
            )


def wrong_settings(config: Config) -> Iterator[str]:
    """The errors in `[Readers] Use` and in the values of readers' settings."""
    for name in dict.fromkeys((*config.readers.use, *(each.reader for each in config.reader_settings))):
        if name in config.readers.use or name in available():
            try:
                yield from _read_options(name, load_reader(name), config)[1]
            except ConfigError as error:
                yield str(error)


def unknown_settings(config: Config) -> Iterator[str]:
    """A warning for each section of a reader that is not installed, and each key that a reader does not have."""
    yield from _unknown_sections(config)
    for name in dict.fromkeys(each.reader for each in config.reader_settings):
        if name in available():
            with suppress(ConfigError):
                yield from _unknown_options(name, load_reader(name), config)


def environment_name(name: str, key: str) -> str:
    """The environment variable of a reader's setting."""
    return f"{READER_VARIABLES}{name}_{key}".upper()


def environment_names() -> Iterator[str]:
    """The environment variables of all readers that can be loaded."""
    for name in available():
        with suppress(ConfigError):
            yield from (environment_name(name, key) for key in load_reader(name).options)


def _unknown_sections(config: Config) -> Iterator[str]:
    if not config.reader_settings:
        return
    known = available()
    unknown = {
        each.reader: each.where for each in config.reader_settings if each.reader and each.reader not in known
    }
    for name, where in unknown.items():
        near = nearest(name, known)
        yield f"{where}: no reader is called {name}{f': did you mean {near}?' if near else ''}"
