"""What is exported is read by the tool that it is for, and holds the images that training may use and no
other.
"""

import json
import pathlib

import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest

import auditor
from auditor import parquet
from auditor.cli import EXPORTS
from auditor.errors import DataError, OutputError, UsageError
from auditor.exporting import EXPORTERS, TREES
from tests.exporting.conftest import decoded

CLASSES = ("=sum(a1)", "red")


def used(plan):
    """File, class and part of every image that should be exported, worked out from the plan's table by
    hand.
    """
    table = plan.table[plan.table["split"] != ""]
    held_out = set(table.loc[table["split"] != "train", "cluster"]) - {""}
    table = table[~((table["split"] == "train") & table["cluster"].isin(held_out))]
    root = pathlib.Path(plan.dataset.location).absolute()
    return {
        (str(root / p), label, s)
        for p, label, s in zip(table["path"], table["label"], table["split"], strict=True)
    }


def test_the_leaking_and_the_broken_image_are_not_among_them(plan):
    names = {pathlib.Path(file).name for file, _, part in used(plan) if part == "train"}
    assert len(used(plan)) == 36 and "broken.png" not in names
    assert not any(file.endswith("train/red/000.png") for file, _, _ in used(plan))


@pytest.mark.parametrize("format", ["csv", "parquet", "jsonl"])
def test_a_manifest_is_read_back_by_auditor(format, plan, tmp_path):
    file = auditor.export(plan, format, tmp_path / f"x.{format}")
    if format == "jsonl":
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        assert {(r["path"], r["label"], r["split"]) for r in rows} == used(plan)
        return
    data = auditor.open(file)
    expected = {
        (p, f"'{label}" if format == "csv" and label.startswith("=") else label, s)
        for p, label, s in used(plan)
    }
    found = set(zip(data.samples["path"], data.samples["label"], data.samples["split"], strict=True))
    assert found in (expected, used(plan)), "an apostrophe may stand in front of a formula"
    auditor.scan(data, config=auditor.Config(select=("unreadable",)))


def test_no_cell_of_a_csv_is_a_formula(plan, tmp_path):
    file = auditor.export(plan, "csv", tmp_path / "x.csv")
    assert not [
        c
        for line in file.read_text().splitlines()
        for c in line.split(",")
        if c.startswith(("=", "+", "-", "@"))
    ]


def test_huggingface_in_memory(plan):
    pytest.importorskip("datasets", reason="datasets is not installed")
    made = auditor.export(plan, "huggingface")
    assert set(made) == {"train", "validation", "test"}
    names = made["train"].features["label"].names
    assert tuple(names) == CLASSES
    found = set()
    for part, rows in made.items():
        for row in rows:
            found.add((row["image"].filename, names[row["label"]], {"validation": "val"}.get(part, part)))
    assert found == used(plan)


def test_huggingface_as_a_folder_is_read_by_datasets_and_by_auditor(plan, tmp_path):
    folder = auditor.export(plan, "huggingface", tmp_path / "hub")
    assert sorted(p.name for p in (folder / "data").iterdir()) == [
        f"{s}-00000-of-00001.parquet" for s in ("test", "train", "validation")
    ]
    data = auditor.open(folder)
    assert data.classes == CLASSES and dict(data.samples["split"].value_counts()) == {
        "train": 19,
        "test": 9,
        "val": 8,
    }
    read = sorted(data.source.read(p) for p in data.samples["path"])
    assert read == sorted(pathlib.Path(file).read_bytes() for file, _, _ in used(plan))
    datasets = pytest.importorskip("datasets", reason="datasets is not installed")
    made = datasets.load_dataset(str(folder), cache_dir=str(tmp_path / "cache"))
    assert {part: len(rows) for part, rows in made.items()} == {"train": 19, "validation": 8, "test": 9}
    assert tuple(made["test"].features["label"].names) == CLASSES
    row = made["test"][0]
    file = next(f for f, _, _ in used(plan) if f.endswith("test/=sum(a1)/000.png"))
    assert np.array_equal(np.asarray(row["image"].convert("RGB")), decoded(file))


