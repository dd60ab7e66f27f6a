from PIL import Image

from auditor.checks.privacy import Privacy
from auditor.finding import Severity
from tests.checks.files import found, paths, scan_of
from tests.checks.plants import column
from tests.scanning.making import encoded, jpeg, picture


def told(gps: bool, serial: bool) -> Image.Exif:
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    if serial:
        exif.get_ifd(0x8769)[0xA431] = "12345"
    if gps:
        exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 51.0, 30.0), 3: "E", 4: (2.0, 17.0, 40.0)})
    return exif


def test_names_positions_and_serial_numbers(tmp_path):
    files = {
        "both.jpg": jpeg(exif=told(True, True)),
        "gps.jpg": jpeg(exif=told(True, False)),
        "serial.jpg": jpeg(exif=told(False, True)),
    }
    files |= {
        "maker.jpg": jpeg(exif=told(False, False)),
        "none.jpg": jpeg(),
        "gps.webp": encoded(picture(), "WEBP", exif=told(True, False)),
    }
    finding = found(Privacy(), scan_of(tmp_path, files))
    assert paths(finding) == ["both.jpg", "gps.jpg", "gps.webp", "serial.jpg"]
    assert (finding.details["gps"], finding.details["serial"]) == (3, 2)
    assert finding.severity is Severity.WARNING


def test_nothing_private_is_a_pass(tmp_path):
    assert (
        found(Privacy(), scan_of(tmp_path, {"a.jpg": jpeg(exif=told(False, False))})).severity
        is Severity.PASS
    )


PLANTS = {
    "privacy": column(private="gps"),
}
