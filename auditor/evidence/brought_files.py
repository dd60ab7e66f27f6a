"""Reading numbers that users bring: .npy, .npz, Parquet, CSV, arrays and DataFrames. Nothing is unpickled."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditor.errors import DataError
from auditor.evidence.brought import Brought
from auditor.readers.temporary import temporary_folder, unpack
from auditor.reading import listed

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

Values = npt.NDArray[np.generic]

#: Names of the column, or the array, that holds the paths.
PATH_NAMES = ("path", "paths", "file", "files", "filename", "filepath", "image", "image_path")
#: Names of the array that names the columns of a matrix in an .npz file.
CLASS_NAMES = ("classes", "class_names", "columns")
#: Rows of a Parquet file that are read at once: 16 MB of 512 columns.
BATCH = 8192
#: Rows of an array that are hashed at once.
HASHED = 65_536


def read_brought(given: Any, what: str) -> Brought:
    """Read a matrix of numbers with a row per image.

    Parameters
    ----------
    given : str, Path, ndarray or DataFrame
        A file (.npy, .npz, .parquet, .csv), an array, or a DataFrame with paths in a column or as its index.
    what : str
        What it holds, in the plural, for errors: ``"vectors"``.

    Raises
    ------
    DataError
        It is missing, damaged, or holds no such matrix.
    """
    if not isinstance(given, (str, Path)):
        return _read_memory(given, what)
    file = Path(given)
    name = f"'{file.name}'"
    readers = {".npy": _read_npy, ".npz": _read_npz, ".parquet": _read_parquet, ".csv": _read_csv}
    if not file.is_file():
        raise DataError(
            expected=f"a file of {what}",
            received=f"'{given}', which {'is no file' if file.exists() else 'does not exist'}",
            hint="check the path",
        )
    if file.suffix.lower() not in readers:
        raise DataError(
            expected=f"{what} in a file that ends in {', '.join(readers)}",
            received=name,
            hint="save them with numpy.savez('vectors.npz', path=paths, x=vectors)",
        )
    try:
        values, columns, paths = readers[file.suffix.lower()](file)
        with file.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
    except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
        raise _refused(name, what, " ".join(str(error).split())[:160] or "it is damaged") from None
    return _checked(Brought(name=name, values=values, columns=columns, paths=paths, digest=digest), what)


def _read_memory(given: Any, what: str) -> Brought:
    """Read an array or a DataFrame; another framework's tensors are arrays once numpy has them."""
    import pandas as pd

    try:
        if isinstance(given, pd.DataFrame):
            name = "a DataFrame"
            values, columns, paths = _from_frame(given)
        else:
            name, columns, paths = "an array", (), None
            values = np.asarray(given)
    except (ValueError, TypeError, RuntimeError) as error:
        raise _refused("an object in memory", what, " ".join(str(error).split())[:160]) from None
    digest = hashlib.sha256(repr((values.shape, values.dtype.str, columns)).encode())
    if values.dtype.kind in "fiub":
        for start in range(0, len(values) if values.ndim else 0, HASHED):
            digest.update(np.ascontiguousarray(values[start : start + HASHED]).tobytes())
    for path in () if paths is None else paths:
        digest.update(str(path).encode("utf-8", "backslashreplace") + b"\0")
    brought = Brought(name=name, values=values, columns=columns, paths=paths, digest=digest.hexdigest())
    return _checked(brought, what)


def _refused(name: str, what: str, received: str) -> DataError:
    return DataError(
        expected=f"{what}: numbers with a row per image and a column per number",
        received=f"{name}: {received}",
        hint="save them with numpy.savez('vectors.npz', path=paths, x=vectors), paths as text",
    )


def _checked(brought: Brought, what: str) -> Brought:
    """Refuse what is no matrix of real numbers."""
    values, name = brought.values, brought.name
    if values.ndim != 2 or values.dtype.kind not in "fiub" or not all(values.shape):
        shape = " x ".join(f"{side:,}" for side in values.shape) or "one value"
        raise _refused(name, what, f"{shape} of {values.dtype}")
    if brought.paths is not None and len(brought.paths) != len(values):
        raise _refused(name, what, f"{len(brought.paths):,} paths and {len(values):,} rows of numbers")
    return brought


def _read_npy(file: Path) -> tuple[Values, tuple[str, ...], None]:
    return np.load(file, mmap_mode="r", allow_pickle=False), (), None


def _read_npz(file: Path) -> tuple[Values, tuple[str, ...], npt.NDArray[np.object_] | None]:
    """Read the one matrix of an .npz file and its paths; arrays are unpacked to disk, not to memory."""
    arrays: dict[str, Values] = {}
    folder = temporary_folder()
    with zipfile.ZipFile(file) as packed:
        for number, member in enumerate(packed.infolist()):
            target = folder / f"{number}.npy"
            with packed.open(member) as stream:
                unpack(stream, target, packed=member.compress_size, location=str(file), expected="arrays")
            loaded = np.load(target, mmap_mode="r", allow_pickle=False)
            arrays[member.filename.removesuffix(".npy")] = loaded
    matrices = {name: a for name, a in arrays.items() if a.ndim > 1}
    if len(matrices) != 1:
        raise ValueError(f"{len(matrices)} arrays of two dimensions among {listed(arrays) or 'none'}")
    (values,) = matrices.values()
    named = {name.lower(): a for name, a in arrays.items() if a.ndim == 1 and a.dtype.kind in "US"}
    texts = {name: np.asarray(a).astype(str) for name, a in named.items()}
    columns = next((tuple(texts[n].tolist()) for n in CLASS_NAMES if n in texts), ())
    paths = next((texts[n].astype(object) for n in PATH_NAMES if n in texts), None)
    if columns and len(columns) != values.shape[1]:
        raise ValueError(f"{len(columns)} names for {values.shape[1]} columns")
    return values, columns, paths


