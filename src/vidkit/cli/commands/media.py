"""`vidkit probe`, `scenes` and `clips`: one stage alone, on local files."""

from __future__ import annotations

import argparse
import hashlib
import logging
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from vidkit.analysis import (
    ClipSettings,
    SceneOptions,
    analyse_video,
    detect_scenes,
    extract_metadata,
    segment_video,
)
from vidkit.cli.exit_codes import EXIT_DONE, EXIT_SOME_FAILED
from vidkit.cli.screen import json_text
from vidkit.core import ensure_directory, printable, shown_url, without_secrets
from vidkit.core.config import Config
from vidkit.core.units import format_count, format_duration, format_size
from vidkit.errors import MediaError, ToolMissingError, VidkitError
from vidkit.messages import _, translated
from vidkit.rows.folder import NO_VIDEO, files_of

log = logging.getLogger(__name__)


def probe(options: argparse.Namespace, config: Config) -> int:
    """`vidkit probe`: metadata of local files."""
    files = _given(options, config)

    def one(path: Path) -> tuple[dict[str, Any], str]:
        found = extract_metadata(path)
        audio = (
            _("{codec} {channels} ch", codec=found.audio.codec, channels=found.audio.channels)
            if found.audio
            else _("no audio")
        )
        line = (
            f"{printable(path.name)}  {format_duration(found.duration)}  {found.resolution}  {found.fps:g} fps  "
            f"{found.codec}  {audio}  {format_size(found.size)}"
        )
        values = asdict(found)
        del values["stream"], values["square_pixels"]
        return {"file": str(path), **values, "resolution": found.resolution}, line

    return _each(files, options.json, one)


def scenes(options: argparse.Namespace, config: Config) -> int:
    """`vidkit scenes`: scenes of local files, with thumbnails if asked."""
    settings = config.scene_detection
    bounds = (settings.default_threshold, settings.min_scene_length)
    files = _given(options, config)
    folders = _own_names(files, lambda path: path.name)

    def one(path: Path) -> tuple[dict[str, Any], str]:
        metadata = extract_metadata(path)
        if options.thumbnails is None:
            found = detect_scenes(path, *bounds, metadata, settings.detector)
            pictures: list[Path | None] = [None] * len(found)
        else:
            folder = ensure_directory(Path(options.thumbnails) / folders[path])
            done = analyse_video(path, metadata, SceneOptions(folder, *bounds, settings.detector))
            found, pictures = done.scenes, done.thumbnails
        lines = [f"{printable(path.name)}  {translated(format_count(len(found), 'scene'))}"]
        lines += [f"  {scene.index:3d}  {scene.start_time:10.3f} - {scene.end_time:10.3f}" for scene in found]
        values = [
            {**asdict(scene), "thumbnail": str(picture) if picture else None}
            for scene, picture in zip(found, pictures, strict=True)
        ]
        return {"file": str(path), "scenes": values}, "\n".join(lines)

    return _each(files, options.json, one)


def clips(options: argparse.Namespace, config: Config) -> int:
    """`vidkit clips`: clips of local files."""
    caps, detector = config.processing, config.scene_detection.detector
    bounds = (config.scene_detection.default_threshold, config.scene_detection.min_scene_length)
    settings = asdict(ClipSettings.from_processing(caps))
    files = _given(options, config, Path(options.out))
    stems = _own_names(files, lambda path: path.stem, _stems_in(Path(options.out), files))

    def one(path: Path) -> tuple[dict[str, Any], str]:
        metadata = extract_metadata(path)
        scenes = detect_scenes(path, *bounds, metadata, detector) if caps.segment_by == "scenes" else None
        found = segment_video(
            path, Path(options.out), metadata=metadata, stem=stems[path], scenes=scenes, **settings
        )
        lines = [
            f"{printable(clip.path)}  {clip.start_time:.3f} - {clip.end_time:.3f}  {clip.width}x{clip.height}"
            for clip in found
        ]
        return {"file": str(path), "segments": [{**asdict(c), "path": str(c.path)} for c in found]}, "\n".join(
            lines
        )

    return _each(files, options.json, one)


def _own_names(files: Sequence[str], wanted: Callable[[Path], str], taken: Iterable[str] = ()) -> dict[Path, str]:
    """The name under which each file's results go: the wanted one, or with a short hash where that one is taken.

    Args:
        files: the paths of the command line.
        wanted: the name that a path would have by itself.
        taken: names that no file is to have.
    """
    owners: dict[str, str] = dict.fromkeys((name.casefold() for name in taken), "")
    names = {}
    for path in map(Path, files):
        name, place = wanted(path), os.path.abspath(path)
        if owners.get(name.casefold(), place) != place:
            stem, extension = os.path.splitext(name) if name == path.name else (name, "")
            name = f"{stem}-{hashlib.sha256(os.fsencode(place)).hexdigest()[:8]}{extension}"
        owners[name.casefold()] = place
        names[path] = name
    return names


def _stems_in(out: Path, files: Sequence[str]) -> list[str]:
    """The names whose clips could take the place of a file that is read: it is itself named like a clip there."""
    here = [Path(name).name for name in files if os.path.realpath(Path(name).parent) == os.path.realpath(out)]
    return [match[1] for name in here if (match := re.fullmatch(r"(.*)_clip_\d+\.mp4", name))]


def _given(options: argparse.Namespace, config: Config, *skipped: Path) -> list[str]:
    """The files of the command line and those in its folders, without the files that vidkit made."""
    return files_of(options.files, [config.paths.processed_directory, config.paths.download_directory, *skipped])


def _each(files: list[str], as_json: bool, one: Callable[[Path], tuple[dict[str, Any], str]]) -> int:
    """Do one thing for each file; print each failure and continue with the next file."""
    code = EXIT_DONE
    for name in files:
        code = max(code, _one(name, one, as_json))
    return code


def _one(name: str, do: Callable[[Path], tuple[dict[str, Any], str]], as_json: bool) -> int:
    try:
        if Path(name).is_dir():
            raise MediaError("{name}: {no_video}", name=name, no_video=NO_VIDEO)
        values, line = do(Path(name))
    except ToolMissingError:
        raise
    except VidkitError as error:
        said = translated(error).replace(
            str(Path(name)), shown_url(str(Path(name)))
        )  # it may be a URL with a password
        print(_("failed: {what}", what=printable(without_secrets(said))), file=sys.stderr)
        log.info("%s failed", shown_url(name), exc_info=True)
        return EXIT_SOME_FAILED
    print(json_text(values) if as_json else line, flush=True)
    return EXIT_DONE