def test_huggingface_shards_and_streams(plan, tmp_path, monkeypatch):
    monkeypatch.setattr("auditor.exporting.huggingface.SHARD_BYTES", 4000)
    monkeypatch.setattr("auditor.exporting.huggingface.GROUP_BYTES", 1500)
    folder = auditor.export(plan, "huggingface", tmp_path / "hub")
    files = sorted((folder / "data").glob("train-*"))
    assert len(files) > 1 and files[0].name.endswith(f"-of-{len(files):05d}.parquet")
    assert sum(pq.read_metadata(f).num_rows for f in files) == 19
    assert len(auditor.open(folder)) == 36


@pytest.mark.slow
def test_tf_data_gives_pictures_and_class_numbers(plan):
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    made = auditor.export(plan, "tf-data", image_size=(8, 12), batch_size=5)
    assert {part: int(stream.cardinality()) for part, stream in made.items()} == {
        "train": 4,
        "val": 2,
        "test": 2,
    }
    seen = [(x.numpy(), y.numpy()) for x, y in made["val"]]
    assert seen[0][0].shape == (5, 8, 12, 3) and seen[0][0].dtype == np.uint8
    assert np.concatenate([y for _, y in seen]).tolist() == [0] * 4 + [1] * 4
    reds = np.concatenate([x for x, _ in seen])[4:]
    assert reds[..., 0].mean() > 1.2 * reds[..., 2].mean(), "channels are in the order RGB"


@pytest.mark.slow
def test_tf_data_gives_training_images_shuffled_and_otherwise_in_each_pass(plan):
    pytest.importorskip("tensorflow", reason="TensorFlow is not installed")
    train = auditor.export(plan, "tf-data", image_size=8, batch_size=4)["train"]
    first, second = (np.concatenate([y.numpy() for _, y in train]).tolist() for _ in range(2))
    assert first != sorted(first), "batches of one class each teach nothing"
    assert first != second
    assert sorted(first) == sorted(second)
    again = auditor.export(plan, "tf-data", image_size=8, batch_size=4)["train"]
    assert np.concatenate([y.numpy() for _, y in again]).tolist() == first, "the same in every process"


def test_arrays_train_scikit_learn(plan):
    from sklearn.linear_model import LogisticRegression

    made = auditor.export(plan, "arrays", image_size=16)
    x, y = made["train"]
    assert x.shape == (19, 16 * 16 * 3) and x.dtype == np.float32 and x.min() >= 0 and x.max() <= 1
    assert LogisticRegression(max_iter=200).fit(x, y).score(*made["train"]) > 0.9
    assert set(y) == set(CLASSES)


def test_arrays_in_a_file_are_read_by_numpy_and_by_auditor(plan, tmp_path):
    file = auditor.export(plan, "arrays", tmp_path / "x.npz", image_size=16)
    with np.load(file, allow_pickle=False) as arrays:
        assert sorted(arrays) == ["classes", "x_test", "x_train", "x_val", "y_test", "y_train", "y_val"]
        assert arrays["x_train"].shape == (19, 16, 16, 3) and arrays["x_train"].dtype == np.uint8
        assert tuple(arrays["classes"]) == CLASSES
        memory = auditor.export(plan, "arrays", image_size=16)
        for part, (x, y) in memory.items():
            assert np.allclose(arrays[f"x_{part}"].reshape(len(x), -1) / 255, x, atol=1e-6)
            assert [CLASSES[k] for k in arrays[f"y_{part}"]] == y.tolist()
    assert dict(auditor.open(file).samples["split"].value_counts()) == {"train": 19, "test": 9, "val": 8}


def test_arrays_that_would_not_fit_are_refused_before_anything_is_decoded(plan, monkeypatch):
    monkeypatch.setattr("auditor.exporting.arrays.MOST_BYTES", 1000)
    with pytest.raises(UsageError, match="smaller image_size"):
        auditor.export(plan, "arrays")


def test_samples_are_what_torchvision_has(plan, tmp_path):
    made = auditor.export(plan, "samples")
    assert made.class_to_idx == {"=sum(a1)": 0, "red": 1}
    assert {(f, CLASSES[k], part) for part, rows in made.samples.items() for f, k in rows} == used(plan)
    read = json.loads(auditor.export(plan, "samples", tmp_path).read_text())
    assert {part: [tuple(r) for r in rows] for part, rows in read["samples"].items()} == made.samples


