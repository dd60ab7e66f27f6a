"""Where labels were likely meant, and what to type."""

import json

import pytest

import auditor
from auditor.finding import Severity
from auditor.readers import open_dataset
from tests.conftest import encoded, picture


def flat(root, names):
    root.mkdir(parents=True, exist_ok=True)
    for i, name in enumerate(names):
        place = root / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(encoded(picture(("red", "green", "blue")[i % 3], i)))
    return root


PLAIN = [f"DSC_{i:04d}.png" for i in range(9)]


def unlabelled(audit):
    return next(f for f in audit.record.findings if f.code == "unlabelled")


@pytest.mark.parametrize(
    "names",
    [
        [f"{c}.{i}.png" for c in ("cat", "dog") for i in range(5)],
        [f"Abyssinian_{i}.png" for i in range(5)] + [f"great_pyrenees_{i}.png" for i in range(5)],
        [f"{i:03d}-{c}.png" for c in ("rose", "tulip") for i in range(5)],
    ],
)
def test_class_names_in_file_names(tmp_path, names):
    found = unlabelled(auditor.scan(flat(tmp_path / "x", names)))
    assert found.severity is Severity.WARNING and "names of files" in found.summary


@pytest.mark.parametrize(
    "names", [PLAIN, [f"{i}.png" for i in range(9)], [f"{name}.png" for name in "abcdefghi"]]
)
def test_names_of_a_camera_are_no_classes_and_the_user_is_asked(tmp_path, names):
    root = flat(tmp_path / "x", names)
    audit = auditor.scan(root)
    assert unlabelled(audit).severity is Severity.UNDECIDED and audit.verdict != "pass"
    assert unlabelled(audit).fix.command == f"auditor scan {root} --unlabelled"
    meant = unlabelled(auditor.scan(root, unlabelled=True))
    assert meant.severity is Severity.PASS and meant.affected == 0


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("labels.csv", "image,breed\nDSC_0000,pug\n", "labels.csv --label breed"),
        ("train.csv", "path,label\nDSC_0000.png,pug\n", "train.csv"),
        ("DSC_0000.json", "{}", "named as the images are"),
        ("annotations.json", "[]", "annotations.json"),
        ("imagelabels.mat", "x", "imagelabels.mat"),
    ],
)
def test_files_that_may_hold_labels(tmp_path, file, content, said):
    root = flat(tmp_path / "x", PLAIN)
    (root / file).write_text(content)
    found = unlabelled(auditor.scan(root))
    assert found.severity is Severity.WARNING
    assert said in f"{found.summary} {found.fix.command}"


@pytest.mark.parametrize("file", ["README.txt", "LICENSE.txt", "requirements.txt"])
def test_files_that_hold_no_labels(tmp_path, file):
    root = flat(tmp_path / "x", PLAIN)
    (root / file).write_text("x")
    assert open_dataset(root).reading.label_clues == ()


@pytest.mark.parametrize("folder", ["cat", "train/cat", "images/cat"])
def test_one_class_alone(tmp_path, folder):
    root = flat(tmp_path / "x", [f"{folder}/{name}" for name in PLAIN])
    (root / "cat.txt").write_text("x")
    found = unlabelled(auditor.scan(root))
    assert found.severity is Severity.WARNING and "'cat'" in found.summary


def test_a_table_with_labels_of_another_name_is_read_as_the_fix_says(tmp_path):
    root = flat(tmp_path / "x", PLAIN)
    lines = [f"{name},{'ab'[i % 2]}" for i, name in enumerate(PLAIN)]
    (tmp_path / "x/t.csv").write_text("\n".join(["path,breed", *lines]))
    found = unlabelled(auditor.scan(root / "t.csv"))
    assert found.severity is Severity.WARNING and "'breed'" in found.summary
    assert found.fix.command == f"auditor scan {root / 't.csv'} --label breed"
    assert unlabelled(auditor.scan(root / "t.csv", label="breed")).severity is Severity.PASS


def test_labels_for_a_part_are_said(tmp_path):
    root = flat(tmp_path / "x", PLAIN)
    lines = [f"{name},{'a' if i % 2 else 'b' if i else ''}" for i, name in enumerate(PLAIN)]
    (root / "t.csv").write_text("\n".join(["path,label", *lines]))
    found = unlabelled(auditor.scan(root / "t.csv"))
    assert (found.severity, found.affected) == (Severity.WARNING, 1)
    assert found.summary.startswith("1 of 9 images")


def test_a_split_without_labels_is_asked_about_and_no_class_share_is_compared_with_it(tmp_path):
    names = [f"train/{c}/{i}.png" for c in ("cat", "dog") for i in range(6)] + [
        f"test/{i}.png" for i in range(6)
    ]
    audit = auditor.scan(flat(tmp_path / "x", names))
    found = unlabelled(audit)
    assert (found.severity, found.splits) == (Severity.UNDECIDED, ("test",))
    shift = [f for f in audit.record.findings if f.code in ("label-shift", "unseen-class")]
    assert {f.severity for f in shift} == {Severity.SKIPPED}


def test_the_reading_is_kept_with_the_audit_and_old_audits_load(tmp_path):
    root = flat(tmp_path / "x", PLAIN)
    (root / "labels.csv").write_text("path,label\n")
    saved = auditor.scan(root).save(tmp_path / "out")
    loaded = auditor.load(saved).record.dataset.reading
    assert loaded == open_dataset(root).reading and loaded.left_out[0].count == 1
    audit = json.loads((saved / "audit.json").read_text())
    del audit["dataset"]["reading"]
    (saved / "audit.json").write_text(json.dumps(audit))
    assert auditor.load(saved).record.dataset.reading.layout == ""
