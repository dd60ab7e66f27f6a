"""Archives hold what folders hold, and are read in place."""

import io
import pickle
import shutil
import stat
import subprocess
import tarfile
import zipfile

import pytest

from auditor.errors import DataError
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from tests.scanning.making import dataset, png

FILES = {
    f"{split}/{label}/{i}.png": png(16, 16, i)
    for split in ("train", "test")
    for label in "ab"
    for i in range(3)
}


def zipped(place, files, **how):
    with zipfile.ZipFile(place, "w", **how) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return place


def tarred(place, files, mode="w"):
    with tarfile.open(place, mode) as archive:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return place


@pytest.fixture(params=["a.zip", "deflated.zip", "a.tar"])
def archive(request, tmp_path):
    files = {**FILES, "readme.txt": b"hello"}
    if request.param == "a.tar":
        return tarred(tmp_path / request.param, files)
    return zipped(
        tmp_path / request.param,
        files,
        compression=zipfile.ZIP_DEFLATED if "def" in request.param else zipfile.ZIP_STORED,
    )


def test_an_archive_is_the_same_as_the_folder(archive, tmp_path):
    dataset(tmp_path / "folder", {**FILES, "readme.txt": b"hello"})
    here, there = open_dataset(tmp_path / "folder"), open_dataset(archive)
    assert there.samples.equals(here.samples)
    assert (there.kind, there.ignored) == ("split folders", ("readme.txt",))
    one, other = scan_images(here), scan_images(there, jobs=2)
    assert one.images.equals(other.images)


def test_workers_get_a_copy_of_the_source(archive):
    data = open_dataset(archive)
    copy = pickle.loads(pickle.dumps(data.source))
    assert all(copy.read(path) == FILES[path] for path in data.samples["path"])
    with pytest.raises(FileNotFoundError):
        copy.read("train/a/99.png")


def test_a_second_scan_reads_nothing(archive, tmp_path):
    assert [scan_images(open_dataset(archive), store=tmp_path / "store").read for _ in range(2)] == [12, 0]


@pytest.mark.parametrize(
    "make", [lambda p, f: zipped(p / "x.zip", f), lambda p, f: tarred(p / "x.tar", f)], ids=["zip", "tar"]
)
def test_a_folder_around_everything_means_nothing(tmp_path, make):
    data = open_dataset(make(tmp_path, {f"flowers-v1/{name}": content for name, content in FILES.items()}))
    assert set(data.samples["split"]) == {"train", "test"}
    assert data.samples["path"].iloc[0] == "flowers-v1/test/a/0.png"
    assert data.source.read("flowers-v1/test/a/0.png") == FILES["test/a/0.png"]


@pytest.mark.parametrize(
    "make", [lambda p, f: zipped(p / "x.zip", f), lambda p, f: tarred(p / "x.tar", f)], ids=["zip", "tar"]
)
def test_names_that_lead_outside_are_refused_by_name_and_the_rest_is_read(tmp_path, make):
    bad = {"train/a/../../../b.png": png(16, 16, 1), "/etc/c.png": png(16, 16, 2)}
    images = scan_images(open_dataset(make(tmp_path, {**FILES, **bad}))).images.set_index("path")
    assert (images["status"] == "ok").sum() == len(FILES)
    assert images.loc["/etc/c.png", "reason"] == "cannot be read: refused: its name is absolute"
    assert "leaves the archive" in images.loc["train/a/../../../b.png", "reason"]


def test_links_are_refused(tmp_path):
    tarred(tmp_path / "x.tar", FILES)
    with tarfile.open(tmp_path / "x.tar", "a") as archive:
        link = tarfile.TarInfo("train/a/link.png")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    zipped(tmp_path / "x.zip", FILES)
    with zipfile.ZipFile(tmp_path / "x.zip", "a") as archive:
        info = zipfile.ZipInfo("train/a/link.png")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    for name in ("x.tar", "x.zip"):
        images = scan_images(open_dataset(tmp_path / name)).images.set_index("path")
        assert images.loc["train/a/link.png", "reason"] == "cannot be read: refused: a link"


