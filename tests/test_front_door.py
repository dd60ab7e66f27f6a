"""Data as the public hands it round, at the first command.

It is read rightly, or what is printed to type reads it.
"""

import json
import shlex
import struct
import tarfile
import zipfile

import numpy as np
import pytest

import auditor
from auditor.readers import open_dataset
from tests.conftest import encoded, picture, write_tree

COLOURS = ("red", "blue")


def image(place, seed, colour="red", size=40):
    place.parent.mkdir(parents=True, exist_ok=True)
    format = "PNG" if place.suffix == ".png" else "JPEG"
    place.write_bytes(encoded(picture(colour, seed, size), format))


def lines(place, rows):
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def splits(root, names, sizes, classes=COLOURS):
    counts = {f"{split}/{c}": n for split, n in zip(names, sizes, strict=True) for c in COLOURS}
    write_tree(root, counts)
    for split in names:
        for colour, label in zip(COLOURS, classes, strict=True):
            (root / split / colour).rename(root / split / label)


def counts(data):
    return {split: int(n) for split, n in data.samples["split"].value_counts().items() if split}


def unlabelled(audit):
    return next(f for f in audit.record.findings if f.code == "unlabelled")


def as_typed(root):
    """The data that the command of the finding 'unlabelled' reads, and its options."""
    command = unlabelled(auditor.scan(root, images=False)).fix.command
    program, verb, place, *words = shlex.split(command)
    assert (program, verb) == ("auditor", "scan")
    options = {words[i].removeprefix("--"): words[i + 1] for i in range(0, len(words), 2)}
    data = open_dataset(place, **options)
    assert all(data.source.stat(path).size for path in data.samples["path"])
    return data, options


# --- read at once


def kaggle_x_rays(root):
    splits(root / "chest_xray", ("train", "val", "test"), (4, 2, 3), ("NORMAL", "PNEUMONIA"))
    (root / "__MACOSX/chest_xray/train").mkdir(parents=True)
    (root / "__MACOSX/chest_xray/train/._a.jpeg").write_bytes(b"\0\5\x16\7" + bytes(90))
    (root / "chest_xray/.DS_Store").write_bytes(b"x")


def roboflow_folders(root):
    splits(root, ("train", "valid", "test"), (4, 2, 3), ("NORMAL", "PNEUMONIA"))
    (root / "README.roboflow.txt").write_text("x")


def roboflow_boxes(root):
    for split, n in (("train", 4), ("valid", 2), ("test", 3)):
        for i in range(2 * n):
            name = f"{split}{i}_jpg.rf.{i:032x}"
            image(root / split / "images" / f"{name}.jpg", 10 * n + i)
            lines(root / split / "labels" / f"{name}.txt", [f"{i % 2} 0.5 0.5 0.8 0.8"])
    lines(
        root / "data.yaml",
        [
            "train: ../train/images",
            "val: ../valid/images",
            "test: ../test/images",
            "nc: 2",
            "names: ['NORMAL', 'PNEUMONIA']",
        ],
    )


def roboflow_coco(root):
    categories = [{"id": k, "name": n} for k, n in enumerate(("lungs", "NORMAL", "PNEUMONIA"))]
    for split, n in (("train", 4), ("valid", 2), ("test", 3)):
        images, boxes = [], []
        for i in range(2 * n):
            name = f"{split}{i}_jpg.rf.{i:032x}.jpg"
            image(root / split / name, 10 * n + i)
            images.append({"id": i, "file_name": name, "width": 40, "height": 40})
            boxes.append({"id": i, "image_id": i, "category_id": 1 + i % 2, "bbox": [4, 4, 30, 30]})
        content = {"images": images, "annotations": boxes, "categories": categories}
        (root / split / "_annotations.coco.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    "make", [kaggle_x_rays, roboflow_folders, roboflow_boxes, roboflow_coco], ids=lambda f: f.__name__
)
def test_public_layouts_with_splits_are_read_at_once(tmp_path, make):
    make(tmp_path / "x")
    data = open_dataset(tmp_path / "x")
    assert data.classes == ("NORMAL", "PNEUMONIA")
    assert counts(data) == {"train": 8, "val": 4, "test": 6}


@pytest.mark.parametrize("ending", [".tgz", ".tar", ".tar.gz", ".zip"])
def test_the_download_beside_what_was_unpacked_is_left_out_and_named(tmp_path, ending):
    root = write_tree(tmp_path / "x", {"red": 3, "blue": 3})
    packed = tmp_path / f"discs{ending}"
    if ending == ".zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for file in root.rglob("*.png"):
                archive.write(file)
    else:
        with tarfile.open(packed, "w" if ending == ".tar" else "w:gz") as archive:
            archive.add(root, "discs")
    packed.rename(root / packed.name)
    data = open_dataset(root)
    assert (data.classes, len(data)) == (("blue", "red"), 6)
    assert packed.name in str(data)


