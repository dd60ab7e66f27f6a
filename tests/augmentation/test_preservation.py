"""Whether a policy makes sense: planted conflicts are found, and harmless transforms are left alone."""

from __future__ import annotations

import dataclasses
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.augmentation import PRESETS, Model, Policy, Step, check_policy, plan_augmentation
from auditor.augmentation.advice import COLUMNS, verdict, worst
from auditor.augmentation.preservation import vendi
from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError, UsageError
from auditor.evidence import Evidence
from auditor.scanning import scan_images
from tests.augmentation.conftest import Planned

FLIP = Step(name="flip-horizontal")
TONE = Step(name="brightness-contrast", magnitudes={"brightness": 0.05, "contrast": 0.05})


def planned_scan(root, pictures, split="train"):
    """Write pictures {label: [array]} and return the plan and scan of them."""
    rows = []
    for label, arrays in pictures.items():
        (root / label).mkdir(parents=True)
        for i, array in enumerate(arrays):
            Image.fromarray(array).save(root / label / f"{i:03}.png")
            rows.append((f"{label}/{i:03}.png", label, split, ""))
    table = pd.DataFrame(sorted(rows), columns=["path", "label", "split", "group"]).astype(str)
    dataset = Dataset(
        name="planted", kind="table", location=str(root), samples=table, source=LocalFiles(str(root))
    )
    scanned = scan_images(dataset, jobs=1)
    table = table.assign(cluster="")
    return Planned(dataset, table, table), Evidence(scanned.images, scanned.signatures)


def arrow(rng, direction):
    """A thick arrow on a textured ground; rings look the same from both sides."""
    y, x = np.mgrid[-1:1:40j, -1:1:40j] + rng.uniform(-0.08, 0.08, (2, 1, 1))
    if direction == 0:
        shape = np.abs(np.hypot(x, y) - 0.6) < 0.15
    else:
        x = x * direction
        shape = ((np.abs(y) < 0.12) & (np.abs(x) < 0.7)) | ((x > 0.1) & (np.abs(y) < 0.75 - x) & (x < 0.75))
    out = np.where(shape, 210, 50) + rng.normal(0, 12, (40, 40))
    return np.repeat(np.clip(out, 0, 255).astype(np.uint8)[..., None], 3, axis=2)


@pytest.fixture(scope="module")
def signs(tmp_path_factory):
    rng = np.random.default_rng(0)
    pictures = {
        name: [arrow(rng, d) for _ in range(40)] for name, d in (("left", -1), ("right", 1), ("ring", 0))
    }
    return planned_scan(tmp_path_factory.mktemp("signs"), pictures)


@pytest.fixture(scope="module")
def checked(signs):
    plan, scan = signs
    return check_policy(plan, Policy(name="both", steps=(FLIP, TONE)), scan=scan, per_class=30)


def test_a_flip_that_turns_left_into_right_is_off_for_both_alone(checked):
    steps = {s.name: s.off_for for s in checked.advised.steps}
    # Two of three classes become each other: two thirds of the pictures, so that it is off altogether.
    whole = worst(checked.table[checked.table["transform"] == "flip-horizontal"])
    assert whole.set_index("label")["verdict"].to_dict() == {
        "": "off",
        "left": "off",
        "right": "off",
        "ring": "fine",
    }
    assert whole.set_index("label")["to"].to_dict()["left"] == "right"
    assert "flip-horizontal" not in steps
    assert steps["brightness-contrast"] == ()
    (note,) = [n for n in checked.notes if n.startswith("Conflict")]
    assert "'left' becomes 'right'" in note
    assert "'right' becomes 'left'" in note
    assert "ring" not in note


def mirrored(made):
    return made.manifest["transforms"].str.contains("flip").any()


