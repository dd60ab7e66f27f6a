"""Tables: CSV, TSV, JSON lines and Parquet with a ``path`` column."""

from __future__ import annotations

import warnings
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor import parquet
from auditor.dataset import SAMPLE_COLUMNS, Dataset, LocalFiles, joined_labels
from auditor.errors import DataError
from auditor.outputs import unescape_table
from auditor.parquet import encodable
from auditor.readers.layout import SPLIT_NAMES
from auditor.readers.scientific import scientific

if TYPE_CHECKING:
    import pandas as pd

    from auditor.readers import Columns

SUFFIXES = {".csv": ",", ".tsv": "\t", ".jsonl": None, ".ndjson": None, ".parquet": None}
#: What else separates columns in files that end in ``.csv``: spreadsheets write semicolons where the comma is
#: the decimal point.
SEPARATORS = (",", ";", "\t", "|")
#: More columns than this are no table of images: a matrix on its side, or a file made to fill the memory.
MAX_COLUMNS = 10_000
#: Characters of a header line that are read to count its columns.
MAX_HEADER = 1 << 24
EXPECTED = "a table with a header line and a 'path' column"


class Loaded(NamedTuple):
    """A table, and its lines that are no rows."""

    table: pd.DataFrame
    ignored: tuple[str, ...] = ()


def reads(location: Path) -> bool:
    """Whether this is a file with the ending of a table."""
    return location.is_file() and location.suffix.lower() in SUFFIXES


def _load(location: Path, path_columns: tuple[str, ...]) -> Loaded:
    suffix = location.suffix.lower()
    try:
        if suffix == ".parquet":
            _refuse_wide(location, len(parquet.kinds(location)))
            loaded = Loaded(
                parquet.read(location).filter(regex=r"^(?!__index_level_\d+__$)")
            )  # the index of a part of a DataFrame
        elif SUFFIXES[suffix] is None:
            loaded = _json_lines(location)
        else:
            loaded = _separated(location, SUFFIXES[suffix] or ",", path_columns)
    except (ValueError, OSError, UnicodeError, OverflowError) as error:  # parse errors are ValueErrors
        reason = " ".join(str(error).split())[:120]
        raise DataError(
            expected=EXPECTED,
            received=f"'{location}', which cannot be read ({reason})",
            hint="save it as UTF-8 CSV",
        ) from None
    if loaded.table.empty:
        raise DataError(
            expected=EXPECTED, received=f"'{location}' with no row", hint="write one row per image"
        )
    return loaded


def _refuse_wide(location: Path, columns: int) -> None:
    if columns > MAX_COLUMNS:
        raise DataError(
            expected=f"a table of at most {MAX_COLUMNS:,} columns",
            received=f"'{location}' with {columns:,}",
            hint="keep path, label, split, group and what describes the images",
        )


def _separated(location: Path, separator: str, wanted: tuple[str, ...]) -> Loaded:
    """Read a text table: UTF-8, or UTF-16 where it says so; bytes that are neither are written as ``\\xff``, as in names of files."""
    import pandas as pd

    with location.open("rb") as stream:
        encoding = "utf-16" if stream.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with location.open(encoding=encoding, errors="backslashreplace", newline="") as text:
        header = text.readline(MAX_HEADER)
    separators = (separator, *(s for s in SEPARATORS if s != separator))
    separator = next((s for s in separators if set(wanted) & set(_columns(header, s))), separator)
    names = _columns(header, separator)
    _refuse_wide(location, len(names))
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            expected="columns of different names",
            received=f"'{location}' with '{twice}' twice",
            hint="rename one of them",
        )
    how: dict[str, Any] = {
        "sep": separator, "dtype": str, "keep_default_na": False, "index_col": False,
        "encoding": encoding, "encoding_errors": "backslashreplace",
    }  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", pd.errors.ParserWarning
            )  # pandas before 3.1 cuts a line of too many fields off, and warns
            return Loaded(unescape_table(pd.read_csv(location, **how)))
    except pd.errors.ParserWarning:
        pass
    except pd.errors.ParserError as error:
        if "Expected" not in str(error):  # anything but a line of too many fields
            raise
    return _line_by_line(location, separator, encoding, names)


def _line_by_line(location: Path, separator: str, encoding: str, names: list[str]) -> Loaded:
    """Read a table some of whose lines have too many fields: these are passed over and named; too few are filled up with blanks."""
    import csv

    import pandas as pd

    rows: list[list[str]] = []
    odd: list[str] = []
    try:
        with location.open(encoding=encoding, errors="backslashreplace", newline="") as stream:
            lines = csv.reader(stream, delimiter=separator)
            next(lines)
            for fields in lines:
                if len(fields) > len(names):
                    odd.append(
                        f"{location.name}: {separator.join(fields)[:80]} ({len(fields)} fields in a table of {len(names)} columns)"
                    )
                elif fields:
                    rows.append(fields + [""] * (len(names) - len(fields)))
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return Loaded(unescape_table(pd.DataFrame(rows, columns=names, dtype=str)), tuple(odd))


def _columns(header: str, separator: str) -> list[str]:
    import csv

    try:
        csv.field_size_limit(MAX_HEADER)
        return [name.strip("\r\n") for name in next(csv.reader([header], delimiter=separator), [])]
    except csv.Error as error:
        raise ValueError(str(error)) from None


