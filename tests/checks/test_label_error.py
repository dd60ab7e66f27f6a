import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from auditor.checks import run_checks
from auditor.checks.label_error import LabelError, find_copies, suspicion
from auditor.dataset import DECISION, LABEL_ANSWER
from auditor.evidence import Evidence
from auditor.evidence.probabilities import Probabilities
from auditor.finding import Severity
from tests.checks.plants import base, some
from tests.checks.shapes import shape_scan
from tests.checks.splits import scan

KINDS = ("cross", "disc", "ring", "stripes")


@pytest.fixture(scope="module")
def clean():
    return shape_scan({f"train/{kind}": 120 for kind in KINDS})


def with_labels(scan, labels, rows=None, **columns):
    """The scan with other labels, perhaps with some rows again; what it looks like is known."""
    rows = np.arange(len(scan.images)) if rows is None else rows
    images = scan.images.iloc[rows].reset_index(drop=True).assign(label=labels, **columns)
    images["path"] = [f"{i:04d}-{path}" for i, path in enumerate(images["path"])]
    return Evidence(images, scan.signatures[np.arange(len(scan.images))[rows]])


def flipped(scan, share, seed=0):
    """The scan with a share of its labels replaced at random, and which."""
    rng = np.random.default_rng(seed)
    wrong = rng.random(len(scan.images)) < share
    labels = scan.labels.copy()
    labels[wrong] = [rng.choice([k for k in KINDS if k != label]) for label in labels[wrong]]
    return with_labels(scan, labels), wrong


def review(scan, wrong, rounds=1, answer=("right", "wrong")):
    """The finding after a reviewer who knows the truth has looked at what was asked for, some times over."""
    answers = np.full(len(wrong), "", dtype=object)
    for _ in range(rounds):
        finding = check(with_answers(scan, answers))
        asked = scan.images["path"].isin(finding.details["review"]["images"]).to_numpy()
        answers[asked] = np.where(wrong[asked], answer[1], answer[0])
    return check(with_answers(scan, answers))


def with_answers(scan, answers, **columns):
    other = Evidence(scan.images.assign(**{LABEL_ANSWER: answers}, **columns), scan.signatures)
    # Decisions change neither what is seen nor what the judge says.
    other._pictures, other.probabilities = scan._pictures, scan.probabilities
    return other


def check(scan, **thresholds):
    (finding,) = run_checks(scan, [LabelError(**thresholds)])
    return finding


def test_planted_flips_are_ranked_first(clean):
    scan, wrong = flipped(clean, 0.06)
    finding = check(scan)
    score = dict(zip(finding.examples["path"], finding.examples["score"], strict=True))
    scores = [score.get(path, 0.0) for path in scan.images["path"]]
    assert average_precision_score(wrong, scores) > 0.85


def test_a_model_alone_says_at_most_and_never_warns(clean):
    """Not even where three labels in ten are wrong: the judge may be as wrong as they are."""
    for share in (0.06, 0.3):
        scan, wrong = flipped(clean, share)
        finding = check(scan)
        assert finding.severity is Severity.UNDECIDED
        assert finding.effect.low == 0
        assert finding.effect.value == finding.effect.high >= wrong.mean()
        assert finding.summary.startswith("At most")


def test_the_bound_grows_with_the_fault(clean):
    values = [check(flipped(clean, share)[0]).effect.value for share in (0, 0.08, 0.2)]
    assert values[0] < values[1] < values[2]


def test_clean_labels_pass_where_the_bound_is_below_the_threshold(clean):
    finding = check(clean, warn_share=0.05)
    assert finding.severity is Severity.PASS
    assert finding.fix is None
    assert finding.affected == 0
    assert "follow a rule are not seen" in finding.summary
    assert check(clean, warn_share=finding.effect.high / 2).severity is Severity.UNDECIDED


def test_no_precision_is_stated_before_a_look(clean):
    finding = check(flipped(clean, 0.06)[0])
    assert "precision" not in finding.details["review"]
    assert "expected" not in finding.summary + finding.fix.text


