import numpy as np
import pytest
from PIL import Image

from auditor.checks.truncated import Truncated
from auditor.finding import Severity
from tests.checks.files import found, paths, scan_of
from tests.checks.plants import column
from tests.scanning.making import encoded, jpeg, png


@pytest.fixture
def noisy():
    return encoded(
        Image.fromarray(np.random.default_rng(0).integers(0, 255, (256, 256, 3), dtype=np.uint8)), "JPEG"
    )


def test_names_what_is_cut_worst_first(tmp_path, noisy):
    files = {
        "early.jpg": noisy[: len(noisy) // 4],
        "late.jpg": noisy[: len(noisy) * 3 // 4],
        "end.jpg": jpeg()[:-2],
        "good.jpg": jpeg(),
    }
    finding = found(Truncated(), scan_of(tmp_path, files))
    assert paths(finding) == ["early.jpg", "late.jpg", "end.jpg"]
    assert finding.severity is Severity.ERROR
    assert finding.details["survives"]["late.jpg"] == pytest.approx(0.75, abs=0.05)
    assert "1 lacks only the end marker" in finding.summary


def test_names_what_decoders_fill_with_grey_without_a_word(tmp_path, noisy):
    finding = found(
        Truncated(),
        scan_of(tmp_path, {"quiet.jpg": noisy[: len(noisy) // 2] + b"\xff\xd9", "good.png": png()}),
    )
    assert paths(finding) == ["quiet.jpg"]
    assert "1 opens without an error" in finding.summary


def test_other_defects_are_not_its_business(tmp_path):
    finding = found(Truncated(), scan_of(tmp_path, {"text.jpg": b"hello", "good.png": png()}))
    assert (paths(finding), finding.severity) == ([], Severity.PASS)


PLANTS = {
    "truncated": column(defect="cut-short", survives=0.5),
}
