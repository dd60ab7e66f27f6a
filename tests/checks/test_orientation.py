from PIL import Image

from auditor.checks.orientation import Orientation
from auditor.finding import Severity
from tests.checks.files import found, paths, scan_of
from tests.checks.plants import column
from tests.scanning.making import jpeg, png


def turned(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def test_names_turned_images(tmp_path):
    files = {f"{o}.jpg": jpeg(exif=turned(o)) for o in range(1, 9)} | {
        "6.png": png(exif=turned(6)),
        "plain.jpg": jpeg(),
    }
    finding = found(Orientation(), scan_of(tmp_path, files))
    assert sorted(paths(finding)) == [*(f"{o}.jpg" for o in range(2, 7)), "6.png", "7.jpg", "8.jpg"]
    assert "5 images lie on their side" in finding.summary
    assert finding.severity is Severity.WARNING


def test_upright_images_pass(tmp_path):
    assert (
        found(Orientation(), scan_of(tmp_path, {"a.jpg": jpeg(exif=turned(1)), "b.jpg": jpeg()})).severity
        is Severity.PASS
    )


PLANTS = {
    "orientation": column(orientation=6),
}
