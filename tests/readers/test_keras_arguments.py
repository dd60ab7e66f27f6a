"""The arguments of image_dataset_from_directory mean what they mean to Keras."""

from pathlib import Path

import pytest

from auditor.errors import DataError, UsageError
from auditor.readers import open_dataset
from tests.scanning.making import dataset, png

FILES = {f"{label}/{i}.png": png(8, 8, i) for label in "abc" for i in range(7)} | {
    "c/deep/x.jpg": png(8, 8, 9),
    "a/y.webp": b"",
    "n.txt": b"",
}


@pytest.mark.slow
@pytest.mark.parametrize("subset", ["training", "validation"])
@pytest.mark.parametrize(
    "more", [{}, {"class_names": ["c", "a"]}, {"shuffle": False}, {"labels": None, "label_mode": None}]
)
def test_it_is_the_split_that_keras_makes(tmp_path, subset, more):
    keras = pytest.importorskip("keras")
    dataset(tmp_path, FILES)
    arguments = {
        "directory": str(tmp_path),
        "validation_split": 0.3,
        "subset": subset,
        "seed": 5,
        "image_size": (8, 8),
        **more,
    }
    theirs = keras.utils.image_dataset_from_directory(**arguments, verbose=False)
    ours = open_dataset(arguments)
    assert (
        sorted(Path(p).relative_to(tmp_path).as_posix() for p in theirs.file_paths)
        == ours.samples["path"].tolist()
    )
    assert set(ours.samples["split"]) == {"train" if subset == "training" else "val"}
    if more.get("labels", "") is not None:
        assert all(
            path.startswith(label + "/")
            for path, label in zip(ours.samples["path"], ours.samples["label"], strict=True)
        )


def test_both_parts_at_once(tmp_path):
    dataset(tmp_path, FILES)
    data = open_dataset({"directory": tmp_path, "validation_split": 0.25, "subset": "both", "seed": 1})
    assert data.samples["split"].value_counts().to_dict() == {"train": 17, "val": 5}
    assert data.ignored == ("a/y.webp", "n.txt")
    assert data.classes == ("a", "b", "c")


def test_labels_may_be_listed(tmp_path):
    dataset(tmp_path, FILES)
    data = open_dataset({"directory": tmp_path, "labels": list(range(22))})
    assert data.samples["label"].tolist() == [str(i) for i in range(22)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"batchsize": 3}, {"labels": "guess"}, {"validation_split": 0.2}, {"validation_split": 2, "subset": "both"}, {"class_names": ["z"]},
        {"validation_split": 0.2, "subset": "both"}, {"subset": "test", "validation_split": 0.2}, {"labels": [1, 2]},
    ],
)  # fmt: skip
def test_what_keras_refuses_is_refused(tmp_path, wrong):
    dataset(tmp_path, FILES)
    with pytest.raises(UsageError):
        open_dataset({"directory": tmp_path, **wrong})
    with pytest.raises(DataError):
        open_dataset({"directory": tmp_path / "nowhere"})
