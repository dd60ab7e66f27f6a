"""The whole way once, from folders to a report, through the public functions."""

import json

import pandas as pd
import pytest

import auditor
import auditor.errors
from tests.conftest import write_tree

pytest.importorskip("tensorflow")


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A run on three classes, one of them rare, with a training image copied into test."""
    from auditor.baseline import TrainOptions

    folder = tmp_path_factory.mktemp("run")
    data = write_tree(
        folder / "discs",
        {
            "train/red": 40,
            "train/green": 30,
            "train/blue": 8,
            "test/red": 12,
            "test/green": 12,
            "test/blue": 6,
        },
    )
    (data / "test" / "red" / "copy.png").write_bytes((data / "train" / "red" / "000.png").read_bytes())
    options = TrainOptions(image_size=16, depth=1, epochs=3, experiments=False, seeds=1, scaling="min-max")
    audit = auditor.run(data, output=folder / "out", training=options, seed=1, time_budget=2)
    return audit, folder / "out", data


CONTRACT = [
    "report.html", "audit.json", "findings.csv", "images.parquet", "thumbnails.parquet", "split.csv", "split.json", "augmented.csv",
    "baseline.json", "baseline.keras",
]  # fmt: skip


def test_every_file_of_the_contract_is_written(whole):
    _, out, _ = whole
    assert not [name for name in CONTRACT if not (out / name).exists()]
    audit = json.loads((out / "audit.json").read_text())
    assert {
        "schema",
        "auditor",
        "verdict",
        "dataset",
        "findings",
        "provenance",
        "split",
        "augmentation",
        "baseline",
    } <= set(audit)
    assert set(audit["provenance"]) >= {"config", "seed", "versions", "run"}
    assert set(audit["provenance"]["run"]) == {"command", "output", "jobs", "engine", "started", "seconds"}


def test_a_missing_validation_split_is_carved_and_the_published_test_split_is_kept(whole):
    _, out, _ = whole
    split = pd.read_csv(out / "split.csv", keep_default_na=False)
    assert set(split["split"]) == {"train", "val", "test"}
    assert set(split.loc[split["split"] == "test", "path"]) == set(
        split.loc[split["path"].str.startswith("test/"), "path"]
    )


def test_what_leaks_into_test_is_left_out_of_training_and_counted(whole):
    audit, _, _ = whole
    assert audit.record.split["left_out"] == 1
    broken = [c["name"] for c in audit.record.split["claims"] if not c["holds"]]
    assert broken == ["duplicates"]
    assert audit.record.baseline["counts"]["train"] + audit.record.baseline["counts"]["val"] == 77


def test_augmented_images_have_training_parents_of_rare_classes(whole):
    _, out, _ = whole
    split = pd.read_csv(out / "split.csv", keep_default_na=False).set_index("path")["split"]
    made = pd.read_csv(out / "augmented.csv", keep_default_na=False)
    assert len(made) and set(made["split"]) == {"train"}
    assert set(split[made["parent"]]) == {"train"}
    assert "red" not in set(made["label"])


def test_the_checks_of_the_planned_split_stand_apart(whole):
    audit, _, _ = whole
    assert audit.record.split_findings
    assert {f.code for f in audit.record.split_findings} <= {f.code for f in audit.record.findings}
    leak = [f for f in audit.record.findings if f.code == "split-leak"]
    assert [f.severity for f in leak] == ["error"]


def test_what_was_saved_is_loaded_and_shown_in_a_notebook(whole):
    audit, out, _ = whole
    again = auditor.load(out)
    assert again.verdict == audit.verdict
    assert again.findings["id"].tolist() == audit.findings["id"].tolist()
    assert again.record.baseline == audit.record.baseline
    assert audit.classes.loc["red", "train"] == 40
    shown = audit._repr_html_()
    assert "<script" not in shown and audit.record.dataset.name in shown


def test_steps_one_by_one_meet_in_the_same_folder(whole, tmp_path):
    _, _, data = whole
    audit = auditor.scan(
        data, output=tmp_path / "out", config=auditor.Config(select=("class-imbalance", "split-leak"))
    )
    plan = auditor.split(data, ratios=(60, 20, 20), scan=audit, output=tmp_path / "out")
    assert auditor.verify(tmp_path / "out" / "split.csv", data)
    made = auditor.augment(plan, target="balanced", output=tmp_path / "out")
    assert len(made.manifest) and all((tmp_path / "out" / p).exists() for p in made.manifest["path"])
    record = auditor.load(tmp_path / "out").record
    assert record.split is not None and record.augmentation is not None and record.baseline is None
    assert "Augmentation" in (tmp_path / "out" / "report.html").read_text()


def test_the_size_of_test_is_judged_by_the_recall_that_was_measured(whole):
    audit, _, _ = whole
    found = next(f for f in audit.record.findings if f.code == "test-too-small")
    scored = {c["label"]: c["recall"]["value"] for c in audit.record.baseline["scores"]["test"]["classes"]}
    assert found.details["recall"] == scored


def times_in(value):
    """The keys of nested data that hold what the clock had a part in."""
    if isinstance(value, dict):
        here = [k for k in value if k in ("seconds", "started", "elapsed")]
        return here + [k for v in value.values() for k in times_in(v)]
    return [k for v in value for k in times_in(v)] if isinstance(value, list) else []


def test_a_reproducible_run_gives_the_same_bytes(whole, tmp_path):
    from auditor.baseline import TrainOptions

    _, first, data = whole
    assert "seconds" in times_in(json.loads((first / "audit.json").read_text()))
    options = TrainOptions(image_size=16, depth=1, epochs=2, experiments=False, seeds=1, scaling="min-max")
    for name in ("one", "two"):
        auditor.run(data, output=tmp_path / name, training=options, images=False, reproducible=True)
    for file in ("audit.json", "baseline.json", "split.json", "split.csv", "findings.csv", "report.html"):
        one, two = ((tmp_path / name / file).read_bytes() for name in ("one", "two"))
        assert one == two, file
    assert times_in(json.loads((tmp_path / "one" / "audit.json").read_text())) == []
    assert times_in(json.loads((tmp_path / "one" / "baseline.json").read_text())) == []


def test_a_run_refuses_folds_before_anything_is_read(tmp_path):
    data = write_tree(tmp_path / "data", {"red": 6, "blue": 6})
    with pytest.raises(auditor.errors.UsageError, match="folds=3"):
        auditor.run(data, output=tmp_path / "out", splitting=auditor.SplitOptions(folds=3))
    assert not (tmp_path / "out").exists()
