"""Augmented images as files: re-creation, safety of names, going on after a stop."""

from __future__ import annotations

import dataclasses
import io
import os

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from auditor.augmentation import plan_augmentation
from auditor.augmentation.files import file_paths, folder_names, read_manifest, safe_name
from auditor.augmentation.pictures import encode, read_parent
from auditor.errors import DataError, OutputError
from tests.augmentation.conftest import make_planned


def test_each_file_is_what_its_row_of_the_manifest_makes(planned, tmp_path):
    made = plan_augmentation(planned).write(tmp_path / "out", jobs=2)
    assert made.facts["way"] == "files"
    rows = read_manifest(tmp_path / "out" / "augmented.csv")
    assert len(rows) == 9
    fresh = plan_augmentation(planned)  # nothing of the run that wrote the files is used
    for _, row in rows.iterrows():
        picture = fresh.render(row)
        written = (tmp_path / "out" / row["path"]).read_bytes()
        assert written == encode(picture, row["path"][-4:], grey=row["label"] == "bird")
        if row["path"].endswith(".png"):
            with Image.open(tmp_path / "out" / row["path"]) as image:
                assert np.array_equal(np.asarray(image.convert("RGB")), picture)


def test_formats_follow_the_parents(planned, tmp_path):
    made = plan_augmentation(planned).write(tmp_path)
    modes = {}
    for row in made.manifest.itertuples():
        with Image.open(tmp_path / row.path) as image:
            modes[row.label] = (image.format, image.mode, image.size)
    assert modes == {"dog": ("JPEG", "RGB", (32, 24)), "bird": ("PNG", "L", (32, 24))}


def test_goes_on_where_it_stopped_and_replaces_only_what_is_absent(planned, tmp_path):
    plan = plan_augmentation(planned)
    paths = plan.write(tmp_path).manifest["path"].tolist()
    before = {p: (tmp_path / p).read_bytes() for p in paths}
    for p in paths[::2]:
        (tmp_path / p).unlink()
    (tmp_path / f"{paths[0]}.part").write_bytes(b"half an image")
    for p in paths[1::2]:
        os.utime(tmp_path / p, ns=(1, 1))
    heard = []
    plan.write(tmp_path, on_progress=lambda done, total: heard.append((done, total)))
    assert {p: (tmp_path / p).read_bytes() for p in paths} == before
    assert all((tmp_path / p).stat().st_mtime_ns == 1 for p in paths[1::2])
    assert not list(tmp_path.rglob("*.part"))
    assert heard[-1] == (9, 9)


def test_one_thread_and_many_write_the_same(planned, tmp_path):
    plan = plan_augmentation(planned)
    for jobs in (1, 3):
        plan.write(tmp_path / str(jobs), jobs=jobs)
    files = [
        sorted(
            (p.relative_to(tmp_path / j), p.read_bytes()) for p in (tmp_path / j).rglob("*") if p.is_file()
        )
        for j in ("1", "3")
    ]
    assert files[0] == files[1]


HOSTILE = [
    "../../escape",
    "/etc/passwd",
    "a/b",
    "..",
    "con",
    "<script>alert(1)</script>",
    "=1+1",
    "CAT",
    "cat",
    "ünï çødé \u202egnp.exe",
    "x" * 300,
    "\\\\host\\share",
]


def test_hostile_class_names_stay_inside_the_folder(tmp_path):
    rows = [(f"{i}/{k}.png", label, "train", "", "") for i, label in enumerate(HOSTILE) for k in range(2)]
    rows += [(f"plenty/{k}.png", "plenty", "train", "", "") for k in range(3)]
    plan = make_planned(tmp_path / "data", rows)
    before = set(tmp_path.rglob("*"))
    made = plan_augmentation(plan).write(tmp_path / "out")
    new = set(tmp_path.rglob("*")) - before
    assert all(p.is_relative_to(tmp_path / "out") for p in new)
    folders = {row.label: row.path.split("/")[1] for row in made.manifest.itertuples()}
    assert (tmp_path / "out" / "augmented" / ".auditor").exists()
    assert len({f.lower() for f in folders.values()}) == len(HOSTILE)
    assert all(len(row.path.split("/")) == 3 for row in made.manifest.itertuples())
    assert not [f for f in folders.values() if f.lower() in ("con", "..", ".", "")]
    text = (tmp_path / "out" / "augmented.csv").read_text(encoding="utf-8")
    assert ",=1+1" not in text
    assert sorted(read_manifest(tmp_path / "out" / "augmented.csv")["label"]) == sorted(HOSTILE)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_safe_names_are_plain_short_and_never_hidden(name):
    safe = safe_name(name)
    assert 0 < len(safe) <= 61
    assert all(c.isascii() and (c.isalnum() or c in "_.-") for c in safe)
    assert safe[0] not in ".-"
    assert safe[-1] != "."


