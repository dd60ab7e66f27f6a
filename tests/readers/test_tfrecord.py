"""TFRecord files that TensorFlow wrote are read without it; a bad record costs itself alone."""

import contextlib
import gzip
import io
import pickle
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.readers.example import HEAD, features, masked_crc, stretches
from auditor.scanning import scan_images
from tests.scanning.making import jpeg, pixels, png

tf = pytest.importorskip("tensorflow")
pytestmark = pytest.mark.slow  # TensorFlow takes seconds to load

PICTURES = [png(16, 16, i) for i in range(4)]


def example(**values):
    def feature(value):
        if isinstance(value, bytes):
            return tf.train.Feature(bytes_list=tf.train.BytesList(value=[value]))
        if isinstance(value, float):
            return tf.train.Feature(float_list=tf.train.FloatList(value=[value]))
        return tf.train.Feature(int64_list=tf.train.Int64List(value=[value]))

    named = {name.replace("__", "/"): feature(value) for name, value in values.items()}
    return tf.train.Example(features=tf.train.Features(feature=named)).SerializeToString()


def written(place, records):
    place.parent.mkdir(parents=True, exist_ok=True)
    with tf.io.TFRecordWriter(str(place)) as writer:
        for data in records:
            writer.write(data)
    return place


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "flowers" / "1.0.0"
    written(
        root / "flowers-train.tfrecord-00000-of-00001",
        [example(image=PICTURES[i], label=i % 2) for i in range(3)],
    )
    written(root / "flowers-test.tfrecord-00000-of-00001", [example(image=PICTURES[3], label=1)])
    (root / "label.labels.txt").write_text("rose\ntulip\n")
    (root / "features.json").write_text("{}")
    return tmp_path / "flowers"


def test_what_tfds_writes_is_read(folder):
    data = open_dataset(folder)
    assert data.kind == "TFRecord"
    assert data.samples[["path", "label", "split"]].values.tolist() == [
        ["1.0.0/flowers-test.tfrecord-00000-of-00001/0000000", "tulip", "test"],
        *(
            [f"1.0.0/flowers-train.tfrecord-00000-of-00001/000000{i}", ("rose", "tulip")[i % 2], "train"]
            for i in range(3)
        ),
    ]
    copy = pickle.loads(pickle.dumps(data.source))
    assert [copy.read(p) for p in data.samples["path"]] == [PICTURES[3], *PICTURES[:3]]
    assert (scan_images(data, jobs=2).images["status"] == "ok").all()


def test_other_names_and_raw_pixels(tmp_path):
    raw = pixels(8, 6, 1)
    file = written(
        tmp_path / "a.tfrecord",
        [
            example(image__encoded=jpeg(), image__class__text=b"rose", image__class__label=3),
            example(image__encoded=jpeg(), image__class__label=3),
            example(image_raw=raw.tobytes(), height=6, width=8, depth=3, label=-1),
            example(picture=PICTURES[0], label=2.0),
        ],
    )
    data = open_dataset(file)
    assert data.samples["label"].tolist() == ["rose", "3", "-1", "2"]
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(data.source.read("a.tfrecord/0000002")))), raw)


