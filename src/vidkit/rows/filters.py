"""Read the filters over rows from options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from vidkit.core.units import parse_date, parse_duration, parse_size
from vidkit.errors import ConfigError
from vidkit.rows import Filters

_OPTIONS: dict[str, Callable[[str], Any]] = {
    "min_size": parse_size,
    "max_size": parse_size,
    "min_duration": parse_duration,
    "max_duration": parse_duration,
    "modified_after": parse_date,
    "modified_before": parse_date,
}


def read_filters(options: Mapping[str, Any]) -> Filters:
    """Read filters from the options of a command line or of a page's form.

    Args:
        options: `min_size` and `max_size` (`500MB`), `min_duration` and `max_duration` (`5:30`, `1h`),
            `modified_after` and `modified_before` (a date or time, UTC without a time zone). None, or a missing
            name, means no limit. Other names are ignored.

    Raises:
        ConfigError: one of these values cannot be read.
    """
    values = {}
    for name, parse in _OPTIONS.items():
        try:
            values[name] = None if options.get(name) is None else parse(options[name])
        except ValueError as error:
            raise ConfigError("--{name}: {error}", name=name.replace("_", "-"), error=error) from None
    return Filters(**values)
