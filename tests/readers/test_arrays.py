"""Arrays: what is in them is what is scanned, to the last bit."""

import gzip
import os
import pickle
import struct
import subprocess
import sys
import zipfile

import cv2
import numpy as np
import pytest

import auditor
from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.readers.arrays import ArrayPictures, Stretch
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


def test_an_uncompressed_npz_stays_where_it_is(tmp_path):
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


def idx_set(folder, name, sizes=(("train", 6), ("test", 2)), packed=False):
    for part, n in sizes:
        for what, array in (("images-idx3", X[:n, ..., 0]), ("labels-idx1", Y[:n].astype(np.uint8))):
            content = idx(np.ascontiguousarray(array))
            ending = ".gz" if packed else ""
            (folder / f"{name}{part}-{what}-ubyte{ending}").write_bytes(
                gzip.compress(content) if packed else content
            )


@pytest.mark.parametrize(
    "names",
    [
        ("emnist-letters-", "emnist-digits-"),
        ("", "fashion-"),
        ("a_", "b_"),
        ("emnist-letters-", "emnist-digits-", "k-"),
    ],
)
def test_several_idx_sets_in_a_folder_are_refused_by_name_and_each_is_read_by_a_file_of_it(tmp_path, names):
    for name in names:
        idx_set(tmp_path, name)
    with pytest.raises(DataError) as refused:
        open_dataset(tmp_path)
    for name in names:
        assert f"'{name[:-1]}'" in refused.value.received
        data = open_dataset(tmp_path / f"{name}train-images-idx3-ubyte")
        assert (len(data), set(data.samples["split"])) == (8, {"train", "test"})
        assert len(data.ignored) == 4 * (len(names) - 1)


def test_an_idx_file_that_lies_there_gzipped_too_is_read_once_and_said(tmp_path):
    idx_set(tmp_path, "")
    idx_set(tmp_path, "", packed=True)
    data = open_dataset(tmp_path)
    assert len(data) == 8 and len(data.ignored) == 4 and all(f.endswith(".gz") for f in data.ignored)
    assert dict(data.reading.splits_from)["test"] == "test-images-idx3-ubyte"


def test_several_classes_per_picture_as_columns_of_zeros_and_ones(tmp_path):
    labels = np.array([[0, 1, 1], [0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1], [0, 0, 1]], np.uint8)
    for kind in (np.uint8, np.int64, bool):
        file = saved(
            tmp_path / "chest.npz", compressed=True, train_images=X, train_labels=labels.astype(kind)
        )
        data = open_dataset(file)
        assert data.samples["label"].tolist() == ["1 ∧ 2", "", "0", "1", "0 ∧ 1 ∧ 2", "2"]
        assert "1 of 6 have none" in data.reading.notes[0]


def test_labels_that_fit_no_reading_are_refused(tmp_path):
    for labels in (
        np.full((6, 3), 2),
        np.zeros((6, 3)),
        np.zeros((5, 3), np.uint8),
        np.zeros((6, 2, 2), np.uint8),
    ):
        with pytest.raises(DataError, match="6 labels"):
            open_dataset(saved(tmp_path / "x.npz", compressed=False, x=X, y=labels))


def test_arrays_larger_than_a_worker_may_map_are_read(tmp_path):
    """A worker's address space is limited to 2 GiB: a sparse file of 3 GB stands for it."""
    file = tmp_path / "d.npz"
    with zipfile.ZipFile(file, "w") as archive, archive.open("x.npy", "w", force_zip64=True) as member:
        np.lib.format.write_array_header_1_0(
            member, {"descr": "|u1", "fortran_order": False, "shape": (3_000_000, 32, 32)}
        )
    start = file.stat().st_size
    place = Stretch(str(file), start, "|u1", (3_000_000, 32, 32))
    with file.open("r+b") as stream:
        stream.truncate(start + 3_000_000 * 1024)
        stream.seek(start + 2_999_999 * 1024)
        stream.write(bytes(range(256)) * 4)
    source = ArrayPictures({"images": place.refuse_short()}, 5)
    assert decoded(source.read("images/2999999.png")).ravel()[:256].tolist() == list(range(256))
    code = (
        "import resource, sys; from auditor.readers.arrays import *; import cv2, numpy;"
        "from auditor.readers.virtual import encode_png;"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize();"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (2 << 30), resource.RLIM_INFINITY));"
        f"s = ArrayPictures({{'images': Stretch({str(file)!r}, {start}, '|u1', (3000000, 32, 32))}}, 5);"
        "print(len(s.read('images/2999999.png')))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("ending", ["npz", "gz"])
def test_what_grows_without_measure_when_it_is_decompressed_is_refused(tmp_path, ending):
    zeros = np.zeros((80_000, 32, 32), np.uint8)
    if ending == "npz":
        place = saved(tmp_path / "d.npz", compressed=True, x=zeros)
    else:
        (tmp_path / "train-images-idx3-ubyte.gz").write_bytes(gzip.compress(idx(zeros)))
        place = tmp_path
    with pytest.raises(DataError, match="decompression bomb"):
        open_dataset(place)


@pytest.mark.parametrize("content", [b"", b"\0\0\x08\x03", idx(X[..., 0])[:-5], b"PNG" * 20])
def test_a_broken_idx_is_one_line(tmp_path, content):
    (tmp_path / "train-images-idx3-ubyte").write_bytes(content)
    with pytest.raises(DataError, match="cannot be read"):
        open_dataset(tmp_path)


def test_bytes_as_labels():
    assert set(auditor.open((X, np.array([b"cat"] * 3 + [b"dog"] * 3))).samples["label"]) == {"cat", "dog"}


def test_changed_bytes_of_an_npz_are_one_line_or_rows(tmp_path):
    random, file = np.random.default_rng(4), tmp_path / "x.npz"
    pictures = random.integers(0, 255, (12, 16, 16, 3), dtype=np.uint8)
    np.savez_compressed(file, x_train=pictures, y_train=np.arange(12) % 2)
    sound, refused = file.read_bytes(), 0
    for _ in range(200):
        changed = bytearray(sound)
        for place in random.integers(0, len(sound), 3):
            changed[place] = random.integers(256)
        changed[random.integers(700)] = random.integers(256)
        file.write_bytes(bytes(changed))
        try:
            assert len(open_dataset(file)) == 12
        except DataError:
            refused += 1
    assert 100 < refused <= 200
