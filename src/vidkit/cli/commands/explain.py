"""`vidkit explain`: why a video has its tags and its class."""

from __future__ import annotations

import argparse

from vidkit.cli.commands.library import unknown
from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.cli.screen import json_text, say
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.library import open_library
from vidkit.tagging.explain import Explanation, explain_tags
from vidkit.tagging.origins import in_words, origins_as_json
from vidkit.tagging.user_rules import open_rules


def explain(options: argparse.Namespace, config: Config) -> int:
    """`vidkit explain`: the rule, the condition and the words of each tag and of the class."""
    rules = open_rules(config)
    with open_library(config, create=False) as home:
        found = home.find(options.key)
    if not found:
        return unknown(options.key)
    for entry in found:
        explained = explain_tags(entry.record, rules)
        if options.json:
            names = {key: entry.record[key] for key in ("filename", "id")} | {"url": entry.record["source"]["url"]}
            print(json_text({**names, **origins_as_json(entry.record, explained)}))
            continue
        print("\n".join([printable(entry.record["filename"]), *_lines(explained)]))
        if explained.outdated:
            say("the rules give other tags or another class now: `vidkit retag` applies them")
    return EXIT_DONE


def _lines(explained: Explanation) -> list[str]:
    rows = [("class", explained.classification)]
    rows += [("tag", tag) for tag in explained.tags]
    rows += [("removed", tag) for tag in explained.removed]
    return [f"    {kind:7}  {printable(origin.name)}  ({printable(in_words(origin))})" for kind, origin in rows]
