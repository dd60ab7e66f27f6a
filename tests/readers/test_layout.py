"""What folders mean, under the names that people give them."""

import os
from collections import Counter

import pytest

from auditor.readers import open_dataset
from auditor.readers.split_names import split_folders, split_of
from tests.readers.test_folder import tree


def understood(root):
    """Splits and classes with their images, as (split, label) -> count."""
    data = open_dataset(root)
    return dict(Counter(zip(data.samples["split"], data.samples["label"], strict=True)))


def names(folder, count=2):
    return [f"{folder}/{i}.png" for i in range(count)]


def laid_out(root, *folders):
    return tree(root, *(name for folder in folders for name in names(folder)))


TWO = {("train", "cat"): 2, ("train", "dog"): 2, ("test", "cat"): 2, ("test", "dog"): 2}


@pytest.mark.parametrize(
    ("train", "test"),
    [
        ("train_set", "test_set"), ("training", "evaluation"), ("train2017", "test2017"),
        ("seg_train", "seg_test"),
        ("images_train", "images_test"), ("TRAIN", "Test1"), ("Training Set", "Testing Set"),
        ("trainData", "testData"),
        ("flowers-train", "flowers-test"), ("train_v2", "eval"), ("1_train", "2_test"), ("x/train", "x/test"),
        ("a/b/train", "a/b/test"), ("train/train", "test/test"), ("seg_train/seg_train", "seg_test/seg_test"),
        ("train/images", "test/images"),
    ],
)  # fmt: skip
def test_split_folders_as_people_call_them(tmp_path, train, test):
    laid_out(tmp_path, *(f"{part}/{label}" for part in (train, test) for label in ("cat", "dog")))
    assert understood(tmp_path) == TWO


@pytest.mark.parametrize("name", ["dev", "valid", "val_images", "Validation", "validate", "valset"])
def test_names_of_the_validation_split(name):
    assert split_of(name) == "val"


@pytest.mark.parametrize(
    "name", ["trainer", "contest", "train_station", "testimony", "value", "train_masks", "train_val"]
)
def test_names_that_mean_no_split(name):
    assert split_of(name) == ""


def test_a_word_of_their_own_is_allowed_beside_splits_that_share_it():
    assert split_folders(["chest_train", "chest_test"]) == {"chest_train": "train", "chest_test": "test"}
    assert split_folders(["train_station", "test_tube"]) == {}


@pytest.mark.parametrize(
    "clutter", ["docs/notes.md", "models/best.h5", "__MACOSX/train/._1.png", "notebooks/a.ipynb"]
)
def test_folders_without_images_beside_splits_are_clutter_and_named(tmp_path, clutter):
    laid_out(tmp_path, "train/cat", "train/dog", "test/cat", "test/dog")
    place = tmp_path / clutter
    place.parent.mkdir(parents=True)
    place.write_text("x")
    assert understood(tmp_path) == TWO
    said = str(open_dataset(tmp_path))
    assert clutter.split("/")[0] in said and "left out" in said


def test_thumbnails_of_other_programs_are_left_out_and_counted(tmp_path):
    laid_out(tmp_path, "cat", "dog", "cat/@eaDir/1.png")
    data = open_dataset(tmp_path)
    assert len(data) == 4 and len(data.ignored) == 2
    assert ("caches of other programs", 2) in [(part.reason, part.count) for part in data.reading.left_out]


@pytest.mark.parametrize("extra", ["seg_pred", "extra/cat", "unlabelled", "more/deep/er"])
def test_pictures_beside_splits_are_left_out_by_name_and_can_be_read_alone(tmp_path, extra):
    laid_out(tmp_path, "train/cat", "train/dog", "test/cat", "test/dog", extra)
    data = open_dataset(tmp_path)
    assert understood(tmp_path) == TWO
    assert len(data.ignored) == 2
    top = extra.split("/")[0]
    assert any(f"auditor scan {tmp_path}/{top}" in note for note in data.reading.notes)


def test_train_among_vehicles_is_a_class_and_the_other_reading_is_named(tmp_path):
    laid_out(tmp_path, "bus", "car", "train")
    assert understood(tmp_path) == {("", "bus"): 2, ("", "car"): 2, ("", "train"): 2}
    assert any("'train' is read as a class" in note for note in open_dataset(tmp_path).reading.notes)


@pytest.mark.parametrize("around", ["archive", "archive/PetImages", "a b/c/d", "data"])
def test_folders_around_everything_mean_nothing(tmp_path, around):
    laid_out(tmp_path, f"{around}/cat", f"{around}/dog")
    (tmp_path / around / "readme.txt").write_text("x")
    assert understood(tmp_path) == {("", "cat"): 2, ("", "dog"): 2}
    assert set(open_dataset(tmp_path).samples["path"]) == {*names(f"{around}/cat"), *names(f"{around}/dog")}


def test_splits_below_the_classes(tmp_path):
    laid_out(tmp_path, "rose/train", "rose/test", "tulip/train", "tulip/test")
    assert understood(tmp_path) == {(s, c): 2 for s in ("train", "test") for c in ("rose", "tulip")}
    assert open_dataset(tmp_path).reading.layout == "class folders with split folders in each"


