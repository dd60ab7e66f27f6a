"""WebDataset shards are read in place; a shard cut short keeps what is whole."""

import io
import json
import pickle
import subprocess
import tarfile

import pytest

from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from tests.scanning.making import png

PICTURES = {f"{i:03d}": png(16, 16, i) for i in range(6)}


def shard(place, members, mode="w"):
    place.parent.mkdir(parents=True, exist_ok=True)
    with tarfile.open(place, mode) as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return place


def samples(keys, label=lambda key: str(int(key) % 2)):
    return {
        name: data
        for key in keys
        for name, data in ((f"{key}.png", PICTURES[key]), (f"{key}.cls", label(key).encode()))
    }


def test_shards_are_samples_with_splits(tmp_path):
    shard(tmp_path / "flowers-train-000.tar", samples(["000", "001"]))
    shard(
        tmp_path / "flowers-train-001.tar",
        {"002.png": PICTURES["002"], "002.json": json.dumps({"label": "tulip", "w": 3}).encode()},
    )
    shard(
        tmp_path / "flowers-val-000.tar",
        {**samples(["003"]), "003.txt": b"a caption", "003.seg.png": PICTURES["004"]},
    )
    (tmp_path / "classnames.txt").write_text("rose\nlily\n")
    data = open_dataset(tmp_path)
    assert data.kind == "WebDataset"
    assert data.samples[["path", "label", "split"]].values.tolist() == [
        ["flowers-train-000.tar/000.png", "rose", "train"],
        ["flowers-train-000.tar/001.png", "lily", "train"],
        ["flowers-train-001.tar/002.png", "tulip", "train"],
        ["flowers-val-000.tar/003.png", "lily", "val"],
    ]
    assert data.ignored == ("flowers-val-000.tar/003.seg.png", "flowers-val-000.tar/003.txt")
    copy = pickle.loads(pickle.dumps(data.source))
    assert [copy.read(p) for p in data.samples["path"]] == [PICTURES[f"00{i}"] for i in range(4)]
    assert (scan_images(data, jobs=2).images["status"] == "ok").all()


def test_a_list_in_json_is_several_labels(tmp_path):
    shard(
        tmp_path / "a.tar",
        {
            "1.png": PICTURES["001"],
            "1.json": b'{"label": ["rose", "bud"]}',
            "2.png": PICTURES["002"],
            "2.json": b"{}",
        },
    )
    assert open_dataset(tmp_path).samples["label"].tolist() == ["bud ∧ rose", ""]


def test_one_shard_is_a_data_set(tmp_path):
    data = open_dataset(shard(tmp_path / "test.tar", samples(["000", "001"])))
    assert data.kind == "WebDataset"
    assert data.samples["path"].tolist() == ["000.png", "001.png"] and set(data.samples["split"]) == {"test"}


def test_a_tar_of_class_folders_is_none(tmp_path):
    assert (
        open_dataset(
            shard(tmp_path / "a.tar", {"x/000.png": PICTURES["000"], "y/1.png": PICTURES["001"]})
        ).kind
        == "class folders"
    )


@pytest.mark.parametrize("cut", [1100, 2000, 3500, 5000])
def test_a_shard_cut_short_keeps_what_is_whole(tmp_path, cut):
    shard(tmp_path / "b.tar", samples(["003"]))
    whole = shard(tmp_path / "a.tar", samples(["000", "001", "002"])).read_bytes()
    ends = []
    with tarfile.open(tmp_path / "a.tar") as archive:
        ends = [(m.name, m.offset_data + m.size) for m in archive if m.name.endswith(".png")]
    (tmp_path / "a.tar").write_bytes(whole[:cut])
    scan = scan_images(open_dataset(tmp_path)).images.set_index("path")
    good = {p for p in scan.index if scan.loc[p, "status"] == "ok"}
    assert good == {"b.tar/003.png", *(f"a.tar/{name}" for name, end in ends if end <= cut)}
    assert (
        scan.loc[[p for p in scan.index if p not in good], "reason"].str.contains("cut short|damaged").all()
    )
    assert len(good) < len(scan)


def test_links_and_names_that_lead_outside_are_refused(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, data in samples(["000"]).items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        away = tarfile.TarInfo("../away.png")
        archive.addfile(away, io.BytesIO(b""))
    images = scan_images(open_dataset(tmp_path)).images.set_index("path")
    assert images.loc["a.tar/000.png", "status"] == "ok"
    assert "link" in images.loc["a.tar/link.png", "reason"]
    assert "leaves" in images.loc["a.tar/../away.png", "reason"]


def test_compressed_shards_are_named(tmp_path):
    shard(tmp_path / "a.tar.gz", samples(["000"]), "w:gz")
    with pytest.raises(DataError, match="gunzip"):
        open_dataset(tmp_path)
    shard(tmp_path / "b.tar", samples(["001"]))
    assert open_dataset(tmp_path).ignored == ("a.tar.gz (compressed as a whole: decompress it)",)


@pytest.mark.parametrize("bad", [b"", b"x" * 2000, b"\xff" * 5000])
def test_shards_that_are_bad_at_the_beginning_do_not_hide_the_others(tmp_path, bad):
    for i in range(4):
        (tmp_path / f"train-{i}.tar").write_bytes(bad)
    shard(tmp_path / "train-9.tar", samples(["000", "001"]))
    data = open_dataset(tmp_path)
    images = scan_images(data).images
    assert (data.kind, (images["status"] == "ok").sum()) == ("WebDataset", 2)
    assert len(images) == 6


def test_sparse_members_of_shards_are_read_with_their_holes(tmp_path):
    file = tmp_path / "000.png"
    file.write_bytes(PICTURES["000"])
    with file.open("r+b") as stream:
        stream.truncate(1 << 20)
    (tmp_path / "000.cls").write_text("3")
    (tmp_path / "001.png").write_bytes(PICTURES["001"])
    (tmp_path / "001.cls").write_text("4")
    names = ["000.png", "000.cls", "001.png", "001.cls"]
    subprocess.run(["tar", "--sparse", "-cf", "x.tar", *names], cwd=tmp_path, check=True)
    data = open_dataset(tmp_path / "x.tar")
    assert data.samples["label"].tolist() == ["3", "4"]
    assert data.source.read("000.png") == file.read_bytes()
    assert data.source.read("001.png") == PICTURES["001"]


def test_class_numbers_beyond_the_names_are_kept_and_said(tmp_path):
    shard(tmp_path / "train-0.tar", samples(["000", "001"], lambda key: str(int(key) * 7)))
    (tmp_path / "classes.txt").write_text("rose\nlily\n")
    data = open_dataset(tmp_path)
    assert data.samples["label"].tolist() == ["rose", "7"]
    assert "2 names" in data.reading.notes[0] and "7" in data.reading.notes[0]