def test_nothing_is_mirrored_that_was_not_asked_for_or_passed(signs, tmp_path):
    plan, scan = signs
    assert not mirrored(plan_augmentation(plan, target=60)), "nobody asked, nothing was checked"
    assert mirrored(plan_augmentation(plan, target=60, policy="photo")), "asked for by name"
    found = check_policy(plan, scan=scan, per_class=30)
    assert "flip-horizontal" in found.policy.names, "the default is checked with its mirror images"
    assert not mirrored(plan_augmentation(plan, check=found, target=60)), "left arrows become right ones"
    rng = np.random.default_rng(2)
    stripes = {
        f"level{v}": [rng.normal(v, 12, (40, 40, 3)).clip(0, 255).astype(np.uint8) for _ in range(30)]
        for v in (60, 120, 180)
    }
    plan, scan = planned_scan(tmp_path, stripes)
    found = check_policy(plan, scan=scan, per_class=30)
    assert mirrored(plan_augmentation(plan, check=found, target=60)), "it passed on these"


def test_a_mirror_about_which_the_check_is_undecided_is_left_off_the_default_alone(checked):
    table = checked.table.assign(verdict="check")
    undecided = dataclasses.replace(checked, advised=checked.policy, table=table)
    found = undecided.without_undecided(("flip-horizontal",))
    assert found.advised.names == ("brightness-contrast",)
    assert "flip-horizontal" in found.notes[-1]
    assert checked.without_undecided(("flip-horizontal",)) is checked, "it is off already"


