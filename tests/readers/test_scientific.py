"""DICOM and deep TIFFs are seen as they are meant, never black or white throughout."""

import io
import pickle
import sys
import zipfile

import numpy as np
import pytest
from PIL import Image

import auditor
from auditor.errors import MissingExtraError
from auditor.readers import open_dataset
from auditor.readers.scientific import converted
from auditor.scanning import scan_images
from auditor.scanning.pixels import Unreadable, decode
from tests.scanning.making import png

pydicom = pytest.importorskip("pydicom")
tifffile = pytest.importorskip("tifffile")

RAMP = np.add.outer(np.linspace(0, 0.5, 30), np.linspace(0, 0.5, 40))


def tiff(pixels, **how):
    out = io.BytesIO()
    tifffile.imwrite(out, pixels, **how)
    return out.getvalue()


def dicom(pixels, photometric="MONOCHROME2", **tags):
    from pydicom.dataset import FileDataset, FileMetaDataset
    from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = (
        SecondaryCaptureImageStorage,
        generate_uid(),
    )
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    file = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    file.SOPClassUID, file.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    file.Rows, file.Columns = pixels.shape[-2:] if photometric != "RGB" else pixels.shape[:2]
    file.SamplesPerPixel = 3 if photometric == "RGB" else 1
    if photometric == "RGB":
        file.PlanarConfiguration = 0
    if pixels.ndim == 3 and photometric != "RGB":
        file.NumberOfFrames = len(pixels)
    file.PhotometricInterpretation = photometric
    file.BitsAllocated = file.BitsStored = pixels.dtype.itemsize * 8
    file.HighBit, file.PixelRepresentation = file.BitsStored - 1, int(pixels.dtype.kind == "i")
    file.PixelData = pixels.tobytes()
    for name, value in tags.items():
        setattr(file, name, value)
    out = io.BytesIO()
    file.save_as(out, enforce_file_format=True)
    return out.getvalue()


def seen(data, name="a.dcm"):
    return np.asarray(Image.open(io.BytesIO(converted(name, data))))


def test_rescale_and_window_as_the_standard_says():
    stored = np.array([[0, 824, 1024, 1064, 1224, 4000]], np.uint16)
    made = dicom(
        stored, RescaleSlope=1, RescaleIntercept=-1024, WindowCenter=[40, 500], WindowWidth=[400, 2000]
    )
    # by hand: Hounsfield -1024, -200, 0, 40, 200, 2976; below 40 - 0.5 - 399/2 = -160 black, above 239 white,
    # between (x - 39.5)/399 + 0.5
    expected = [
        0,
        0,
        round((-39.5 / 399 + 0.5) * 255),
        round((0.5 / 399 + 0.5) * 255),
        round((160.5 / 399 + 0.5) * 255),
        255,
    ]
    assert seen(made).tolist() == [expected]


def test_monochrome1_is_turned_round():
    stored = np.array([[0, 50, 255]], np.uint8)
    assert seen(dicom(stored, "MONOCHROME1")).tolist() == [[255, 205, 0]]
    assert seen(dicom(stored)).tolist() == [[0, 50, 255]]


def test_without_a_window_the_values_of_the_picture_count():
    assert seen(dicom(np.array([[-1000, 0, 1000]], np.int16))).tolist() == [[0, 128, 255]]


def test_colour_and_frames():
    rgb = np.random.default_rng(0).integers(0, 256, (5, 6, 3), dtype=np.uint8)
    assert np.array_equal(seen(dicom(rgb, "RGB")), rgb)
    frames = np.stack([np.eye(4, dtype=np.uint8) * 255, np.zeros((4, 4), np.uint8)])
    assert np.array_equal(seen(dicom(frames)), frames[0])


@pytest.mark.parametrize(
    ("pixels", "white"),
    [
        (RAMP.astype(np.float32), 1), (RAMP, 1), (RAMP.astype(np.float16), 1), ((RAMP * 9000).astype(np.float32), 65535),
        ((RAMP * 1e6).astype(np.uint32), None), ((RAMP * 20 - 10).astype(np.float32), None), ((RAMP * 3000 - 1000).astype(np.int16), None),
        ((RAMP * 4000).astype(np.int16), 4095), (np.where(RAMP > 0.9, np.nan, RAMP * 2), 255),
    ],
)  # fmt: skip
def test_deep_tiffs_keep_their_contrast(pixels, white):
    shown = seen(tiff(pixels), "a.tif")
    values = np.nan_to_num(pixels.astype(np.float64))
    low, high = (0, white) if white else (values.min(), values.max())
    assert shown.dtype == np.uint8
    assert np.abs(shown - (values - low) / (high - low) * 255).max() <= 0.51