def test_fiftyone_labels_and_data_name_every_image(plan, tmp_path):
    folder = auditor.export(plan, "fiftyone", tmp_path / "fo")
    found = set()
    for part in ("train", "val", "test"):
        labels = json.loads((folder / part / "labels.json").read_text())
        files = json.loads((folder / part / "data.json").read_text())
        assert set(labels["labels"]) == set(files)
        found |= {(files[key], labels["classes"][number], part) for key, number in labels["labels"].items()}
    assert found == used(plan)


def test_fiftyone_samples_carry_the_findings_as_tags(audit):
    made = {d["filepath"]: d for d in auditor.export(audit, "fiftyone")}
    copy = next(d for f, d in made.items() if f.endswith("copy.png"))
    assert (
        "split-leak" in copy["tags"] and "test" in copy["tags"] and copy["ground_truth"] == {"label": "red"}
    )
    assert not any("unreadable" in d["tags"] for d in made.values()), "what cannot be read is not exported"


def test_cleanlab_tables_have_its_columns_and_bounds(audit, tmp_path):
    made = auditor.export(audit, "cleanlab")
    issues = made.issues
    assert {
        "is_label_issue",
        "label_score",
        "given_label",
        "predicted_label",
        "is_near_duplicate_issue",
    } <= set(issues.columns)
    for name in [c[:-6] for c in issues.columns if c.endswith("_score")]:
        flag, score = issues[f"is_{name}_issue"], issues[f"{name}_score"]
        assert flag.dtype == bool and score.between(0, 1).all()
        assert (score[flag] < 0.5).all() and (score[~flag] == 1).all()
    assert issues.loc[issues["path"].str.endswith("copy.png"), "is_near_duplicate_issue"].all()
    assert made.labels.shape == (len(issues),) and list(np.array(made.classes)[made.labels]) == list(
        issues["given_label"]
    )
    rows = made.has_pred_probs
    assert made.pred_probs.shape == (len(issues), 2) and rows.any()
    assert np.allclose(made.pred_probs[rows].sum(axis=1), 1, atol=1e-4)
    folder = auditor.export(audit, "cleanlab", tmp_path / "cl")
    assert sorted(p.name for p in folder.iterdir()) == ["issues.csv", "labels.csv", "pred_probs.npy"]
    assert (
        pd.read_csv(folder / "issues.csv")["is_near_duplicate_issue"].tolist()
        == issues["is_near_duplicate_issue"].tolist()
    )


def test_keras_reads_the_folders(plan, tmp_path):
    tree = auditor.export(plan, "hardlink", tmp_path / "tree")
    assert len(list((tree / "train").rglob("*.png"))) == 19


@pytest.mark.parametrize("format", ["samples", "fiftyone"])
def test_formats_of_file_names_refuse_what_is_inside_an_archive(format, archived):
    with pytest.raises(UsageError, match="images in files"):
        auditor.export(archived, format)


def test_what_is_inside_an_archive_is_exported_with_its_bytes(archived, plan, tmp_path):
    assert "red" in auditor.export(archived, "arrays", image_size=4)["train"][1]
    data = auditor.open(auditor.export(archived, "huggingface", tmp_path / "hub"))
    assert sorted(data.source.read(p) for p in data.samples["path"]) == sorted(
        pathlib.Path(f).read_bytes() for f, _, _ in used(plan)
    )


@pytest.mark.parametrize("format", [f for f, kind in EXPORTERS.items() if kind.file])
def test_nothing_is_written_into_the_data_or_over_other_files(format, audit, discs, tmp_path):
    with pytest.raises(OutputError, match="outside the data"):
        auditor.export(audit, format, discs / "train" / "x")
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("mine")
    target = (
        tmp_path / "taken" if "." not in EXPORTERS[format].file else tmp_path / "taken" / "thesis.tex" / "x"
    )
    with pytest.raises(OutputError):
        auditor.export(audit, format, target)
    assert [p.name for p in (tmp_path / "taken").iterdir()] == ["thesis.tex"]
    assert (tmp_path / "taken" / "thesis.tex").read_text() == "mine"