def test_a_bomb_is_refused_before_it_is_decompressed(tmp_path):
    zipped(
        tmp_path / "x.zip", {**FILES, "train/a/bomb.png": bytes(80 << 20)}, compression=zipfile.ZIP_DEFLATED
    )
    images = scan_images(open_dataset(tmp_path / "x.zip")).images.set_index("path")
    assert "decompression bomb of 84 MB" in images.loc["train/a/bomb.png", "reason"]


def test_an_archive_cut_short_gives_what_it_still_has(tmp_path):
    whole = tarred(
        tmp_path / "x.tar", {f"train/{label}/{i}.png": png(64, 64, i) for label in "ab" for i in range(3)}
    )
    content = whole.read_bytes()
    with tarfile.open(whole) as archive:
        last = archive.getmembers()[-1]
    whole.write_bytes(content[: last.offset_data + 10])
    images = scan_images(open_dataset(whole)).images
    assert images["status"].tolist().count("ok") == 5
    assert (
        images.set_index("path").loc["train/b/2.png", "reason"]
        == "cannot be read: the archive is cut short inside this file"
    )


def test_a_damaged_member_costs_itself(tmp_path):
    place = zipped(tmp_path / "x.zip", FILES)
    content = bytearray(place.read_bytes())
    start = content.rfind(FILES["test/b/2.png"])
    content[start + 20] ^= 255
    place.write_bytes(content)
    images = scan_images(open_dataset(place)).images.set_index("path")
    assert (images["status"] == "ok").sum() == len(FILES) - 1
    assert "Bad CRC-32" in images.loc["test/b/2.png", "reason"]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("x.zip", b"PK not", "which cannot be read"),
        ("x.tar", b"no tar" * 200, "cannot be read"),
        ("x.tar.gz", b"", "cannot be read"),
    ],
)
def test_what_is_no_archive_is_refused_in_one_line(tmp_path, name, content, words):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        open_dataset(tmp_path / name)


def test_an_archive_without_images_is_refused(tmp_path):
    with pytest.raises(DataError, match="no image"):
        open_dataset(zipped(tmp_path / "x.zip", {"a.txt": b""}))


@pytest.mark.parametrize(
    ("name", "mode"), [("x.tar.gz", "w:gz"), ("x.tgz", "w:gz"), ("x.tar.bz2", "w:bz2"), ("x.tar.xz", "w:xz")]
)
def test_a_compressed_tar_is_the_same_as_the_tar(tmp_path, name, mode):
    packed, plain = (
        open_dataset(tarred(tmp_path / name, FILES, mode)),
        open_dataset(tarred(tmp_path / "x.tar", FILES)),
    )
    assert packed.samples.equals(plain.samples)
    assert all(packed.source.read(path) == FILES[path] for path in packed.samples["path"])
    assert packed.location == str(tmp_path / name)


def test_a_compressed_tar_cut_short_gives_what_it_still_has(tmp_path):
    whole = tarred(
        tmp_path / "x.tar.gz",
        {f"train/{label}/{i}.png": png(64, 64, i) for label in "ab" for i in range(3)},
        "w:gz",
    )
    whole.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    status = scan_images(open_dataset(whole)).images["status"].tolist()
    assert 0 < status.count("ok") < 6


def test_a_compressed_tar_that_is_a_bomb_is_refused(tmp_path):
    with pytest.raises(DataError, match="decompression bomb"):
        open_dataset(tarred(tmp_path / "x.tar.gz", {"train/a/0.png": bytes(80 << 20)}, "w:gz"))


@pytest.mark.parametrize(
    "name_of",
    [
        lambda n: "data\\" + n.replace("/", "\\"),
        lambda n: n.replace("/", "\\"),
        lambda n: "./" + n,
        lambda n: n.replace("/", "//"),
        lambda n: "a/./" + n,
    ],
    ids=["windows", "windows without a cover", "dot", "doubled slashes", "dot inside"],
)
def test_names_of_other_tools_mean_the_same_folders(tmp_path, name_of):
    place = tmp_path / "x.zip"
    with zipfile.ZipFile(place, "w") as archive:
        for name, data in FILES.items():
            info = zipfile.ZipInfo("x")
            info.filename = name_of(name)  # the constructor would mend it
            archive.writestr(info, data)
    data = open_dataset(place)
    assert (data.classes, set(data.samples["split"])) == (("a", "b"), {"train", "test"})
    for path in data.samples["path"]:
        assert "\\" not in path and "//" not in path and "./" not in path
        assert data.source.read(path) == FILES["/".join(path.split("/")[-3:])]