def _json_lines(location: Path) -> Loaded:
    """Read an object per line; other lines are passed over."""
    import json

    import pandas as pd

    rows: list[dict[str, Any]] = []
    odd: list[str] = []
    with location.open(encoding="utf-8-sig", errors="backslashreplace") as text:
        for number, line in enumerate(text, 1):
            if not line.strip():
                continue
            try:
                row = json.loads(line)
                if not isinstance(row, dict):
                    raise ValueError(f"a {type(row).__name__}")
                _refuse_wide(location, len(row))
                rows.append(row)
            except (ValueError, RecursionError):
                odd.append(
                    f"{location.name}: line {number} is no JSON object ({' '.join(line.split())[:60]})"
                )
    if not rows:
        raise ValueError("no line holds a JSON object")
    _refuse_wide(location, len({name for row in rows for name in row}))
    return Loaded(
        pd.DataFrame(
            {
                name: pd.Series([r.get(name) for r in rows], dtype=object)
                for name in {n: 0 for r in rows for n in r}
            }
        ),
        tuple(odd),
    )


def read(location: Path, columns: Columns) -> Dataset:
    """Read a table. Paths in it are relative to the table's own folder, or absolute."""
    loaded = _load(location, ("path",))
    return tabled(
        loaded.table, columns, name=location.stem, location=str(location), root=location.absolute().parent, ignored=loaded.ignored
    )  # fmt: skip


def text_of(value: Any) -> str:
    """Return a cell as text: blank where missing, whole numbers without a point, a list of labels joined as `joined_labels` joins them.

    Examples
    --------
    >>> [text_of(v) for v in (3, 3.0, 2.5, None, float("nan"), "a", True, ["b", "a"], '["b", "a"]')]
    ['3', '3', '2.5', '', '', 'a', 'True', 'a ∧ b', 'a ∧ b']
    """
    if isinstance(value, str):
        return (
            joined_labels(listed)
            if value[:1] == "[" and (listed := _list_in(value)) is not None
            else encodable(value)
        )
    if value is None or (isinstance(value, float) and value != value):
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if hasattr(value, "tolist") and getattr(value, "ndim", 0) == 1:
        value = value.tolist()
    if isinstance(value, (list, tuple, set, frozenset)):
        return joined_labels([text_of(v) for v in value])
    return "" if str(value) in ("<NA>", "NaT", "nan") else encodable(str(value))


def _list_in(text: str) -> list[str] | None:
    """Return the labels of a list that was written into a cell, as JSON or as Python writes it."""
    import ast

    try:
        found = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    return (
        [text_of(v) for v in found]
        if isinstance(found, list) and all(isinstance(v, (str, int, float)) for v in found)
        else None
    )


def tabled(
    table: pd.DataFrame,
    columns: Columns,
    *,
    name: str,
    location: str,
    root: Path,
    ignored: tuple[str, ...] = (),
) -> Dataset:
    """Return the data set of a table with a row per image, whose paths are relative to ``root`` or absolute.

    Raises
    ------
    DataError
        A column that is needed, or was named, is not there.
    """
    import pandas as pd

    wanted = {"path": None, "label": columns.label, "split": columns.split, "group": columns.group}
    for standard, named in wanted.items():
        column = named or standard
        if column not in table.columns and (named or standard == "path"):
            shown = ", ".join(f"'{c}'" for c in list(table.columns)[:12])
            raise DataError(
                expected=f"a column '{column}' in '{location}'",
                received=f"the columns {shown}",
                hint="rename the column" if standard == "path" else f"name the right one with --{standard}",
            )
    samples = pd.DataFrame(index=table.index)
    for standard, named in wanted.items():
        column = named or standard
        values = table[column] if column in table.columns else pd.Series("", index=table.index)
        texts = (
            [encodable(str(v)) for v in values.where(values.notna(), "")]
            if standard == "path"
            else [text_of(v) for v in values]
        )
        samples[standard] = pd.Series(texts, index=table.index, dtype=str)
    for column in table.columns:
        if column not in SAMPLE_COLUMNS and column not in {n for n in wanted.values() if n}:
            samples[column] = table[column].map(text_of) if _holds_lists(table[column]) else table[column]
    samples["path"], names = _told_apart(samples["path"].tolist())
    samples["split"] = samples["split"].map(lambda s: SPLIT_NAMES.get(s.strip().lower(), s.strip()))
    return Dataset(
        name=name,
        kind="table",
        location=location,
        samples=samples.sort_values("path", ignore_index=True, kind="stable"),
        source=scientific(LocalFiles(str(root), names), samples["path"]),
        ignored=ignored,
        group_column=(columns.group or "group") if (columns.group or "group") in table.columns else None,
    )


def _told_apart(paths: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return paths, each once, and what the changed ones were: an image that is listed again is a copy of itself, ``a.png#row=7.png``.

    Examples
    --------
    >>> _told_apart(["a.png", "b.png", "a.png"])
    (['a.png', 'b.png', 'a.png#row=3.png'], {'a.png#row=3.png': 'a.png'})
    """
    seen, taken = set(), set(paths)
    names: dict[str, str] = {}
    shown = list(paths)
    for row, path in enumerate(paths):
        if path in seen:
            mark, ending = f"{path}#row={row + 1}", PurePath(path).suffix
            while mark + ending in taken:
                mark += "'"
            alias = mark + ending
            taken.add(alias)
            names[alias], shown[row] = path, alias
        seen.add(path)
    return shown, names


def _holds_lists(values: pd.Series) -> bool:
    """Whether a column holds values of many kinds, which no table on disk can hold."""
    return values.dtype == object and any(not isinstance(v, (str, type(None))) for v in values)
