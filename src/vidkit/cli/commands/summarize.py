"""`vidkit summarize`: a summary by the model of the results of a search, or of one video."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from itertools import islice
from typing import Any

from vidkit.cli.commands.found import asked_of, found_of
from vidkit.cli.commands.library import say_unknown_names
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.cli.screen import cost_line, json_text, say
from vidkit.core import printable, shown_url
from vidkit.core.config import Config
from vidkit.curate.summarize import INSTRUCTION, Summary
from vidkit.curate.summarize import summarize as summary_of
from vidkit.errors import ConfigError, DescribeError
from vidkit.library import open_library
from vidkit.qwen_model import Describer, instruction_of, open_describer


def summarize(options: argparse.Namespace, config: Config) -> int:
    """`vidkit summarize`: print the summary."""
    asked = asked_of(options)
    instruction = instruction_of(config, options.instruction or INSTRUCTION)
    describer = open_describer(config, options.use_vpc, options.max_requests)
    if describer is None:
        raise ConfigError("no model is set: give [QwenVL] PublicEndpoint or [Qwen] ModelDir in config.ini")
    try:
        with open_library(config, create=False) as home:
            found = found_of(home, options, asked, config)
            if found is None:
                return EXIT_SOME_FAILED
            moments = list(islice(found, options.limit if asked else None))
            if not moments:
                if asked is not None:
                    say_unknown_names(home, options.where, asked.query.sources)
                say("nothing is found")
                return EXIT_SOME_FAILED
        summary = summary_of(describer, moments, instruction)
    except DescribeError as error:
        say("there is no summary: {reason}", reason=printable(error))
        say(cost_line(describer.cost))
        return EXIT_SOME_FAILED
    finally:
        describer.close()
    if summary is None:
        say(
            "there is nothing to summarise: no description and no words that were read. Describe the videos, "
            "or process them with --readers speech,ocr"
        )
        return EXIT_SOME_FAILED
    if options.json:
        print(json_text(_as_json(summary, describer)))
    else:
        for line in summary.answer.text.splitlines():
            print(printable(line))
        say(cost_line(describer.cost))
    return EXIT_DONE


def _as_json(summary: Summary, describer: Describer) -> dict[str, Any]:
    videos = [
        {"url": shown_url(record["source"]["url"]), "id": record["id"], "filename": record["filename"]}
        for record in summary.videos
    ]
    return {
        "summary": summary.answer.text,
        "tags": list(summary.answer.tags),
        "videos": videos,
        "texts": summary.texts,
        "parts": summary.parts,
        "backend": describer.backend,
        "model": describer.model,
        "cost": asdict(describer.cost),
    }
