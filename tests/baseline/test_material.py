"""What a baseline is trained on."""

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
