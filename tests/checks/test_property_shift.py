import numpy as np
import pytest
from scipy import stats

from auditor.checks.property_shift import PropertyShift
from auditor.finding import Severity
from tests.checks.plants import base
from tests.checks.splits import only, scan, table

HALVES = {"train": {"cat": 400}, "test": {"cat": 400}}


def shifted(amount, *, column="sharpness", counts=HALVES, seed=0):
    images = table(counts, seed=seed)
    images.loc[images["split"] == "test", column] += amount
    return images


def test_a_planted_shift_is_found_and_named():
    images = shifted(1.5)
    found = only(PropertyShift()(scan(images)))
    assert found.severity in (Severity.WARNING, Severity.ERROR)
    assert found.title == "Sharpness differs between train and test"
    by_name = {p["name"]: p for p in found.details["properties"]}
    train, test = (images.loc[images["split"] == s, "sharpness"] for s in ("train", "test"))
    assert by_name["sharpness"]["value"] == pytest.approx(stats.ks_2samp(train, test).statistic)
    assert by_name["sharpness"]["rises"]


def test_evidence_shows_the_images_of_either_split_that_are_farthest_out():
    images = shifted(3)
    found = only(PropertyShift()(scan(images)))
    sharpness = images.set_index("path")["sharpness"]
    shown = found.examples.groupby("split")["path"].apply(lambda paths: sharpness[paths].to_numpy())
    assert shown["test"].min() > shown["train"].max()
    assert found.examples["score"].is_monotonic_decreasing
    assert len(found.examples) <= 200


def test_what_no_single_property_shows_is_found_in_their_combination():
    """Noise and sharpness keep their distributions, but in test one is the other's mirror image."""
    images = table({"train": {"cat": 600}, "test": {"cat": 600}})
    z = np.random.default_rng(0).normal(size=1200)
    e = 0.3 * np.random.default_rng(1).normal(size=1200)
    images["sharpness"] = np.exp(z)
    images["noise"] = np.exp(0.9 * z + e + np.where(images["split"] == "test", 0.45, -0.45))
    single = stats.ks_2samp(
        images.loc[images["split"] == "train", "noise"], images.loc[images["split"] == "test", "noise"]
    ).statistic
    found = only(PropertyShift()(scan(images)))
    assert found.effect.value > single + 0.2
    assert "together" in found.summary


def test_equal_properties_are_undecided_at_first_and_pass_at_last():
    few = only(PropertyShift()(scan(table({"train": {"cat": 100}, "test": {"cat": 100}}))))
    assert few.severity is Severity.UNDECIDED
    assert (
        f"a distance of {np.ceil(100 * few.effect.high) / 100:.2f} cannot be excluded; up to 0.15 passes"
        in few.summary
    )
    many = only(PropertyShift()(scan(table({"train": {"cat": 40_000}, "test": {"cat": 40_000}}))))
    assert many.severity is Severity.PASS
    assert many.effect.high < 0.05
    assert many.summary.startswith(
        f"No property differs by more than {np.ceil(100 * many.effect.high) / 100:.2f} (95 %)."
    )


def test_without_a_margin_of_its_own_the_threshold_is_the_margin():
    images = table({"train": {"cat": 2_000}, "test": {"cat": 2_000}})
    assert only(PropertyShift()(scan(images))).severity is Severity.PASS
    assert only(PropertyShift(accept_distance=0.0)(scan(images))).severity is Severity.UNDECIDED


def test_a_header_fact_does_not_lead_the_sentence():
    """Two sizes of header differ in a later digit; two qualities of compression, in the first."""
    images = shifted(2)
    second = images["split"] == "test"
    images["bytes_per_pixel"] = np.where(second, 3.0002, 3.0001)
    found = only(PropertyShift()(scan(images)))
    header = next(p for p in found.details["properties"] if p["name"] == "bytes_per_pixel")
    assert header["value"] == pytest.approx(0)
    images["bytes_per_pixel"] = np.where(second, 3.5, 0.2)
    found = only(PropertyShift()(scan(images)))
    assert found.effect.value == pytest.approx(1)
    assert found.summary.startswith("Sharpness differs most")


def test_an_effect_below_the_threshold_is_never_flagged_however_many_images():
    images = shifted(0.0, counts={"train": {"cat": 100_000}, "test": {"cat": 100_000}})
    moved = images["split"].eq("test") & (np.arange(len(images)) % 50 == 0)  # two images in a hundred
    images.loc[moved, "noise"] += 10
    found = only(PropertyShift()(scan(images)))
    assert found.severity is Severity.PASS
    assert found.details["p_value"] < 1e-6


def test_weighting_classes_explains_a_shift_that_is_only_label_mix():
    images = table({"train": {"dark": 900, "light": 100}, "test": {"dark": 100, "light": 900}})
    images["brightness"] += 4.0 * (images["label"] == "light")
    found = only(PropertyShift()(scan(images)))
    brightness = next(p for p in found.details["properties"] if p["name"] == "brightness")
    assert brightness["value"] > 0.7
    assert brightness["remaining"] < 0.1


def test_the_field_needs_no_labels():
    images = shifted(2.0)
    images.loc[images["split"] == "test", ["split", "label"]] = ["field", ""]
    found = only(PropertyShift()(scan(images)), "train-field")
    assert found.severity is Severity.WARNING or found.severity is Severity.ERROR
    assert found.fix.command is None


def test_unreadable_images_take_no_part():
    images = shifted(1.5)
    broken = images.assign(status=np.where(np.arange(len(images)) % 4, "ok", "unreadable"))
    broken.loc[broken["status"] != "ok", "sharpness"] = np.nan
    assert only(PropertyShift()(scan(broken))).total == 300


def test_few_groups_leave_it_open():
    found = only(PropertyShift()(scan(shifted(3.0), groups=np.arange(800) // 100)))
    assert found.severity is Severity.UNDECIDED
    assert "4 independent groups" in found.summary


def test_row_order_does_not_matter():
    images = shifted(0.6)
    shuffled = images.sample(frac=1, random_state=2).reset_index(drop=True)
    first, second = (only(PropertyShift()(scan(t))) for t in (images, shuffled))
    assert first.effect == second.effect
    assert first.summary == second.summary


def test_larger_faults_have_larger_effects():
    values = [only(PropertyShift()(scan(shifted(a)))).effect.value for a in (0.0, 0.5, 1.0, 2.0)]
    assert values == sorted(values)


def test_a_property_that_was_never_measured_widens_no_interval():
    images = table({"train": {"cat": 40_000}, "test": {"cat": 40_000}}).assign(noise=np.nan)
    found = only(PropertyShift()(scan(images)))
    assert found.severity is Severity.PASS
    assert "noise" not in {p["name"] for p in found.details["properties"]}


def plant_property_shift(strength, seed):
    images = base(seed)
    images["noise"] += 4 * strength * (images["split"] == "test")
    return scan(images, seed=seed)


PLANTS = {
    "property-shift": plant_property_shift,
}
