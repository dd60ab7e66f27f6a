"""The user's own eyes: vectors and probabilities in a scan, and what bad ones get."""

import json

import numpy as np
import pandas as pd
import pytest

import auditor
from auditor.errors import DataError, UsageError
from tests.conftest import write_tree
from tests.test_cli import call

CHECKS = auditor.Config(select=("label-error", "outlier", "near-duplicate"))


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    return write_tree(tmp_path_factory.mktemp("eyes") / "discs", {"red": 50, "green": 45, "blue": 40}, seed=7)


@pytest.fixture(scope="module")
def paths(tree):
    return sorted(str(p.relative_to(tree)) for p in tree.rglob("*.png"))


def vectors_of(paths, seed=0):
    """Vectors that tell the classes apart, with noise."""
    classes = sorted({p.split("/")[0] for p in paths})
    own = np.eye(len(classes))[[classes.index(p.split("/")[0]) for p in paths]]
    noise = np.random.default_rng(seed).normal(0, 0.2, (len(paths), 2 * len(classes)))
    return np.hstack([own, own]) + noise


def label_error(audit):
    return next(f for f in audit.record.findings if f.code == "label-error")


def scan(tree, **given):
    return auditor.scan(tree, config=CHECKS, images=False, **given)


def test_the_finding_the_reading_and_the_provenance_say_which_eyes_were_used(tree, paths, tmp_path):
    np.savez(tmp_path / "mine.npz", path=paths[::-1], x=vectors_of(paths)[::-1])
    audit = scan(tree, embeddings=tmp_path / "mine.npz")
    assert "on the vectors of 'mine.npz'" in label_error(audit).summary
    assert f"--embeddings {tmp_path / 'mine.npz'}" in label_error(audit).fix.command
    assert any("vectors of 'mine.npz' (6 columns, matched by path)" in n for n in audit.dataset.reading.notes)
    eyes = audit.record.provenance["eyes"]
    assert eyes["embeddings"]["name"] == "mine.npz"
    assert eyes["balanced_accuracy"] > 0.95
    plain = scan(tree)
    assert "vectors" not in label_error(plain).summary
    assert "eyes" not in plain.record.provenance


def test_arrays_and_frames_give_what_the_file_gives(tree, paths, tmp_path):
    x = vectors_of(paths).astype(np.float32)
    np.savez(tmp_path / "mine.npz", path=paths, x=x)
    assert label_error(scan(tree, embeddings=x)).fix.command is None  # nothing can be typed
    given = (tmp_path / "mine.npz", x, pd.DataFrame(x, index=paths).sample(frac=1, random_state=1))
    found = [label_error(scan(tree, embeddings=g)).details["at_most"] for g in given]
    assert found[0] == pytest.approx(found[1], rel=1e-4)
    assert found[0] == pytest.approx(found[2], rel=1e-4)


def test_vectors_without_paths_are_in_the_order_of_the_table(tree, paths):
    shuffled = pd.DataFrame({"path": paths}).sample(frac=1, random_state=3)["path"].tolist()
    table = pd.DataFrame({"path": shuffled, "label": [p.split("/")[0] for p in shuffled]})
    audit = auditor.scan(table, root=tree, config=CHECKS, images=False, embeddings=vectors_of(shuffled))
    assert label_error(audit).details["balanced_accuracy"] > 0.95


def test_a_second_scan_with_other_vectors_is_made_anew(tree, paths, tmp_path):
    def judged(x):
        audit = scan(tree, output=tmp_path / "out", embeddings=x)
        return audit.record.provenance["inputs"], label_error(audit).details["balanced_accuracy"]

    good, same = judged(vectors_of(paths)), judged(vectors_of(paths))
    noise = np.random.default_rng(0).normal(size=(len(paths), 6))
    bad = judged(pd.DataFrame(noise, index=paths))
    plain = scan(tree, output=tmp_path / "out")
    assert good == same
    assert len({good[0], bad[0], plain.record.provenance["inputs"]}) == 3
    assert bad[1] < 0.6 < good[1]


