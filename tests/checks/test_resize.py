import pytest

from auditor.checks.resize import Resize
from auditor.finding import Severity
from tests.checks.plants import base
from tests.checks.splits import scan
from tests.evidence.scenes import encoded, scan_of, scene


def resized(sizes, **thresholds):
    """The finding about pictures of these heights and widths."""
    files = {f"train/a/{i:03d}.png": encoded(scene(i, *size)) for i, size in enumerate(sizes)}
    (finding,) = Resize(**thresholds)(scan_of(files))
    return finding


def test_the_size_is_the_largest_that_nine_in_ten_can_fill():
    assert resized([(100, 120)] * 18 + [(40, 40)] * 2).details["size"] == 96
    assert resized([(100, 120)] * 17 + [(40, 40)] * 3).details["size"] == 32


def test_shares_are_counted():
    finding = resized([(64, 64)] * 6 + [(20, 30)] * 2 + [(64, 200)] * 2, size=64)
    assert finding.details["blown_up"] == pytest.approx(0.2)
    assert finding.details["squashed"] == pytest.approx(0.2)
    assert finding.severity is Severity.WARNING
    assert finding.affected == 4
    assert finding.effect.value == pytest.approx(0.4)
    assert "Pad to a square" in finding.fix.text


def test_pictures_of_the_size_of_the_input_pass():
    assert resized([(64, 64)] * 10).severity is Severity.PASS


def test_detail_is_lost_where_eight_pixels_become_one():
    assert resized([(260, 300)] * 3, size=32).details["detail_lost"] == 1.0
    assert resized([(250, 300)] * 3, size=32).details["detail_lost"] == 0.0


def plant_small(strength, seed):
    images = base(seed)
    for name in ("width", "height"):
        images[name] = (images[name] * (1 - 0.9 * strength)).astype(int)
    images["pixels"] = (images["width"] * images["height"]).astype(float)
    return scan(images, seed=seed)


PLANTS = {
    "resize": plant_small,
}
