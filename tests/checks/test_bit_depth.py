from auditor.checks.bit_depth import BitDepth
from auditor.finding import Severity
from tests.checks.files import found, paths, scan_of
from tests.checks.plants import column
from tests.scanning.making import encoded, picture, png


def test_names_deep_images(tmp_path):
    files = {
        "8.png": png(),
        "16.png": png(mode="I;16"),
        "16.tif": encoded(picture("I;16"), "TIFF"),
        "1.png": png(mode="1"),
    }
    finding = found(BitDepth(), scan_of(tmp_path, files))
    assert sorted(paths(finding)) == ["16.png", "16.tif"]
    assert finding.details["bits"] == {"1": 1, "16": 2, "8": 1}
    assert finding.severity is Severity.WARNING


def test_eight_bits_pass(tmp_path):
    assert found(BitDepth(), scan_of(tmp_path, {"a.png": png()})).severity is Severity.PASS


PLANTS = {
    "bit-depth": column(bits=16),
}
