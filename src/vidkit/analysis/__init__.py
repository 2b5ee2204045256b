"""Analyse a video file: metadata, scenes, clips, thumbnails, contact sheet."""

from vidkit.analysis.clips import ClipSettings, Segment, extract_scene_segment, make_clips, segment_video
from vidkit.analysis.encoders import choose_encoder
from vidkit.analysis.one_pass import Analysis, ClipOptions, SceneOptions, analyse_video
from vidkit.analysis.probe import AudioTrack, Metadata, extract_metadata
from vidkit.analysis.scenes import Scene, detect_scenes
from vidkit.analysis.sprites import Sprites
from vidkit.analysis.thumbnails import make_thumbnails

__all__ = [
    "Analysis",
    "AudioTrack",
    "ClipOptions",
    "ClipSettings",
    "Metadata",
    "Scene",
    "SceneOptions",
    "Segment",
    "Sprites",
    "analyse_video",
    "choose_encoder",
    "detect_scenes",
    "extract_metadata",
    "extract_scene_segment",
    "make_clips",
    "make_thumbnails",
    "segment_video",
]
