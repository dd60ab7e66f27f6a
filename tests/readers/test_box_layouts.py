"""Annotations as other tools lay them out."""

import json

import pytest

from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from tests.scanning.making import png

DATA = [png(40, 30, i) for i in range(6)]


def put(place, content):
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content if isinstance(content, bytes) else content.encode())


def labels_of(data):
    return dict(zip(data.samples["path"], data.samples["label"], strict=True))


def yolo(root, images="images", labels="labels", lines=("0 .5 .5 .5 .5", "1 .5 .5 .2 .2")):
    for i, line in enumerate(lines):
        put(root / images / f"{i}.png", DATA[i])
        put(root / labels / f"{i}.txt", line)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("names: person, bike\nnc: 2\n", ["person", "bike"]),
        ("names: person bike\nnc: 2\n", ["person", "bike"]),
        ("names: \"['fire truck', bike]\"\nnc: 2\n", ["fire truck", "bike"]),
        ("names: obj.names\nnc: 2\n", ["person", "bike"]),
        ("names: {0: person, 1: bike}\n", ["person", "bike"]),
    ],
)
def test_yolo_names_in_one_text_are_classes_and_never_letters(tmp_path, text, names):
    yolo(tmp_path)
    put(tmp_path / "obj.names", "person\nbike\n")
    put(tmp_path / "data.yaml", text)
    assert list(labels_of(open_dataset(tmp_path)).values()) == names


def test_yolo_names_that_do_not_fit_their_number_are_refused(tmp_path):
    yolo(tmp_path)
    put(tmp_path / "data.yaml", "names: person, bike\nnc: 3\n")
    with pytest.raises(DataError, match="nc is 3"):
        open_dataset(tmp_path)


@pytest.mark.parametrize(
    ("images", "labels"),
    [
        ("Images", "Labels"),
        ("train/Images", "train/labels"),
        ("IMAGES/train", "Labels/train"),
        ("Train/images", "Train/LABELS"),
    ],
)
def test_yolo_folders_are_found_in_any_case(tmp_path, images, labels):
    yolo(tmp_path, images, labels)
    data = open_dataset(tmp_path)
    assert (data.kind, list(labels_of(data).values())) == ("YOLO", ["0", "1"])
    assert set(data.samples["split"]) == {"train" if "rain" in images else ""}


@pytest.mark.parametrize("path", ["../coco8", "coco8", "../datasets/coco8", "/elsewhere/coco8"])
def test_the_path_of_a_yaml_file_names_the_data(tmp_path, path):
    """The file may lie beside the data, or above it; on another machine the path leads elsewhere."""
    yolo(tmp_path / "coco8", "images/a", "labels/a")
    folder = tmp_path / "cfg" if path != "coco8" else tmp_path
    put(folder / "data.yaml", f"path: {path}\ntrain: images/a\nnames: [x, y]\n")
    data = open_dataset(folder / "data.yaml")
    assert labels_of(data) == {"images/a/0.png#box=1.png": "x", "images/a/1.png#box=1.png": "y"}
    assert set(data.samples["split"]) == {"train"}
    assert scan_images(data).images["status"].eq("ok").all()


@pytest.mark.parametrize(
    "entry", ["../first/images", "first/images", "./first/images/", "[first/images]", "list.txt"]
)
def test_the_yaml_file_says_which_folder_is_which_split(tmp_path, entry):
    yolo(tmp_path, "first/images", "first/labels")
    yolo(tmp_path, "second/images", "second/labels")
    put(tmp_path / "list.txt", "./first/images/0.png\nfirst/images/1.png\n")
    put(tmp_path / "data.yaml", f"train: {entry}\nval: second/images\nnames: [x, y]\n")
    data = open_dataset(tmp_path / "data.yaml")
    assert data.samples["split"].tolist() == ["train", "train", "val", "val"]


def test_class_numbers_beyond_the_names_are_kept_and_said(tmp_path):
    yolo(tmp_path, lines=("0 .5 .5 .5 .5", "7 .5 .5 .2 .2", "9 .5 .5 .2 .2"))
    put(tmp_path / "data.yaml", "names: [x, y]\n")
    data = open_dataset(tmp_path)
    assert list(labels_of(data).values()) == ["x", "7", "9"]
    assert data.reading.notes[0].startswith(
        "2 boxes have class numbers beyond the 2 names of data.yaml (7, 9)"
    )


def test_masks_beside_images_are_no_yolo(tmp_path):
    for i in range(3):
        put(tmp_path / "images" / f"{i}.png", DATA[i])
        put(tmp_path / "labels" / f"{i}.png", DATA[i])
    assert open_dataset(tmp_path).kind != "YOLO"


def xml(name, label="cat"):
    return (
        f"<annotation><filename>{name}</filename><object><name>{label}</name><bndbox><xmin>1</xmin><ymin>1</ymin>"
        "<xmax>20</xmax><ymax>20</ymax></bndbox></object></annotation>"
    )


@pytest.mark.parametrize(
    ("images", "documents"),
    [
        ("images", "annotations/xmls"),
        ("images", "xml"),
        ("Images", "XML"),
        ("VOC2012/JPEGImages", "VOC2012/Annotations"),
        ("train/images", "train/annotations"),
        ("images", "annotations/train"),
    ],
)
def test_documents_beside_a_folder_of_images_are_their_boxes(tmp_path, images, documents):
    for i, label in enumerate(("cat", "dog", "cat")):
        put(tmp_path / images / f"{i}.png", DATA[i])
        put(tmp_path / documents / f"{i}.xml", xml(f"{i}.png", label))
    data = open_dataset(tmp_path)
    assert labels_of(data) == {
        f"{images}/{i}.png#box=1.png": label for i, label in enumerate(("cat", "dog", "cat"))
    }


