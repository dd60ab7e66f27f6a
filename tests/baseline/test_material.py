"""What a baseline is trained on."""

import dataclasses

import numpy as np

from auditor.augmentation import plan_augmentation
from auditor.baseline.feeding import Feed
from auditor.baseline.material import gather, usable_rows


def test_the_first_epoch_is_what_the_manifest_says_and_the_second_is_drawn_afresh(bars, tmp_path):
    largest = int(bars.usable.query("split == 'train'")["label"].value_counts().max())
    augmentation = plan_augmentation(bars, target=largest + 5, policy="photo")
    rows, _ = usable_rows(bars, seed=0)
    material = gather(bars, rows, 16, tmp_path, augmentation=augmentation)
    feed = Feed(material.made, 8, seed=None)
    first, second = (np.concatenate([images for images, _, _ in feed.batches()]) for _ in range(2))
    plain = np.concatenate([images for images, _, _ in Feed(material.train, 8, seed=None).batches()])
    originals = dict(zip(rows["path"].iloc[material.train.rows], plain, strict=True))
    expected = [
        augmentation.transform(originals[parent], k)
        for k, parent in enumerate(augmentation.manifest["parent"])
    ]
    assert len(expected) >= 10
    assert (first[: len(plain)] == plain).all() and (second[: len(plain)] == plain).all()
    assert (first[len(plain) :] == np.stack(expected)).all()
    assert (second[len(plain) :] != np.stack(expected)).any()


def test_copies_in_two_groups_are_not_divided(make_plan):
    """Two groups are joined by a duplicate set: a carved validation split takes both or neither."""
    plan = make_plan([("train", label, 30) for label in ("upright", "lying")])
    table = plan.table.copy()
    table["group"] = [f"g{i // 3}" for i in range(len(table))]
    for first in range(0, 18, 6):  # the last image of one group is a copy of the first of the next
        table.loc[[first + 2, first + 3], "cluster"] = f"set{first}"
    plan = dataclasses.replace(plan, table=table)
    parts = set()
    for seed in range(12):
        rows, notes = usable_rows(plan, seed=seed)
        split = rows.set_index("path")["split"]
        for first in range(0, 18, 6):
            joined = set(split[table["path"].iloc[first : first + 6]])
            assert len(joined) == 1, f"groups {first // 3} and {first // 3 + 1} are divided"
            parts |= joined
        assert any("carved" in note for note in notes)
    assert parts == {"train", "val"}, "both happen, so that the test can fail"
