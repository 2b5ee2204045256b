"""Find and check the models of the reader `ocr`, in RapidOCR's package or in a folder, before a run begins."""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import distribution, distributions
from pathlib import Path
from typing import Any

from vidkit.core import file_sha256, printable
from vidkit.core.extras import install_command
from vidkit.messages import message

_OPENCV = ("opencv-python", "opencv-python-headless", "opencv-contrib-python", "opencv-contrib-python-headless")
_DETECTOR, _RECOGNISER = "det", "rec"


class OcrFilesError(Exception):
    """A model is missing or cannot be used; the message says why and what to do."""


@dataclass(frozen=True)
class OcrFiles:
    """The detection model, the recognition model, and the list of its letters, if the model does not contain it."""

    detector: Path
    recogniser: Path
    letters: Path | None
    identity: str
    """The names of the models with the beginnings of their hashes."""


def opencv_fault() -> str | None:
    """Why cv2 cannot be used, and what to do; None if it can."""
    try:
        import cv2

        reason = None if hasattr(cv2, "findContours") else message("it is there in parts only")
    except Exception as error:  # also AttributeError of a mixture of two versions
        reason = " ".join(printable(str(error)).split()) or type(error).__name__
    if reason is None:
        return None
    there = sorted({each.name for each in distributions() if each.name in _OPENCV})
    if len(there) > 1:
        why = message("{there} write over each other's files. Keep one of them:", there=" and ".join(there))
    else:
        why = message("Install it again:")
    remove = f"pip uninstall -y {' '.join(there)} && " if there else ""
    keep = "opencv-contrib-python-headless" if any("contrib" in name for name in there) else _OPENCV[1]
    return message(
        "OpenCV (cv2) cannot be used: {reason}. {why} {remove}pip install {keep}",
        reason=reason,
        why=why,
        remove=remove,
        keep=keep,
    )


def find_models(folder: str) -> OcrFiles:
    """The models to use.

    Args:
        folder: `ModelDir`; empty for the models in RapidOCR's package.

    Raises:
        OcrFilesError: a model is missing, truncated, or of another kind.
    """
    try:
        own = _packaged_models()
        if not folder:
            return _files(own[_DETECTOR], own[_RECOGNISER], None)
        return _models_in(Path(folder).expanduser(), own[_DETECTOR])
    except OSError as error:
        raise OcrFilesError(
            message(
                "{filename} cannot be read: {reason}", filename=printable(error.filename), reason=error.strerror
            )
        ) from None


def _packaged_models() -> dict[str, Path]:
    """The models in RapidOCR's package, checked against their hashes."""
    found: dict[str, Path] = {}
    package = distribution("rapidocr")
    for file in package.files or ():
        kind = _kind(file.name)
        if kind is None or file.parent.name != "models":
            continue
        path = Path(str(file.locate()))
        anew = install_command("ocr", everything=True).replace("pip install", "pip install --force-reinstall")
        if not path.is_file():
            raise OcrFilesError(message("the model {path} is missing: {anew}", path=printable(path), anew=anew))
        wanted = file.hash.value if file.hash and file.hash.mode == "sha256" else None
        if wanted and base64.urlsafe_b64encode(bytes.fromhex(_hash(path))).decode().rstrip("=") != wanted:
            raise OcrFilesError(
                message("the model {path} is cut short or changed: {anew}", path=printable(path), anew=anew)
            )
        found[kind] = path
    if missing := {_DETECTOR, _RECOGNISER} - found.keys():
        raise OcrFilesError(
            message(
                "rapidocr {version} has no model {missing} in its package: ",
                version=package.version,
                missing=" and no model ".join(sorted(missing)),
            )
            + install_command("ocr", everything=True)
        )
    return found


def _models_in(folder: Path, detector: Path) -> OcrFiles:
    """The models of a folder, with `detector` if the folder has no detection model."""
    where = message("[Readers.ocr] ModelDir {folder}", folder=printable(folder))
    if not folder.is_dir():
        raise OcrFilesError(message("{where} is no folder", where=where))
    found: dict[str, list[Path]] = {_DETECTOR: [], _RECOGNISER: []}
    for path in sorted(folder.glob("*.onnx")):
        if kind := _kind(path.name):
            found[kind].append(path)
    for kind, paths in found.items():
        if len(paths) > 1:
            names = " and ".join(printable(path.name) for path in paths)
            raise OcrFilesError(
                message(
                    "{where} has {names}: leave one model with {kind} in its name",
                    where=where,
                    names=names,
                    kind=kind,
                )
            )
    if not found[_RECOGNISER]:
        raise OcrFilesError(
            message("{where} has no model that reads: a file such as cyrillic_PP-OCRv5_rec.onnx", where=where)
        )
    recogniser = found[_RECOGNISER][0]
    detector = (found[_DETECTOR] or [detector])[0]
    _metadata_of(detector, _hash(detector))
    letters = None
    if "character" not in _metadata_of(recogniser, _hash(recogniser)):
        lists = sorted(folder.glob("*.txt"))
        if len(lists) != 1:
            raise OcrFilesError(
                message(
                    "{recogniser} does not say which letters it knows: "
                    "put the list of them that belongs to it beside it, as the only .txt file",
                    recogniser=printable(recogniser),
                )
            )
        letters = lists[0]
    return _files(detector, recogniser, letters)


@lru_cache(maxsize=8)
def _metadata_of(path: Path, digest: str) -> dict[str, Any]:
    """The metadata of a model. `digest` is its hash: a file that changed is opened again.

    Raises:
        OcrFilesError: it is not a model whose input is one image.
    """
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = 1, 4
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime has its own class for each kind of error
        reason = " ".join(printable(str(error)).split())[:200]
        raise OcrFilesError(
            message(
                "the model {path} is cut short or of another kind: {reason}", path=printable(path), reason=reason
            )
        ) from None
    inputs = session.get_inputs()
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        raise OcrFilesError(
            message("the model {path} is not a PP-OCR model: its input is not one image", path=printable(path))
        )
    return dict(session.get_modelmeta().custom_metadata_map)


def _kind(name: str) -> str | None:
    """`det`, `rec` or None: the kind of a model by the name of its file."""
    if not name.endswith(".onnx"):
        return None
    kind = re.search(f"(?<![a-z])({_DETECTOR}|{_RECOGNISER})(?![a-z])", name.lower())
    return kind[1] if kind else None


def _files(detector: Path, recogniser: Path, letters: Path | None) -> OcrFiles:
    used = [each for each in (detector, recogniser, letters) if each]
    identity = ", ".join(f"{printable(path.stem)} {_hash(path)[:8]}" for path in used)
    return OcrFiles(detector, recogniser, letters, identity)


def _hash(path: Path) -> str:
    status = path.stat()
    return _hash_of(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=16)
def _hash_of(path: Path, size: int, changed: int) -> str:
    return file_sha256(path)
