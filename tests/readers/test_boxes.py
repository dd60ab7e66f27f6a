"""Annotations of object detection are read as crops; crops of one image never cross splits."""

import io
import json
import os
import pickle

import numpy as np
import pytest
from PIL import Image

import auditor
from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.readers.voc import _boxes as boxes_of
from auditor.scanning import scan_images
from tests.scanning.making import encoded, png

RNG = np.random.default_rng(0)


def random_picture(width=40, height=30):
    return RNG.integers(0, 256, (height, width, 3), dtype=np.uint8)


def written(place, picture):
    place.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(picture).save(place)
    return picture


def served(data, path):
    return np.asarray(Image.open(io.BytesIO(data.source.read(path))))


def coco(place, images, annotations, categories=("cat", "dog")):
    place.parent.mkdir(parents=True, exist_ok=True)
    listed = [{"id": i, "file_name": name, "width": 40, "height": 30} for i, name in enumerate(images)]
    names = [{"id": 10 + i, "name": name} for i, name in enumerate(categories)]
    place.write_text(
        json.dumps(
            {"info": {}, "licenses": [], "images": listed, "annotations": annotations, "categories": names}
        )
    )
    return place


def box(number, image, category, *corners, **more):
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "bbox": list(corners),
        "iscrowd": 0,
        **more,
    }


def test_coco_boxes_are_crops(tmp_path):
    first = written(tmp_path / "train2017" / "a.png", random_picture())
    written(tmp_path / "val2017" / "b.png", random_picture())
    written(tmp_path / "train2017" / "empty.png", random_picture())
    written(tmp_path / "val2017" / "new.png", random_picture())
    coco(
        tmp_path / "annotations" / "instances_train2017.json",
        ["a.png", "empty.png"],
        [
            box(7, 0, 10, 4, 5, 10, 8),
            box(9, 0, 11, 20.5, 10.5, 5, 5),
            box(12, 0, 11, 0, 0, 40, 30, iscrowd=1),
        ],
    )
    coco(tmp_path / "annotations" / "instances_val2017.json", ["b.png"], [box(7, 0, 10, 0, 0, 40, 30)])
    coco(tmp_path / "annotations" / "person_keypoints_val2017.json", ["b.png"], [box(7, 0, 10, 0, 0, 40, 30)])
    data = open_dataset(tmp_path)
    assert data.kind == "COCO"
    assert data.samples[["path", "label", "split", "group"]].values.tolist() == [
        ["train2017/a.png#box=7.png", "cat", "train", "train2017/a.png"],
        ["train2017/a.png#box=9.png", "dog", "train", "train2017/a.png"],
        ["val2017/b.png#box=7.png", "cat", "val", "val2017/b.png"],
    ]
    assert np.array_equal(served(data, "train2017/a.png#box=7.png"), first[5:13, 4:14])
    assert np.array_equal(
        served(data, "train2017/a.png#box=9.png"), first[10:16, 20:26]
    )  # every pixel that the box touches
    assert data.ignored == (
        "annotations/person_keypoints_val2017.json",
        "train2017/a.png#box=12 (a crowd, not one object)",
        "train2017/empty.png (no box)",
        "val2017/new.png (in no annotation)",
    )
    copy = pickle.loads(pickle.dumps(data.source))
    assert copy.read("val2017/b.png#box=7.png") == data.source.read("val2017/b.png#box=7.png")
    assert open_dataset(tmp_path / "annotations" / "instances_val2017.json").samples["path"].tolist() == [
        "val2017/b.png#box=7.png"
    ]


