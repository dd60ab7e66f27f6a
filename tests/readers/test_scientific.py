"""DICOM and deep TIFFs are seen as they are meant, never black or white throughout."""

import io
import pickle

import numpy as np
import pytest
from PIL import Image

import auditor
from auditor.readers import open_dataset
from auditor.readers.scientific import converted
from auditor.scanning import scan_images
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
