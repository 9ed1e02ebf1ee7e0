"""Which files the arguments of a command mean."""

from emotion.prediction.sources import list_images


def test_folders_give_their_images_sorted_and_files_are_taken_as_given(faces):
    found = list_images([faces / "notes.txt", faces])
    expected = ["notes.txt", "deep/blue.PNG", "green.png", "red.jpg"]
    assert list(found) == [faces / name for name in expected]


def test_missing_paths_and_empty_folders_are_kept_to_be_reported(tmp_path):
    (tmp_path / "empty").mkdir()
    paths = [tmp_path / "gone.png", tmp_path / "empty"]
    assert list(list_images(paths)) == paths


def test_hidden_files_and_folders_named_like_images_are_ignored(faces):
    (faces / "._red.jpg").write_bytes(b"made by macOS")
    (faces / "folder.png").mkdir()
    found = list(list_images([faces]))
    assert len(found) == 3
    assert not {faces / "._red.jpg", faces / "folder.png"} & set(found)
