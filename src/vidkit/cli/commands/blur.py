"""`vidkit blur`: a video without faces."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path

from vidkit.blur import Blurred, blur_video, check_blur, face_detector
from vidkit.cli.exit_codes import EXIT_DONE
from vidkit.cli.screen import counted, json_text
from vidkit.core import printable
from vidkit.core.config import Config
from vidkit.core.units import format_count
from vidkit.messages import _


def blur(options: argparse.Namespace, config: Config) -> int:
    """`vidkit blur`: hide the faces in a local video file."""
    path, target = Path(options.video), Path(options.out)
    check_blur(path, target, options.style)
    faces = face_detector(config)
    with counted(" frames") as progress:
        done = blur_video(
            path,
            target,
            faces.detector,
            style=options.style,
            padding=options.padding,
            least_score=faces.least_score,
            side=faces.side,
            report=options.report,
            progress=progress,
        )
    if options.json:
        values = asdict(done).items()
        print(json_text({key: str(value) if isinstance(value, Path) else value for key, value in values}))
    else:
        print(_line(done))
    return EXIT_DONE


def _line(done: Blurred) -> str:
    filled = (
        _(", {boxes} filled in where none was found", boxes=format_count(done.filled, "box", "boxes"))
        if done.filled
        else ""
    )
    covered = _(
        "{faces} in {covered} of {pictures}",
        faces=format_count(done.faces, "face"),
        covered=done.covered,
        pictures=format_count(done.pictures, "frame"),
    )
    report = f"; report: {printable(done.report)}" if done.report else ""
    return f"{printable(done.out)}  {covered}{filled}{report}"
