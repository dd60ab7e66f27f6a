"""The checks of single pictures have one shape: a limit, a share, a list with the worst first."""

import cv2
import numpy as np
import pytest

from auditor.checks.blurry import Blurry
from auditor.checks.bright import Bright
from auditor.checks.dark import Dark
from auditor.checks.low_contrast import LowContrast
from auditor.checks.low_information import LowInformation
from auditor.checks.odd_aspect import OddAspect
from auditor.checks.odd_size import OddSize
from auditor.finding import Severity
from tests.checks.plants import column
from tests.checks.quality import only, scan_with
from tests.evidence.scenes import encoded, scan_of, scene

#: Check, measure, values beyond the limit (worst last), a value just on the safe side.
CASES = [
    (Dark, "peak_level", [0.3, 0.1], 0.33),
    (Bright, "floor_level", [0.96, 0.99], 0.94),
    (LowContrast, "contrast", [0.04, 0.005], 0.055),
    (Blurry, "blur", [0.65, 0.9], 0.55),
    (LowInformation, "entropy", [2.0, 0.0], 2.5),
    (OddSize, "pixels", [45_000.0, 1000.0], 60_000.0),
    (OddSize, "pixels", [850_000.0, 9e6], 700_000.0),
    (OddAspect, "aspect", [1 / 3, 5.0], 2.4),
]


@pytest.mark.parametrize(("check", "measure", "bad", "fine"), CASES)
def test_the_worst_comes_first_and_the_safe_is_not_named(check, measure, bad, fine):
    finding = only(scan_with(**{measure: [*bad, fine]}), check())
    assert finding.examples["path"].tolist() == ["0001.jpg", "0000.jpg"]
    assert finding.affected == 2
    assert finding.effect.value == pytest.approx(0.02)
    assert finding.severity is Severity.WARNING
    assert finding.examples["score"].is_monotonic_decreasing


@pytest.mark.parametrize(("check", "measure", "bad", "fine"), CASES)
def test_one_of_a_hundred_is_listed_but_warns_nobody(check, measure, bad, fine):
    finding = only(scan_with(**{measure: bad[:1]}), check())
    assert finding.severity is Severity.PASS
    assert len(finding.examples) == 1


@pytest.mark.parametrize("check", sorted({c[0] for c in CASES}, key=lambda c: c.code))
def test_ordinary_pictures_pass_and_unreadable_ones_do_not_count(check):
    finding = only(scan_with(unreadable=7), check())
    assert finding.severity is Severity.PASS
    assert (finding.affected, finding.total, finding.examples) == (0, 100, None)


@pytest.mark.parametrize("check", sorted({c[0] for c in CASES}, key=lambda c: c.code))
@pytest.mark.parametrize("n", [1, 2])
def test_one_or_two_images_are_enough_to_run(check, n):
    assert only(scan_with(n), check()).severity is Severity.PASS


def test_smooth_subjects_are_not_blurred_and_flat_ones_not_flat():
    """A data set of blood cells: every image is smooth and pale, and none stands out."""
    random = np.random.default_rng(0)
    scan = scan_with(
        300,
        blur=random.normal(0.54, 0.05, 300),
        contrast=random.normal(0.06, 0.008, 300),
        entropy=random.normal(5.5, 0.3, 300),
    )
    for check in (Blurry(), LowContrast(), LowInformation()):
        assert only(scan, check).affected == 0


def test_digits_are_neither_dark_nor_blank():
    """Thin white strokes on black: most pixels are black, and the histogram holds little over 1 bit."""
    scan = scan_with(
        100,
        peak_level=np.full(100, 0.99),
        brightness=np.full(100, 0.08),
        entropy=np.random.default_rng(0).uniform(0.8, 2.2, 100),
    )
    assert only(scan, Dark()).affected == 0
    assert only(scan, LowInformation()).affected == 0


def test_sizes_that_vary_widely_allow_more():
    sides = np.exp(np.random.default_rng(0).normal(np.log(100), 0.4, 400))
    assert only(scan_with(400, pixels=sides**2), OddSize()).affected <= 4


def test_portraits_among_landscapes_are_not_odd():
    aspects = np.where(np.arange(100) % 2, 4 / 3, 3 / 4)
    assert only(scan_with(100, aspect=aspects), OddAspect()).affected == 0


#: Faults planted in real files, and the check that must name exactly those.
FAULTS = {
    "dark": lambda p: (p * 0.15).astype(np.uint8),
    "bright": lambda p: (255 - (255 - p) * 0.03).astype(np.uint8),
    "low-contrast": lambda p: (110 + p * 0.08).astype(np.uint8),
    "blurry": lambda p: cv2.GaussianBlur(p, (0, 0), 4),
    "low-information": lambda p: np.full_like(p, 130),
    "odd-size": lambda p: cv2.resize(p, None, fx=0.3, fy=0.3, interpolation=cv2.INTER_AREA),
    "odd-aspect": lambda p: p[:20],
}
CHECKS = {c.code: c for c in (Dark, Bright, LowContrast, Blurry, LowInformation, OddSize, OddAspect)}


@pytest.fixture(scope="module")
def faulty():
    files = {f"{i:03d}.jpg": encoded(scene(i, 150, 200), "JPEG", quality=90) for i in range(100)}
    for kind, fault in FAULTS.items():
        for i in (100, 101):
            files[f"{kind} {i}.jpg"] = encoded(fault(scene(i, 150, 200)), "JPEG", quality=90)
    return scan_of(files)


@pytest.mark.parametrize("code", FAULTS)
def test_planted_faults_are_named(faulty, code):
    finding = only(faulty, CHECKS[code]())
    named = set(finding.examples["path"])
    assert {f"{code} 100.jpg", f"{code} 101.jpg"} <= named
    assert not [path for path in named if " " not in path]


PLANTS = {
    "dark": column(peak_level=0.1),
    "bright": column(floor_level=0.99),
    "low-contrast": column(contrast=0.005),
    "blurry": column(blur=0.9),
    "low-information": column(entropy=0.02),
    "odd-size": column(most=0.04, pixels=16.0),
    "odd-aspect": column(most=0.04, aspect=12.0),
}
