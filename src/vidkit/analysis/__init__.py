"""What is in a video file: its metadata, its scenes, its clips, its thumbnails."""

from vidkit.analysis.clips import Segment, extract_scene_segment, segment_video
from vidkit.analysis.probe import AudioTrack, Metadata, extract_metadata
from vidkit.analysis.scenes import Scene, detect_scenes
from vidkit.analysis.thumbnails import make_thumbnails

__all__ = [
    "AudioTrack",
    "Metadata",
    "Scene",
    "Segment",
    "detect_scenes",
    "extract_metadata",
    "extract_scene_segment",
    "make_thumbnails",
    "segment_video",
]
