"""docs/one_video.md: one video, stage by stage, with its real record (docs/one_video.json) and its keys."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from vidkit import record

EXAMPLE = Path(__file__).parents[1] / "docs" / "one_video.json"
LONGEST = 64  # characters of a text that are shown
HEAD = """# One video, step by step

<!-- made by `make docs` from src/vidkit/record.py and docs/one_video.json, which `make pictures` writes -->

This page follows a video from a row of a CSV to its record. The video has eight seconds, three scenes and a
steady tone. This command wrote the record below:

```sh
vidkit process --csv videos.csv --readers quality --describe video
```

![What vidkit process prints](images/terminal-process.svg)

Each part of the record comes from one stage. The complete list of keys is in [The record](record.md)."""
# A title, what happens, and the keys that the stage writes.
STAGES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    (
        "1. A row",
        "The CSV has a URL and a column `topic`. vidkit keeps columns that it does not know, and you can search by "
        "them (`--where topic=technical`). Without a CSV, `--urls` gives the URL alone.",
        ("source",),
    ),
    (
        "2. Download",
        "The file is downloaded, hashed and named. A local file stays where it is. See "
        "[Downloading](downloading.md).",
        ("filename", "path", "size", "id", "sha256"),
    ),
    (
        "3. Probe",
        "ffprobe reads what the container says. Nothing is decoded yet.",
        (
            "duration", "bit_rate", "resolution", "width", "height", "rotation", "frame_rate", "fps", "codec",
            "container", "audio",
        ),
    ),
    (
        "4. Scenes",
        "The video is decoded once. This decode finds the scenes, takes their thumbnails and the contact sheet, "
        "and feeds the next three stages. The two cuts of the video, at 3 and 6 seconds, were found. See "
        "[Scenes](scenes.md).",
        ("scenes", "sprites", "unread"),
    ),
    (
        "5. Clips",
        "The same decode cuts clips, here of four seconds each (`[Processing] SegmentLength = 4`). See "
        "[Clips](clips.md).",
        ("segments",),
    ),
    (
        "6. Hashes",
        "Hashes of frames show whether another video shows the same. See [Duplicates](duplicates.md).",
        ("pictures",),
    ),
    (
        "7. Readings",
        "The reader `quality` measures each scene, and finds that the colour bars at the end are frozen. Each "
        "reader writes a reading with its own values. See [Readers](readers.md).",
        ("readings",),
    ),
    (
        "8. Description",
        "The model describes the whole video (`--describe video`); by default it describes the clips. In this "
        "example, a small server with a fixed answer replaces the model. See [Describing](describing.md).",
        ("qwen_description", "ai_generated_tags", "ai"),
    ),
    (
        "9. Tags and class",
        "Rules read everything above, the built-in ones and yours. Nobody has corrected this video. See "
        "[Rules](rules.md).",
        ("tags", "classification", "corrections"),
    ),
    (
        "10. The record",
        "The record is written in one step, so a crash leaves the older one. `fingerprint` is a hash of the "
        "inputs of a stage: the next run repeats a stage only if its inputs have changed. Then the record is "
        "added to the library.",
        ("schema", "processing"),
    ),
)  # fmt: skip


def page() -> str:
    """The page."""
    return "\n".join(_lines(json.loads(EXAMPLE.read_text(encoding="utf-8")))) + "\n"


def _lines(example: dict[str, Any]) -> Iterator[str]:
    yield HEAD
    hints = get_type_hints(record.Record, include_extras=True)
    for title, words, keys in STAGES:
        part = _short({key: example[key] for key in keys})
        yield from (
            "",
            f"## {title}",
            "",
            words,
            "",
            "```json",
            json.dumps(part, indent=2, ensure_ascii=False),
            "```",
        )
        yield from ("", "| key | meaning |", "|---|---|")
        for key in keys:
            yield from _rows(key, hints[key], example[key])


def _rows(key: str, hint: Any, value: Any) -> Iterator[str]:
    """A row for a key, and for each key below it that the example has."""
    plain, meaning = get_args(hint)[:2] if get_origin(hint) is Annotated else (hint, "")
    yield f"| `{key}` | {meaning} |"
    many = {list: (key, value), dict: (f"{key}.NAME", value.values() if isinstance(value, dict) else [])}
    name, entries = many.get(get_origin(plain), (key, [value]))
    for kind in (plain, *get_args(plain)):
        if getattr(kind, "__total__", None) is not None:  # a table of keys
            known = {each for entry in entries if entry for each in entry}
            for each, inner in get_type_hints(kind, include_extras=True).items():
                if each in known:
                    yield from _rows(
                        f"{name}.{each}", inner, next(entry[each] for entry in entries if each in entry)
                    )


def _short(value: Any) -> Any:
    """The same with long texts without words cut."""
    if isinstance(value, str) and len(value) > LONGEST and " " not in value:
        return value[: LONGEST - 4] + " ..."
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    return [_short(each) for each in value] if isinstance(value, list) else value
