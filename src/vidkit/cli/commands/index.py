"""`vidkit index`: the vectors of the library, for search by meaning."""

from __future__ import annotations

import argparse

from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.cli.screen import counted, json_text, say
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.core.units import format_count
from vidkit.curate.indexing import Indexed, index_library
from vidkit.errors import ConfigError
from vidkit.library import Library, open_library
from vidkit.meaning.models import Models, open_models
from vidkit.messages import _


def index(options: argparse.Namespace, config: Config) -> int:
    """`vidkit index`: make the missing vectors, or remove those of an older model."""
    if options.remove is not None:
        return _remove(options.remove, config)
    models = open_models(config.meaning)
    if not models:
        raise ConfigError(
            "no model is named: set [Meaning] TextModel or ImageModel to a folder with one (docs/meaning.md)"
        )
    with open_library(config, create=False) as library, counted(" videos") as progress:
        total = library.stats().videos
        done = index_library(library, models, lambda number: progress(number, total), options.dry_run)
        others = _others(library, models)
    for each in done:
        print(json_text(vars(each)) if options.json else _line(each, options.dry_run))
    for model, videos in others.items():
        command = f"`vidkit index --remove '{model}'`"
        say(
            "{model} is not in use and has vectors of {videos}: {command}",
            model=printable(model),
            videos=format_count(videos, "video"),
            command=command,
        )
    return EXIT_DONE


def _line(done: Indexed, dry_run: bool) -> str:
    there = _("{videos} had theirs", videos=format_count(done.there, "video"))
    if dry_run:
        return _(
            "{model}: vectors of {videos} are missing; {there}",
            model=printable(done.model),
            videos=format_count(done.videos, "video"),
            there=there,
        )
    made = _(
        "{vectors} of {videos} made",
        vectors=format_count(done.moments, "vector"),
        videos=format_count(done.videos, "video"),
    )
    return f"{printable(done.model)}: {made}; {there}"


def _others(library: Library, models: Models) -> dict[str, int]:
    used = {model.id for model in models}
    return {model: videos for model, videos in library.vector_models().items() if model not in used}


def _remove(model: str, config: Config) -> int:
    with open_library(config, create=False) as library:
        there = library.vector_models()
        if model not in there:
            names = ", ".join(map(printable, there)) or "none"
            raise ConfigError(
                "the library has no vectors of {model}; it has those of: {names}",
                model=printable(model),
                names=names,
            )
        removed = library.remove_vectors(model)
    say("vectors of {videos} removed: {model}", videos=format_count(removed, "video"), model=printable(model))
    return EXIT_DONE
