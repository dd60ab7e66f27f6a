"""Images with several labels: each label is in proportion, and each is counted."""

import numpy as np
import pandas as pd
import pytest

from auditor.checks.class_imbalance import ClassImbalance
from auditor.checks.rare_class import RareClass
from auditor.dataset import Dataset, LocalFiles, joined_labels
from auditor.evidence import Evidence
from auditor.scanning.schema import SIGNATURE_BYTES
from auditor.splitting.plan import plan_split

RATES = {"common": 0.7, "usual": 0.3, "rare": 0.06, "rarer": 0.03}


def table(n=600, seed=0, groups=0):
    rng = np.random.default_rng(seed)
    sets = [[name for name, rate in RATES.items() if rng.random() < rate] or ["common"] for _ in range(n)]
    digests = [f"{i:064x}" for i in range(n)]
    named = [str(g) for g in rng.integers(0, groups, n)] if groups else [""] * n
    images = pd.DataFrame(
        {
            "path": [f"{i:04d}.png" for i in range(n)],
            "label": [joined_labels(s) for s in sets],
            "group": named,
        }
    )
    return images.assign(split="", status="ok", sha256=digests, phash="", cluster="")


def planned(images, **how):
    dataset = Dataset(
        name="x",
        kind="table",
        location="x.csv",
        samples=images[["path", "label", "split", "group"]],
        source=LocalFiles("."),
    )
    return plan_split(dataset, images, **how)


def shares(plan, name):
    has = plan.table["label"].str.split(" ∧ ").map(lambda labels: name in labels)
    return plan.table[has]["split"].value_counts(normalize=True)


@pytest.mark.parametrize("groups", [0, 150])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_label_is_in_proportion(seed, groups):
    plan = planned(table(seed=seed, groups=groups), ratios=(60, 20, 20), seed=seed)
    sizes = plan.table["split"].value_counts(normalize=True)
    assert abs(sizes - pd.Series({"train": 0.6, "val": 0.2, "test": 0.2})).max() < 0.03
    for name in RATES:
        assert abs(shares(plan, name) - pd.Series({"train": 0.6, "val": 0.2, "test": 0.2})).max() < 0.07
    if groups:
        assert (plan.table.groupby("group")["split"].nunique() == 1).all()


def test_it_is_nearer_than_chance():
    images = table(400, seed=5)
    mine = planned(images, ratios=(60, 20, 20))
    rng = np.random.default_rng(0)
    having = [images["label"].str.contains(name).to_numpy() for name in ("rare", "usual")]
    drawn = []
    for _ in range(50):
        in_test = rng.random(len(images)) < 0.2
        drawn.append(max(abs(in_test[has].mean() - 0.2) for has in having))
    assert max(abs(shares(mine, name)["test"] - 0.2) for name in ("rare", "usual")) < np.quantile(drawn, 0.2)


def test_the_certificate_counts_labels_one_by_one():
    images = table(900, seed=3)
    plan = planned(images, ratios=(60, 20, 20))
    assert set(plan.facts["counts"]["train"]) == set(RATES)
    for part, counts in plan.facts["counts"].items():
        rows = plan.table[plan.table["split"] == part]["label"].str.split(" ∧ ")
        assert counts == {
            name: int(rows.map(lambda labels, name=name: name in labels).sum()) for name in RATES
        }
    assert plan.facts["deviation_bound"] <= plan.facts["largest_deviation"] < 0.1


def scan_of(labels):
    n = len(labels)
    images = pd.DataFrame(
        {
            "path": [f"{i}.png" for i in range(n)],
            "label": labels,
            "split": "",
            "group": "",
            "status": "ok",
            "sha256": [f"{i:064x}" for i in range(n)],
        }
    )
    scan = Evidence(images, np.zeros((n, SIGNATURE_BYTES), np.uint8))
    scan.__dict__["unique"] = np.ones(n, dtype=bool)
    return scan


def test_imbalance_and_rarity_are_those_of_single_labels():
    scan = scan_of(["cat ∧ dog"] * 5 + ["cat"] * 80 + ["dog"] * 60 + [""])
    (finding,) = ClassImbalance()(scan)
    assert finding.details["counts"] == {"cat": 85, "dog": 65} and finding.total == 145
    (finding,) = RareClass()(scan)
    assert finding.effect.value == 65 and finding.affected == 0
    (finding,) = RareClass(warn_images=70)(scan)
    assert finding.affected == 65 and finding.classes == ("dog",)
