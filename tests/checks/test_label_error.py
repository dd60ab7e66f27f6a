import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from auditor.checks.label_error import (
    LabelError,
    confidence_ranks,
    expected_precision,
    margin,
    self_confidence,
)
from auditor.evidence import Evidence
from auditor.finding import Severity
from tests.checks.shapes import shape_scan

KINDS = ("cross", "disc", "ring", "stripes")


@pytest.fixture(scope="module")
def clean():
    return shape_scan({f"train/{kind}": 120 for kind in KINDS})


def flipped(scan, share, seed=0):
    """The scan with a share of its labels replaced at random, and which."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(scan.images)) < share
    labels = scan.labels.copy()
    labels[wrong] = [rng.choice([k for k in KINDS if k != label]) for label in labels[wrong]]
    other = Evidence(scan.images.assign(label=labels), scan.signatures)
    return other.with_descriptor(scan.descriptor), wrong


def check(scan, **thresholds):
    (finding,) = LabelError(**thresholds)(scan)
    return finding


def test_planted_flips_are_ranked_first(clean):
    scan, wrong = flipped(clean, 0.06)
    finding = check(scan)
    assert finding.severity in (Severity.WARNING, Severity.UNDECIDED)
    assert finding.effect.low <= wrong.mean() <= finding.effect.high
    score = dict(zip(finding.examples["path"], finding.examples["score"], strict=True))
    scores = [score.get(path, 0.0) for path in scan.images["path"]]
    assert average_precision_score(wrong, scores) > 0.85


def test_the_suggested_label_is_the_true_one(clean):
    scan, wrong = flipped(clean, 0.06)
    examples = check(scan).examples.set_index("path")
    truth = dict(zip(scan.images["path"], clean.labels, strict=True))
    found = [p for p in scan.images["path"][wrong] if p in examples.index]
    assert np.mean([examples["suggested_label"][p] == truth[p] for p in found]) > 0.9
    assert (examples["label"] != examples["suggested_label"]).all()


def test_expected_precision_is_near_the_true_one(clean):
    scan, wrong = flipped(clean, 0.1, seed=3)
    finding = check(scan)
    bad = set(scan.images["path"][wrong])
    for row in finding.details["expected_precision"]:
        if row["worst"] >= 20:
            true = np.mean([p in bad for p in finding.examples["path"][: row["worst"]]])
            assert abs(row["expected"] - true) < 0.3


def test_clean_labels_pass_or_stay_undecided(clean):
    finding = check(clean)
    assert finding.severity is not Severity.WARNING
    assert finding.effect.value < 0.01


def test_the_estimate_grows_with_the_fault(clean):
    values = [check(flipped(clean, share)[0]).effect.value for share in (0, 0.08, 0.2)]
    assert values[0] < values[1] < values[2]


def test_at_most_a_tenth_is_listed(clean):
    scan, _ = flipped(clean, 0.3)
    assert len(check(scan).examples) == 48
    assert len(check(scan, max_listed=0.05).examples) == 24


def test_labels_that_have_nothing_to_do_with_the_pictures_are_not_judged(clean):
    labels = np.random.default_rng(1).permutation(clean.labels)
    finding = check(Evidence(clean.images.assign(label=labels), clean.signatures))
    assert finding.severity is Severity.SKIPPED
    assert "withheld" in finding.summary
    assert finding.details["skill"] < 0.3


def test_copies_of_a_wrong_label_do_not_confirm_it(clean):
    """A mislabelled image that is there eight times would outvote the rest if its copies were in training."""
    at = np.flatnonzero(clean.labels == "stripes")[0]
    rows = np.r_[np.arange(len(clean.images)), np.full(7, at)]
    images = clean.images.iloc[rows].reset_index(drop=True)
    images["path"] = [f"{i:04d}.png" for i in range(len(images))]
    labels = clean.labels[rows]
    labels[rows == at] = "disc"
    examples = check(Evidence(images.assign(label=labels), clean.signatures[rows])).examples
    assert set(images["path"][rows == at]) <= set(examples["path"])


def test_too_few_images_or_groups_are_skipped(clean):
    assert check(shape_scan({"train/disc": 20, "train/ring": 20})).severity is Severity.SKIPPED
    assert (
        check(Evidence(clean.images.assign(group=clean.images["label"]), clean.signatures)).severity
        is Severity.SKIPPED
    )


def test_scores_by_hand():
    values = np.array([[0.7, 0.2, 0.1]], dtype=np.float32)
    assert self_confidence(values, np.array([1])) == pytest.approx([0.8])
    assert margin(values, np.array([1])) == pytest.approx([(1 + 0.7 - 0.2) / 2])
    assert margin(values, np.array([0])) == pytest.approx([(1 + 0.2 - 0.7) / 2])


def test_confidence_is_ranked_within_the_predicted_class():
    values = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.8, 0.2]], dtype=np.float32)
    assert confidence_ranks(values) == pytest.approx([1 / 6, 5 / 6, 1 / 2, 3 / 6])


def test_expected_precision_of_a_perfect_model_is_exact():
    """With certain, right probabilities every wrong label ranks first: of the k worst, min(1, rate * n / k) are wrong."""
    given = np.arange(1000) % 4
    values = np.where(given[:, None] == np.arange(4), 0.97, 0.01).astype(np.float32)
    wrong = np.arange(1000) < 50
    labels = np.where(wrong, (given + 1) % 4, given)
    precision = expected_precision(values, labels, self_confidence(values, labels), 0.05, margins=False)
    assert precision[[9, 49, 99, 199]] == pytest.approx([1, 1, 0.5, 0.25], rel=0.1)
