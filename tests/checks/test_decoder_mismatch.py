import cv2
import numpy as np
import pytest
from PIL import Image

from auditor.checks.decoder_mismatch import DecoderMismatch
from auditor.evidence import Evidence
from auditor.finding import Severity
from auditor.scanning import decoders, scan_images
from auditor.scanning.pixels import decode
from tests.checks.files import found, paths, scan_of
from tests.checks.plants import column
from tests.scanning.making import dataset, encoded, jpeg, picture, png


@pytest.fixture
def files():
    exif = Image.Exif()
    exif[0x0112] = 6
    return {
        "clear.png": png(mode="RGBA"), "cmyk.jpg": encoded(picture("CMYK"), "JPEG"), "deep.png": png(mode="I;16"), "good.jpg": jpeg(),
        "good.png": png(),
        "moving.gif": encoded(picture("P"), "GIF"), "scan.tif": encoded(picture(), "TIFF"), "turned.jpg": jpeg(exif=exif),
    }  # fmt: skip


def test_header_facts_tell_what_others_refuse_or_see_differently(tmp_path, files):
    finding = found(DecoderMismatch(), scan_of(tmp_path, files))
    assert finding.severity is Severity.WARNING
    assert finding.details["problems"] == {
        "clear.png": "channels differ (transparency)",
        "cmyk.jpg": "colours differ (CMYK)",
        "deep.png": "brightness differs (more than 8 bits)",
        "moving.gif": "TensorFlow returns four dimensions",
        "scan.tif": "TensorFlow refuses it / Keras passes it over",
        "turned.jpg": "OpenCV turns it",
    }


def test_plain_files_pass(tmp_path, files):
    plain = {name: files[name] for name in ("good.jpg", "good.png")}
    assert found(DecoderMismatch(), scan_of(tmp_path, plain)).severity is Severity.PASS


def test_opencv_is_tried_for_real(tmp_path, files, monkeypatch):
    monkeypatch.setattr(decoders, "tensorflow", lambda: None)
    assert decoders.compare(files["good.jpg"], decode(files["good.jpg"]).header) == "alike"
    assert decoders.compare(files["turned.jpg"], decode(files["turned.jpg"]).header) == "OpenCV turns it"
    icon = encoded(picture(width=32, height=32), "ICO")
    assert cv2.imdecode(np.frombuffer(icon, np.uint8), cv2.IMREAD_COLOR) is None
    assert decoders.compare(icon, decode(icon).header) == "OpenCV refuses it"


@pytest.mark.slow
def test_all_decoders_are_tried_by_the_scan(tmp_path, files):
    pytest.importorskip("tensorflow")
    scanned = scan_images(dataset(tmp_path, files), decoders="all", jobs=1)
    told = scanned.images.set_index("path")["decoders"]
    assert told["good.jpg"] == told["good.png"] == "alike"
    assert told["turned.jpg"] == "OpenCV turns it"
    assert told["moving.gif"] == "TensorFlow returns four dimensions"
    assert told["scan.tif"] == "TensorFlow refuses it"
    finding = found(DecoderMismatch(), Evidence(scanned.images, scanned.signatures))
    assert "tried" in finding.summary
    assert "good.jpg" not in paths(finding)


PLANTS = {
    "decoder-mismatch": column(decoders="OpenCV: refused"),
}
