"""What is not understood is named, with what it may have been meant to be."""

import pytest

from auditor.errors import DataError
from auditor.readers import open_dataset


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("a.npy", "np.savez"), ("a.pkl", "never loaded"), ("a.json", "looks like COCO, but"), ("a.cvs", "did you mean '.csv'"),
        ("a.rar", "zip"), ("a.jpg", "one image"), ("a.xyz", "name the folder"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_understood(tmp_path, name, words):
    (tmp_path / name).write_bytes(b"{}")
    with pytest.raises(DataError) as caught:
        open_dataset(tmp_path / name)
    assert words in caught.value.hint
    assert "COCO" in caught.value.expected and "WebDataset" in caught.value.expected


@pytest.mark.parametrize(
    ("name", "words"),
    [("t.csv", "name the table itself"), ("a/b/c.xml", "Pascal VOC"), ("x.json", "looks like COCO, but")],
)
def test_a_folder_without_images(tmp_path, name, words):
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("{}")
    with pytest.raises(DataError, match="no image") as caught:
        open_dataset(tmp_path)
    assert words in caught.value.hint


def test_a_name_that_is_nearly_right(tmp_path):
    (tmp_path / "flowers").mkdir()
    with pytest.raises(DataError, match=r"did you mean .*flowers'"):
        open_dataset(tmp_path / "flower")
    with pytest.raises(DataError, match="check the path"):
        open_dataset(tmp_path / "nowhere" / "x")
