import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.model_selection import cross_val_score
from sklearn.tree import DecisionTreeClassifier

import auditor
from auditor.dataset import Dataset
from auditor.errors import OutputError, UsageError
from auditor.splitting import (
    export_folds,
    export_indices,
    export_predefined_split,
    export_table,
    export_tree,
    plan_split,
)
from auditor.splitting.export import folder_name
from tests.scanning.making import png
from tests.splitting.tables import dataset_of, scan_table

CLASSES = ("cat", "../dog", "=sum(a1)", "50%")


@pytest.fixture
def table(tmp_path):
    """Twelve images of each of four classes, two of them of the same name in different folders, with a copy
    of one in val.
    """
    rng = np.random.default_rng(0)
    paths = []
    for k, label in enumerate(CLASSES):
        for i in range(12):
            path = f"c{k}/{'left' if i % 2 else 'right'}/{i // 2}.png"
            (tmp_path / "data" / path).parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(rng.integers(0, 60, (8, 8, 3), dtype=np.uint8) + np.uint8(60 * k)).save(
                tmp_path / "data" / path
            )
            paths.append((path, label))
    made = scan_table([label for _, label in paths])
    made["path"] = [path for path, _ in paths]
    return made.sort_values("path", ignore_index=True)


def plan(table, tmp_path, kind="table", **options):
    return plan_split(dataset_of(table, str(tmp_path / "data"), kind=kind), table, **options)


def files_of(tree):
    return {p.relative_to(tree).as_posix() for p in Path(tree).rglob("*") if p.is_file()} - {"names.csv"}


@pytest.mark.parametrize("how", ["hardlink", "symlink", "copy"])
def test_the_tree_holds_every_usable_image_once_under_its_part_and_class(how, table, tmp_path):
    done = plan(table, tmp_path)
    before = {p: p.read_bytes() for p in (tmp_path / "data").rglob("*.png")}
    tree = export_tree(done, tmp_path / "tree", how)
    assert len(files_of(tree)) == 48
    names = {
        line.split(",")[1]: line.split(",")[0] for line in (tree / "names.csv").read_text().splitlines()[1:]
    }
    for row in done.table.itertuples():
        file = tree / names[row.path]
        assert file.read_bytes() == before[tmp_path / "data" / row.path]
        assert file.relative_to(tree).parts[:2] == (row.split, folder_name(row.label))
        assert file.is_symlink() == (how == "symlink")
        assert file.samefile(tmp_path / "data" / row.path) == (how != "copy")
    assert before == {p: p.read_bytes() for p in (tmp_path / "data").rglob("*.png")}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "tree"]


def test_every_class_has_a_folder_in_every_part_even_where_it_is_empty(table, tmp_path):
    done = plan(
        table.assign(
            split=[
                "train" if label == "cat" else s
                for label, s in zip(table["label"], ["train", "val", "test"] * 16, strict=True)
            ]
        ),
        tmp_path,
    )
    tree = export_tree(done, tmp_path / "tree")
    expected = sorted(folder_name(c) for c in CLASSES)
    assert {
        part: sorted(p.name for p in (tree / part).iterdir()) for part in ("train", "val", "test")
    } == dict.fromkeys(("train", "val", "test"), expected)


def test_training_images_that_leak_are_not_exported(table, tmp_path):
    table = table.assign(split=["train", "val", "test"] * 16, cluster=["x", "x"] + [""] * 46)
    done = plan(table, tmp_path)
    assert len(files_of(export_tree(done, tmp_path / "tree"))) == 47
    assert 0 not in export_indices(done)["train"] and 1 in export_indices(done)["val"]


def test_folds_become_folders(table, tmp_path):
    tree = export_tree(plan(table, tmp_path, folds=3), tmp_path / "tree", "symlink")
    assert sorted(p.name for p in tree.iterdir()) == ["fold-0", "fold-1", "fold-2", "names.csv"]
    assert len(files_of(tree)) == 48


def test_nothing_is_written_into_the_data_or_over_other_files(table, tmp_path):
    done = plan(table, tmp_path, kind="class folders")
    for place in ("data", "data/tree", "data/c0/../tree"):
        with pytest.raises(OutputError, match="outside the data"):
            export_tree(done, tmp_path / place)
        with pytest.raises(OutputError, match="outside the data"):
            export_table(done, tmp_path / place)
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "thesis.tex").write_text("x")
    with pytest.raises(OutputError, match="new or empty"):
        export_tree(done, tmp_path / "taken")
    with pytest.raises(OutputError):
        export_tree(done, tmp_path / "taken" / "thesis.tex" / "tree")
    with pytest.raises(UsageError, match="hardlink, symlink, copy"):
        export_tree(done, tmp_path / "tree", "move")
    assert (tmp_path / "taken" / "thesis.tex").read_text() == "x"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data", "taken"]


