"""Arrays: what is in them is what is scanned, to the last bit."""

import gzip
import os
import pickle
import struct

import cv2
import numpy as np
import pytest

import auditor
from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.readers.virtual import encode_png
from auditor.scanning import scan_images

RNG = np.random.default_rng(5)
X = RNG.integers(0, 256, (6, 12, 10, 3), dtype=np.uint8)
Y = np.array([0, 1, 0, 1, 0, 1])


def decoded(data):
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    return picture[..., ::-1] if picture.ndim == 3 else picture


def saved(place, *, compressed, **arrays):
    (np.savez_compressed if compressed else np.savez)(place, **arrays)
    return place


@pytest.mark.parametrize("compressed", [False, True])
@pytest.mark.parametrize(
    "names",
    [
        ("x_train", "y_train", "x_test", "y_test"),
        ("train_images", "train_labels", "test_images", "test_labels"),
    ],
    ids=["keras", "medmnist"],
)
def test_npz_round_trip(tmp_path, compressed, names):
    file = saved(
        tmp_path / "d.npz",
        compressed=compressed,
        **dict(zip(names, (X, Y[:, None], X[:2, ..., 0], Y[:2]), strict=True)),
    )
    os.utime(file, (1e9, 1e9))  # what has only just been written is not trusted
    data = open_dataset(file)
    assert data.samples["split"].value_counts().to_dict() == {"train": 6, "test": 2}
    rows = data.samples.set_index("path")
    for i in range(6):
        path = f"train/{i:07d}.png"
        assert (decoded(data.source.read(path)) == X[i]).all()
        assert rows.loc[path, "label"] == str(Y[i])
    copy = pickle.loads(pickle.dumps(data.source))
    assert (decoded(copy.read("test/0000001.png")) == X[1, ..., 0]).all()
    assert [scan_images(data, store=tmp_path / "store").read for _ in range(2)] == [8, 0]


def test_an_uncompressed_npz_is_mapped_where_it_is(tmp_path):
    file = saved(tmp_path / "d.npz", compressed=False, x_train=X, y_train=Y)
    assert open_dataset(file).source.arrays["train"].file == str(file)


@pytest.mark.parametrize(
    ("arrays", "words"),
    [({"weights": X}, "weights"), ({"x": X, "y": Y[:3]}, "6 labels"), ({"x": X.reshape(6, -1)}, "rows of numbers"),
     ({"x": np.array([{}], dtype=object)}, "cannot be read")],
)  # fmt: skip
def test_unusable_npz_is_refused(tmp_path, arrays, words):
    with pytest.raises(DataError, match=words):
        open_dataset(saved(tmp_path / "d.npz", compressed=False, **arrays))


@pytest.mark.parametrize("cut", [0, 10, 500])
def test_a_broken_npz_is_one_line(tmp_path, cut):
    file = saved(tmp_path / "d.npz", compressed=False, x=X, y=Y)
    file.write_bytes(file.read_bytes()[:cut])
    with pytest.raises(DataError, match="cannot be read"):
        open_dataset(file)


def test_pairs_in_memory():
    one_hot = np.eye(3)[[2, 0, 1, 1, 0, 2]]
    data = auditor.open({"train": (X, one_hot), "test": (X[:2], None)})
    assert data.samples["label"].tolist() == ["", "", "2", "0", "1", "1", "0", "2"]
    assert auditor.open((X, Y)).samples["split"].unique().tolist() == [""]
    assert scan_images(data).images["status"].eq("ok").all()
    with pytest.raises(DataError, match="pair"):
        auditor.open((X, Y, Y))
    with pytest.raises(DataError, match="type set"):
        auditor.open({1})


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.array([[0, 65535], [1, 4096]], np.uint16), [[0, 65535], [1, 4096]]),
        (np.array([[True, False]]), [[255, 0]]),
        (np.array([[0.0, 0.5, 1.0]]), [[0, 32768, 65535]]),
        (np.array([[0.0, 254.6]]), [[0, 255]]),
        (np.array([[0, 300]], np.int64), [[0, 300]]),
        (np.array([[7, 9]], np.int32)[..., None], [[7, 9]]),
    ],
)
def test_numbers_are_kept_or_spread(array, expected):
    assert decoded(encode_png(array)).tolist() == expected


def test_channels_first_is_turned():
    assert (decoded(encode_png(np.moveaxis(X[0], 2, 0))) == X[0]).all()


@pytest.mark.parametrize(
    "array",
    [
        np.full((3, 3), np.nan),
        np.full((3, 3), -1),
        np.zeros((3, 3), complex),
        np.zeros((0, 3)),
        np.zeros((5, 3, 9)),
        np.zeros(4),
    ],
)
def test_what_is_no_picture_is_a_row_with_its_reason(array):
    with pytest.raises(OSError, match=r"array|floats|whole numbers"):
        encode_png(array)
    if array.ndim > 1 and 0 not in array.shape:
        images = scan_images(auditor.open((np.stack([array, array]), [0, 1]))).images
        assert (
            images["status"].eq("unreadable").all()
            and images["reason"].str.startswith("cannot be read: ").all()
        )


def idx(array):
    return (
        struct.pack(">HBB", 0, 8, array.ndim) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()
    )


@pytest.mark.parametrize("packed", [False, True])
def test_idx_round_trip(tmp_path, packed):
    for part, n in (("train", 6), ("t10k", 2)):
        for what, array in (("images-idx3", X[:n, ..., 0]), ("labels-idx1", Y[:n].astype(np.uint8))):
            content = idx(np.ascontiguousarray(array))
            name = f"{part}-{what}-ubyte" + (".gz" if packed else "")
            (tmp_path / name).write_bytes(gzip.compress(content) if packed else content)
    data = open_dataset(tmp_path)
    assert (data.kind, data.samples["split"].value_counts().to_dict()) == ("idx", {"train": 6, "test": 2})
    assert (decoded(data.source.read("test/0000001.png")) == X[1, ..., 0]).all()
    assert data.samples["label"].tolist() == [str(v) for v in (*Y[:2], *Y)]


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x03", idx(X[..., 0])[:-5], b"PNG" * 20])
def test_a_broken_idx_is_one_line(tmp_path, content):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        open_dataset(tmp_path)


def test_bytes_as_labels():
    assert set(auditor.open((X, np.array([b"cat"] * 3 + [b"dog"] * 3))).samples["label"]) == {"cat", "dog"}
