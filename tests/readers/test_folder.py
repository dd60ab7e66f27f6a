import os
import socket

import pytest

from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.record import MARKER
from auditor.scanning import scan_images
from tests.scanning.making import png


def tree(root, *names):
    for name in names:
        path = root / os.fsdecode(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(8, 8))
    return root


def accounted(data):
    """Images found = measured + unreadable; returns the unreadable ones by path."""
    images = scan_images(data).images
    assert images["path"].tolist() == data.samples["path"].tolist()
    assert set(images["status"]) <= {"ok", "unreadable"}
    broken = images[images["status"] == "unreadable"]
    return dict(zip(broken["path"], broken["defect"], strict=True))


def test_class_folders(tmp_path):
    data = open_dataset(
        tree(
            tmp_path,
            "cat/1.png",
            "cat/deep/2.PNG",
            "dog/3.png",
            "notes.txt",
            "cat/.DS_Store",
            "cat/Thumbs.db",
        )
    )
    assert data.kind == "class folders"
    assert data.samples[["path", "label"]].values.tolist() == [
        ["cat/1.png", "cat"],
        ["cat/deep/2.PNG", "cat"],
        ["dog/3.png", "dog"],
    ]
    assert data.ignored == ("cat/.DS_Store", "cat/Thumbs.db", "notes.txt")


@pytest.mark.parametrize(
    ("names", "splits"),
    [(("Train", "VALID", "Testing"), ("train", "val", "test")), (("training", "dev"), ("train", "val"))],
)
def test_split_folders_in_any_case(tmp_path, names, splits):
    data = open_dataset(tree(tmp_path, *(f"{n}/{c}/1.png" for n in names for c in "ab")))
    assert data.kind == "split folders"
    assert set(data.samples["split"]) == set(splits)
    assert set(data.samples["label"]) == {"a", "b"}


def test_images_without_classes(tmp_path):
    data = open_dataset(tree(tmp_path, "1.png", "2.png"))
    assert (data.kind, data.labelled) == ("images", False)


def test_empty_classes_and_splits_are_told(tmp_path):
    tree(tmp_path, "train/a/1.png", "val/a/1.png")
    (tmp_path / "train" / "b").mkdir()
    (tmp_path / "test").mkdir()
    assert open_dataset(tmp_path).empty == (("test", ""), ("train", "b"))


def test_no_image_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("x")
    with pytest.raises(DataError, match="1 other files"):
        open_dataset(tmp_path)


def test_output_folders_are_never_data(tmp_path):
    tree(tmp_path, "a/1.png", "out/pictures/2.png")
    (tmp_path / "out" / MARKER).write_text("")
    assert open_dataset(tmp_path).samples["path"].tolist() == ["a/1.png"]
    with pytest.raises(DataError, match="which auditor wrote"):
        open_dataset(tmp_path / "out")


def test_hostile_names_are_read(tmp_path):
    names = [
        "a/line\nbreak.png",
        "a/quote\"'.png",
        "a/<img src=x>.png",
        "a/" + "x" * 251 + ".png",
        "a/A.png",
        "a/a.png",
        "b/ünïcødé \u202egnp.png",
    ]
    data = open_dataset(tree(tmp_path, *names, b"b/caf\xe9.png"))
    assert sorted(data.samples["path"]) == sorted([*names, "b/caf\\xe9.png"])
    assert accounted(data) == {}


def test_an_odd_byte_and_its_spelling_stay_two_files(tmp_path):
    data = open_dataset(tree(tmp_path, b"a/caf\xe9.png", "a/caf\\xe9.png"))
    assert len(set(data.samples["path"])) == 2
    assert accounted(data) == {}


def test_pipes_sockets_devices_and_broken_links_are_unreadable(tmp_path, monkeypatch):
    tree(tmp_path, "a/good.png")
    os.mkfifo(tmp_path / "a" / "pipe.png")
    (tmp_path / "a" / "device.png").symlink_to("/dev/zero")
    (tmp_path / "a" / "gone.png").symlink_to("nowhere.png")
    (tmp_path / "a" / "circle.png").symlink_to("circle.png")
    with socket.socket(socket.AF_UNIX) as server:
        monkeypatch.chdir(tmp_path / "a")  # a socket's address is short
        server.bind("socket.png")
        assert accounted(open_dataset(tmp_path)) == {
            "a/circle.png": "unavailable",
            "a/device.png": "not-a-file",
            "a/gone.png": "missing",
            "a/pipe.png": "not-a-file",
            "a/socket.png": "not-a-file",
        }


def test_links_in_a_circle_end(tmp_path):
    tree(tmp_path, "a/1.png", "b/2.png")
    (tmp_path / "a" / "up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "b" / "self").symlink_to(tmp_path / "b", target_is_directory=True)
    assert open_dataset(tmp_path).samples["path"].tolist() == ["a/1.png", "b/2.png"]


def test_a_linked_folder_is_followed(tmp_path):
    tree(tmp_path / "elsewhere", "1.png")
    tree(tmp_path / "data", "a/2.png")
    (tmp_path / "data" / "b").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    data = open_dataset(tmp_path / "data")
    assert data.samples["path"].tolist() == ["a/2.png", "b/1.png"]
    assert accounted(data) == {}


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_what_may_not_be_read_is_unreadable(tmp_path):
    tree(tmp_path, "a/1.png", "a/2.png")
    (tmp_path / "a" / "1.png").chmod(0)
    assert accounted(open_dataset(tmp_path)) == {"a/1.png": "no-permission"}


def test_permission_is_told_apart_from_absence(tmp_path, monkeypatch):
    from auditor.dataset import LocalFiles

    data = open_dataset(tree(tmp_path, "a/1.png"))

    def refuse(self, path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(LocalFiles, "read", refuse)
    assert accounted(data) == {"a/1.png": "no-permission"}


def test_the_order_on_disk_does_not_matter(tmp_path):
    names = [f"{c}/{i}.png" for c in "ab" for i in range(5)]
    one, other = (
        open_dataset(tree(tmp_path / "one", *names)),
        open_dataset(tree(tmp_path / "two", *reversed(names))),
    )
    assert one.samples.equals(other.samples)
