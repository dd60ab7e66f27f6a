from __future__ import annotations

import dataclasses

import cv2
import numpy as np
import pandas as pd
import pytest

from auditor.baseline import train_baseline
from auditor.baseline.sizing import MOST_EPOCHS, choose_size
from tests.baseline.conftest import TINY, MakePlan


def test_made_images_do_not_take_epochs_away() -> None:
    """1,200 images are 38 steps of 32 an epoch, so 39 epochs for 1,500 steps, however many are made beside
    them.
    """
    assert choose_size([96], 1200, 0, 32).epochs == 39
    assert choose_size([96], 1200, 4000, 32).epochs == 39


def test_small_sets_get_more_than_a_few_hundred_steps() -> None:
    size = choose_size([64], 200, 0, 32)
    assert size.epochs == MOST_EPOCHS
    assert size.epochs * 7 == 700


def test_what_the_budget_takes_away_is_known() -> None:
    cut = choose_size([64], 5000, 0, 32, seconds=60)
    assert cut.epochs < cut.full_epochs == choose_size([64], 5000, 0, 32).epochs
    assert f"{cut.epochs} of {cut.full_epochs} epochs" in cut.reason
    asked = choose_size([64], 5000, 0, 32, seconds=60, epochs=7)
    assert asked.epochs == asked.full_epochs == 7, "what was asked for is not cut"


@pytest.mark.parametrize("scanned", [False, True])
def test_the_size_of_the_images_is_known_with_and_without_a_scan(make_plan: MakePlan, scanned: bool) -> None:
    plan = make_plan([(split, label, 8) for split in ("train", "val") for label in ("upright", "lying")])
    for path in plan.table["path"]:  # 48 x 96 px: 32 is the largest side of the rule that fits
        file = f"{plan.dataset.location}/{path}"
        cv2.imwrite(file, cv2.resize(cv2.imread(file), (96, 48)))
    measures = pd.DataFrame({"path": plan.table["path"], "width": 96, "height": 48}) if scanned else None
    options = dataclasses.replace(TINY, image_size=None, epochs=1)
    facts = train_baseline(plan, options=options, measures=measures).facts
    assert facts["image_size"] == [32, 32]
    assert "median short side of 16 training images is 48 px" in facts["config"]["size_reason"]
    assert np.isfinite(facts["scores"]["val"]["accuracy"]["value"])