def test_with_more_harmless_classes_it_is_off_for_the_two_alone(tmp_path):
    rng = np.random.default_rng(1)
    kinds = {"left": -1, "right": 1, "ring": 0}
    pictures = {name: [arrow(rng, d) for _ in range(25)] for name, d in kinds.items()}
    pictures |= {
        f"level{v}": [
            np.clip(arrow(rng, 0).astype(int) // 2 + v, 0, 255).astype(np.uint8)[::-1] for _ in range(25)
        ]
        for v in (30, 70, 110)
    }
    plan, scan = planned_scan(tmp_path, pictures)
    found = check_policy(plan, Policy(name="flip", steps=(FLIP,)), scan=scan, per_class=25)
    (step,) = found.advised.steps
    assert step.off_for == ("left", "right")
    made = plan_augmentation(plan, check=found, target=60)
    assert not made.manifest["label"].isin(["left", "right"]).any(), "nothing is left to augment them with"
    assert made.manifest["label"].isin(["ring"]).any()
    assert made.weights["left"] == pytest.approx(60 / 25)
    assert made.facts["checks"] == found.facts


def test_rows_hold_shares_with_their_wilson_intervals(checked):
    table = checked.table
    assert tuple(table.columns) == COLUMNS
    left = table[(table["transform"] == "flip-horizontal") & (table["label"] == "left")].iloc[0]
    n, p, z = left["images"], left["moved"], 1.959963984540054
    centre, half = (
        (p + z * z / (2 * n)) / (1 + z * z / n),
        z / (1 + z * z / n) * np.sqrt(p * (1 - p) / n + z * z / (4 * n * n)),
    )
    assert (left["low"], left["high"]) == pytest.approx((centre - half, min(centre + half, 1)), abs=1e-4)
    assert n == 30
    assert left["recall"] == 1.0
    assert table["control"].max() <= 0.05
    assert set(checked.facts[0]) == {*COLUMNS} - {"low", "high"}


def test_conflicts_are_shown_before_and_after(checked):
    worst_first = checked.examples[0]
    assert worst_first["transforms"] == "flip-horizontal"
    assert worst_first["before"] == worst_first["parent"]
    assert {e["label"]: e["to"] for e in checked.examples if e["transforms"] == "flip-horizontal"} == {
        "left": "right",
        "right": "left",
    }
    with Image.open(io.BytesIO(checked.pictures[worst_first["after"]])) as image:
        assert image.format == "WEBP"
        assert max(image.size) <= 96


def test_a_transform_of_near_duplicates_adds_little(checked):
    # Eight flips of one picture are one picture: at most one new one for eight made.
    worth = checked.table.groupby("transform")["effective"].first()
    assert worth["flip-horizontal"] <= 1 / 8
    assert any("adds little" in n for n in checked.notes if n.startswith("Brightness"))


def test_six_and_nine_conflict_under_a_half_turn(tmp_path):
    from sklearn.datasets import load_digits

    digits = load_digits()
    pictures = {}
    for label in range(10):
        own = digits.images[digits.target == label][:40]
        pictures[str(label)] = [
            np.asarray(
                Image.fromarray((a * 15.9).astype(np.uint8))
                .resize((32, 32), Image.Resampling.BICUBIC)
                .convert("RGB")
            )
            for a in own
        ]
    plan, scan = planned_scan(tmp_path, pictures)
    found = check_policy(
        plan,
        Policy(name="half turn", steps=(Step(name="rotate", magnitudes={"degrees": 180}),)),
        scan=scan,
        per_class=20,
    )
    (note,) = [n for n in found.notes if n.startswith("Conflict of rotation (degrees 180)")]
    assert "'6' becomes '9'" in note
    assert "'9' becomes '6'" in note
    assert "'0'" not in note, "a half turn leaves a zero what it is"
    assert not found.advised.steps
    mild = check_policy(plan, PRESETS["digits"], scan=scan, per_class=8)
    assert mild.advised.names == PRESETS["digits"].names


def test_a_model_is_asked_about_validation_pictures_alone(signs):
    plan, scan = signs
    table = plan.table.assign(
        split=["val" if p.endswith(("0.png", "5.png")) else "train" for p in plan.table["path"]]
    )
    plan = dataclasses.replace(plan, table=table, usable=table)
    seen = []

    def predict(pictures):
        """Bright in the right half: an arrow to the right. Neither: a ring."""
        assert pictures.shape[1:] == (16, 16, 3)
        seen.append(len(pictures))
        middle = pictures[:, 6:10, :, 0].astype(float)
        lean = pictures[:, :, 9:14, 0].mean(axis=(1, 2)) - pictures[:, :, 2:7, 0].mean(axis=(1, 2))
        ring = middle[:, :, 6:10].mean(axis=(1, 2)) < 120
        return np.stack([(lean < 0) & ~ring, (lean >= 0) & ~ring, ring], axis=1)

    found = check_policy(
        plan,
        Policy(name="flip", steps=(FLIP,)),
        scan=scan,
        model=Model(predict, ("left", "right", "ring"), (16, 16)),
    )
    assert found.judge == "the trained baseline"
    assert seen[0] == 24
    assert found.table.set_index("label")["verdict"].to_dict() == {
        "": "off",
        "left": "off",
        "right": "off",
        "ring": "fine",
    }


def test_check_is_decided_by_training_with_and_without(checked):
    table = checked.table.assign(verdict="check")
    unclear = dataclasses.replace(checked, advised=checked.policy, table=table)
    assert unclear.undecided() == ("flip-horizontal", "brightness-contrast")
    scores = {
        ("flip-horizontal", "brightness-contrast"): 0.70,
        ("brightness-contrast",): 0.73,
        ("flip-horizontal",): 0.72,
    }
    asked = []

    def score(policy):
        asked.append(policy.names)
        return scores[policy.names]

    assert unclear.decide(score).names == ("brightness-contrast",), (
        "0.03 better without the flip; nothing is ever left without transforms"
    )
    assert checked.undecided() == ()
    assert checked.decide(score).names == checked.advised.names


@pytest.mark.parametrize(
    ("moved", "images", "recall", "expected"),
    [
        (0, 100, 1, "fine"), (15, 100, 1, "fine"), (16, 100, 1, "check"), (49, 100, 1, "check"), (50, 100, 1, "off"), (100, 100, 1, "off"),
        (100, 100, 0.79, "check"), (0, 4, 1, "fine"), (0, 3, 1, "check"), (4, 4, 1, "check"), (5, 5, 1, "off"), (0, 0, 1, "check"),
    ],
)  # fmt: skip
def test_verdicts_follow_the_rule(moved, images, recall, expected):
    assert verdict(moved, images, recall) == expected


@settings(deadline=None)
@given(st.floats(0, 1))
def test_effective_number_of_two_by_hand(similarity):
    values = np.array([(1 + similarity) / 2, (1 - similarity) / 2])
    values = values[values > 0]
    assert vendi(np.array([[1, similarity], [similarity, 1]])) == pytest.approx(
        np.exp(-(values * np.log(values)).sum()), rel=1e-6
    )


def test_same_seed_same_answer(signs):
    plan, scan = signs
    one, two = (
        check_policy(plan, Policy(name="flip", steps=(FLIP,)), scan=scan, per_class=8, seed=3)
        for _ in range(2)
    )
    pd.testing.assert_frame_equal(one.table, two.table)
    assert one.pictures == two.pictures


def test_wrong_use_and_nothing_to_ask_are_one_line(signs):
    plan, scan = signs
    with pytest.raises(UsageError, match="a preset"):
        check_policy(plan, "no-such", scan=scan)
    model = Model(lambda pictures: np.zeros((len(pictures), 3)), ("left", "right", "ring"), (8, 8))
    with pytest.raises(DataError, match="pictures to ask about"):
        check_policy(plan, "photo", scan=scan, model=model)
    liar = Model(lambda pictures: np.zeros((len(pictures), 1)), ("nothing",), (8, 8))
    held = plan.table.assign(split="val")
    with pytest.raises(DataError, match="classified correctly"):
        check_policy(dataclasses.replace(plan, table=held, usable=held), "photo", scan=scan, model=liar)


def test_a_keras_model_is_asked_with_raw_pixels():
    keras = pytest.importorskip("keras")
    pixels = keras.Input((4, 4, 3))
    brightness = keras.layers.GlobalAveragePooling2D()(pixels)
    dense = keras.layers.Dense(2, kernel_initializer=keras.initializers.Constant(0.0))
    model = keras.Model(pixels, dense(brightness))
    dense.set_weights([np.array([[1.0, -1.0]] * 3, np.float32), np.array([-380.0, 380.0], np.float32)])
    judge = Model.of(model, ("bright", "dark"), (4, 4))
    pictures = [np.full((9, 7, 3), value, np.uint8) for value in (10, 120, 135, 250)]
    assert judge(pictures, [""] * 4).tolist() == ["dark", "dark", "bright", "bright"]


def test_many_classes_are_asked_about_less_each(signs, monkeypatch):
    from auditor.augmentation import preservation

    monkeypatch.setattr(preservation, "MOST", 36)
    plan, scan = signs
    found = check_policy(plan, Policy(name="flip", steps=(FLIP,)), scan=scan)
    assert set(found.table.loc[found.table["label"] != "", "images"]) == {12}


def test_without_a_scan_the_references_are_made_from_the_pictures(signs):
    plan, scan = signs
    policy = Policy(name="flip", steps=(FLIP,))
    with_scan, without = (check_policy(plan, policy, scan=s, per_class=10) for s in (scan, None))
    assert with_scan.table["verdict"].tolist() == without.table["verdict"].tolist()


def test_copies_and_groups_are_no_evidence_for_each_other(tmp_path):
    """Every picture is alike within its patient and unlike between patients: without the patient the vote is at chance."""
    rng = np.random.default_rng(2)
    ground = {f"p{i}": rng.integers(0, 255, (8, 8, 3)) for i in range(12)}
    pictures = {label: [] for label in ("ill", "well")}
    for i, base in enumerate(ground.values()):
        of = pictures["ill" if i % 2 else "well"]
        of.extend(
            np.kron(np.clip(base + rng.normal(0, 3, base.shape), 0, 255), np.ones((4, 4, 1))).astype(np.uint8)
            for _ in range(6)
        )
    plan, scan = planned_scan(tmp_path, pictures)
    patient = [f"{p.split('/')[0]}{int(p[-7:-4]) // 6}" for p in plan.table["path"]]
    policy = Policy(name="flip", steps=(TONE,))
    careless = check_policy(plan, policy, scan=scan)
    table = plan.table.assign(group=patient)
    careful = check_policy(dataclasses.replace(plan, table=table, usable=table), policy, scan=scan)
    assert careless.table["recall"].iloc[0] == 1.0
    assert careful.table["recall"].iloc[0] < 0.8
