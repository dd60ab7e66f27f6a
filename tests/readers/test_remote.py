import io
import pickle
import tarfile
import zipfile

import pytest

from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.readers.remote import file_stat
from auditor.scanning import scan as scan_module
from auditor.scanning import scan_images
from tests.scanning.making import dataset, encoded, jpeg, picture, png

fsspec = pytest.importorskip("fsspec")

FILES = {
    f"{split}/{label}/{i}.png": png(16, 16, i)
    for split in ("train", "test")
    for label in "ab"
    for i in range(3)
}


@pytest.fixture
def memory():
    system = fsspec.filesystem("memory")
    yield system
    for folder in ("/bucket", "/other"):
        if system.exists(folder):
            system.rm(folder, recursive=True)


@pytest.fixture
def bucket():
    system = fsspec.filesystem("memory")
    for name, data in FILES.items():
        system.pipe_file(f"/bucket/{name}", data)
    system.pipe_file("/bucket/readme.txt", b"hello")
    system.makedirs("/bucket/test/c")
    yield system
    system.rm("/bucket", recursive=True)


def test_a_bucket_is_the_same_as_the_folder(bucket, tmp_path):
    dataset(tmp_path, FILES)
    here, there = open_dataset(tmp_path), open_dataset("memory://bucket")
    assert there.samples.equals(here.samples)
    assert (there.kind, there.ignored, there.empty) == ("split folders", ("readme.txt",), (("test", "c"),))
    one, other = scan_images(here), scan_images(there)
    assert one.images.equals(other.images)


def test_a_second_scan_reads_what_changed(bucket, tmp_path):
    first = scan_images(open_dataset("memory://bucket"), store=tmp_path)
    assert first.read == len(FILES)
    bucket.pipe_file("/bucket/train/a/0.png", png(20, 20, 9))
    again = scan_images(open_dataset("memory://bucket"), store=tmp_path)
    assert again.images.set_index("path")["width"]["train/a/0.png"] == 20


def test_a_file_that_vanishes_is_missing(bucket):
    data = open_dataset("memory://bucket")
    bucket.rm("/bucket/train/a/0.png")
    images = scan_images(data).images.set_index("path")
    assert images["defect"]["train/a/0.png"] == "missing"


def test_workers_read_an_address_too(tmp_path, monkeypatch):
    files = {f"a/{i}.jpg": jpeg(seed=i) for i in range(6)} | {
        "b/odd.bmp": encoded(picture(), "BMP"),
        "b/bad.jpg": b"no",
    }
    here = dataset(tmp_path, files)
    monkeypatch.setattr(scan_module, "ALONE_SECONDS", 0.0)
    there = scan_images(open_dataset(f"file://{tmp_path}"), jobs=2).images
    assert there["sha256"].tolist() == scan_images(here).images["sha256"].tolist()
    assert there["status"].tolist().count("unreadable") == 1


def test_the_listing_stays_behind_when_the_source_travels(bucket):
    source = open_dataset("memory://bucket").source
    copy = pickle.loads(pickle.dumps(source))
    assert copy.listed == {}
    assert copy.read("train/a/1.png") == FILES["train/a/1.png"]


@pytest.mark.parametrize("address", ["memory://nothing-here", "nosuchkind://x"])
def test_an_address_without_images_is_refused(address):
    with pytest.raises(DataError, match=address.split(":")[0]):
        open_dataset(address)


def test_an_archive_is_a_folder(tmp_path):
    import zipfile

    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        for name, data in FILES.items():
            archive.writestr(name, data)
    data = open_dataset(f"zip://::{tmp_path / 'data.zip'}")
    assert data.samples["path"].tolist() == sorted(FILES)
    assert scan_images(data).images["status"].eq("ok").all()


def test_a_file_without_time_or_version_is_never_trusted():
    assert file_stat({"size": 3}).size == -1
    assert file_stat({"size": 3, "ETag": "a"}) != file_stat({"size": 3, "ETag": "b"})


@pytest.mark.parametrize("ending", ["zip", "tar"])
def test_an_archive_behind_an_address_is_read_in_place(memory, ending):
    files = {f"flowers/{label}/{i}.png": png(16, 16, i) for label in "ab" for i in range(3)}
    packed = io.BytesIO()
    if ending == "zip":
        with zipfile.ZipFile(packed, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    else:
        with tarfile.open(fileobj=packed, mode="w") as archive:
            for name, data in files.items():
                info = tarfile.TarInfo(name)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    memory.pipe_file(f"/bucket/data.{ending}", packed.getvalue())
    data = open_dataset(f"memory://bucket/data.{ending}")
    assert data.samples[["path", "label"]].values.tolist() == [
        [name, name.split("/")[1]] for name in sorted(files)
    ]
    copy = pickle.loads(pickle.dumps(data.source))
    assert [copy.read(path) for path in data.samples["path"]] == [
        files[path] for path in data.samples["path"]
    ]
    assert (scan_images(data, jobs=1).images["status"] == "ok").all()


def test_a_table_behind_an_address(memory):
    memory.pipe_file("/bucket/1.png", png(16, 16, 1))
    memory.pipe_file("/other/2.png", png(16, 16, 2))
    memory.pipe_file("/bucket/t.csv", b"path,label\n1.png,a\nmemory://other/2.png,b\n1.png,b\ngone.png,a\n")
    data = open_dataset("memory://bucket/t.csv")
    images = scan_images(data, jobs=1).images.set_index("path")
    assert images["status"].to_dict() == {
        "1.png": "ok",
        "1.png#row=3.png": "ok",
        "memory://other/2.png": "ok",
        "gone.png": "unreadable",
    }
    memory.pipe_file("/bucket/bad.csv", b"words\nhello\n")
    with pytest.raises(DataError, match=r"memory://bucket/bad\.csv"):
        open_dataset("memory://bucket/bad.csv")
    with pytest.raises(DataError, match="cannot be opened"):
        open_dataset("memory://bucket/gone.csv")
