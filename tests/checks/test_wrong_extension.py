from auditor.checks.wrong_extension import WrongExtension
from auditor.finding import Severity
from tests.checks.files import found, paths, scan_of
from tests.checks.plants import column
from tests.scanning.making import encoded, jpeg, picture, png


def test_names_files_of_another_format(tmp_path):
    files = {
        "a.png": jpeg(),
        "b.jpg": png(),
        "c.JPG": jpeg(),
        "d.jpeg": jpeg(),
        "e.png": png(),
        "f.tif": encoded(picture(), "TIFF"),
        "g.jpg": b"text",
    }
    finding = found(WrongExtension(), scan_of(tmp_path, files))
    assert paths(finding) == ["a.png", "b.jpg"]
    assert ".jpg that is PNG" in finding.summary
    assert finding.severity is Severity.WARNING


def test_names_that_say_nothing_are_fine(tmp_path):
    finding = found(WrongExtension(), scan_of(tmp_path, {"a": jpeg(), "b.image": png(), "c.jfif": jpeg()}))
    assert finding.severity is Severity.PASS


PLANTS = {
    "wrong-extension": column(format="JPEG"),
}
