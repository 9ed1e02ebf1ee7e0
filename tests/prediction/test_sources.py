"""The arguments of a command as images: files, folders and patterns."""

import pytest

from emotion.prediction.sources import list_sources


def names(*arguments):
    return [source.name for source in list_sources(map(str, arguments))]


def test_folders_give_their_images_sorted_and_files_are_taken_as_given(faces):
    expected = ["notes.txt", "deep/blue.PNG", "green.png", "red.jpg"]
    assert names(faces / "notes.txt", faces) == [str(faces / name) for name in expected]


def test_missing_paths_and_empty_folders_are_kept_to_be_reported(tmp_path):
    (tmp_path / "empty").mkdir()
    paths = [str(tmp_path / "gone.png"), str(tmp_path / "empty"), str(tmp_path / "*.png")]
    assert names(*paths) == paths


def test_hidden_files_and_folders_named_like_images_are_ignored(faces):
    (faces / "._red.jpg").write_bytes(b"made by macOS")
    (faces / "folder.png").mkdir()
    found = names(faces)
    assert len(found) == 3
    assert not {str(faces / "._red.jpg"), str(faces / "folder.png")} & set(found)


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.png", ["green.png"]),
        ("**/*.PNG", ["deep/blue.PNG"]),
        ("[gr]*.*g", ["green.png", "red.jpg"]),
        ("d*", ["deep/blue.PNG"]),  # a folder, so its images
    ],
)
def test_patterns_give_what_they_match_sorted(faces, pattern, expected):
    assert names(faces / pattern) == [str(faces / name) for name in expected]


def test_a_pattern_gives_each_file_once(faces):
    (faces / "empty").mkdir()
    (faces / "deep" / "again").symlink_to(faces / "deep")
    (faces / "link.png").symlink_to(faces / "green.png")  # another row, as in a folder
    expected = ["deep/blue.PNG", "green.png", "link.png", "notes.txt", "red.jpg"]
    assert names(faces / "**" / "*") == [str(faces / name) for name in expected]


def test_a_file_whose_name_is_a_pattern_is_that_file(faces):
    (faces / "red.jpg").rename(faces / "[ab]*.jpg")
    assert names(faces / "[ab]*.jpg") == [str(faces / "[ab]*.jpg")]


def test_videos_are_recognized_by_their_suffix():
    sources = list(list_sources(["a.mp4", "b.MOV", "c.jpg", "-"]))
    assert [source.is_video for source in sources] == [True, True, False, False]
