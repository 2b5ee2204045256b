"""Read the settings from the command line, the environment, config.ini and the defaults, in this order.

The table of settings is in `vidkit.core.settings`.
"""

from __future__ import annotations

import configparser
import dataclasses
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

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

__all__ = [
    "DEFAULT_PATH",
    "Concurrency",
    "Config",
    "Engine",
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
    "default_ini",
    "load_config",
    "settings",
    "show",
    "with_absolute_paths",
]

log = logging.getLogger(__name__)

DEFAULT_PATH = Path("config.ini")
READER_VARIABLES = "VIDKIT_READERS_"


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
    environment = os.environ if environment is None else environment
    parsed = _parsed_ini(Path(config_path) if config_path is not None else None)
    file_values = dict(_known(*parsed)) if parsed else {}
    sections: dict[str, dict[str, Any]] = {}
    explicit = set()
    for row in settings():
        text, where = _find(row, overrides or {}, environment, file_values)
        if text is None:
            continue
        try:
            value = row.read(text.strip())
        except ValueError as error:
            shown = "this value" if isinstance(row.default, Secret) else str(error)
            raise ConfigError(
                "{where}: {shown} {meaning}", where=where, shown=sentence(shown), meaning=row.meaning
            ) from None
        sections.setdefault(row.section_attribute, {})[row.attribute] = value
        explicit.add((row.section, row.key))
    config = Config(
        explicit=frozenset(explicit),
        reader_settings=(*(_of_readers(*parsed) if parsed else ()), *_of_readers_in(environment)),
    )
    changed = {name: dataclasses.replace(getattr(config, name), **values) for name, values in sections.items()}
    return check_together(dataclasses.replace(config, **changed))


def check_together(config: Config) -> Config:
    """The settings, seen to that they go together.

    Raises:
        ConfigError: two of them do not.
    """
    if config.processing.segment_overlap >= config.processing.segment_length:
        raise ConfigError(
            "[Processing] SegmentOverlap ({segment_overlap:g} s) must be less than "
            "SegmentLength ({segment_length:g} s)",
            segment_overlap=config.processing.segment_overlap,
            segment_length=config.processing.segment_length,
        )
    caps = config.processing
    if caps.clip_mode == "copy" and caps.segment_overlap and caps.segment_by == "time":
        raise ConfigError(
            "[Processing] ClipMode = copy cannot make clips that overlap: set SegmentOverlap = 0 or ClipMode = auto"
        )
    return config


def with_absolute_paths(config: Config) -> Config:
    """The settings with every path from the root, so that they mean the same in another folder."""
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
    """The path of a model that is here; what is at a hub keeps its name."""
    path = Path(named).expanduser()
    return str(path.absolute()) if named and path.exists() else named


def _find(
    row: Setting,
    overrides: Mapping[tuple[str, str], str],
    environment: Mapping[str, str],
    file_values: Mapping[tuple[str, str], tuple[str, str]],
) -> tuple[str | None, str]:
    """The text of one setting, and where it comes from."""
    if (row.section, row.key) in overrides:
        return overrides[row.section, row.key], f"[{row.section}] {row.key} on the command line"
    for name in row.env:
        if environment.get(name):
            return environment[name], f"the environment variable {name}"
    if (row.section, row.key) in file_values:
        text, path = file_values[row.section, row.key]
        # An empty value in the file asks for the default.
        return (text or None), f"{path}: [{row.section}] {row.key}"
    return None, ""


def _parsed_ini(path: Path | None) -> tuple[configparser.ConfigParser, Path] | None:
    """A config file and its path; None where none was named and there is none."""
    if path is None:
        if not DEFAULT_PATH.exists():
            return None
        path = DEFAULT_PATH
    parser = configparser.ConfigParser(interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    try:
        parser.read_string(path.read_text(encoding="utf-8-sig"), source=str(path))
    except FileNotFoundError:
        raise ConfigError("{path}: no such file. `vidkit init` writes a config.ini here.", path=path) from None
    except OSError as error:
        raise ConfigError("{path}: {reason}", path=path, reason=error.strerror) from None
    except UnicodeDecodeError:
        raise ConfigError("{path}: this is not a text file in UTF-8", path=path) from None
    except configparser.Error as error:
        raise ConfigError("{path} is not an INI file: {reason}", path=path, reason=_ini_reason(error)) from None
    return parser, path


def _ini_reason(error: configparser.Error) -> str:
    """The parser's reason in one line; never the offending text, which may be a secret."""
    if isinstance(error, configparser.MissingSectionHeaderError):
        return f"line {error.lineno} is before the first [Section]"
    if isinstance(error, configparser.DuplicateOptionError):
        return f"line {error.lineno}: [{error.section}] {error.option} is there twice"
    if isinstance(error, configparser.DuplicateSectionError):
        return f"line {error.lineno}: [{error.section}] is there twice"
    if isinstance(error, configparser.ParsingError):
        return f"line {error.errors[0][0]} is neither `Key = value` nor a comment"
    return "it cannot be parsed"


def _of_readers(parser: configparser.ConfigParser, path: Path) -> Iterator[ReaderSetting]:
    """What the sections of readers say."""
    for section in parser.sections():
        reader = _reader_of(section)
        if reader is not None:
            for key, text in parser.items(section):
                yield ReaderSetting(reader, key, text, f"{path}: [{section}] {key}")


def _of_readers_in(environment: Mapping[str, str]) -> Iterator[ReaderSetting]:
    """The environment variables of readers. Where the name of the reader ends in them, only the reader knows."""
    own = {name for row in settings() for name in row.env}
    for name, text in environment.items():
        if name.startswith(READER_VARIABLES) and name not in own and text:
            yield ReaderSetting("", "", text, name)


def _reader_of(section: str) -> str | None:
    """The reader that a section is of."""
    first, _, reader = section.lower().partition(".")
    return reader.strip() if first == "readers" and reader else None


def _known(parser: configparser.ConfigParser, path: Path) -> Iterator[tuple[tuple[str, str], tuple[str, str]]]:
    """(section, key) -> (text, file) of a config file, known names only and in the table's spelling."""
    table: dict[str, dict[str, str]] = {}
    for row in settings():
        table.setdefault(row.section, {})[row.key.lower()] = row.key
    spelling = {section.lower(): section for section in table}
    for written in parser.sections():
        if _reader_of(written) is not None:
            continue
        section = spelling.get(written.lower())
        if section is None:
            log.warning(
                "%s: no section [%s] is known%s", path, written, _nearest(written, spelling.values(), "[{}]")
            )
            continue
        for key, text in parser.items(written):
            if key.lower() in table[section]:
                yield (section, table[section][key.lower()]), (text, str(path))
            else:
                near = _nearest(key, table[section].values(), "{}")
                log.warning("%s: [%s] has no key %s%s", path, section, key, near)


def _nearest(word: str, known: Any, form: str) -> str:
    near = nearest(word, known)
    return f": did you mean {form.format(near)}?" if near else ""


def default_ini() -> str:
    """A config.ini with every key at its default and what it means, as `vidkit init` writes it."""
    lines = [
        "# vidkit's settings. Every key is optional; an empty value means the default.",
        "# Command line options override environment variables, which override this file.",
    ]
    section = None
    for row in settings():
        if row.section != section:
            section = row.section
            lines += ["", f"[{section}]"]
        lines += [f"# {row.meaning}", f"{row.key} = {show(row.default)}".rstrip()]
    return "\n".join(lines) + "\n"