@pytest.mark.parametrize("clutter", ["docs/README.md", "models/best.h5", "logs/events.0", "__MACOSX/._a"])
def test_a_leak_stays_a_leak_beside_clutter(tmp_path, clutter):
    root = write_tree(tmp_path / "x", {"train/red": 12, "train/blue": 12, "test/red": 4, "test/blue": 4})
    (root / clutter).parent.mkdir()
    (root / clutter).write_text("x")
    for i in range(3):
        (root / f"test/red/again{i}.png").write_bytes((root / f"train/red/00{i}.png").read_bytes())
    audit = auditor.scan(root, images=False)
    found = next(f for f in audit.record.findings if f.id == "split-leak:train-test")
    assert (found.affected, audit.record.dataset.classes) == (3, ("blue", "red"))
    assert str(found.severity) == "error"


def test_a_validation_folder_that_is_a_link_to_training_leaks_whole(tmp_path):
    root = write_tree(tmp_path / "x", {"train/red": 6, "train/blue": 6})
    (root / "val").symlink_to("train", target_is_directory=True)
    audit = auditor.scan(root, images=False)
    found = next(f for f in audit.record.findings if f.id == "split-leak:train-val")
    assert (found.affected, str(found.severity)) == (12, "error")


def medmnist(place, labels):
    arrays = {}
    for start, (split, n) in enumerate((("train", 8), ("val", 4), ("test", 6))):
        arrays[f"{split}_images"] = np.stack([picture("red", 50 * start + i, 28) for i in range(n)])
        arrays[f"{split}_labels"] = np.array([labels(i) for i in range(n)], np.uint8)
    np.savez_compressed(place, **arrays)


def test_medmnist_with_one_label_and_with_several(tmp_path):
    medmnist(tmp_path / "pathmnist.npz", lambda i: [i % 2])
    one = open_dataset(tmp_path / "pathmnist.npz")
    assert (one.classes, counts(one)) == (("0", "1"), {"train": 8, "val": 4, "test": 6})
    medmnist(tmp_path / "chestmnist.npz", lambda i: [int(i % 2 == 0), int(i % 4 < 2), *[0] * 12])
    several = open_dataset(tmp_path / "chestmnist.npz")
    assert set(several.samples["label"]) == {"0 ∧ 1", "1", "0", ""}
    assert any("14 columns" in note for note in several.reading.notes)


# --- what is printed reads it


def dogs_and_cats(root):
    for label in ("cat", "dog"):
        for i in range(6):
            image(root / "train" / f"{label}.{i}.jpg", i)
    for i in range(6):
        image(root / "test1" / f"{i}.jpg", 90 + i)
    lines(root / "sampleSubmission.csv", ["id,label", *(f"{i},0" for i in range(6))])


def pets(root):
    for label in ("cat", "dog"):
        for i in range(6):
            image(root / "images" / f"{label}_{i}.jpg", i)
            image(root / "annotations/trimaps" / f"{label}_{i}.png", i)
    listed = [f"{label}_{i} {k + 1} {k + 1} 1" for k, label in enumerate(("cat", "dog")) for i in range(6)]
    lines(root / "annotations/list.txt", ["#Image CLASS-ID SPECIES BREED ID", *listed])
    lines(root / "annotations/trainval.txt", listed[::2])


def a_folder_per_picture_folder(root):
    """A competition: ids with their ending, below train_images."""
    rows = [f"{i}.jpg,{('cat', 'dog')[i % 2]}" for i in range(12)]
    for i in range(12):
        image(root / "train_images" / f"{i}.jpg", i)
    image(root / "test_images/99.jpg", 99)
    lines(root / "train.csv", ["image_id,label", *rows])
    lines(root / "sample_submission.csv", ["image_id,label", "99.jpg,cat"])


def ids_without_ending(root):
    for i in range(12):
        image(root / "train" / f"{i:08x}.jpg", i)
        image(root / "test" / f"{i + 50:08x}.jpg", 50 + i)
    lines(root / "labels.csv", ["id,breed", *(f"{i:08x},{('cat', 'dog')[i % 2]}" for i in range(12))])


def one_hot_beside_a_test_table(root):
    for i in range(12):
        image(root / "images" / f"Train_{i}.jpg", i)
        image(root / "images" / f"Test_{i}.jpg", 50 + i)
    lines(root / "test.csv", ["image_id", *(f"Test_{i}" for i in range(12))])
    rows = (f"Train_{i},{int(i % 2 == 0)},{int(i % 2 == 1)}" for i in range(12))
    lines(root / "train.csv", ["image_id,cat,dog", *rows])


