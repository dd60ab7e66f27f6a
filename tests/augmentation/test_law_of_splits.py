"""Augmented images never leave their parent's split, and never enter validation or test: every public road is tried."""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from auditor.augmentation import Augmentation, plan_augmentation
from auditor.augmentation.stream import Sampler
from auditor.errors import DataError
from tests.augmentation.conftest import make_planned


@pytest.fixture
def leaky(tmp_path):
    """Training images that are held out as well: by duplicate set, by group, by path, and left out by the plan itself."""
    rows = [(f"cat/{i}.png", "cat", "train", "", "") for i in range(6)]
    rows += [
        ("dog/clean.png", "dog", "train", "", ""),
        ("dog/copy.png", "dog", "train", "", "dog/copied.png"),
        ("dog/copied.png", "dog", "test", "", "dog/copied.png"),
        ("dog/patient.png", "dog", "train", "p1", ""),
        ("dog/same-patient.png", "dog", "val", "p1", ""),
        ("dog/left-out.png", "dog", "train", "", ""),
        ("dog/twice.png", "dog", "train", "", ""),
        ("dog/twice.png", "dog", "test", "", ""),
        ("dog/field.png", "dog", "field", "", ""),
        ("dog/unread.png", "dog", "", "", ""),
    ]
    plan = make_planned(tmp_path / "data", rows)
    return dataclasses.replace(plan, usable=plan.usable[plan.usable["path"] != "dog/left-out.png"])


HELD = ("copy", "copied", "patient", "same-patient", "left-out", "twice", "field", "unread")


def test_only_clean_training_images_are_parents(leaky):
    made = plan_augmentation(leaky, target=50, max_multiple=50)
    assert set(made.manifest.loc[made.manifest["label"] == "dog", "parent"]) == {"dog/clean.png"}
    assert set(made.manifest["split"]) == {"train"}


@pytest.mark.parametrize("name", HELD)
def test_an_edited_manifest_is_refused_by_every_road(leaky, name, tmp_path):
    made = plan_augmentation(leaky)
    assert len(made.manifest)
    edited: Augmentation = dataclasses.replace(made, manifest=made.manifest.assign(parent=f"dog/{name}.png"))
    refused = pytest.raises(DataError, match=re.escape(f"'dog/{name}.png', which is not a usable image of the train split"))
    with refused:
        edited.render(edited.manifest.iloc[0])
    with refused:
        edited.parent(f"dog/{name}.png")
    with refused:
        edited.write(tmp_path / "out")
    assert not (tmp_path / "out").exists()
    with refused:
        Sampler(edited, (8, 8), edited.labels)


def test_stream_holds_no_held_out_picture(leaky):
    made = plan_augmentation(leaky)
    sampler = Sampler(made, (24, 32), made.labels)
    assert not {p for p in sampler.paths for name in HELD if p == f"dog/{name}.png"}
    held_out = [leaky.dataset.source.read(f"dog/{name}.png") for name in HELD]
    from auditor.augmentation.pictures import read_parent

    pictures = [read_parent(data, "x").picture for data in held_out]
    for i in range(len(sampler)):
        assert not any(np.array_equal(sampler.picture(i, 0), p) for p in pictures)


def test_files_of_an_earlier_plan_do_not_stay_behind(planned, tmp_path):
    """With another seed other images may be held out: what was made of them must not lie among the training files."""
    out = tmp_path / "out"
    first = plan_augmentation(planned, seed=1).write(out)
    keep = out / "augmented" / "dog" / "my-own-notes.txt"
    keep.write_text("not an image")
    moved = planned.table.assign(split=planned.table["split"].where(planned.table["path"] != "dog/0.jpg", "test"))
    second = plan_augmentation(dataclasses.replace(planned, table=moved, usable=moved), seed=2).write(out)
    assert any(first.manifest["parent"] == "dog/0.jpg")
    there = {p.relative_to(out).as_posix() for p in (out / "augmented").rglob("*") if p.is_file()} - {"augmented/dog/my-own-notes.txt"}
    assert there == set(second.manifest["path"])
    assert keep.exists()
