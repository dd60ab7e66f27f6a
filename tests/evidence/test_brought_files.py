"""Numbers that users bring: each kind of file gives the same matrix, and bad ones one clear line."""

import zipfile

import numpy as np
import pandas as pd
import pytest

from auditor.errors import DataError
from auditor.evidence.brought_files import read_brought
from auditor.parquet import parquet_bytes

VECTORS = np.arange(12, dtype=np.float32).reshape(4, 3) / 8
PATHS = ["b/2.png", "a/1.png", "007.png", "c d.png"]


def as_npy(folder):
    np.save(folder / "v.npy", VECTORS)
    return folder / "v.npy"


def as_npz(folder):
    np.savez_compressed(folder / "v.npz", path=np.array(PATHS), x=VECTORS)
    return folder / "v.npz"


def as_csv(folder):
    pd.DataFrame(VECTORS, columns=list("pqr")).assign(path=PATHS).to_csv(folder / "v.csv", index=False)
    return folder / "v.csv"


def as_parquet(folder):
    table = pd.DataFrame(VECTORS, columns=list("pqr")).assign(path=PATHS, label="x")
    (folder / "v.parquet").write_bytes(parquet_bytes(table))
    return folder / "v.parquet"


def as_lists(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"file": PATHS, "embedding": VECTORS.tolist()}), folder / "l.parquet")
    return folder / "l.parquet"


def as_frame(folder):
    return pd.DataFrame(VECTORS, index=PATHS)


def as_array(folder):
    return VECTORS


@pytest.mark.parametrize("make", [as_npy, as_npz, as_csv, as_parquet, as_lists, as_frame, as_array])
def test_every_kind_gives_the_numbers_and_the_paths(tmp_path, make):
    found = read_brought(make(tmp_path), "vectors")
    assert np.array_equal(np.asarray(found.values, dtype=np.float32), VECTORS)
    if make in (as_npy, as_array):
        assert found.paths is None
    else:
        assert found.paths.tolist() == PATHS


@pytest.mark.parametrize("make", [as_npy, as_npz, as_csv, as_parquet])
def test_files_with_other_numbers_have_another_digest(tmp_path, make, monkeypatch):
    before = read_brought(make(tmp_path), "vectors").digest
    assert read_brought(make(tmp_path), "vectors").digest == before
    monkeypatch.setitem(globals(), "VECTORS", VECTORS + 1)
    assert read_brought(make(tmp_path), "vectors").digest != before


def test_an_array_with_other_numbers_has_another_digest():
    assert read_brought(VECTORS, "vectors").digest != read_brought(VECTORS + 1, "vectors").digest
    assert read_brought(VECTORS, "vectors").digest != read_brought(VECTORS.reshape(3, 4), "vectors").digest


def damaged(folder):
    (folder / "v.npz").write_bytes(as_npz(folder).read_bytes()[:100])
    return folder / "v.npz"


def pickled(folder):
    np.savez(folder / "p.npz", path=np.array(PATHS, dtype=object), x=VECTORS)
    return folder / "p.npz"


def two_matrices(folder):
    np.savez(folder / "two.npz", x=VECTORS, y=VECTORS)
    return folder / "two.npz"


def no_numpy(folder):
    with zipfile.ZipFile(folder / "t.npz", "w") as packed:
        packed.writestr("x.npy", b"no array")
    return folder / "t.npz"


def text_as_parquet(folder):
    (folder / "t.parquet").write_text("no table")
    return folder / "t.parquet"


def words_alone(folder):
    (folder / "w.csv").write_text("path,label\na,b\n")
    return folder / "w.csv"


def ragged(folder):
    import pyarrow as pa
    import pyarrow.parquet as pq

    pq.write_table(pa.table({"path": ["a", "b"], "x": [[1.0], [1.0, 2.0]]}), folder / "r.parquet")
    return folder / "r.parquet"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda folder: folder / "nowhere.npz", "does not exist"),
        (lambda folder: folder, "is no file"),
        (damaged, "v.npz"),
        (pickled, "paths as text"),
        (two_matrices, "2 arrays of two dimensions among x, y"),
        (no_numpy, "t.npz"),
        (text_as_parquet, "t.parquet"),
        (words_alone, "no column of numbers among label"),
        (ragged, "lists of several lengths"),
        (lambda folder: np.zeros(4), "4 of float64"),
        (lambda folder: np.zeros((4, 0)), "4 x 0 of float64"),
        (lambda folder: np.zeros((4, 2, 2)), "4 x 2 x 2 of float64"),
        (lambda folder: np.array([["a", "b"]]), "1 x 2 of <U1"),
        (lambda folder: np.zeros((4, 2), complex), "complex128"),
        (lambda folder: pd.DataFrame({"a": ["x"], "b": ["y"]}), "no column of numbers"),
    ],
)
def test_what_is_no_matrix_of_numbers_is_refused_in_one_line(tmp_path, make, said):
    with pytest.raises(DataError) as refused:
        read_brought(make(tmp_path), "vectors")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_file_of_an_unknown_ending_is_refused(tmp_path):
    (tmp_path / "v.pkl").write_bytes(b"")
    with pytest.raises(DataError, match=r"\.npy, \.npz, \.parquet, \.csv"):
        read_brought(tmp_path / "v.pkl", "vectors")
