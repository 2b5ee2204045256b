"""Read the settings from the command line, the environment, config.ini and the defaults, in this order.

The table of settings is in `vidkit.core.settings`.
"""

from __future__ import annotations

import configparser
import dataclasses
import logging
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from vidkit.core.meaning_settings import Meaning
from vidkit.core.serve_settings import Serve
from vidkit.core.setting_values import Secret
from vidkit.core.settings import (
    Concurrency,
    Config,
    Engine,
    LibrarySection,
    Logging,
    MongoDB,
    Paths,
    Processing,
    Qwen,
    QwenVL,
    Readers,
    ReaderSetting,
    Rules,
    SceneDetection,
    Setting,
    settings,
    show,
)
from vidkit.errors import ConfigError, nearest, sentence
from vidkit.messages import message

__all__ = [
    "DEFAULT_PATH",
    "Concurrency",
    "Config",
    "Engine",
    "Found",
    "Ini",
    "LibrarySection",
    "Logging",
    "Meaning",
    "MongoDB",
    "Paths",
    "Processing",
    "Qwen",
    "QwenVL",
    "ReaderSetting",
    "Readers",
    "Rules",
    "SceneDetection",
    "Secret",
    "Serve",
    "Setting",
    "check_together",
    "clashes",
    "default_ini",
    "load_config",
    "parse_ini",
    "read_ini",
    "read_settings",
    "reader_of",
    "settings",
    "show",
    "with_absolute_paths",
]

log = logging.getLogger(__name__)

INI_HEAD = (
    "vidkit's settings. Every key is optional; an empty value means the default.",
    "Command line options override environment variables, which override this file.",
)

DEFAULT_PATH = Path("config.ini")
READER_VARIABLES = "VIDKIT_READERS_"


@dataclass(frozen=True)
class Found:
    """The settings as they were read.

    Attributes:
        config: the settings. A setting that cannot be read has its default.
        wrong: (section, key) -> what is wrong with the value, or with its combination with others.
        unknown: a message for each unknown section and key.
        sources: (section, key) of each given setting -> the file, or the name of the environment variable.
    """

    config: Config
    wrong: dict[tuple[str, str], str]
    unknown: tuple[str, ...]
    sources: dict[tuple[str, str], str]


class _Given(NamedTuple):
    """The text of one setting. `source` is the file or the variable; `where` is its place, for messages."""

    text: str
    source: str
    where: str