@pytest.mark.parametrize("test", ["test", "test1", "test/images", "test/unknown", "test/test"])
def test_a_split_without_class_folders_has_no_labels_and_no_class_of_its_own(tmp_path, test):
    laid_out(tmp_path, "train/cat", "train/dog", test)
    assert understood(tmp_path) == {("train", "cat"): 2, ("train", "dog"): 2, ("test", ""): 2}
    assert any("has no class folders" in note for note in open_dataset(tmp_path).reading.notes)


def test_an_empty_class_is_told_from_a_folder_of_other_files(tmp_path):
    laid_out(tmp_path, "cat", "dog")
    for folder, file in (
        ("eel", None),
        ("bat", "Thumbs.db"),
        ("fox", "1.heic"),
        ("scripts", None),
        ("info", "a.txt"),
    ):
        (tmp_path / folder).mkdir()
        if file:
            (tmp_path / folder / file).write_text("x")
    data = open_dataset(tmp_path)
    assert data.empty == (("", "bat"), ("", "eel"), ("", "fox"))
    assert ("without an image", ("info", "scripts")) in [
        (p.reason, p.examples) for p in data.reading.left_out
    ]


def test_a_link_to_another_folder_is_read_and_a_circle_is_named(tmp_path):
    laid_out(tmp_path, "train/cat", "train/dog")
    (tmp_path / "val").symlink_to("train", target_is_directory=True)
    (tmp_path / "train/cat/again").symlink_to(tmp_path, target_is_directory=True)
    data = open_dataset(tmp_path)
    assert understood(tmp_path) == {(s, c): 2 for s in ("train", "val") for c in ("cat", "dog")}
    assert "links in a circle" in [part.reason for part in data.reading.left_out]


def test_links_that_fan_out_end(tmp_path):
    for level in range(25):
        (tmp_path / f"{level:02d}").mkdir()
        for name in "ab":
            (tmp_path / f"{level:02d}" / name).symlink_to(
                tmp_path / f"{level + 1:02d}", target_is_directory=True
            )
    laid_out(tmp_path, "25")
    assert 1 <= len(open_dataset(tmp_path)) <= 18
    assert any("linked more than" in part.reason for part in open_dataset(tmp_path).reading.left_out)


def test_hidden_folders_are_named(tmp_path):
    laid_out(tmp_path, "cat", "dog", ".cache/cat", "dog/.ipynb_checkpoints")
    data = open_dataset(tmp_path)
    assert len(data) == 4
    assert ("hidden", 2, (".cache", "dog/.ipynb_checkpoints")) in [
        (part.reason, part.count, part.examples) for part in data.reading.left_out
    ]


@pytest.mark.parametrize(
    "content",
    [
        '{"title": "t", "licenses": [{"name": "CC0"}]}',
        '{"categories": ["cat", "dog"]}',
        '{"images": 3}',
        "[1, 2]",
        "{",
    ],
)
def test_a_stray_json_is_ignored_and_named(tmp_path, content):
    laid_out(tmp_path, "cat", "dog")
    (tmp_path / "dataset-metadata.json").write_text(content)
    data = open_dataset(tmp_path)
    assert data.kind == "class folders" and data.ignored == ("dataset-metadata.json",)


def test_two_lines_say_what_was_understood(tmp_path):
    laid_out(tmp_path / "pets", "train_set/cat", "train_set/dog", "test/cat", "test/dog")
    lines = str(open_dataset(tmp_path / "pets")).splitlines()
    assert lines == [
        "pets: split folders with class folders, 8 images; train 4 (from train_set), test 4",
        "2 classes from folder names: cat, dog",
    ]


@pytest.mark.parametrize("beside", ["masks", "annotations/trimaps", "Segmentation", "train_labels", "GT"])
def test_masks_beside_the_images_are_no_class(tmp_path, beside):
    laid_out(tmp_path, "images", beside)
    data = open_dataset(tmp_path)
    assert understood(tmp_path) == {("", ""): 2} and len(data.ignored) == 2
    assert data.reading.left_out[0].reason == "masks or annotations beside the images"


def test_masks_in_split_folders_are_no_class(tmp_path):
    laid_out(tmp_path, "train/images", "train/masks", "test/images", "test/masks")
    assert understood(tmp_path) == {("train", ""): 2, ("test", ""): 2}


ODD = ("a.xml", "Annotations/1.xml", "train.tfrecord", ".auditor")


@pytest.mark.parametrize("name", ODD)
@pytest.mark.parametrize("make", [os.mkfifo, os.mkdir])
def test_pipes_and_folders_under_names_of_files_neither_block_nor_stop(name, make, tmp_path):
    root = laid_out(tmp_path, "cat", "dog")
    (root / name).parent.mkdir(exist_ok=True)
    make(root / name)
    assert understood(root) == {("", "cat"): 2, ("", "dog"): 2}
