"""The `vidkit export` command for a dataset, shown in its card and on the page."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from typing import Any

# Command line option with one value -> its name in `options`.
_OPTIONS = {
    "--format": "format",
    "--level": "level",
    "--label": "label",
    "--split": "split",
    "--seed": "seed",
    "--search": "words",
    "--codec": "codec",
    "--resolution": "resolution",
    "--min-duration": "min_duration",
    "--max-duration": "max_duration",
    "--after": "after",
    "--before": "before",
    "--limit": "limit",
}
_REPEATED = {"--tag": "tag", "--class": "class", "--where": "where", "--in": "in"}


def export_command(directory: str, options: Mapping[str, Any]) -> str:
    """The command for a shell.

    Args:
        directory: the folder of the dataset.
        options: `format`, `level`, `label`, `split`, `seed`, `files`, `blur`, `no_duplicates`, and a search as for
            `read_query`. None and missing names are left out. Other names are ignored.
    """
    words = ["vidkit", "export", directory]
    for option, name in _OPTIONS.items():
        value = options.get(name)
        words += [] if value in (None, "") else [option, str(value)]
    for option, name in _REPEATED.items():
        for value in options.get(name) or ():
            words += [option, value]
    words += ["--no-duplicates"] if options.get("no_duplicates") else []
    words += [f"--{options['files']}"] if options.get("files") else []
    words += ["--blur", options["blur"]] if options.get("blur") else []
    return shlex.join(words)