@pytest.mark.parametrize("kind", ["L", "RGB", "I;16"])
def test_what_pillow_reads_as_it_is_meant_is_left_alone(kind):
    pixels = {
        "L": (RAMP * 255).astype(np.uint8),
        "RGB": np.stack([(RAMP * 255).astype(np.uint8)] * 3, -1),
        "I;16": (RAMP * 65535).astype(np.uint16),
    }[kind]
    data = tiff(pixels)
    assert converted("a.tif", data) is data


def test_sixteen_bits_of_colour_and_more_channels():
    deep = (np.stack([RAMP, RAMP[::-1], RAMP[:, ::-1]], -1) * 4095).astype(np.uint16)
    import cv2

    for data in (
        tiff(deep, photometric="rgb"),
        tiff(np.moveaxis(deep, 2, 0), photometric="rgb", planarconfig="separate"),
    ):
        found = cv2.imdecode(np.frombuffer(converted("a.tiff", data), np.uint8), cv2.IMREAD_UNCHANGED)[
            ..., ::-1
        ]
        assert np.array_equal(found, deep)
    five = (np.stack([RAMP] * 5) * 65535).astype(np.uint16)
    assert np.array_equal(
        seen(tiff(five, photometric="minisblack", planarconfig="separate"), "a.tif"), five[0]
    )


def test_a_folder_of_both_is_scanned_and_split(tmp_path):
    rng = np.random.default_rng(0)
    for i in range(12):
        place = tmp_path / "ab"[i % 2]
        place.mkdir(exist_ok=True)
        noise = rng.random((40, 40))
        (place / f"{i}.dcm").write_bytes(
            dicom((noise * 2000).astype(np.uint16), WindowCenter=1000, WindowWidth=2000)
        )
        (place / f"{i}.tif").write_bytes(tiff(noise.astype(np.float32)))
        (place / f"{i}.png").write_bytes(png(40, 40, i))
    (tmp_path / "a" / "cut.dcm").write_bytes((tmp_path / "a" / "0.dcm").read_bytes()[:500])
    (tmp_path / "a" / "none.dcm").write_bytes(b"nothing")
    data = open_dataset(tmp_path)
    assert len(data) == 38
    scan = scan_images(data, jobs=2)
    bad = scan.images[scan.images["status"] != "ok"]
    assert bad["path"].tolist() == ["a/cut.dcm", "a/none.dcm"] and bad["reason"].str.contains("DICOM").all()
    good = scan.images[(scan.images["status"] == "ok") & ~scan.images["path"].str.endswith("png")]
    assert good["brightness"].between(0.4, 0.6).all()
    assert pickle.loads(pickle.dumps(data.source)).read("a/0.dcm") == data.source.read("a/0.dcm")
    plan = auditor.split(auditor.open(tmp_path))
    assert set(plan.table["split"]) == {"train", "val", "test", ""}


def test_they_are_read_inside_an_archive_and_from_a_table(tmp_path):
    import zipfile

    made = dicom((RAMP * 200).astype(np.uint8))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/1.dcm", made)
        archive.writestr("y/2.dcm", made)
    assert open_dataset(tmp_path / "a.zip").source.read("x/1.dcm") == converted("1.dcm", made)
    (tmp_path / "1.dcm").write_bytes(made)
    (tmp_path / "t.csv").write_text("path,label\n1.dcm,x\n")
    assert open_dataset(tmp_path / "t.csv").source.read("1.dcm") == converted("1.dcm", made)


def without(monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)


def test_a_dicom_file_among_others_without_pydicom_is_a_row_that_names_the_extra(tmp_path, monkeypatch):
    made = dicom((RAMP * 200).astype(np.uint8))
    (tmp_path / "x" / "a").mkdir(parents=True)
    (tmp_path / "x" / "b").mkdir()
    for i in range(3):
        (tmp_path / "x" / "b" / f"{i}.png").write_bytes(png(20, 20, i))
    (tmp_path / "x" / "a" / "scan.dcm").write_bytes(made)
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        for file in sorted((tmp_path / "x").rglob("*.*")):
            archive.write(file, file.relative_to(tmp_path / "x").as_posix())
    (tmp_path / "t.csv").write_text("path,label\nx/a/scan.dcm,a\nx/b/0.png,b\n")
    without(monkeypatch, "pydicom")
    for place in ("x", "x.zip", "t.csv"):
        data = open_dataset(tmp_path / place)
        (path,) = [p for p in data.samples["path"] if p.endswith("scan.dcm")]
        with pytest.raises(OSError, match=r"auditor\[medical\]"):
            data.source.read(path)
    for file in (tmp_path / "x" / "b").iterdir():
        file.unlink()
    with pytest.raises(MissingExtraError, match=r"auditor\[medical\]"):
        open_dataset(tmp_path / "x")


