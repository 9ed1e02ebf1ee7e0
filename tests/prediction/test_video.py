"""Frames of a video: their order, their time, and one error for a file that is none."""

import os

import cv2
import numpy as np
import pytest

from emotion.core.errors import UserError
from emotion.prediction.sources import Source
from emotion.prediction.video import expand_videos, read_camera, read_video

RATE, FRAMES = 10, 20


@pytest.fixture
def clip(tmp_path):
    """Two seconds that become brighter."""
    path = tmp_path / "clip.mp4"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), RATE, (64, 48))
    for frame in range(FRAMES):
        writer.write(np.full((48, 64, 3), (frame * 12, 0, 0), np.uint8))  # BGR: blue
    writer.release()
    return path


def test_all_frames_come_in_order_with_their_time(clip):
    frames = list(read_video(clip, None))
    assert [frame.time for frame in frames] == [i / RATE for i in range(FRAMES)]
    assert {frame.name for frame in frames} == {str(clip)}
    blue = [frame.content[..., 2].mean() for frame in frames]
    assert blue == sorted(blue)
    assert all(frame.content.shape == (48, 64, 3) for frame in frames)
    assert frames[-1].content[..., 0].mean() < 30  # RGB, not BGR


@pytest.mark.parametrize(("rate", "times"), [(1, [0, 1]), (2, [0, 0.5, 1, 1.5]), (0.4, [0])])
def test_fewer_frames_per_second_are_evenly_spaced(clip, rate, times):
    assert [frame.time for frame in read_video(clip, rate)] == times
    assert len(list(read_video(clip, 1000))) == FRAMES


@pytest.mark.parametrize("kind", ["missing", "text", "empty", "folder", "pipe"])
def test_what_is_no_video_is_one_sentence(tmp_path, kind):
    path = tmp_path / "clip.mp4"
    if kind == "text":
        path.write_text("not a video")
    elif kind == "empty":
        path.touch()
    elif kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(UserError, match=r"clip\.mp4"):
        list(read_video(path, None))
    [source] = expand_videos([Source.of(path)], None)
    assert isinstance(source.content, UserError)


def test_images_between_videos_stay_where_they_are(clip):
    sources = [Source.of("a.jpg"), Source.of(clip), Source.of("b.jpg")]
    found = [source.name for source in expand_videos(sources, 1)]
    assert found == ["a.jpg", str(clip), str(clip), "b.jpg"]


def test_a_camera_that_is_not_there_is_one_sentence():
    with pytest.raises(UserError, match="camera 63 "):
        list(read_camera(63, None))
