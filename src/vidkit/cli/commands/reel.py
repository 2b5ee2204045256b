"""`vidkit reel`: the best moments of a search, or of one video, as one video file."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from vidkit.cli.commands.found import asked_of, found_of
from vidkit.cli.commands.library import say_unknown_names
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.cli.screen import counted, json_text, say
from vidkit.core import printable, shown_url
from vidkit.core.config import Config
from vidkit.core.units import format_count, format_size, format_tenths, parse_duration
from vidkit.errors import ConfigError
from vidkit.library import open_library
from vidkit.meaning.hybrid import WORDS
from vidkit.messages import numbered
from vidkit.reel import Reel, ReelOptions, ReelPart, check_reel, make_reel


def reel(options: argparse.Namespace, config: Config) -> int:
    """`vidkit reel`: write the reel."""
    asked = asked_of(options)
    wanted = ReelOptions(
        length=_seconds("--length", options.length),
        longest=_seconds("--moment", options.moment),
        titles=options.titles,
        overwrite=options.overwrite,
        max_resolution=config.processing.max_resolution,
        max_fps=config.processing.max_fps,
        encoder=config.processing.encoder,
    )
    check_reel(Path(options.out), wanted)
    with open_library(config, create=False) as home:
        found = found_of(home, options, asked, config)
        if found is None:
            return EXIT_SOME_FAILED
        with counted(" s") as progress:
            made = make_reel(found, options.out, wanted, lambda what, done, total: progress(done, total, what))
        if asked is not None and not made.parts and not made.skipped:
            say_unknown_names(home, options.where, asked.query.sources)
    for url, why in made.skipped.items():
        say("skipped: {url}: {reason}", url=printable(shown_url(url)), reason=printable(why))
    if made.out is None or made.form is None:
        say("no video that was found can be shown" if made.skipped else "nothing is found")
        return EXIT_SOME_FAILED
    if options.json:
        print(json_text(_as_json(made)))
    else:
        for part in made.parts:
            print(_line(part))
        size, width, height = made.out.stat().st_size, made.form.width, made.form.height
        moments = format_count(len(made.parts), "moment")
        print(f"{printable(made.out)}  {made.seconds:.1f} s  {moments}  {width}x{height}  {format_size(size)}")
    if made.alike and made.seconds < wanted.length - 0.5:
        say(
            numbered(
                "the reel is shorter than --length: {count} moment looks like another one and is left out. "
                "--moment shows more of each",
                "the reel is shorter than --length: {count} moments look like others and are left out. "
                "--moment shows more of each",
                made.alike,
            )
        )
    return EXIT_SOME_FAILED if made.skipped else EXIT_DONE


def _seconds(option: str, text: str) -> float:
    try:
        return parse_duration(text)
    except (ValueError, OverflowError) as error:
        raise ConfigError("{option}: {error}", option=option, error=error) from None


def _as_json(made: Reel) -> dict[str, Any]:
    assert made.form is not None
    return {
        "path": str(made.out),
        "duration": made.seconds,
        "width": made.form.width,
        "height": made.form.height,
        "fps": round(float(made.form.rate), 6),
        "moments": [_part_as_json(part) for part in made.parts],
        "skipped": [{"url": shown_url(url), "reason": why} for url, why in made.skipped.items()],
        "alike": made.alike,
    }


def _part_as_json(part: ReelPart) -> dict[str, Any]:
    moment = part.moment
    return {
        "film_start": part.reel_start,
        "film_end": part.reel_end,
        "url": shown_url(moment.url),
        "id": moment.id,
        "filename": moment.filename,
        "start_time": part.start_time,
        "end_time": part.end_time,
        "kind": moment.kind,
        "number": moment.number,
        "why": list(moment.why),
        "text": moment.text,
        "dull": part.dull or None,
    }


def _line(part: ReelPart) -> str:
    moment = part.moment
    what = "" if moment.kind == "video" else f"  {moment.kind} {moment.number}"
    why = f"  ({', '.join(moment.why)})" if set(moment.why) - {WORDS} else ""
    dull = f"  {part.dull}" if part.dull else ""
    where = f"{format_tenths(part.start_time)} - {format_tenths(part.end_time)}"
    return f"{format_tenths(part.reel_start)}  {printable(moment.filename)}  {where}{what}{why}{dull}"