@pytest.mark.parametrize(
    ("tags", "groups", "source"),
    [
        ([{"PatientID": "7"}, {"PatientID": "7 "}, {"PatientID": "8"}], ["7", "7", "8"], "DICOM PatientID"),
        (
            [{"PatientID": "", "StudyInstanceUID": "1.2"}] * 2 + [{}],
            ["1.2", "1.2", ""],
            "DICOM StudyInstanceUID",
        ),
        ([{"SeriesInstanceUID": "1.3"}] * 3, ["1.3"] * 3, "DICOM SeriesInstanceUID"),
        (
            [{"PatientID": "Anonymous", "StudyInstanceUID": "1.2"}, {"PatientID": "7"}, {}],
            ["1.2", "7", ""],
            "DICOM PatientID, else StudyInstanceUID",
        ),
        ([{}, {}, {}], ["", "", ""], ""),
    ],
)
@pytest.mark.parametrize("packed", [False, True])
def test_dicom_says_what_belongs_together(tmp_path, tags, groups, source, packed):
    folder = tmp_path / "x" / "a"
    folder.mkdir(parents=True)
    for i, found in enumerate(tags):
        (folder / f"{i}.dcm").write_bytes(dicom((RAMP * 200).astype(np.uint8), **found))
    (folder / "damaged.dcm").write_bytes(b"nothing")
    (folder / "z.png").write_bytes(png(20, 20, 1))
    place = tmp_path / "x"
    if packed:
        with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
            for file in folder.iterdir():
                archive.write(file, f"a/{file.name}")
        place = tmp_path / "x.zip"
    data = open_dataset(place)
    assert data.samples["group"].tolist() == [*groups, "", ""]
    assert data.reading.groups_from == source


def with_tag(data, code, count=None, value=None):
    """Return a little-endian TIFF with the count or the value of a tag changed."""
    at = int.from_bytes(data[4:8], "little")
    changed = bytearray(data)
    for entry in range(at + 2, at + 2 + 12 * int.from_bytes(data[at : at + 2], "little"), 12):
        if int.from_bytes(data[entry : entry + 2], "little") == code:
            if count is not None:
                changed[entry + 4 : entry + 8] = count.to_bytes(4, "little")
            if value is not None:
                changed[entry + 8 : entry + 12] = value.to_bytes(4, "little")
            return bytes(changed)
    raise AssertionError(code)


@pytest.mark.parametrize("how", [{"rowsperstrip": 5}, {"tile": (16, 16)}])
@pytest.mark.parametrize(
    "edit",
    [
        {"code": 257, "value": 60},
        {"code": 256, "value": 90},
        {"offsets": 3},
    ],
    ids=["higher", "wider", "fewer parts"],
)
def test_pixels_that_a_damaged_tiff_does_not_hold_are_never_made_up(how, edit):
    whole = tiff((RAMP * 1e6).astype(np.int32), compression="zlib", **how)
    if "offsets" in edit:
        edit = {"code": 324 if "tile" in how else 273, "count": 3}
    damaged = with_tag(whole, **edit)
    found = []
    for junk in (0, 255):
        filled = [np.full(n, junk, np.uint8) for n in (7200, 9600, 14400, 10800)]
        del filled
        try:
            found.append(decode(converted("a.tif", damaged)).pixel_digest)
        except (OSError, Unreadable):
            found.append("unreadable")
    assert found == ["unreadable", "unreadable"]


def test_a_sound_compressed_tiff_is_still_read():
    for how in ({"rowsperstrip": 5}, {"tile": (16, 16)}, {}):
        for pixels in (
            RAMP.astype(np.float32),
            (RAMP * 1e6).astype(np.int32),
            (RAMP * 100 - 50).astype(np.int16),
        ):
            assert np.ptp(seen(tiff(pixels, compression="zlib", **how), "a.tif")) > 90


def test_a_table_of_dicom_files_whose_ids_lack_the_ending_is_read_and_grouped(tmp_path):
    for i in range(4):
        pixels = np.uint8(RAMP * 100 + i)
        (tmp_path / f"{i}.dcm").write_bytes(dicom(pixels, PatientID=f"P{i // 2}"))
    (tmp_path / "t.csv").write_text("image_id,target\n0,a\n1,a\n2,b\n3,b\n")
    data = open_dataset(tmp_path / "t.csv")
    assert list(data.samples["path"]) == ["0", "1", "2", "3"]
    assert data.source.read("0").startswith(b"\x89PNG")
    assert list(data.samples["group"]) == ["P0", "P0", "P1", "P1"]