def load_config(
    config_path: str | os.PathLike[str] | None = None,
    overrides: Mapping[tuple[str, str], str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Config:
    """Read the settings: `overrides`, then the environment, then the file, then the defaults.

    Args:
        config_path: the file; by default `./config.ini`, if it exists.
        overrides: (section, key) -> text, from the command line.
        environment: by default that of this process.

    Returns:
        The settings. A warning lists unknown sections and keys, each with the closest known one.

    Raises:
        ConfigError: the given file does not exist, is not an INI file, or has an invalid value.
    """
    found = read_settings(read_ini(config_path), overrides, environment)
    for unknown in found.unknown:
        log.warning("%s", unknown)
    for wrong in found.wrong.values():
        raise ConfigError(wrong)
    return found.config


def read_settings(
    ini: Ini | None,
    overrides: Mapping[tuple[str, str], str] | None = None,
    environment: Mapping[str, str] | None = None,
) -> Found:
    """Read the settings as `load_config`, and list all errors.

    Args:
        ini: the file, see `read_ini`; None: no file.
        overrides: as for `load_config`.
        environment: as for `load_config`.
    """
    environment = os.environ if environment is None else environment
    unknown: list[str] = []
    file_values = dict(_known(ini, unknown)) if ini else {}
    sections: dict[str, dict[str, Any]] = {}
    wrong: dict[tuple[str, str], str] = {}
    sources: dict[tuple[str, str], str] = {}
    for row in settings():
        given = _find(row, overrides or {}, environment, file_values)
        if given is None:
            continue
        key = row.section, row.key
        sources[key] = given.source
        try:
            value = row.read(given.text.strip())
        except ValueError as error:
            shown = message("this value") if isinstance(row.default, Secret) else str(error)
            wrong[key] = message(
                "{where}: {shown} {meaning}", where=given.where, shown=sentence(shown), meaning=message(row.meaning)
            )
            continue
        sections.setdefault(row.section_attribute, {})[row.attribute] = value
    config = Config(
        explicit=frozenset(key for key in sources if key not in wrong),
        reader_settings=(*(_reader_settings(ini) if ini else ()), *_reader_variables(environment)),
    )
    changed = {name: dataclasses.replace(getattr(config, name), **values) for name, values in sections.items()}
    config = dataclasses.replace(config, **changed)
    if not any(section == "Processing" for section, _ in wrong):
        wrong |= clashes(config)
    return Found(config, wrong, tuple(unknown), sources)


def check_together(config: Config) -> Config:
    """The settings, after a check that they work together.

    Raises:
        ConfigError: two of them do not.
    """
    for clash in clashes(config).values():
        raise ConfigError(clash)
    return config


def clashes(config: Config) -> dict[tuple[str, str], str]:
    """The settings that do not work together with others: (section, key) -> why."""
    found: dict[tuple[str, str], str] = {}
    caps = config.processing
    if caps.segment_overlap >= caps.segment_length:
        found["Processing", "SegmentOverlap"] = message(
            "[Processing] SegmentOverlap ({segment_overlap:g} s) must be less than "
            "SegmentLength ({segment_length:g} s)",
            segment_overlap=caps.segment_overlap,
            segment_length=caps.segment_length,
        )
    if caps.clip_mode == "copy" and caps.segment_overlap and caps.segment_by == "time":
        found["Processing", "ClipMode"] = message(
            "[Processing] ClipMode = copy cannot make clips that overlap: set SegmentOverlap = 0 or ClipMode = auto"
        )
    return found


def with_absolute_paths(config: Config) -> Config:
    """The settings with absolute paths, so that they are valid in another working folder."""
    for row in settings():
        section = getattr(config, row.section_attribute)
        value = getattr(section, row.attribute)
        if isinstance(value, Path):
            changed = dataclasses.replace(section, **{row.attribute: value.absolute()})
            config = dataclasses.replace(config, **{row.section_attribute: changed})
    if config.qwen.model_dir:
        folder = str(Path(config.qwen.model_dir).expanduser().absolute())
        config = dataclasses.replace(config, qwen=dataclasses.replace(config.qwen, model_dir=folder))
    text, image = (_absolute_model(named) for named in (config.meaning.text_model, config.meaning.image_model))
    return dataclasses.replace(
        config, meaning=dataclasses.replace(config.meaning, text_model=text, image_model=image)
    )


def _absolute_model(named: str) -> str:
    """The absolute path of a local model; the name of a model at a hub is unchanged."""
    path = Path(named).expanduser()
    return str(path.absolute()) if named and path.exists() else named


def _find(
    row: Setting,
    overrides: Mapping[tuple[str, str], str],
    environment: Mapping[str, str],
    file_values: Mapping[tuple[str, str], tuple[str, str]],
) -> _Given | None:
    """The given text of one setting; None if the default counts."""
    name = f"[{row.section}] {row.key}"
    if (row.section, row.key) in overrides:
        where = message("{name} on the command line", name=name)
        return _Given(overrides[row.section, row.key], "command line", where)
    for variable in row.env:
        if environment.get(variable):
            where = message("the environment variable {name}", name=variable)
            return _Given(environment[variable], variable, where)
    text, path = file_values.get((row.section, row.key), ("", ""))
    # An empty value in the file means the default.
    return _Given(text, path, f"{path}: {name}") if text else None


@dataclass(frozen=True)
class Ini:
    """A config file: its content and its path."""

    parser: configparser.ConfigParser
    path: Path


def read_ini(config_path: str | os.PathLike[str] | None = None) -> Ini | None:
    """Read a config file; by default `./config.ini`, or None if that does not exist.

    Raises:
        ConfigError: the given file does not exist, or is not an INI file.
    """
    if config_path is None and not DEFAULT_PATH.exists():
        return None
    path = DEFAULT_PATH if config_path is None else Path(config_path)
    try:
        return parse_ini(path.read_text(encoding="utf-8-sig"), path)
    except FileNotFoundError:
        raise ConfigError("{path}: no such file. `vidkit init` writes a config.ini here.", path=path) from None
    except OSError as error:
        raise ConfigError("{path}: {reason}", path=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise ConfigError("{path}: this is not a text file in UTF-8", path=path) from None


def parse_ini(text: str, path: Path) -> Ini:
    """Parse the content of a config file.

    Raises:
        ConfigError: it is not an INI file; the message names the path.
    """
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(text, source=str(path))
    except configparser.Error as error:
        raise ConfigError("{path} is not an INI file: {reason}", path=path, reason=_ini_reason(error)) from None
    return Ini(parser, path)


def _ini_reason(error: configparser.Error) -> str:
    """The parser's reason in one line, without the wrong text, which may be a secret."""
    if isinstance(error, configparser.MissingSectionHeaderError):
        return message("line {line} is before the first [Section]", line=error.lineno)
    if isinstance(error, configparser.DuplicateOptionError):
        return message(
            "line {line}: [{section}] {option} is there twice",
            line=error.lineno,
            section=error.section,
            option=error.option,
        )
    if isinstance(error, configparser.DuplicateSectionError):
        return message("line {line}: [{section}] is there twice", line=error.lineno, section=error.section)
    if isinstance(error, configparser.ParsingError):
        return message("line {line} is neither `Key = value` nor a comment", line=error.errors[0][0])
    return message("it cannot be parsed")


def _reader_settings(ini: Ini) -> Iterator[ReaderSetting]:
    """The settings in the sections of readers."""
    for section in ini.parser.sections():
        reader = reader_of(section)
        if reader is not None:
            for key, text in ini.parser.items(section):
                yield ReaderSetting(reader, key, text, f"{ini.path}: [{section}] {key}")


def _reader_variables(environment: Mapping[str, str]) -> Iterator[ReaderSetting]:
    """The environment variables of readers, which have the reader and the key in one name."""
    own = {name for row in settings() for name in row.env}
    for name, text in environment.items():
        if name.startswith(READER_VARIABLES) and name not in own and text:
            yield ReaderSetting("", "", text, name)


def reader_of(section: str) -> str | None:
    """The reader of a section; None for other sections."""
    first, _, reader = section.lower().partition(".")
    return reader.strip() if first == "readers" and reader else None


def _known(ini: Ini, unknown: list[str]) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """(section, key) -> (text, file) of a config file, with known names only, in the table's spelling.

    Messages about the others are added to `unknown`.
    """
    table: dict[str, dict[str, str]] = {}
    for row in settings():
        table.setdefault(row.section, {})[row.key.lower()] = row.key
    spelling = {section.lower(): section for section in table}
    for written in ini.parser.sections():
        if reader_of(written) is not None:
            continue
        section = spelling.get(written.lower())
        if section is None:
            near = _nearest(written, spelling.values(), "[{}]")
            unknown.append(f"{ini.path}: no section [{written}] is known{near}")
            continue
        for key, text in ini.parser.items(written):
            if key.lower() in table[section]:
                yield (section, table[section][key.lower()]), (text, str(ini.path))
            else:
                near = _nearest(key, table[section].values(), "{}")
                unknown.append(f"{ini.path}: [{section}] has no key {key}{near}")


def _nearest(word: str, known: Any, form: str) -> str:
    near = nearest(word, known)
    return message(": did you mean {near}?", near=form.format(near)) if near else ""


def default_ini(translate: Callable[[str], str] = str) -> str:
    """The config.ini that `vidkit init` writes: every key with its default and its meaning.

    Args:
        translate: an English text -> the user's language; by default the comments are in English.
    """
    lines = [f"# {translate(line)}" for line in INI_HEAD]
    section = None
    for row in settings():
        if row.section != section:
            section = row.section
            lines += ["", f"[{section}]"]
        lines += [f"# {translate(row.meaning)}", f"{row.key} = {show(row.default)}".rstrip()]
    return "\n".join(lines) + "\n"
