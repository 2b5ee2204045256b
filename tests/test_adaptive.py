from __future__ import annotations

import json
import subprocess
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from vidkit.analysis.adaptive import find_boundaries
from vidkit.analysis.similarity import FRAME_BYTES, FRAME_SIZE, PIXEL_FORMAT
from vidkit.ffmpeg import find_tool

WIDTH, HEIGHT = FRAME_SIZE
Film = np.ndarray  # frames x FRAME_BYTES, float


def shot(seed: int, length: int, pan: float = 0.0, hand: bool = False) -> Film:
    """A picture of soft patches with a little noise, that pans by so many pixels a frame, or has a thing waving."""
    random = np.random.default_rng(seed)
    across = WIDTH + int(abs(pan) * length) + 2
    patches = random.uniform(30, 220, (3, HEIGHT // 4 + 2, across // 4 + 2))
    wide = np.repeat(np.repeat(patches, 4, axis=1), 4, axis=2)
    wide = (wide[:, :-1, :-1] + wide[:, 1:, :-1] + wide[:, :-1, 1:] + wide[:, 1:, 1:]) / 4
    frames = []
    for number in range(length):
        left = pan * number
        whole, part = int(left), left - int(left)
        planes = (1 - part) * wide[:, :HEIGHT, whole : whole + WIDTH]
        planes = planes + part * wide[:, :HEIGHT, whole + 1 : whole + 1 + WIDTH]
        if hand:
            x = 20 + int(14 * np.sin(number / 3))
            planes[0, 8:18, x : x + 8] = 240
        chroma = planes[1:, ::2, ::2] / 2 + 64
        frames.append(np.concatenate([planes[0].ravel(), chroma.ravel()]))
    return np.array(frames).reshape(length, FRAME_BYTES) + random.normal(0, 1, (length, FRAME_BYTES))


def mixed(old: Film, new: Film, length: int) -> Film:
    """Two shots, the end of one dissolved into the start of the other."""
    share = ((np.arange(length) + 0.5) / length)[:, None]
    return np.concatenate([old[:-length], old[-length:] * (1 - share) + new[:length] * share, new[length:]])


def black(length: int) -> Film:
    luma, chroma = np.full((length, WIDTH * HEIGHT), 16.0), np.full((length, WIDTH * HEIGHT // 2), 128.0)
    return np.concatenate([luma, chroma], axis=1)


def blocks(film: Film, size: int = 100) -> Iterator[np.ndarray]:
    frames = np.clip(film.round(), 0, 255).astype(np.uint8)
    return (frames[start : start + size] for start in range(0, len(frames), size))


def places(film: Film, threshold: float = 0.3, fps: float = 25.0) -> list[int]:
    return [boundary.frame for boundary in find_boundaries(blocks(film), threshold, fps)]


@pytest.mark.parametrize("fps", [10.0, 25.0, 60.0])
def test_a_cut_is_found_at_the_first_frame_of_the_new_scene(fps: float) -> None:
    film = np.concatenate([shot(1, 150), shot(2, 131), shot(3, 140)])
    assert places(film, fps=fps) == [150, 281]


def test_a_cut_between_scenes_with_motion_is_found_and_the_motion_is_no_cut() -> None:
    film = np.concatenate([shot(1, 80, pan=0.7), shot(2, 80, hand=True), shot(3, 80, pan=1.5)])
    assert places(film) == [80, 160]


def cloth(seed: int, length: int, pan: int, dark: float, light: float) -> Film:
    """A pattern of two tones, as fine as a tiny frame shows it, that runs by so fast that every cell changes."""
    random = np.random.default_rng(seed)
    wide = np.where(random.random((HEIGHT // 2, (WIDTH + pan * length) // 2)) < 0.5, dark, light)
    wide = wide.repeat(2, axis=0).repeat(2, axis=1)
    luma = np.stack([wide[:, pan * n : pan * n + WIDTH].ravel() for n in range(length)])
    return np.concatenate([luma, np.full((length, WIDTH * HEIGHT // 2), 128.0)], axis=1)


def test_a_cut_between_patterns_that_run_by_is_found_by_their_tones() -> None:
    film = np.concatenate([cloth(1, 60, 2, 40, 120), cloth(2, 60, 2, 70, 200), shot(3, 60)])
    assert places(film) == [60, 120]


def test_a_jump_cut_that_leaves_the_background_is_found() -> None:
    film = np.concatenate([shot(1, 60, hand=True), shot(1, 60, hand=True)])
    film[60:, : WIDTH * HEIGHT] = np.where(
        np.arange(WIDTH * HEIGHT) % WIDTH < 20, 235 - film[60:, : WIDTH * HEIGHT], film[60:, : WIDTH * HEIGHT]
    )
    assert places(film) == [60]


def test_a_cut_to_the_same_shapes_in_other_colours_is_found() -> None:
    one, other = shot(1, 60), shot(2, 60)
    other[:, : WIDTH * HEIGHT] = one[:, : WIDTH * HEIGHT]
    assert places(np.concatenate([one, other])) == [60]


def test_a_little_more_or_another_tint_of_colour_is_no_boundary() -> None:
    film = shot(1, 120)
    film[60:, WIDTH * HEIGHT :] = (film[60:, WIDTH * HEIGHT :] - 128) * 1.3 + 131
    assert places(film) == []


@pytest.mark.parametrize("length", [1, 2, 3])
def test_a_flash_is_no_boundary(length: int) -> None:
    film = shot(1, 120, hand=True)
    film[60 : 60 + length] += 130
    assert places(film) == []


def test_a_flash_just_before_a_cut_does_not_hide_it() -> None:
    film = np.concatenate([shot(1, 80, hand=True), shot(2, 80)])
    film[74:76, : WIDTH * HEIGHT] = 235
    assert places(film) == [80]


def test_another_image_for_a_few_frames_is_no_scene() -> None:
    film = shot(1, 120)
    film[60:63] = shot(2, 3)
    assert places(film) == []


@pytest.mark.parametrize("length", [8, 12, 25, 50])
def test_a_dissolve_is_one_boundary_at_its_middle(length: int) -> None:
    [place] = places(mixed(shot(1, 120, hand=True), shot(2, 120), length))
    assert abs(place - (120 - length / 2)) <= 1 + length / 8


def test_a_fade_to_black_and_out_of_it_is_one_boundary_at_its_middle() -> None:
    for hold in (0, 5, 10, 20):
        film = mixed(mixed(shot(1, 100), black(12 + hold + 12), 12), shot(2, 100), 12)
        [place] = places(film)
        assert abs(place - (100 + hold / 2)) <= 2


def test_a_long_time_of_black_is_a_scene_of_its_own() -> None:
    film = mixed(mixed(shot(1, 100), black(100), 12), shot(2, 100), 12)
    found = places(film)
    assert len(found) == 2
    assert abs(found[0] - 94) <= 3
    assert abs(found[1] - 182) <= 3


def test_a_change_of_light_is_no_boundary() -> None:
    for ramp in (1, 10, 30):
        film = shot(1, 150)
        film[:, : WIDTH * HEIGHT] *= np.interp(np.arange(150), [70, 70 + ramp], [1, 0.6])[:, None]
        assert places(film) == []


def test_a_camera_that_is_bumped_is_no_boundary() -> None:
    y, x = np.mgrid[:HEIGHT, :WIDTH]
    random = np.random.default_rng(4)

    def view(shift: float) -> Film:
        """Waves, from a camera that has moved by so many pixels."""
        luma = 128 + 40 * np.sin((x + shift) / 4) + 40 * np.sin((x + shift) / 7 + y / 3)
        return np.concatenate([luma.ravel(), np.full(WIDTH * HEIGHT // 2, 128.0)])

    for bump in (0.5, 1.0, 1.5, 3.0, 3.5):
        film = np.concatenate([np.repeat(view(0)[None], 60, axis=0), np.repeat(view(bump)[None], 60, axis=0)])
        assert places(film + random.normal(0, 1, film.shape)) == []


@pytest.mark.parametrize("hand", [False, True])
def test_a_still_frame_that_an_encoder_refreshes_at_each_keyframe_has_no_boundary(hand: bool) -> None:
    film, random = shot(1, 240, hand=hand), np.random.default_rng(2)
    for start in range(0, 240, 12):
        planes = film[start : start + 12, : WIDTH * HEIGHT]
        planes += random.normal(0, 6, (HEIGHT // 4, WIDTH // 4)).repeat(4, axis=0).repeat(4, axis=1).ravel()
    assert places(film) == []


@pytest.mark.parametrize("width", [8, 16, 24, 30])
@pytest.mark.parametrize("speed", [1, 2, 4, 6, 8, 12])
def test_an_object_that_enters_a_still_frame_is_no_boundary(width: int, speed: int) -> None:
    film, thing = np.repeat(shot(1, 1), 140, axis=0), shot(2, 1)[0, : WIDTH * HEIGHT].reshape(HEIGHT, WIDTH)
    for number, picture in enumerate(film[40:, : WIDTH * HEIGHT].reshape(-1, HEIGHT, WIDTH), 1):
        left = min(speed * number - width, WIDTH - width - 6)
        picture[:, max(0, left) : max(0, left + width)] = thing[:, max(0, -left) : width]
    assert places(film) == []


def test_a_caption_that_comes_and_goes_is_no_boundary() -> None:
    film = shot(1, 180)
    film[60:120, : WIDTH * HEIGHT].reshape(-1, HEIGHT, WIDTH)[:, 20:26, 4:44] = 16
    assert places(film) == []


def test_a_cut_between_dark_scenes_is_found() -> None:
    film = np.concatenate([shot(1, 80, hand=True), shot(2, 80)])
    film[:, : WIDTH * HEIGHT] = 16 + film[:, : WIDTH * HEIGHT] / 6
    film[:, WIDTH * HEIGHT :] = 128 + (film[:, WIDTH * HEIGHT :] - 128) / 6
    assert places(film) == [80]


def test_a_slow_pan_is_no_dissolve() -> None:
    for pan in (0.05, 0.1, 0.2, 0.5, 1.0):
        assert places(shot(3, 250, pan=pan), threshold=0.2) == []
    assert places(shot(3, 250, pan=0.05), threshold=0.1) == []


def test_a_still_video_of_noise_has_no_boundary() -> None:
    assert places(np.random.default_rng(1).uniform(0, 255, (300, FRAME_BYTES))) == []


def test_a_lower_threshold_finds_more_and_every_score_is_over_it() -> None:
    weak = shot(1, 60)
    film = np.concatenate([weak, shot(2, 60) * 0.1 + weak * 0.9, shot(3, 60)])
    counts = []
    for threshold in (0.05, 0.3, 0.6, 0.95, 1.0):
        found = find_boundaries(blocks(film), threshold)
        assert all(threshold < boundary.score <= 1 for boundary in found)
        counts.append(len(found))
    assert counts == sorted(counts, reverse=True)
    assert counts[0] >= 2
    assert counts[-1] == 0


def test_how_the_frames_are_cut_into_blocks_does_not_matter() -> None:
    film = mixed(np.concatenate([shot(1, 130, hand=True), shot(2, 150)]), shot(3, 400, pan=0.05), 12)
    results = [find_boundaries(blocks(film, size)) for size in (1, 7, 128, 1000)]
    assert results[0][0].frame == 130
    assert len(results[0]) == 2
    assert all(result == results[0] for result in results)


@pytest.mark.parametrize("length", [0, 1, 2, 5])
def test_a_video_of_hardly_any_frames_has_no_boundary(length: int) -> None:
    assert places(shot(1, length)) == []


@pytest.mark.parametrize("fps", [0.0, 0.2, 1000.0, 90000.0])
def test_an_impossible_frame_rate_does_no_harm(fps: float) -> None:
    assert isinstance(places(np.concatenate([shot(1, 20), shot(2, 20)]), fps=fps), list)


def test_memory_does_not_grow_with_the_length() -> None:
    frames = next(blocks(shot(1, 250, hand=True), 250))

    def peak(repeats: int) -> int:
        tracemalloc.start()
        find_boundaries(frames for _ in range(repeats))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return peak

    short = peak(8)
    assert peak(80) < 1.2 * short
    assert short < 30e6


def decoded(video: Path) -> np.ndarray:
    """A video as the tiny frames in which boundaries are looked for."""
    command = [find_tool("ffmpeg"), "-v", "error", "-nostdin"]
    command += ["-i", video, "-vf", f"scale={WIDTH}:{HEIGHT}:flags=area"]
    command += ["-pix_fmt", PIXEL_FORMAT, "-f", "rawvideo", "pipe:1"]
    output = subprocess.run([str(word) for word in command], check=True, capture_output=True).stdout
    return np.frombuffer(output, np.uint8).reshape(-1, FRAME_BYTES)


@pytest.mark.parametrize("film", ["bottles", "green_screen"])
def test_a_still_camera_makes_one_scene(media: Path, film: str) -> None:
    assert find_boundaries([decoded(media / "static" / f"{film}.mp4")], fps=30.0) == []


@pytest.mark.parametrize("film", ["milk", "walk"])
def test_a_badly_encoded_scene_is_one_scene(media: Path, tmp_path: Path, film: str) -> None:
    coded = tmp_path / "coded.mp4"
    command = [find_tool("ffmpeg"), "-v", "error", "-i", media / "gestures" / f"{film}.mkv", "-c:v", "libx264"]
    command += ["-preset", "veryfast", "-crf", 40, "-g", 12, "-sc_threshold", 0, "-vf", "scale=480:-2", coded]
    subprocess.run([str(word) for word in command], check=True, capture_output=True)
    assert find_boundaries([decoded(coded)], fps=30.0) == []


@pytest.mark.parametrize("film", ["tune_a", "tune_b"])
def test_the_scenes_of_videos_with_exact_ground_truth_are_found(media: Path, film: str) -> None:
    truth = json.loads((media / "cuts" / f"{film}.json").read_text())
    frames = decoded(media / "cuts" / f"{film}.mp4")
    found = {boundary.frame for boundary in find_boundaries([frames], fps=truth["fps"])}
    hits = len(found & set(truth["cuts"]))
    hits += sum(any(abs(place - (start + end + 1) / 2) <= 3 for place in found) for start, end in truth["gradual"])
    wanted = len(truth["cuts"]) + len(truth["gradual"])
    assert 2 * hits / (len(found) + wanted) >= 0.95
