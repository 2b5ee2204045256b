"""vidkit: turn video URLs into a described, tagged, searchable library and labelled datasets.

The functions below are imported on first use, so `import vidkit` and `vidkit --help` are fast.
"""

from __future__ import annotations

from vidkit._version import __version__ as __version__

TYPE_CHECKING = False
if TYPE_CHECKING:
    from vidkit.analysis import (
        detect_scenes,
        extract_metadata,
        extract_scene_segment,
        make_thumbnails,
        segment_video,
    )
    from vidkit.batch.prepare import csv_to_json
    from vidkit.core import ensure_directory, load_config, load_priority_keywords, setup_logging
    from vidkit.download import download_video, extract_video_url_from_html, is_video_url
    from vidkit.errors import VidkitError
    from vidkit.export import export_dataset, export_to_json
    from vidkit.infer import run_inference_on_videos
    from vidkit.library import connect_to_mongodb, get_mongodb_collection, open_library
    from vidkit.qwen_model import QwenVLModel, process_with_qwen_vl, query_qwen_vl_chat
    from vidkit.rows import read_video_metadata_from_csv
    from vidkit.tagging import apply_custom_rules, apply_tags, classify_video, load_custom_tags
    from vidkit.workflow import process_video_pipeline

_PLACES = {
    "analysis": (
        "detect_scenes",
        "extract_metadata",
        "extract_scene_segment",
        "make_thumbnails",
        "segment_video",
    ),
    "core": ("ensure_directory", "load_config", "load_priority_keywords", "setup_logging"),
    "download": ("download_video", "extract_video_url_from_html", "is_video_url"),
    "errors": ("VidkitError",),
    "export": ("export_dataset", "export_to_json"),
    "library": ("connect_to_mongodb", "get_mongodb_collection", "open_library"),
    "infer": ("run_inference_on_videos",),
    "batch.prepare": ("csv_to_json",),
    "qwen_model": ("QwenVLModel", "process_with_qwen_vl", "query_qwen_vl_chat"),
    "rows": ("read_video_metadata_from_csv",),
    "tagging": ("apply_custom_rules", "apply_tags", "classify_video", "load_custom_tags"),
    "workflow": ("process_video_pipeline",),
}
_MODULE_OF = {name: module for module, names in _PLACES.items() for name in names}

__all__ = [
    "QwenVLModel",
    "VidkitError",
    "apply_custom_rules",
    "apply_tags",
    "classify_video",
    "connect_to_mongodb",
    "csv_to_json",
    "detect_scenes",
    "download_video",
    "ensure_directory",
    "export_dataset",
    "export_to_json",
    "extract_metadata",
    "extract_scene_segment",
    "extract_video_url_from_html",
    "get_mongodb_collection",
    "is_video_url",
    "load_config",
    "load_custom_tags",
    "load_priority_keywords",
    "make_thumbnails",
    "open_library",
    "process_video_pipeline",
    "process_with_qwen_vl",
    "query_qwen_vl_chat",
    "read_video_metadata_from_csv",
    "run_inference_on_videos",
    "segment_video",
    "setup_logging",
]


def __getattr__(name: str) -> object:
    if name in _MODULE_OF:
        from importlib import import_module

        return getattr(import_module(f"vidkit.{_MODULE_OF[name]}"), name)
    raise AttributeError(f"module 'vidkit' has no attribute {name!r}")
