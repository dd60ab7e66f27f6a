"""Augmented images never leave their parent's split, and never enter validation or test.

Every public road is tried.
"""

from __future__ import annotations

import dataclasses
import re

import numpy as np
import pytest

from auditor.augmentation import Augmentation, plan_augmentation
from auditor.augmentation.stream import Sampler
from auditor.errors import DataError
from auditor.readers import open_dataset
from tests.augmentation.conftest import make_planned


@pytest.fixture
def leaky(tmp_path):
    """Training images that are held out as well.

    By duplicate set, by group, by path, and left out by the plan itself.
    """
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
    refused = pytest.raises(
        DataError, match=re.escape(f"'dog/{name}.png', which is not a usable image of the train split")
    )
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
    """With another seed other images may be held out.

    What was made of them must not lie among the training files.
    """
    out = tmp_path / "out"
    first = plan_augmentation(planned, seed=1).write(out)
    keep = out / "augmented" / "dog" / "my-own-notes.txt"
    keep.write_text("not an image")
    moved = planned.table.assign(
        split=planned.table["split"].where(planned.table["path"] != "dog/0.jpg", "test")
    )
    second = plan_augmentation(dataclasses.replace(planned, table=moved, usable=moved), seed=2).write(out)
    assert any(first.manifest["parent"] == "dog/0.jpg")
    there = {p.relative_to(out).as_posix() for p in (out / "augmented").rglob("*") if p.is_file()} - {
        "augmented/dog/my-own-notes.txt",
        "augmented/.auditor",
    }
    assert there == set(second.manifest["path"])
    assert keep.exists()


def test_augmented_images_are_never_read_as_data(planned, tmp_path):
    """Written into the data's own folder they are not found there; named themselves, they are refused."""
    root = tmp_path / "data"
    before = open_dataset(root).samples
    made = plan_augmentation(planned).write(root)
    assert all((root / p).exists() for p in made.manifest["path"])
    assert open_dataset(root).samples.equals(before)
    with pytest.raises(DataError, match="auditor wrote"):
        open_dataset(root / "augmented")


def test_layers_leave_pictures_alone_outside_of_training(planned):
    pytest.importorskip("tensorflow")
    x = np.random.default_rng(0).integers(0, 255, (4, 16, 16, 3)).astype(np.float32)
    for layer in plan_augmentation(planned, way="layers", policy="microscopy").keras_layers():
        assert np.array_equal(np.asarray(layer(x, training=False)), x)


def test_a_stream_of_training_batches_meets_a_validation_set_nowhere(planned):
    """Every image of an epoch, at full size, is a training picture or derives from one by its manifest."""
    made = plan_augmentation(planned)
    sampler = Sampler(made, (24, 32), made.labels)
    held_out = set(planned.table.loc[planned.table["split"].isin(["val", "test"]), "path"])
    assert not held_out & set(sampler.paths)
    assert not held_out & set(made.manifest["parent"])
    assert len(sampler) == len(made.originals) + len(made.manifest)