def test_a_tar_with_backslashes_means_folders(tmp_path):
    files = {name.replace("/", "\\"): data for name, data in FILES.items()}
    data = open_dataset(tarred(tmp_path / "x.tar", files))
    assert data.classes == ("a", "b")
    assert data.source.read("train/a/1.png") == FILES["train/a/1.png"]


def test_a_backslash_beside_slashes_is_part_of_a_name(tmp_path):
    data = open_dataset(zipped(tmp_path / "x.zip", {**FILES, "train/a/odd\\name.png": png(8, 8, 1)}))
    assert "train/a/odd\\name.png" in set(data.samples["path"]) and data.classes == ("a", "b")


def test_an_archive_in_an_archive_is_to_be_unpacked(tmp_path):
    inner = zipped(tmp_path / "inner.zip", FILES).read_bytes()
    for name in ("images.zip", "deep/images.tar.gz", "all.7z"):
        with pytest.raises(DataError, match=f"'{name}': unpack"):
            open_dataset(zipped(tmp_path / "x.zip", {"readme.txt": b"x", name: inner}))


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice_is_counted_and_the_last_one_is_read(tmp_path):
    twice = [*FILES.items(), ("train/a/0.png", png(20, 20, 9))]
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for name, data in twice:
            archive.writestr(name, data)
    with tarfile.open(tmp_path / "x.tar", "w") as archive:
        for name, data in twice:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    for file in ("x.zip", "x.tar"):
        data = open_dataset(tmp_path / file)
        assert (len(data), data.ignored) == (12, ("train/a/0.png (once more)",))
        assert data.source.read("train/a/0.png") == twice[-1][1]
        (left_out,) = data.reading.left_out
        assert (left_out.count, left_out.examples) == (1, ("train/a/0.png",))


def sparse_tar(place, content, folder):
    """A tar by GNU tar, whose members are stored without their holes."""
    file = folder / "a" / "sparse.png"
    file.parent.mkdir()
    with file.open("wb") as stream:
        stream.write(content)
        stream.truncate(1 << 20)
    (folder / "b").mkdir()
    (folder / "b" / "after.png").write_bytes(content)
    return file


@pytest.mark.skipif(shutil.which("tar") is None, reason="needs GNU tar")
@pytest.mark.parametrize("form", ["gnu", "pax"])
def test_a_sparse_member_is_read_with_its_holes(tmp_path, form):
    content = png(16, 16, 1)
    file = sparse_tar(tmp_path / "x.tar", content, tmp_path)
    subprocess.run(
        ["tar", "--sparse", f"--format={form}", "-cf", "x.tar", "a", "b"], cwd=tmp_path, check=True
    )
    data = open_dataset(tmp_path / "x.tar")
    assert data.source.read("a/sparse.png") == file.read_bytes()
    assert data.source.stat("a/sparse.png").size == 1 << 20
    assert data.source.read("b/after.png") == content
    assert scan_images(data).images["status"].tolist() == ["ok", "ok"]


@pytest.mark.parametrize("when", ["inf", "nan", "1000000000000", "-5"])
def test_a_tar_with_impossible_times_is_read(when, tmp_path):
    with tarfile.open(tmp_path / "t.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        for name in ("a/1.png", "b/2.png"):
            entry = tarfile.TarInfo(name)
            entry.size, entry.pax_headers = len(png()), {"mtime": when}
            archive.addfile(entry, io.BytesIO(png()))
    evidence = scan_images(open_dataset(tmp_path / "t.tar"), store=tmp_path / "out")
    assert evidence.images["status"].tolist() == ["ok", "ok"]