def test_the_suggested_label_is_the_true_one(clean):
    scan, wrong = flipped(clean, 0.06)
    examples = check(scan).examples.set_index("path")
    truth = dict(zip(scan.images["path"], clean.labels, strict=True))
    found = [p for p in scan.images["path"][wrong] if p in examples.index]
    assert np.mean([examples["suggested_label"][p] == truth[p] for p in found]) > 0.9
    assert (examples["label"] != examples["suggested_label"]).all()


def test_the_list_of_a_weak_judge_is_shorter(clean):
    """At the same number of images, and of labels it contradicts."""
    rng = np.random.default_rng(0)
    labels = clean.labels.copy()
    blurred = rng.random(len(labels)) < 0.45
    labels[blurred] = rng.permutation(labels[blurred])
    weak, strong = (
        check(with_labels(clean, labels), max_listed=0.5),
        check(flipped(clean, 0.1)[0], max_listed=0.5),
    )
    assert weak.details["skill"] < strong.details["skill"]
    assert weak.details["contradicted"] > strong.details["contradicted"]
    assert weak.affected < strong.affected == len(strong.examples)


def test_at_most_a_tenth_is_listed(clean):
    scan, _ = flipped(clean, 0.1)
    assert len(check(scan).examples) <= 48
    assert len(check(scan, max_listed=0.02).examples) == 9


def test_labels_that_have_nothing_to_do_with_the_pictures_are_not_judged(clean):
    labels = np.random.default_rng(1).permutation(clean.labels)
    finding = check(with_labels(clean, labels))
    assert finding.severity is Severity.SKIPPED
    assert "no list of suspects" in finding.summary
    assert finding.details["skill"] < 0.3
    assert len(finding.details["review"]["images"]) == 10


def test_a_review_needs_no_judge(clean):
    """Where the judge is no better than guessing, a look at a random sample still measures."""
    labels = np.random.default_rng(1).permutation(clean.labels)
    finding = review(with_labels(clean, labels), labels != clean.labels, rounds=2)
    assert finding.severity is Severity.WARNING
    assert finding.effect.low <= (labels != clean.labels).mean() <= finding.effect.high


def test_twenty_looks_measure(clean):
    scan, wrong = flipped(clean, 0.1)
    before, after = check(scan), review(scan, wrong)
    looked = after.details["review"]
    assert (looked["listed"]["seen"], looked["rest"]["seen"]) == (10, 10)
    assert after.effect.low <= wrong.mean() <= after.effect.high
    assert after.effect.low > 0
    listed = set(before.examples["path"])
    true = np.mean([w for p, w in zip(scan.images["path"], wrong, strict=True) if p in listed])
    assert looked["precision"]["low"] <= true <= looked["precision"]["high"]
    assert after.severity is Severity.WARNING
    assert not set(looked["images"]) & set(before.details["review"]["images"])


def test_looks_that_find_nothing_end_in_a_pass(clean):
    every = check(with_answers(clean, "right"))
    assert every.severity is Severity.PASS
    assert every.effect.high == 0


def test_who_cannot_tell_is_no_evidence_of_wrong_labels(clean):
    scan, wrong = flipped(clean, 0.1)
    finding = review(scan, wrong, answer=("unclear", "unclear"))
    assert finding.effect.low == 0
    assert finding.severity is Severity.UNDECIDED


def test_errors_found_beside_the_sample_count_one_by_one(clean):
    """The reviewer has looked at the worst first, and at nothing of the sample."""
    scan, wrong = flipped(clean, 0.1)
    sample = set(check(scan).details["review"]["images"])
    beside = wrong & ~scan.images["path"].isin(sample).to_numpy()
    finding = check(with_answers(scan, np.where(beside, "wrong", "")))
    assert finding.effect.low == pytest.approx(beside.sum() / len(wrong), abs=1e-6)
    assert finding.details["review"]["found"] == beside.sum()
    assert "precision" not in finding.details["review"]


