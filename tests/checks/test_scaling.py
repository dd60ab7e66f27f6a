import io

import numpy as np
import pytest
from PIL import Image
from sklearn.preprocessing import StandardScaler

from auditor.checks.scaling import Scaling
from auditor.finding import Severity
from tests.checks.plants import column
from tests.evidence.scenes import encoded, scan_of, scene


def test_mean_and_deviation_are_those_of_a_standard_scaler_on_the_training_pixels():
    pictures = [scene(i, 30, 40) for i in range(8)]
    files = {f"train/a/{i}.png": encoded(p) for i, p in enumerate(pictures)} | {
        "test/a/x.png": encoded(np.zeros((30, 40, 3), np.uint8))
    }
    (finding,) = Scaling()(scan_of(files))
    fitted = StandardScaler().fit(np.stack(pictures).reshape(-1, 3) / 255)
    assert finding.details["mean"] == pytest.approx(fitted.mean_, abs=1e-4)
    assert finding.details["std"] == pytest.approx(np.sqrt(fitted.var_), abs=1e-4)
    assert finding.details["minimum"] == pytest.approx(min(p.min() for p in pictures) / 255, abs=1e-4)
    assert finding.severity is Severity.PASS
    assert "Normalization(mean=[" in finding.fix.text


def test_mixed_bit_depths_are_a_warning_that_lists_the_rare_ones():
    files = {f"train/a/{i}.png": encoded(scene(i, 20, 20)) for i in range(6)}
    deep = io.BytesIO()
    Image.fromarray(np.arange(400, dtype=np.uint16).reshape(20, 20) * 100).save(deep, "PNG")
    (finding,) = Scaling()(scan_of(files | {"train/a/deep.png": deep.getvalue()}))
    assert finding.severity is Severity.WARNING
    assert list(finding.examples["path"]) == ["train/a/deep.png"]
    assert finding.affected == 1


PLANTS = {
    "scaling": column(bits=16),
}
