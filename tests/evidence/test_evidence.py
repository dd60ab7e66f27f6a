import numpy as np
import pandas as pd
import pytest

from auditor.evidence import Evidence, pictures
from tests.checks.shapes import shape_scan


@pytest.fixture(scope="module")
def scan():
    return shape_scan({f"{split}/{kind}": 20 for split in ("train", "test") for kind in ("disc", "ring")})


@pytest.fixture
def counted(monkeypatch):
    """How often descriptors and duplicates are computed."""
    calls = []
    for name in ("describe", "find_duplicates"):
        original = getattr(pictures, name)

        def spy(*args, name=name, original=original, **kwargs):
            calls.append(name)
            return original(*args, **kwargs)

        monkeypatch.setattr(pictures, name, spy)
    return calls


def test_other_splits_share_what_does_not_depend_on_them(scan, counted):
    first = Evidence(scan.images, scan.signatures)
    other = first.with_splits(np.where(np.arange(len(scan.images)) % 2, "val", "train").astype(object))
    assert other.split_names == ("train", "val")
    assert first.split_names == ("train", "test")
    assert other.duplicates is first.duplicates
    assert other.descriptor is first.descriptor
    assert counted.count("describe") == counted.count("find_duplicates") == 1
    assert first.images["split"].tolist() == scan.images["split"].tolist()


def test_a_model_joins_a_new_value_alone(scan, counted):
    plain = Evidence(scan.images, scan.signatures)
    before = plain.probabilities
    said = pd.DataFrame(
        {"disc": (scan.labels == "disc") * 0.98 + 0.01, "ring": (scan.labels == "ring") * 0.98 + 0.01},
        index=scan.images["path"],
    )
    other = plain.with_model(said, {"test": {"disc": 0.5}})
    assert other.probabilities.models[-1] == "baseline CNN"
    assert other.model_recalls == {"test": {"disc": 0.5}}
    assert plain.probabilities is before
    assert plain.model_recalls == {}
    assert counted.count("describe") == 1
    assert other.with_splits(other.splits).model_recalls == {"test": {"disc": 0.5}}


def test_other_vectors_take_the_place_of_the_descriptor(scan):
    angles = np.linspace(0, 3, len(scan.images))
    found = scan.with_descriptor(np.column_stack([np.cos(angles), np.sin(angles)]))
    rows = found.neighbours(2).rows
    assert set(rows[10]) == {9, 11}
    assert found.descriptor.shape == (len(angles), 2)
    assert scan.descriptor.shape != found.descriptor.shape


def test_released_evidence_is_the_same_once_more(scan, monkeypatch):
    monkeypatch.setattr(pictures, "IN_FILE_FROM", 1)
    first = Evidence(scan.images, scan.signatures)
    descriptor, rows = first.descriptor, first.neighbours(3).rows
    first.release_memory()
    assert first.descriptor is not descriptor
    assert (first.descriptor == descriptor).all()
    assert (first.neighbours(3).rows == rows).all()
    vectors = np.ones((len(rows), 2))
    given = scan.with_descriptor(vectors)
    given.release_memory()
    assert (given.descriptor == vectors).all()


def test_a_group_and_a_copy_join_images_to_one_unit(scan):
    images = scan.images.assign(group="")
    images.loc[[0, 1], "group"] = "patient"
    copied = np.r_[np.arange(len(images)), 1]
    table = images.iloc[copied].reset_index(drop=True)
    table.loc[len(images), ["path", "group"]] = ["copy.png", ""]
    groups = Evidence(table, scan.signatures[copied]).groups
    assert groups[0] == groups[1] == groups[-1]
    assert len(np.unique(groups)) <= len(images) - 1