def test_labels_put_right_in_an_earlier_version_are_no_suspects(clean):
    scan, _ = flipped(clean, 0.1)
    suspects = check(scan).examples["path"]
    made = np.where(scan.images["path"].isin(suspects), "relabel", "")
    later = check(with_answers(scan, "", **{DECISION: made}))
    assert not set(later.examples["path"]) & set(suspects)
    assert later.effect.low == 0


def test_copies_with_two_labels_are_counted_as_evidence(clean):
    rows = np.r_[np.arange(480), np.arange(30)]
    labels = clean.labels[rows]
    labels[480:492] = [KINDS[(KINDS.index(k) + 1) % 4] for k in labels[480:492]]
    finding = check(with_labels(clean, labels, rows))
    assert finding.effect.low == pytest.approx(12 / 510, abs=1e-6)
    assert finding.severity is Severity.WARNING
    copies = finding.details["copies"]
    assert (copies["sets"], copies["disagreeing"]) == (30, 12)
    assert copies["wrong_labels"]["low"] < 0.25 < copies["wrong_labels"]["high"]


def test_of_three_copies_the_odd_one_is_wrong(clean):
    rows = np.r_[np.arange(480), 0, 0]
    labels = clean.labels[rows]
    labels[481] = "ring"
    scan = with_labels(clean, labels, rows)
    given = np.unique(labels, return_inverse=True)[1]
    copies = find_copies(scan, np.arange(482), given, np.arange(482))
    assert copies.surplus.sum() == 1
    assert copies.sets == 1


def test_copies_of_a_wrong_label_do_not_confirm_it(clean):
    """A mislabelled image that is there eight times would outvote the rest if its copies were in training."""
    at = np.flatnonzero(clean.labels == "stripes")[0]
    rows = np.r_[np.arange(len(clean.images)), np.full(7, at)]
    labels = clean.labels[rows]
    labels[rows == at] = "disc"
    scan = with_labels(clean, labels, rows)
    assert set(scan.images["path"][rows == at]) <= set(check(scan).examples["path"])


def test_too_few_images_or_groups_are_skipped(clean):
    assert check(shape_scan({"train/disc": 20, "train/ring": 20})).severity is Severity.SKIPPED
    grouped = Evidence(clean.images.assign(group=clean.images["label"]), clean.signatures)
    assert check(grouped).severity is Severity.SKIPPED


def test_suspicion_by_hand():
    """The best other class against the given one: 0.7 against 0.2, and 0.2 against 0.7."""
    values = np.array([[0.7, 0.2, 0.1]], dtype=np.float32)
    assert suspicion(values, np.array([1])) == pytest.approx([0.7 / 0.9])
    assert suspicion(values, np.array([0])) == pytest.approx([0.2 / 0.9])
    assert suspicion(np.zeros((1, 2), dtype=np.float32), np.array([0])) == pytest.approx([0])


def test_answers_that_are_none_are_passed_over(clean):
    finding = check(with_answers(clean, np.nan))
    assert finding.details["review"]["listed"]["seen"] == finding.details["review"]["rest"]["seen"] == 0


def plant_label_error(strength, seed):
    """Labels that were exchanged, and a reviewer who has looked at every second image."""
    images = base(seed)
    right = (images["label"] == "dog").to_numpy(int)
    flipped = some(images, 0.15 * strength, seed)
    images.loc[flipped, "label"] = np.where(right[flipped], "cat", "dog")
    images["auditor_label_answer"] = "right"
    images.loc[flipped, "auditor_label_answer"] = "wrong"
    images.loc[1::2, "auditor_label_answer"] = ""
    rng = np.random.default_rng([seed, 4])
    dog = 1 / (1 + np.exp(-rng.normal(np.where(right, 3, -3), 1)))
    found = scan(images, seed=seed)
    given = (images["label"] == "dog").to_numpy(int)
    values = np.column_stack([1 - dog, dog])
    hit = values.argmax(axis=1) == given
    balanced = float(np.mean([hit[given == k].mean() for k in (0, 1)]))
    known = Probabilities(
        np.arange(len(images)), ("cat", "dog"), given, values, balanced, left_out=0, models=("a model",)
    )
    found.probabilities = known
    return found


PLANTS = {
    "label-error": plant_label_error,
}
