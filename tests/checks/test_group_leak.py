import numpy as np
import pandas as pd
import pytest

from auditor.checks import run_checks
from auditor.checks.group_leak import GroupLeak, group_likeness
from auditor.evidence import Evidence
from auditor.finding import Severity
from tests.checks.plants import base, some
from tests.checks.quality import scan_with
from tests.checks.splits import scan
from tests.evidence.scenes import encoded, scan_of, scene


def findings(scan, **settings):
    return {f.id: f for f in run_checks(scan, [GroupLeak(**settings)])}


def slides(stain, numbers=range(10), crops=6):
    """Crops of slides in train (even crops) and test (odd ones).

    Each slide has its own brightness if ``stain``.
    """
    files = {}
    for s in numbers:
        for i in range(crops):
            light = 0.5 + 0.05 * s if stain else 0.9
            files[f"{'test' if i % 2 else 'train'}/a/slide{s}_{i}.png"] = encoded(
                (scene(100 * s + i) * light).astype(np.uint8)
            )
    return files


def test_a_declared_group_in_two_splits_is_an_error():
    files = {
        f"{split}/a/{i}.png": encoded(scene(start + i))
        for split, start in (("train", 0), ("val", 20), ("test", 40))
        for i in range(6)
    }
    groups = {p: f"patient {p}" for p in files} | {
        "train/a/0.png": "x",
        "test/a/1.png": "x",
        "test/a/2.png": "x",
    }
    found = findings(scan_of(files, groups=groups))
    assert {i: f.severity for i, f in found.items()} == {
        "group-leak:train-test": Severity.ERROR,
        "group-leak:train-val": Severity.PASS,
        "group-leak:val-test": Severity.PASS,
    }
    leak = found["group-leak:train-test"]
    assert leak.examples["path"].tolist() == ["test/a/1.png", "test/a/2.png"]
    assert leak.examples["other_path"].tolist() == ["train/a/0.png"] * 2
    assert leak.effect.value == pytest.approx(2 / 6, rel=1e-5)


def test_inferred_groups_that_look_real_warn_and_never_err():
    (finding,) = findings(scan_of(slides(stain=True))).values()
    assert finding.id == "group-leak:file-names"
    assert finding.severity is Severity.WARNING
    assert finding.effect.error_at is None
    assert finding.affected == 30
    assert "Inferred" in finding.summary
    assert finding.details["inferred"]


def test_inferred_groups_without_likeness_are_only_told():
    (finding,) = findings(scan_of(slides(stain=False))).values()
    assert finding.severity is Severity.INFO


def test_inference_stops_where_groups_are_declared():
    files = slides(stain=True)
    assert not any("file-names" in i for i in findings(scan_of(files, groups={p: p for p in files})))


def test_without_any_hint_the_check_says_so():
    files = {
        f"{split}/a/{'xyzuvw'[i]}{split}.png": encoded(scene(start + i))
        for split, start in (("train", 0), ("test", 20))
        for i in range(6)
    }
    (finding,) = findings(scan_of(files)).values()
    assert finding.severity is Severity.SKIPPED


def test_likeness_is_the_intraclass_correlation_less_three_errors():
    """Two groups of equal size: (MSB - MSW) / (MSB + (k - 1) MSW), by hand from the sums of squares."""
    values = np.array([0.1, 0.2, 0.15, 0.8, 0.9, 0.85, 0.45, 0.55, 0.5, 0.35, 0.3, 0.4])
    groups = np.repeat(["a", "b", "c", "d"], 3).astype(object)
    scan = scan_with(12, brightness=values)
    table = scan.images.assign(**{m: 0.0 for m in _measures() if m not in scan.images}).assign(
        pixel_digest=scan.images["path"], sha256=scan.images["path"]
    )
    scan = Evidence(table, scan.signatures)
    means = values.reshape(4, 3).mean(axis=1)
    between = 3 * ((means - values.mean()) ** 2).sum() / 3
    within = ((values.reshape(4, 3) - means[:, None]) ** 2).sum() / 8
    expected = (between - within) / (between + 2 * within) - 3 * np.sqrt(2 / (3 * 2 * 3))
    likeness, measure = group_likeness(scan, groups)
    assert measure == "brightness"
    assert likeness == pytest.approx(max(expected, 0))


def _measures():
    from auditor.scanning.schema import MEASURES

    return [m.name for m in MEASURES]


def test_groups_drawn_by_lot_have_no_likeness():
    random = np.random.default_rng(0)
    scan = scan_with(300, brightness=random.uniform(size=300))
    table = scan.images.assign(
        **{m: random.normal(size=300) for m in _measures()},
        pixel_digest=scan.images["path"],
        sha256=scan.images["path"],
    )
    assert isinstance(table, pd.DataFrame)
    for seed in range(5):
        groups = np.random.default_rng(seed).permutation(np.arange(300) // 4).astype(str).astype(object)
        assert group_likeness(Evidence(table, scan.signatures), groups)[0] < 0.05


def plant_grouped(strength, seed):
    images = base(seed)
    images["group"] = [f"{s}-{i // 4}" for i, s in enumerate(images["split"])]
    moved = some(images, 0.5 * strength, seed, images["split"] == "test")
    images.loc[moved, "group"] = images.loc[images["split"] == "train", "group"].to_numpy()[: len(moved)]
    return scan(images, seed=seed, groups=pd.factorize(images["group"])[0])


PLANTS = {
    "group-leak": plant_grouped,
}