def test_bad_boxes_are_reported_and_the_rest_goes_on(tmp_path):
    written(tmp_path / "a.png", random_picture())
    (tmp_path / "cut.png").write_bytes(png(40, 30)[:200])
    annotations = [
        box(1, 0, 10, 1, 1, 9, 9),
        box(2, 0, 10, 50, 1, 9, 9),  # outside
        box(3, 0, 10, 1, 1, 9),  # three numbers
        box(4, 0, 10, 1, 1, 1e400, 9),
        box(5, 77, 10, 1, 1, 9, 9),  # no such image
        box(6, 1, 10, 1, 1, 9, 9),  # cut short
        box(7, 2, 10, 1, 1, 9, 9),  # missing
        box(8, 3, 10, 1, 1, 9, 9),  # outside the data
        "nonsense",
        box(1, 0, 99, 1, 1, 9, 9),  # a number that was used, and no such category
    ]
    coco(tmp_path / "_annotations.coco.json", ["a.png", "cut.png", "gone.png", "../a.png"], annotations)
    data = open_dataset(tmp_path)
    scan = scan_images(data)
    reasons = dict(zip(scan.images["path"], scan.images["reason"], strict=True))
    assert len(reasons) == len(annotations)
    good = {p for p, why in reasons.items() if not why}
    assert good == {"a.png#box=1.png", "a.png#box=10.png"}  # the damaged row took 9, its place being taken
    assert reasons["a.png#box=2.png"].startswith(
        "cannot be read: its box (50, 1) to (59, 10) holds no pixel of a picture of 40 x 30"
    )
    assert (
        "not four numbers" in reasons["a.png#box=3.png"] and "not four numbers" in reasons["a.png#box=4.png"]
    )
    assert "no image is named" in reasons["_annotations.coco.json#box=5.png"]
    assert "cannot be read" in reasons["cut.png#box=6.png"]
    assert reasons["gone.png#box=7.png"] == "missing"
    assert "leaves" in reasons["../a.png#box=8.png"]


@pytest.mark.parametrize("content", ['{"images": [', '{"images": {}, "categories": [1]}', "[" * 100_000])
def test_broken_coco_is_refused_in_one_line(tmp_path, content):
    file = tmp_path / "x.json"
    file.write_text('{"categories": [], ' + content if content.startswith("[") else content)
    with pytest.raises(DataError) as caught:
        open_dataset(file)
    assert "\n" not in str(caught.value)


def voc(objects, name="a.png"):
    inside = "".join(
        f"<object><name>{n}</name><bndbox><xmin>{a}</xmin><ymin>{b}</ymin><xmax>{c}</xmax><ymax>{d}</ymax></bndbox></object>"
        for n, a, b, c, d in objects
    )
    return f"<annotation><filename>{name}</filename>{inside}</annotation>"


def test_pascal_voc_counts_from_one_and_includes_the_last_pixel(tmp_path):
    picture = written(tmp_path / "JPEGImages" / "a.png", random_picture())
    written(tmp_path / "JPEGImages" / "b.png", random_picture())
    written(tmp_path / "JPEGImages" / "c.png", random_picture())
    notes = tmp_path / "Annotations"
    notes.mkdir()
    (notes / "a.xml").write_text(voc([("cat", 1, 1, 40, 30), ("dog", 3, 4, 10, 9)]))
    (notes / "b.xml").write_text(voc([("cat", "x", 1, 2, 2)]))
    (notes / "bomb.xml").write_text('<!DOCTYPE a [<!ENTITY b "bbb">]>' + voc([("&b;", 1, 1, 2, 2)]))
    (notes / "broken.xml").write_text("<annotation><object>")
    (tmp_path / "ImageSets" / "Main").mkdir(parents=True)
    (tmp_path / "ImageSets" / "Main" / "train.txt").write_text("a\n")
    (tmp_path / "ImageSets" / "Main" / "val.txt").write_text("b -1\n")
    data = open_dataset(tmp_path)
    assert data.kind == "Pascal VOC"
    found = data.samples.set_index("path")
    assert found["split"].to_dict() == {
        "Annotations/bomb.xml#box=0.png": "",
        "Annotations/broken.xml#box=0.png": "",
        "JPEGImages/a.png#box=1.png": "train",
        "JPEGImages/a.png#box=2.png": "train",
        "JPEGImages/b.png#box=1.png": "val",
    }
    assert np.array_equal(served(data, "JPEGImages/a.png#box=1.png"), picture)
    assert np.array_equal(served(data, "JPEGImages/a.png#box=2.png"), picture[3:9, 2:10])
    assert "JPEGImages/c.png (no box)" in data.ignored
    assert (scan_images(data).images["status"] == "ok").tolist() == [False, False, True, True, False]


