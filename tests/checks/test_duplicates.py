from pathlib import Path

import numpy as np
import pytest

from auditor.checks import run_checks
from auditor.checks.conflicting_labels import ConflictingLabels
from auditor.checks.exact_duplicate import ExactDuplicate
from auditor.checks.near_duplicate import NearDuplicate
from auditor.checks.split_leak import SplitLeak
from auditor.evidence import Evidence
from auditor.finding import Severity
from auditor.readers import open_dataset
from auditor.scanning import scan_images
from tests.checks.plants import base, some
from tests.checks.splits import scan
from tests.evidence.scenes import encoded, scan_of, scene

DATA = Path(__file__).resolve().parents[2] / "../shared/data"


def findings(scan, check):
    return {f.id: f for f in run_checks(scan, [check])}


def tree(**more):
    """Thirty pictures in train, ten each in val and test, all different; and more files."""
    files = {f"train/{'ab'[i % 2]}/{i}.png": encoded(scene(i)) for i in range(30)}
    files |= {
        f"{split}/{'ab'[i % 2]}/{i}.png": encoded(scene(start + i))
        for split, start in (("val", 40), ("test", 60))
        for i in range(10)
    }
    return files | more


def test_clean_data_passes_every_check():
    scan = scan_of(tree())
    for check in (ExactDuplicate(), NearDuplicate(), ConflictingLabels(), SplitLeak()):
        for finding in findings(scan, check).values():
            assert finding.severity is Severity.PASS
            assert (finding.affected, finding.examples, finding.effect.value) == (0, None, 0)


def test_exact_copies_are_counted_by_kind():
    again = encoded(scene(0), compress_level=1)
    finding = findings(
        scan_of(tree(**{"train/a/x.png": encoded(scene(0)), "train/a/y.png": again})), ExactDuplicate()
    )["exact-duplicate"]
    assert finding.severity is Severity.WARNING
    assert finding.details == {"sets": 1, "same_bytes": 1, "same_pixels": 1}
    assert finding.examples["other_path"].tolist() == ["train/a/0.png"] * 2
    assert finding.effect.value == pytest.approx(2 / 52, rel=1e-5)


def test_exact_copies_do_not_count_as_near_ones():
    scan = scan_of(
        tree(**{"train/a/x.png": encoded(scene(0)), "train/a/y.jpg": encoded(scene(2), "JPEG", quality=60)})
    )
    finding = findings(scan, NearDuplicate())["near-duplicate"]
    assert finding.affected == 1
    assert set(finding.examples[["path", "other_path"]].iloc[0]) == {"train/a/2.png", "train/a/y.jpg"}
    assert finding.severity is Severity.WARNING
    assert 0.9 < finding.examples["score"].item() < 1


def test_a_leak_is_an_error_and_names_both_images():
    found = findings(
        scan_of(tree(**{"val/a/leak.png": encoded(scene(4)), "test/b/leak.jpg": encoded(scene(5), "JPEG")})),
        SplitLeak(),
    )
    assert set(found) == {"split-leak:train-val", "split-leak:train-test", "split-leak:val-test"}
    exact, near, none = (found[f"split-leak:{pair}"] for pair in ("train-val", "train-test", "val-test"))
    assert [f.severity for f in (exact, near, none)] == [Severity.ERROR, Severity.ERROR, Severity.PASS]
    row = exact.examples.iloc[0]
    assert (row["path"], row["other_path"], row["split"], row["other_split"]) == (
        "val/a/leak.png",
        "train/a/4.png",
        "val",
        "train",
    )
    assert near.examples["other_path"].tolist() == ["train/b/5.png"]
    assert exact.effect.value == pytest.approx(1 / 11, rel=1e-5)
    assert "--replace" in exact.fix.command


def test_an_image_in_three_splits_leaks_between_every_two():
    found = findings(
        scan_of(tree(**{"val/a/x.png": encoded(scene(4)), "test/a/x.png": encoded(scene(4))})), SplitLeak()
    )
    assert [f.affected for f in found.values()] == [1, 1, 1]


def test_copies_within_the_field_or_in_training_are_no_error():
    scan = scan_of(
        tree(
            **{
                "field/x.png": encoded(scene(4)),
                "field/y.png": encoded(scene(90)),
                "field/z.png": encoded(scene(90)),
            }
        )
    )
    found = findings(scan, SplitLeak())
    assert "split-leak:field-field" not in found
    assert found["split-leak:train-field"].severity is Severity.WARNING
    assert found["split-leak:train-field"].affected == 1


