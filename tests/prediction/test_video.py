"""Frames of a video: their order, their time, and one error for a file that is not a video."""

import os
import socket
import threading
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from emotion.core.errors import UserError
from emotion.prediction.sources import Source
from emotion.prediction.video import expand_videos, read_camera, read_video
from tests.user_errors import user_error

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


@pytest.fixture
def server():
    """A port of this machine; the test fails if a client connects."""
    visits = []
    listening = socket.create_server(("127.0.0.1", 0))

    def accept():
        while True:
            try:
                visits.append(listening.accept())
            except OSError:
                return

    threading.Thread(target=accept, daemon=True).start()
    port = listening.getsockname()[1]
    yield SimpleNamespace(port=port, url=f"http://127.0.0.1:{port}")
    listening.shutdown(socket.SHUT_RDWR)
    listening.close()
    assert visits == []


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


@pytest.mark.parametrize("make", [lambda _: None, Path.touch, Path.mkdir, os.mkfifo])
def test_what_is_no_video_is_an_error_that_names_the_file(tmp_path, make):
    path = tmp_path / "clip.mp4"
    make(path)
    with user_error(file="clip.mp4"):
        list(read_video(path, None))
    [source] = expand_videos([Source.of(path)], None)
    assert isinstance(source.content, UserError)


def test_images_between_videos_stay_where_they_are(clip):
    sources = [Source.of("a.jpg"), Source.of(clip), Source.of("b.jpg")]
    found = [source.name for source in expand_videos(sources, 1)]
    assert found == ["a.jpg", str(clip), str(clip), "b.jpg"]


def test_a_camera_that_is_not_there_is_an_error_of_its_option():
    with user_error("63", key="--camera"):
        list(read_camera(63, None))


# The format of a file is that of its content, whatever its name, and no address is opened.
@pytest.mark.parametrize(
    "text",
    [
        "ffconcat version 1.0\nfile clip.mp4\n",
        "#EXTM3U\n#EXTINF:1,\nclip.mp4\n#EXT-X-ENDLIST\n",
        "#EXTM3U\n#EXTINF:1,\n{url}/a.ts\n#EXT-X-ENDLIST\n",
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video {port} RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "[playlist]\nFile1={url}/a.avi\n",
    ],
    ids=["concat", "local playlist", "playlist", "session", "list"],
)
@pytest.mark.parametrize("suffix", [".avi", ".mp4"])
def test_a_file_that_leads_to_others_is_no_video(clip, server, text, suffix):
    path = clip.with_name(f"x{suffix}")
    path.write_text(text.format(url=server.url, port=server.port))
    with user_error(file=path.name):
        list(read_video(path, None))


@pytest.mark.parametrize(
    "name", ["http:/127.0.0.1:{port}/x.avi", "file:clip.mp4", "concat:a|b.avi"]
)
def test_a_path_is_not_taken_for_an_address(clip, server, monkeypatch, name):
    monkeypatch.chdir(clip.parent)
    path = Path(name.format(port=server.port))
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("no video")
    with user_error(file=path.name):
        list(read_video(path, None))
    path.write_bytes(clip.read_bytes())
    assert len(list(read_video(path, None))) == FRAMES


def test_a_pattern_in_a_name_does_not_read_other_files(tmp_path):
    for number in range(3):
        cv2.imwrite(str(tmp_path / f"a{number}.png"), np.zeros((8, 8, 3), np.uint8))
        (tmp_path / f"a{number}.png").rename(tmp_path / f"a{number}.avi")
    for name in ("a0.avi", "a%d.avi"):
        with user_error(file=name):
            list(read_video(tmp_path / name, None))


def test_a_name_that_is_not_utf8_is_read(clip):
    path = Path(os.fsdecode(os.fsencode(clip.parent) + b"/b\xff.mp4"))
    clip.rename(path)
    assert len(list(read_video(path, None))) == FRAMES


def test_a_null_character_in_a_name_is_an_error():
    with user_error(r"a\x00.mp4"):
        list(read_video(Path("a\0.mp4"), None))


def write_clip(path, codec, frames=30):
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), RATE, (64, 48))
    assert writer.isOpened()
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), dtype=np.uint8)
    for frame in range(frames):
        writer.write(np.roll(noise, frame, axis=1))
    writer.release()


CLIPS = {"a.avi": "MJPG", "b.avi": "XVID", "a.mp4": "mp4v", "a.mov": "mp4v", "a.mkv": "mp4v"}
CLIPS |= {"a.webm": "VP80", "a.wmv": "WMV2"}


@pytest.mark.parametrize("name", CLIPS)
def test_a_whole_video_ends_without_an_error(tmp_path, name):
    write_clip(tmp_path / name, CLIPS[name])
    assert len(list(read_video(tmp_path / name, None))) == 30


def read_all(path):
    """Number of frames, and the error after them."""
    *frames, last = expand_videos([Source.of(path)], None)
    assert isinstance(last.content, UserError)
    assert not any(isinstance(frame.content, UserError) for frame in frames)
    return len(frames), str(last.content)


@pytest.mark.parametrize("name", ["a.avi", "b.avi", "a.mkv", "a.webm"])
@pytest.mark.parametrize("share", [0.6, 0.9])
def test_a_video_that_is_cut_gives_its_frames_and_says_that_it_ends_early(tmp_path, name, share):
    path = tmp_path / name
    write_clip(path, CLIPS[name])
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * share)])
    count, error = read_all(path)
    assert 0 < count < 30
    assert f"after {count} " in error
    assert name.endswith(("mkv", "webm")) or "of 30 " in error


def test_a_damaged_video_says_that_it_ends_early(tmp_path):
    path = tmp_path / "a.mp4"
    write_clip(path, "mp4v")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2] + bytes(3000) + data[len(data) // 2 + 3000 :])
    count, error = read_all(path)
    assert f"{count} of 30 " in error


@pytest.mark.parametrize("rate", [0, -1, float("nan"), float("inf"), True])
def test_a_rate_that_is_no_positive_number_is_an_error(clip, rate):
    for read in (read_video, read_camera):
        with user_error(key="frames_per_second"):
            list(read(clip, rate))