def test_a_bad_checksum_costs_its_record_alone(folder):
    file = folder / "1.0.0" / "flowers-train.tfrecord-00000-of-00001"
    content = bytearray(file.read_bytes())
    places = list(stretches(bytes(content)))
    content[places[1].offset + places[1].size // 2] ^= 1
    file.write_bytes(content)
    images = scan_images(open_dataset(folder)).images
    bad = images[images["status"] != "ok"]
    assert bad["path"].tolist() == ["1.0.0/flowers-train.tfrecord-00000-of-00001/0000001"]
    assert "bad checksum" in bad["reason"].iloc[0]


@pytest.mark.parametrize("where", ["length", "cut"])
def test_what_is_behind_a_lost_record_is_reported(folder, where):
    file = folder / "1.0.0" / "flowers-train.tfrecord-00000-of-00001"
    content = bytearray(file.read_bytes())
    second = list(stretches(bytes(content)))[1]
    if where == "length":
        content[second.offset - HEAD] ^= 1
    else:
        del content[second.offset + 10 :]
    file.write_bytes(content)
    images = scan_images(open_dataset(folder)).images.set_index("path")
    assert (images["status"] == "ok").sum() == 2
    reason = images.loc["1.0.0/flowers-train.tfrecord-00000-of-00001/from here on", "reason"]
    assert ("checksum of a record's length" if where == "length" else "cut short") in reason


def test_records_that_are_no_examples(tmp_path):
    file = written(
        tmp_path / "a.tfrecord",
        [
            b"\xff" * 40,
            b"",
            example(label=1),
            example(image=b"nonsense", label=1),
            example(image=PICTURES[0], label=1),
        ],
    )
    images = scan_images(open_dataset(file)).images
    assert (images["status"] == "ok").tolist() == [False, False, False, False, True]
    assert (
        images["reason"]
        .str.contains("no tf.train.Example|no picture|not an image|unknown|format")
        .iloc[:3]
        .all()
    )


def test_the_parser_agrees_with_tensorflow_and_the_checksum_with_its_writer(tmp_path):
    rng = np.random.default_rng(0)
    for _ in range(50):
        values = {
            f"k{i}": v
            for i, v in enumerate(
                (
                    int(rng.integers(-(2**62), 2**62)),
                    float(np.float32(rng.normal())),
                    rng.bytes(int(rng.integers(300))),
                )
            )
        }
        data = example(**values)
        assert features(data, 0, len(data)) == values
        large = features(data, 0, len(data), small=0)
        assert large["k0"] == values["k0"] and large["k2"] == b""
        for cut in rng.integers(0, len(data), 5):
            with contextlib.suppress(ValueError):
                features(data[:cut], 0, int(cut))
    content = written(tmp_path / "a.tfrecord", [b"hello"]).read_bytes()
    assert masked_crc(b"hello") == int.from_bytes(content[-4:], "little")


def test_compressed_files_are_named(tmp_path):
    file = written(tmp_path / "a.tfrecord", [example(image=PICTURES[0], label=1)])
    (tmp_path / "a.tfrecord.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert open_dataset(tmp_path).ignored == ("a.tfrecord.gz (compressed as a whole: decompress it)",)
    file.unlink()
    with pytest.raises(DataError, match="gunzip"):
        open_dataset(tmp_path)


def test_reading_does_not_import_tensorflow(folder):
    code = (
        f"import sys; from auditor.readers import open_dataset; open_dataset({str(folder)!r}); "
        f"print('tensorflow' in sys.modules)"
    )
    assert (
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True
        ).stdout.strip()
        == "False"
    )


def test_a_pipeline_is_read_once(tmp_path):
    pictures = np.stack([pixels(12, 10, i) for i in range(5)])
    train = tf.data.Dataset.from_tensor_slices((pictures, [0, 1, 2, 0, 1])).batch(2)
    test = tf.data.Dataset.from_tensor_slices(
        {"image": pictures[:2] / np.float32(1.0), "label": [b"a", b"b"]}
    )
    data = open_dataset({"train": train, "test": test})
    assert data.samples[["path", "label", "split"]].values.tolist() == [
        ["test/0000000.png", "a", "test"],
        ["test/0000001.png", "b", "test"],
        *([f"train/000000{i}.png", str(label), "train"] for i, label in enumerate([0, 1, 2, 0, 1])),
    ]
    for path, expected in zip(data.samples["path"], [0, 1, 0, 1, 2, 3, 4], strict=True):
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(data.source.read(path)))), pictures[expected])
    assert (scan_images(data).images["status"] == "ok").all()


def test_a_black_float_picture_is_scaled_as_the_others():
    pictures = np.stack([np.full((8, 8, 3), v, np.float32) for v in (0.6, 200.4)])
    data = open_dataset(tf.data.Dataset.from_tensor_slices((pictures, [[1.0, 0.0], [0.0, 1.0]])))
    assert data.samples["label"].tolist() == ["0", "1"]
    assert [np.asarray(Image.open(io.BytesIO(data.source.read(p)))).max() for p in data.samples["path"]] == [
        1,
        200,
    ]


@pytest.mark.parametrize(
    "wrong", [lambda d: d.repeat(), lambda d: d.map(lambda x, y: {"nothing": x}), lambda d: d.take(0)]
)
def test_what_is_no_data_set_is_refused(wrong):
    dataset = tf.data.Dataset.from_tensor_slices((np.zeros((2, 8, 8, 3), np.uint8), [0, 1]))
    with pytest.raises(DataError):
        open_dataset(wrong(dataset))
