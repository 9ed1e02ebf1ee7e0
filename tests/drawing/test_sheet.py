import subprocess
import sys

from PIL import Image

from emotion.drawing.sheet import contact_sheet


def test_the_sheet_has_a_row_a_class_and_a_column_a_person():
    sheet = contact_sheet(people=2, size=48, labels=("happy", "contempt", "disgust"))
    assert sheet.height == 3 * (48 + 4) + 4
    assert sheet.width > 2 * (48 + 4)


def test_python_m_emotion_drawing_writes_the_image_of_the_readme(tmp_path):
    path = tmp_path / "docs" / "faces.png"
    subprocess.run([sys.executable, "-m", "emotion.drawing", str(path)], check=True)
    with Image.open(path) as sheet:
        assert sheet.format == "PNG"
    assert path.stat().st_size < 500_000