def test_masks_beside_the_documents_are_not_taken_for_the_images(tmp_path):
    """Oxford's pets: images/a.jpg, annotations/xmls/a.xml, annotations/trimaps/a.png."""
    for name in ("0.png", "other.png", "C:\\pets\\0.png"):
        put(tmp_path / "images" / "0.png", DATA[0])
        put(tmp_path / "annotations" / "trimaps" / "0.png", DATA[1])
        put(tmp_path / "annotations" / "xmls" / "0.xml", xml(name))
        assert open_dataset(tmp_path).samples["path"].tolist() == ["images/0.png#box=1.png"]


def coco(names, annotation, categories=({"id": 1, "name": "cat"},)):
    return json.dumps(
        {
            "images": [{"id": i, "file_name": name} for i, name in enumerate(names)],
            "annotations": [{"id": i, "image_id": i, **annotation} for i in range(len(names))],
            "categories": list(categories),
        }
    )


BOX = {"category_id": 1, "bbox": [1, 2, 10, 8]}


@pytest.mark.parametrize(
    "written",
    [
        "images\\{}.png",
        "data\\images\\{}.png",
        "C:\\Users\\me\\{}.png",
        "/home/me/images/{}.png",
        "./images/{}.png",
    ],
)
def test_coco_names_of_other_machines_are_found(tmp_path, written):
    for i in range(2):
        put(tmp_path / "images" / f"{i}.png", DATA[i])
    put(tmp_path / "annotations" / "instances.json", coco([written.format(i) for i in range(2)], BOX))
    data = open_dataset(tmp_path)
    assert scan_images(data).images["status"].tolist() == ["ok", "ok"]
    assert data.source.stat(data.samples["path"][0]).size == len(DATA[0])


@pytest.mark.parametrize(
    ("annotation", "size"),
    [
        ({"segmentation": [[1, 2, 11, 2, 11, 10]]}, (8, 10)),
        ({"segmentation": [[1, 2, 11, 2, 11, 10], [20, 2, 21, 2, 21, 3]], "bbox": []}, (8, 20)),
        ({"segmentation": [1.0, 2.0, 11.0, 2.0, 11.0, 10.0], "bbox": None}, (8, 10)),
        ({"segmentation": [[0, 0, 1, 1, 2, 2]], "bbox": [1, 2, 10, 8]}, (8, 10)),
    ],
)
def test_the_box_of_an_object_with_polygons_alone_is_around_them(tmp_path, annotation, size):
    put(tmp_path / "0.png", DATA[0])
    put(tmp_path / "a.json", coco(["0.png"], {"category_id": 1, **annotation}))
    found = scan_images(open_dataset(tmp_path)).images.loc[0]
    assert (found["height"], found["width"]) == size


def test_polygons_that_are_none_are_reported(tmp_path):
    for polygons in ([[1, 2, 3]], [["a"] * 6], {"counts": [1, 2]}, [], [[1, 2, 3, 4]]):
        put(tmp_path / "0.png", DATA[0])
        put(tmp_path / "a.json", coco(["0.png"], {"category_id": 1, "segmentation": polygons}))
        assert scan_images(open_dataset(tmp_path)).images["status"].tolist() == ["unreadable"]


def test_a_coco_category_that_is_not_listed_keeps_its_number(tmp_path):
    put(tmp_path / "0.png", DATA[0])
    put(tmp_path / "a.json", coco(["0.png"], {**BOX, "category_id": 5}))
    data = open_dataset(tmp_path)
    assert data.samples["label"].tolist() == ["5"]
    assert "5" in data.reading.notes[0]


HASHES = ("0123456789abcdef0123456789abcdef", "AAAA456789abcdef0123456789abcdef")


def test_versions_of_one_picture_are_a_group_by_the_names_that_roboflow_gives(tmp_path):
    """Folders of classes, boxes, and a table."""
    for k, split in enumerate(("train", "test")):
        put(tmp_path / "f" / split / "cat" / f"a_jpg.rf.{HASHES[k]}.png", DATA[k])
        put(tmp_path / "f" / split / "dog" / f"a_jpg.rf.{HASHES[k]}.png", DATA[k + 2])
        put(tmp_path / "y" / split / "images" / f"a_jpg.rf.{HASHES[k]}.png", DATA[k])
        put(tmp_path / "y" / split / "labels" / f"a_jpg.rf.{HASHES[k]}.txt", "0 .5 .5 .5 .5")
    put(
        tmp_path / "t.csv",
        "path,label\n" + "".join(f"b_jpg.rf.{h}.png,x\n" for h in HASHES) + "plain.png,x\n",
    )
    folder = open_dataset(tmp_path / "f")
    assert sorted(folder.samples["group"]) == ["cat/a_jpg", "cat/a_jpg", "dog/a_jpg", "dog/a_jpg"]
    assert folder.reading.groups_from == "Roboflow's file names"
    assert set(open_dataset(tmp_path / "y").samples["group"]) == {"a_jpg"}
    assert open_dataset(tmp_path / "t.csv").samples["group"].tolist() == ["x/b_jpg", "x/b_jpg", ""]


def test_a_group_column_goes_before_names(tmp_path):
    put(tmp_path / "t.csv", "path,label,group\n" + "".join(f"b_jpg.rf.{h}.png,x,{h[:4]}\n" for h in HASHES))
    assert open_dataset(tmp_path / "t.csv").samples["group"].tolist() == ["0123", "AAAA"]