def _read_csv(file: Path) -> tuple[Values, tuple[str, ...], npt.NDArray[np.object_] | None]:
    import pandas as pd

    table = pd.read_csv(file, encoding="utf-8-sig")
    wanted = next((c for c in table.columns if c.lower() in PATH_NAMES), None)
    # A path that looks like a number is still a path.
    if wanted is not None:
        texts = pd.read_csv(file, encoding="utf-8-sig", usecols=[wanted], dtype=str, keep_default_na=False)
        table[wanted] = texts[wanted]
    return _from_frame(table)


def _from_frame(table: pd.DataFrame) -> tuple[Values, tuple[str, ...], npt.NDArray[np.object_] | None]:
    """Take a table apart: paths in a column or as its index, and the columns of numbers, or one of lists."""
    import pandas as pd

    table = table.rename(columns=str)
    doubled = table.columns[table.columns.duplicated()]
    if len(doubled):
        raise ValueError(f"the column {doubled[0]!r} twice")
    column = next((c for c in table.columns if c.lower() in PATH_NAMES), None)
    paths = None
    if column is not None:
        paths = table[column].astype(object).to_numpy()
        table = table.drop(columns=column)
    elif not pd.api.types.is_numeric_dtype(table.index.dtype):
        paths = table.index.to_numpy(dtype=object)
    numbers = table.select_dtypes(["number", "bool"])
    if not numbers.shape[1] and len(table):
        lists = [c for c in table.columns if isinstance(table[c].iloc[0], (list, tuple, np.ndarray))]
        if len(lists) != 1:
            raise ValueError(f"no column of numbers among {listed(table.columns) or 'none'}")
        return np.stack([np.asarray(v) for v in table[lists[0]]]), (), paths
    return numbers.to_numpy(), tuple(numbers.columns), paths


def _read_parquet(file: Path) -> tuple[Values, tuple[str, ...], npt.NDArray[np.object_] | None]:
    """Read a Parquet file batch by batch into a file of its numbers alone."""
    import pyarrow as pa
    import pyarrow.parquet as pq
    import pyarrow.types as types

    try:
        with file.open("rb") as stream, pq.ParquetFile(stream) as opened:
            schema, count = opened.schema_arrow, opened.metadata.num_rows
            column = next((f.name for f in schema if f.name.lower() in PATH_NAMES), None)
            lists = [f.name for f in schema if types.is_list(f.type) or types.is_fixed_size_list(f.type)]
            plain = [
                f.name
                for f in schema
                if f.name != column and (types.is_floating(f.type) or types.is_integer(f.type))
            ]
            wanted = lists[:1] if len(lists) == 1 else plain
            if not wanted:
                raise ValueError(f"no column of numbers among {listed(schema.names)}")
            kinds = [schema.field(name).type for name in wanted]
            half = all(types.is_float16(k.value_type if wanted == lists[:1] else k) for k in kinds)
            batches = opened.iter_batches(
                BATCH, columns=[*wanted, *([column] if column else [])], use_threads=False
            )
            values, paths = _write_batches(
                batches, wanted, column, count, np.dtype(np.float16 if half else np.float32)
            )
    except (pa.ArrowException, OverflowError) as error:
        raise ValueError(str(error).partition("\n")[0]) from None
    return values, () if wanted == lists[:1] else tuple(wanted), paths


def _write_batches(
    batches: Iterator[pa.RecordBatch],
    wanted: list[str],
    column: str | None,
    count: int,
    dtype: np.dtype[Any],
) -> tuple[Values, npt.NDArray[np.object_] | None]:
    """Write the numbers of batches to a file as they come, and return it mapped, with the paths."""
    target: npt.NDArray[Any] | None = None
    paths, done = np.empty(count, dtype=object), 0
    for batch in batches:
        block = _numbers(batch, wanted)
        if target is None:
            shape = (count, block.shape[1])
            target = np.lib.format.open_memmap(temporary_folder() / "x.npy", "w+", dtype, shape)
        if block.shape[1] != target.shape[1]:
            raise ValueError(f"rows of {target.shape[1]} and of {block.shape[1]} numbers")
        with np.errstate(over="ignore"):  # what float32 cannot hold is refused as not finite
            target[done : done + len(block)] = block
        if column is not None:
            paths[done : done + len(block)] = batch.column(column).to_pylist()
        done += len(block)
    if target is None:
        raise ValueError("no rows")
    return target, paths if column is not None else None


def _numbers(batch: pa.RecordBatch, wanted: list[str]) -> npt.NDArray[Any]:
    """Return the numbers of a batch, shape ``(n_rows, n_columns)``; nulls are NaN."""
    import pyarrow.types as types

    first = batch.column(wanted[0])
    if types.is_list(first.type) or types.is_fixed_size_list(first.type):
        flat, rows = first.flatten().to_numpy(zero_copy_only=False), len(first)
        lengths = {len(v) if v.is_valid else 0 for v in first}
        if len(lengths) != 1:
            raise ValueError("lists of several lengths")
        return np.asarray(flat.reshape(rows, -1))
    return np.stack([batch.column(n).to_numpy(zero_copy_only=False) for n in wanted], axis=1)