def test_a_leak_under_another_label_is_told():
    finding = findings(scan_of(tree(**{"val/b/x.png": encoded(scene(4))})), SplitLeak())[
        "split-leak:train-val"
    ]
    assert finding.details["other_label"] == 1


def test_two_labels_for_one_picture_conflict_and_the_majority_is_suggested():
    more = {
        "train/a/x.jpg": encoded(scene(0), "JPEG"),
        "train/b/y.jpg": encoded(scene(0), "JPEG", quality=50),
    }
    finding = findings(scan_of(tree(**more)), ConflictingLabels())["conflicting-labels"]
    assert finding.severity is Severity.ERROR
    assert finding.affected == 3
    suggested = dict(zip(finding.examples["path"], finding.examples["suggested_label"], strict=True))
    assert suggested == {"train/a/0.png": "", "train/a/x.jpg": "", "train/b/y.jpg": "a"}
    labels = finding.examples["label"].tolist()
    assert sorted(labels) == ["a", "a", "b"]


def test_with_one_vote_each_nothing_is_suggested():
    finding = findings(scan_of(tree(**{"train/b/x.png": encoded(scene(0))})), ConflictingLabels())[
        "conflicting-labels"
    ]
    assert finding.examples["suggested_label"].tolist() == ["", ""]
    assert finding.details["label_pairs"] == ["a / b"]


def test_a_turned_copy_may_have_another_label():
    finding = findings(
        scan_of(tree(**{"train/b/x.png": encoded(np.rot90(scene(0), 2))})), ConflictingLabels()
    )["conflicting-labels"]
    assert finding.severity is Severity.PASS


def test_look_alikes_leave_the_leak_undecided():
    """A copy at the rim of what is taken for a copy is shown, and not called an error."""
    scan = scan_of(tree(**{"val/a/x.jpg": encoded(scene(4), "JPEG")}))
    duplicates = scan.duplicates
    member = int(np.flatnonzero(duplicates.reason != "")[0])
    duplicates.distance[member] = duplicates.calibration.threshold
    assert findings(scan, SplitLeak())["split-leak:train-val"].severity is Severity.UNDECIDED


@pytest.mark.slow
@pytest.mark.skipif(not (DATA / "blood_cells").is_dir(), reason="the shared images are not here")
def test_every_copied_validation_crop_is_named():
    data = open_dataset(DATA / "blood_cells")
    scanned = scan_images(data)
    found = findings(Evidence(scanned.images, scanned.signatures), SplitLeak())["split-leak:train-val"]
    assert found.severity is Severity.ERROR
    assert found.affected == found.total == 812
    assert {p.split("/")[0] for p in found.examples["path"]} == {"Validation"}
    assert {p.split("/")[0] for p in found.examples["other_path"]} == {"Training"}
    assert found.examples["path"].nunique() == 812


def plant_near(strength, seed):
    """Pictures of which some are there once more, saved again."""
    files = {f"train/cat/{i:03d}.png": scene(1000 * seed + i) for i in range(24)}
    files |= {f"train/cat/again-{i:03d}.jpg": scene(1000 * seed + i) for i in range(round(8 * strength))}
    return scan_of(
        {path: encoded(picture, "JPEG" if path.endswith("jpg") else "PNG") for path, picture in files.items()}
    )


def plant_pairs(across):
    """Rows that are byte for byte those of another row.

    Of the same split and class, of another class, or of another split.
    """

    def plant(strength, seed):
        images = base(seed)
        first = some(images, 0.2 * strength, seed, (images["split"] == "train") & (images["label"] == "cat"))
        wanted = {"copy": ("train", "cat"), "label": ("train", "dog"), "split": ("test", "cat")}[across]
        second = np.flatnonzero((images["split"] == wanted[0]) & (images["label"] == wanted[1]))[
            -len(first) or len(images) :
        ]
        second = second[~np.isin(second, first)][: len(first)]
        for name in ("sha256", "pixel_digest", "phash"):
            images.loc[second, name] = images.loc[first[: len(second)], name].to_numpy()
        found = scan(images, seed=seed)
        del found.groups, found.unique  # so that they follow from the duplicates
        return found

    return plant


PLANTS = {
    "exact-duplicate": plant_pairs("copy"),
    "near-duplicate": plant_near,
    "conflicting-labels": plant_pairs("label"),
    "split-leak": plant_pairs("split"),
}