@settings(deadline=None)
@given(st.lists(st.text(max_size=20), unique=True, max_size=8))
def test_every_class_has_its_own_folder(labels):
    names = folder_names(labels)
    assert len({n.lower() for n in names.values()}) == len(labels)


def test_a_changed_parent_gets_another_file_name(planned, tmp_path):
    plan = plan_augmentation(planned)
    before = file_paths(plan)
    victim = plan.manifest["parent"].iloc[0]
    cv2.imwrite(str(tmp_path / "data" / victim), np.zeros((50, 50, 3), np.uint8))
    after = file_paths(plan)
    changed = {p for p, a, b in zip(plan.manifest["parent"], before, after, strict=True) if a != b}
    assert changed == {victim}


def test_an_output_that_cannot_be_written_is_one_line(planned, tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(OutputError, match="can be written"):
        plan_augmentation(planned).write(tmp_path / "file" / "out")


def test_a_parent_that_is_gone_or_broken_since_the_scan_is_one_line(planned, tmp_path):
    plan = plan_augmentation(planned)
    row = plan.manifest.iloc[0]
    (tmp_path / "data" / row["parent"]).write_bytes(b"no image")
    with pytest.raises(DataError, match="scan again"):
        plan.render(row)
    (tmp_path / "data" / row["parent"]).unlink()
    with pytest.raises(DataError, match="scan again"):
        plan.write(tmp_path / "out")


def test_sources_are_never_changed(planned, tmp_path):
    before = {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "data").rglob("*") if p.is_file()
    }
    plan_augmentation(planned).write(tmp_path / "out")
    assert {
        p: (p.read_bytes(), p.stat().st_mtime_ns) for p in (tmp_path / "data").rglob("*") if p.is_file()
    } == before


def test_parents_are_upright_and_in_eight_bits(tmp_path):
    deep = np.arange(600, dtype=np.uint16).reshape(20, 30) * 100
    Image.fromarray(deep).save(tmp_path / "deep.png")
    found = read_parent((tmp_path / "deep.png").read_bytes(), "deep.png")
    assert found.grey
    assert np.array_equal(found.picture[..., 0], (deep / 65535 * 255).astype(np.uint8))
    upright = np.zeros((20, 30, 3), np.uint8)
    upright[:, :15] = 200
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned a quarter clockwise
    Image.fromarray(upright).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    turned = read_parent((tmp_path / "turned.jpg").read_bytes(), "turned.jpg").picture
    assert turned.shape == (30, 20, 3)
    assert turned[:13].mean() > 190
    assert turned[17:].mean() < 10


def test_edited_plan_keeps_its_facts(planned, tmp_path):
    plan = plan_augmentation(planned)
    made = plan.write(tmp_path)
    assert plan.facts["way"] == "on-the-fly", "the plan itself is not changed"
    assert dataclasses.replace(made, manifest=plan.manifest).manifest.equals(plan.manifest)


def test_nothing_rare_writes_an_empty_table_and_no_image(planned, tmp_path):
    made = plan_augmentation(planned, target="10:1").write(tmp_path / "out")
    assert made.manifest.empty
    assert (tmp_path / "out" / "augmented.csv").read_text() == "path,parent,label,split,transforms,seed\n"
    assert read_manifest(tmp_path / "out" / "augmented.csv").empty
    assert not list((tmp_path / "out").rglob("*.png"))


def test_examples_have_small_pictures(planned):
    made = plan_augmentation(planned)
    pictures = made.example_pictures()
    assert {e["label"] for e in made.facts["examples"]} == {"dog", "bird"}
    for example in made.facts["examples"]:
        assert example["before"] == example["parent"]
        with Image.open(io.BytesIO(pictures[example["after"]])) as image:
            assert image.format == "WEBP"
            assert max(image.size) <= 96
