"""Settings by their names: `Processing.MaxFPS`, and `Readers.ocr.Languages` for those of readers."""

from __future__ import annotations

from vidkit.core import printable
from vidkit.core.config import Setting, reader_of, settings
from vidkit.errors import ConfigError, nearest
from vidkit.readers.registry import available, environment_name, load_reader


def find_setting(name: str) -> Setting:
    """The setting of a name, in any case; of one of a reader, the attributes are empty.

    Raises:
        ConfigError: there is none; the message has the nearest name.
    """
    names = {f"{row.section}.{row.key}": row for row in settings()}
    section, _, _ = name.rpartition(".")
    reader = reader_of(section)
    if reader is not None and reader in available():
        names |= {f"{row.section}.{row.key}": row for row in reader_rows(reader)}
    for known, row in names.items():
        if known.lower() == name.strip().lower():
            return row
    near = next((known for known in names if known.lower().endswith(f".{name.strip().lower()}")), None)
    near = near or nearest(name, names)
    if near:
        raise ConfigError("there is no setting {name}: did you mean {near}?", name=printable(name), near=near)
    raise ConfigError("there is no setting {name}: `vidkit config get` lists them", name=printable(name))


def reader_rows(reader: str) -> list[Setting]:
    """The settings of a reader.

    Raises:
        ConfigError: the reader cannot be loaded.
    """
    return [
        Setting(
            f"Readers.{reader}", key, option.default, option.meaning, option.read,
            (environment_name(reader, key),), "", "",
        )
        for key, option in load_reader(reader).options.items()
    ]  # fmt: skip