def test_vectors_never_make_copies(tree, paths):
    alike = np.ones((len(paths), 4)) + np.random.default_rng(0).normal(0, 1e-3, (len(paths), 4))
    found = scan(tree, embeddings=pd.DataFrame(alike, index=paths))
    plain = scan(tree)
    said = [[f.affected for f in a.record.findings if f.code == "near-duplicate"] for a in (found, plain)]
    assert said[0] == said[1]


def test_probabilities_judge_labels(tree, paths, tmp_path):
    rng = np.random.default_rng(0)
    values = rng.dirichlet(np.ones(3), len(paths)) * 0.4
    values[np.arange(len(paths)), [["blue", "green", "red"].index(p.split("/")[0]) for p in paths]] += 0.6
    table = pd.DataFrame(values, columns=["blue", "green", "red"]).assign(path=paths)
    table.sample(frac=1, random_state=0).to_csv(tmp_path / "p.csv", index=False)
    audit = scan(tree, probabilities=tmp_path / "p.csv")
    assert any("class probabilities of 'p.csv'" in n for n in audit.dataset.reading.notes)
    assert audit.record.provenance["eyes"]["probabilities"]["columns"] == 3


def other_paths(x, paths):
    return pd.DataFrame(x, index=[f"elsewhere/{i}.jpg" for i in range(len(x))])


def without_one(x, paths):
    return pd.DataFrame(x, index=paths).iloc[1:]


def with_nan(x, paths):
    x = x.copy()
    x[4, 2] = np.nan
    return x


def huge(x, paths):
    x = x.copy()
    x[4, 2] = 1e300
    return x


def shuffled(x, paths):
    return np.random.default_rng(5).permutation(x)


def twice(x, paths):
    return pd.DataFrame(x, index=[paths[1], *paths[1:]])


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (other_paths, "has none of them; its paths are like 'elsewhere/0.jpg'"),
        (lambda x, paths: x[1:], "134 rows and no paths"),
        (without_one, "lacks 1: blue/000.png"),
        (with_nan, "NaN, infinite or too large numbers for blue/004.png"),
        (huge, "NaN, infinite or too large numbers for blue/004.png"),
        (lambda x, paths: np.ones_like(x), "are the same"),
        (shuffled, "no better than in any other order"),
        (twice, "blue/001.png more than once"),
    ],
)
def test_vectors_that_do_not_fit_the_data_are_refused(tree, paths, spoil, said):
    with pytest.raises(DataError) as refused:
        scan(tree, embeddings=spoil(vectors_of(paths), paths))
    assert said in str(refused.value)


def test_columns_that_are_constant_say_nothing_and_do_no_harm(tree, paths):
    x = np.hstack([vectors_of(paths), np.full((len(paths), 2), 7.0)])
    assert label_error(scan(tree, embeddings=x)).details["balanced_accuracy"] > 0.95


@pytest.fixture
def command(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    return lambda *args: call(monkeypatch, capsys, *args)


def test_a_bad_file_is_one_line_and_status_2_and_the_scan_is_kept(tree, paths, tmp_path, command):
    np.savez(tmp_path / "few.npz", path=paths[1:], x=vectors_of(paths)[1:])
    status, _, said = command("scan", tree, "-o", "out", "--embeddings", "few.npz", "-q")
    assert status == 2
    assert said.count("\n") == 1
    assert "lacks 1: blue/000.png" in said
    assert (tmp_path / "out" / "scan").is_dir()
    assert not (tmp_path / "out" / "audit.json").exists()


def test_the_command_takes_vectors(tree, paths, tmp_path, command):
    np.save(tmp_path / "v.npy", vectors_of(paths))
    command("scan", tree, "-o", "out", "--embeddings", "v.npy", "-q", "--no-images")
    eyes = json.loads((tmp_path / "out" / "audit.json").read_text())["provenance"]["eyes"]
    assert eyes["embeddings"]["matched_by"] == "order"


def test_vectors_and_an_encoder_at_once_are_refused(tree, paths):
    with pytest.raises(UsageError, match="--embeddings and --encoder"):
        scan(tree, embeddings=vectors_of(paths), encoder="x.keras")


def test_an_option_of_an_encoder_without_one_is_refused(tree):
    with pytest.raises(UsageError, match="--encoder-size alone"):
        scan(tree, encoder_size=64)
