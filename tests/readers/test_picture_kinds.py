"""Pictures and videos under other names are found by their first bytes, and are a finding."""

import io
import zipfile
from pathlib import PurePosixPath

import pytest
from PIL import Image

import auditor
from auditor.readers import open_dataset
from auditor.readers.picture_kinds import kind_of_head
from tests.scanning.making import jpeg, png


def of(form):
    out = io.BytesIO()
    Image.new("RGB", (20, 20)).save(out, form)
    return out.getvalue()


HEADS = {
    "a/1.HEIC": (jpeg(), "JPEG"),
    "a/2": (png(), "PNG"),
    "a/3.img": (of("TIFF"), "TIFF"),
    "a/4.tmp": (of("BMP"), "BMP"),
    "a/5.image": (of("WEBP"), "WebP"),
    "a/6.heic": (b"\0\0\0\x18ftypheic" + bytes(100), "HEIC"),
    "a/7.jxl": (b"\xff\x0a" + bytes(100), "JPEG XL"),
    "a/8.jxl": (b"\0\0\0\x0cJXL \r\n\x87\n" + bytes(100), "JPEG XL"),
    "a/9.mp4": (b"\0\0\0\x20ftypisom" + bytes(100), "MP4 video"),
    "a/10.mov": (b"\0\0\0\x14ftypqt  " + bytes(100), "QuickTime video"),
    "a/11.psd": (b"8BPS\0\x01" + bytes(100), "PSD"),
    "a/12.cr2": (b"II*\0\x10\0\0\0CR\x02\0" + bytes(100), "CR2 camera raw"),
    "a/13.NEF": (b"MM\0*\0\0\0\x08" + bytes(100), "NEF camera raw"),
    "a/14.cr3": (b"\0\0\0\x18ftypcrx " + bytes(100), "CR3 camera raw"),
    "a/15": (bytes(128) + b"DICM" + bytes(100), "DICOM"),
}
OTHERS = {
    "a/x": b"hello",
    "a/y.bin": bytes(200),
    "a/BM.bin": b"BMW is a car, not a bitmap",
    "a/z.weights": b"PK\x03\x04" + bytes(100),
    "a/short": b"\xff",
    "a/none": b"",
}


def put(root, files):
    for name, data in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)


def named(data):
    return {part.reason: part.count for part in data.reading.left_out if part.what == "pictures"}


@pytest.mark.parametrize("name", [*HEADS, *OTHERS])
def test_a_kind_is_told_by_the_first_bytes(name):
    data, kind = HEADS.get(name, (OTHERS.get(name), ""))
    assert kind_of_head(data[:132], PurePosixPath(name).suffix.lower()) == kind


@pytest.mark.parametrize("packed", [False, True])
def test_they_are_named_in_the_reading_and_counted_once(tmp_path, packed):
    files = {f"{label}/{i}.png": png(20, 20, i) for label in "ab" for i in range(3)}
    files |= {name: data for name, (data, _) in HEADS.items()} | OTHERS | {"a/t.txt": b"x"}
    put(tmp_path / "d", files)
    place = tmp_path / "d"
    if packed:
        place = tmp_path / "d.zip"
        with zipfile.ZipFile(place, "w") as archive:
            for name, data in files.items():
                archive.writestr(name, data)
    data = open_dataset(place)
    assert len(data) == 6
    assert sum(named(data).values()) == len(HEADS)
    assert named(data)["JPEG, under the ending .HEIC"] == 1 and named(data)["PNG, without an ending"] == 1
    (rest,) = [part for part in data.reading.left_out if part.reason == "no images"]
    assert rest.count == len(OTHERS) + 1 and not set(rest.examples) & set(HEADS)


def test_a_folder_without_others_names_none(tmp_path):
    put(tmp_path, {"a/1.png": png(), "b/2.png": png(seed=1), "b/notes.txt": jpeg(), "b/x.csv": b"a,b"})
    assert named(open_dataset(tmp_path)) == {}


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("IMG_{}.HEIC", jpeg(), "JPEG, under the ending .HEIC"),
        ("clip{}.mp4", HEADS["a/9.mp4"][0], "MP4 video"),
        ("{}", png(), "PNG, without an ending"),
    ],
)
def test_they_are_a_finding_with_their_number(tmp_path, name, content, words):
    put(tmp_path, {f"{label}/{i}.png": png(20, 20, i) for label in "ab" for i in range(4)})
    put(tmp_path, {f"a/{name.format(i)}": content for i in range(3)})
    audit = auditor.scan(tmp_path)
    (finding,) = [f for f in audit.record.findings if f.id == "wrong-extension:left-out"]
    assert finding.severity == "warning" and audit.verdict != "pass"
    assert finding.summary.startswith("3 of 11 files (27.3 %) are pictures or videos that were left out")
    assert words in finding.summary