@pytest.mark.parametrize("format", [f for f, kind in EXPORTERS.items() if kind.file])
def test_an_earlier_export_is_replaced_and_a_failed_one_leaves_nothing(format, plan, tmp_path, monkeypatch):
    target = tmp_path / EXPORTERS[format].file
    auditor.export(plan, format, target)
    auditor.export(plan, format, target)
    before = sorted(p.name for p in tmp_path.rglob("*"))
    assert not [p for p in tmp_path.iterdir() if p != target]
    if format in ("huggingface", "arrays"):
        monkeypatch.setattr(
            "auditor.dataset.LocalFiles.read", lambda self, path: (_ for _ in ()).throw(OSError("gone"))
        )
        with pytest.raises(DataError, match="gone"):
            auditor.export(plan, format, target)
        assert sorted(p.name for p in tmp_path.rglob("*")) == before


def test_folds_are_parts(audit):
    plan = auditor.split(audit.dataset, scan=audit, folds=3)
    made = auditor.export(plan, "csv")
    assert set(made["split"]) == {"fold-0", "fold-1", "fold-2"}
    assert set(auditor.export(plan, "samples").samples) == {"fold-0", "fold-1", "fold-2"}


def test_data_without_a_split_is_one_part(class_tree):
    made = auditor.export(auditor.scan(class_tree), "samples")
    assert list(made.samples) == ["all"] and len(made.samples["all"]) == 65


def test_what_cannot_be_exported_is_said(audit, plan, tmp_path):
    with pytest.raises(UsageError, match="one of the formats"):
        auditor.export(plan, "pdf")
    with pytest.raises(UsageError, match="a plan or an audit"):
        auditor.export("flowers/", "csv")
    with pytest.raises(UsageError, match="an audit to describe"):
        auditor.export(plan, "croissant")
    with pytest.raises(UsageError, match="a plan, to write as folders"):
        auditor.export(audit, "copy", tmp_path / "x")
    with pytest.raises(UsageError, match="positive sizes"):
        auditor.export(plan, "arrays", image_size=0)
    with pytest.raises(UsageError, match="no output"):
        auditor.export(plan, "tf-data", tmp_path / "x")
    audit.save(tmp_path / "out")
    with pytest.raises(DataError, match="with its data"):
        auditor.export(auditor.load(tmp_path / "out"), "samples")


def test_the_command_line_offers_every_format_that_has_a_file():
    assert (*TREES, *(name for name, format in EXPORTERS.items() if format.file)) == EXPORTS


def test_split_writes_the_exports_that_are_asked(discs, tmp_path):
    out = tmp_path / "out"
    auditor.scan(discs, output=out)
    auditor.split(discs, output=out, export=["copy", "parquet", "fiftyone", "cleanlab"])
    assert len(list((out / "folders" / "test").rglob("*.png"))) == 9
    assert len(parquet.read(out / "manifest.parquet")) == 36
    assert (out / "cleanlab" / "pred_probs.npy").exists()
    assert pd.read_csv(out / "cleanlab" / "issues.csv")["is_near_duplicate_issue"].any(), (
        "the audit in the folder is used"
    )
    with pytest.raises(UsageError, match="tf-data"):
        auditor.split(discs, output=out, export="tf-data")


def test_cleanlab_ranks_the_labels_that_are_exported(audit):
    filter = pytest.importorskip("cleanlab.filter", reason="cleanlab is not installed")
    made = auditor.export(audit, "cleanlab")
    rows = made.has_pred_probs
    found = filter.find_label_issues(made.labels[rows], made.pred_probs[rows])
    assert found.shape == (rows.sum(),) and found.mean() < 0.5


@pytest.mark.slow
def test_fiftyone_reads_what_is_exported(plan, tmp_path):
    fiftyone = pytest.importorskip(
        "fiftyone", reason="FiftyOne is not installed: it brings a database server"
    )
    folder = auditor.export(plan, "fiftyone", tmp_path / "fo")
    kind = fiftyone.types.FiftyOneImageClassificationDataset
    read = fiftyone.Dataset.from_dir(str(folder / "train"), dataset_type=kind)
    assert {(s.filepath, s.ground_truth.label, "train") for s in read} == {
        row for row in used(plan) if row[2] == "train"
    }