def hospital(root):
    for i in range(12):
        image(root / "export/bilder" / f"IMG_{i:04d}.jpg", i)
    rows = [
        f"{i // 3:07d};{i + 1:02d}.03.2021;{('Mainz', 'Ulm')[i % 2]};IMG_{i:04d}.jpg;{('cat', 'dog')[i % 2]}"
        for i in range(12)
    ]
    lines(root / "befunde.csv", ["PatientID;StudyDate;site;filename;Diagnose", *rows])


@pytest.mark.parametrize(
    ("make", "typed"),
    [
        (dogs_and_cats, {"label": "filename"}),
        (pets, {"label": "filename"}),
        (a_folder_per_picture_folder, {"root": "train_images"}),
        (ids_without_ending, {"label": "breed", "root": "train"}),
        (one_hot_beside_a_test_table, {"root": "images"}),
        (hospital, {"root": "export/bilder"}),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_what_is_printed_reads_the_labels(tmp_path, make, typed):
    root = tmp_path / "my data"
    make(root)
    data, options = as_typed(root)
    expected = {name: str(root / value) if name == "root" else value for name, value in typed.items()}
    assert options == expected and data.classes == ("cat", "dog")
    assert (data.samples["label"] != "").sum() == 12


def test_pets_with_boxes_say_how_the_images_without_one_are_read(tmp_path):
    root = tmp_path / "x"
    pets(root)
    for i in range(2):
        box = "<bndbox><xmin>5</xmin><ymin>5</ymin><xmax>30</xmax><ymax>30</ymax></bndbox>"
        lines(
            root / "annotations/xmls" / f"cat_{i}.xml",
            [
                f"<annotation><filename>cat_{i}.jpg</filename><object><name>cat</name>{box}</object></annotation>"
            ],
        )
    boxes = open_dataset(root)
    assert len(boxes) == 2 and any("10 images" in n and "--label filename" in n for n in boxes.reading.notes)
    assert len(open_dataset(root, label="filename")) == 12


# --- labels in names


@pytest.mark.parametrize("packed", [False, True])
def test_the_class_is_the_folder_of_each_picture_where_it_is_asked_for(tmp_path, packed):
    root = write_tree(tmp_path / "x", {f"site{k}/{c}": 3 for k in (1, 2) for c in COLOURS})
    assert "--label folder" in str(open_dataset(root))
    place = root
    if packed:
        place = tmp_path / "x.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for file in root.rglob("*.png"):
                archive.write(file, file.relative_to(root))
    data = open_dataset(place, label="folder")
    assert data.classes == ("blue", "red") and data.reading.labels_from == "the folder of each picture"


@pytest.mark.parametrize(
    ("names", "classes"),
    [
        (["Cat.0.png", "Cat.1.png", "Cat.2.png", "dog.0.png", "dog.1.png", "dog.2.png"], ("Cat", "dog")),
        (["0001_ok.png", "0002_ok.png", "3-ok.png", "4 bad.png", "5_bad.png", "6_bad.png"], ("bad", "ok")),
        ([f"{c}/{k}{i}.png" for c in "ab" for k in ("x_", "y_") for i in range(3)], ("x", "y")),
    ],
)
def test_the_class_is_in_the_name_of_each_file_where_it_is_asked_for(tmp_path, names, classes):
    for i, name in enumerate(names):
        image(tmp_path / "x" / name, i)
    assert open_dataset(tmp_path / "x", label="filename").classes == classes


@pytest.mark.parametrize("names", [[f"{i}.png" for i in range(9)], [f"train_{i}.png" for i in range(9)]])
@pytest.mark.parametrize("label", ["filename", "folder"])
def test_names_without_classes_are_refused(tmp_path, names, label):
    for i, name in enumerate(names):
        image(tmp_path / "x" / name, i)
    with pytest.raises(auditor.errors.DataError, match=f"--label {label}"):
        open_dataset(tmp_path / "x", label=label)


def test_a_column_of_that_name_stays_a_column(tmp_path):
    for i in range(4):
        image(tmp_path / f"{i}.png", i)
    lines(tmp_path / "t.csv", ["path,folder", *(f"{i}.png,{'ab'[i % 2]}" for i in range(4))])
    assert open_dataset(tmp_path / "t.csv", label="folder").classes == ("a", "b")


def test_two_sets_of_idx_files_are_not_mixed(tmp_path):
    for name in ("letters", "digits"):
        for part, n in (("train", 5), ("test", 2)):
            head = struct.pack(">HBBIII", 0, 8, 3, n, 28, 28)
            (tmp_path / f"emnist-{name}-{part}-images-idx3-ubyte").write_bytes(head + bytes(n * 784))
            head = struct.pack(">HBBI", 0, 8, 1, n)
            (tmp_path / f"emnist-{name}-{part}-labels-idx1-ubyte").write_bytes(head + bytes(n))
    with pytest.raises(auditor.errors.DataError, match="letters"):
        open_dataset(tmp_path)