def test_yolo_boxes_are_shares_of_the_picture(tmp_path):
    picture = written(tmp_path / "images" / "train" / "a.png", random_picture())
    written(tmp_path / "images" / "val" / "b.png", random_picture())
    (tmp_path / "labels" / "train").mkdir(parents=True)
    (tmp_path / "labels" / "train" / "a.txt").write_text(
        "0 0.5 0.5 0.5 0.4\n\n1 0.25 0.1 0.75 0.1 0.75 0.5\nword 1 2 3 4\n1 nan 0 0 0\n"
    )
    (tmp_path / "data.yaml").write_text("path: .\nnames:\n  0: cat\n  1: dog\n")
    data = open_dataset(tmp_path)
    assert data.kind == "YOLO"
    assert data.samples[["path", "label", "split"]].values.tolist() == [
        ["images/train/a.png#box=1.png", "cat", "train"],
        ["images/train/a.png#box=3.png", "dog", "train"],
        ["images/train/a.png#box=4.png", "", "train"],
        ["images/train/a.png#box=5.png", "dog", "train"],
    ]
    assert np.array_equal(served(data, "images/train/a.png#box=1.png"), picture[9:21, 10:30])
    assert np.array_equal(served(data, "images/train/a.png#box=3.png"), picture[3:15, 10:30])
    assert data.ignored == ("images/val/b.png (no box)",)
    assert (scan_images(data).images["status"] == "ok").tolist() == [True, True, False, False]
    (tmp_path / "data.yaml").write_text("names: [")
    with pytest.raises(DataError, match="names"):
        open_dataset(tmp_path / "data.yaml")


def test_a_moved_box_is_read_again_and_nothing_else(tmp_path):
    written(tmp_path / "a.png", random_picture())
    os.utime(tmp_path / "a.png", (1e9, 1e9))
    file = coco(tmp_path / "x.json", ["a.png"], [box(1, 0, 10, 1, 1, 9, 9), box(2, 0, 10, 5, 5, 9, 9)])
    before = open_dataset(file).source
    coco(tmp_path / "x.json", ["a.png"], [box(1, 0, 10, 1, 1, 9, 9), box(2, 0, 10, 6, 5, 9, 9)])
    after = open_dataset(file).source
    assert before.stat("a.png#box=1.png") == after.stat("a.png#box=1.png")
    assert before.stat("a.png#box=2.png") != after.stat("a.png#box=2.png")


def test_an_image_is_decoded_once_for_all_its_boxes(tmp_path, monkeypatch):
    from auditor.readers import boxes

    written(tmp_path / "a.png", random_picture())
    written(tmp_path / "b.png", random_picture())
    file = coco(tmp_path / "x.json", ["a.png", "b.png"], [box(i, i % 2, 10, i, 0, 8, 8) for i in range(20)])
    decoded = []
    whole = boxes.decode_whole
    monkeypatch.setattr(boxes, "decode_whole", lambda data: decoded.append(1) or whole(data))
    scan_images(open_dataset(file), jobs=1)
    assert len(decoded) == 2


def test_sixteen_bits_stay_sixteen(tmp_path):
    deep = RNG.integers(0, 65536, (30, 40), dtype=np.uint16)
    (tmp_path / "a.png").write_bytes(encoded(Image.fromarray(deep), "PNG"))
    data = open_dataset(coco(tmp_path / "x.json", ["a.png"], [box(1, 0, 10, 2, 3, 9, 9)]))
    assert np.array_equal(served(data, "a.png#box=1.png"), deep[3:12, 2:11])


def test_crops_of_one_image_stay_together(tmp_path):
    annotations = []
    for image in range(30):
        written(tmp_path / f"{image}.png", random_picture())
        annotations += [box(3 * image + k, image, 10 + (image + k) % 2, 10 * k, 0, 12, 12) for k in range(3)]
    file = coco(tmp_path / "x.json", [f"{i}.png" for i in range(30)], annotations)
    plan = auditor.split(auditor.open(file), seed=1)
    parts = plan.table.groupby("group")["split"].nunique()
    assert len(parts) == 30 and (parts == 1).all()
    assert set(plan.table["split"]) == {"train", "val", "test"}


def test_entities_are_refused_in_utf16_too(tmp_path):
    """Ten names for ten names each: 10^8 letters, were they expanded."""
    names = "".join(f'<!ENTITY e{k} "{f"&e{k - 1};" * 10}">' for k in range(1, 9))
    text = f'<?xml version="1.0" encoding="utf-16"?><!DOCTYPE a [<!ENTITY e0 "x">{names}]>'
    text += "<annotation>&e8;</annotation>"
    (tmp_path / "a.xml").write_bytes(text.encode("utf-16"))
    boxes = [*boxes_of(tmp_path / "a.xml", "a.xml", {}, {})]
    assert [(box.image, box.number) for box in boxes] == [("a.xml", 0)]