def test_an_earlier_export_is_replaced_but_not_when_something_was_added(table, tmp_path):
    export_tree(plan(table, tmp_path, seed=1), tmp_path / "tree")
    done = plan(table, tmp_path, seed=2)
    tree = export_tree(done, tmp_path / "tree")
    assert (
        len(files_of(tree)) == 48
        and len(list((tree / "train").rglob("*.png"))) == (done.table["split"] == "train").sum()
    )
    (tree / "train" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match="new or empty"):
        export_tree(done, tmp_path / "tree")
    assert (tree / "train" / "notes.txt").exists() and len(list((tmp_path / "data").rglob("*.png"))) == 48


def test_a_failed_export_leaves_nothing_behind(table, tmp_path):
    done = plan(table, tmp_path)
    (tmp_path / "data" / done.table["path"].iloc[-1]).unlink()
    with pytest.raises(OutputError):
        export_tree(done, tmp_path / "tree", "copy")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["data"]


def test_data_that_is_not_in_files_is_copied(table, tmp_path):
    class Memory:
        def read(self, path):
            return path.encode()

        def stat(self, path):
            raise OSError

    done = plan(table, tmp_path)
    remote = Dataset(
        name="m", kind="archive", location="m.zip", samples=done.dataset.samples, source=Memory()
    )
    done = plan_split(remote, table)
    with pytest.raises(UsageError, match="'copy'"):
        export_tree(done, tmp_path / "tree")
    tree = export_tree(done, tmp_path / "tree", "copy")
    assert {(tree / f).read_text() for f in files_of(tree)} == set(table["path"])


def test_the_table_and_its_certificate_are_written(table, tmp_path):
    done = plan(table, tmp_path)
    rows, certificate = export_table(done, tmp_path / "out" / "deep")
    assert rows.read_text().splitlines()[0] == "path,label,split,group,cluster"
    assert len(rows.read_text().splitlines()) == 49
    assert json.loads(certificate.read_text()) == done.facts


def test_indices_and_predefined_splits_follow_the_rows_of_the_table(table, tmp_path):
    done = plan(table, tmp_path)
    indices = export_indices(done)
    assert sorted(np.concatenate(list(indices.values())).tolist()) == list(range(48))
    for part, rows in indices.items():
        assert set(done.table["split"].iloc[rows]) == {part}
    rows, predefined = export_predefined_split(done)
    ((train, val),) = predefined.split()
    assert rows[train].tolist() == indices["train"].tolist() and rows[val].tolist() == indices["val"].tolist()
    assert not set(rows) & set(indices["test"])
    ((first, second),) = export_folds(done)
    assert (first.tolist(), second.tolist()) == (indices["train"].tolist(), indices["val"].tolist())


def test_folds_go_into_scikit_learn(table, tmp_path):
    done = plan(table, tmp_path, folds=4)
    labels = done.table["label"].to_numpy()
    features = np.array([[CLASSES.index(label)] for label in labels])
    scores = cross_val_score(DecisionTreeClassifier(random_state=0), features, labels, cv=export_folds(done))
    assert scores.tolist() == [1.0] * 4
    rows, predefined = export_predefined_split(done)
    assert predefined.get_n_splits() == 4 and len(rows) == 48
    assert [test.tolist() for _, test in predefined.split()] == [
        test.tolist() for _, test in export_folds(done)
    ]


@pytest.mark.slow
def test_keras_trains_from_the_tree(table, tmp_path):
    keras = pytest.importorskip("keras")
    tree = export_tree(plan(table, tmp_path), tmp_path / "tree")
    options = {"image_size": (8, 8), "batch_size": 8, "seed": 0}
    train, val = (
        keras.utils.image_dataset_from_directory(tree / part, **options) for part in ("train", "val")
    )
    assert train.class_names == val.class_names == sorted(folder_name(c) for c in CLASSES)
    model = keras.Sequential(
        [keras.layers.Rescaling(1 / 255), keras.layers.Flatten(), keras.layers.Dense(4, activation="softmax")]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], jit_compile=False)
    history = model.fit(train, validation_data=val, epochs=2, verbose=0, shuffle=False).history
    assert np.isfinite(history["loss"]).all() and history["loss"][1] < history["loss"][0]


@pytest.mark.parametrize("letter", ["a", "ü", "字", "*"])
def test_names_of_300_letters_become_folders_and_files(tmp_path, letter):
    """Longer than file systems take; two that begin alike stay apart. An archive may hold such names."""
    labels = (letter * 300, letter * 300 + "b")
    with zipfile.ZipFile(tmp_path / "d.zip", "w") as archive:
        for label in labels:
            for i in range(12):
                archive.writestr(f"{label}/{letter * 280}{i}.png", png(20, 20, i + 50 * len(label)))
    plan = auditor.split(auditor.open(tmp_path / "d.zip"))
    made = export_tree(plan, tmp_path / "tree", "copy")
    folders = {f.name for f in (made / "train").iterdir()}
    assert len(folders) == 2 and all(len(name.encode()) <= 255 for name in folders)
    files = list(made.rglob("*.png"))
    assert len(files) == 24 and all(len(f.name.encode()) <= 255 for f in files)
