"""Tables: CSV, TSV, JSON lines and Parquet with a ``path`` column."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

from auditor import parquet
from auditor.dataset import SAMPLE_COLUMNS, Dataset, LocalFiles
from auditor.errors import DataError
from auditor.outputs import unescape_table
from auditor.parquet import encodable
from auditor.readers.columns import PATH_NAMES, Chosen, choose_columns, flag_column, normal_name
from auditor.readers.image_names import is_image
from auditor.readers.places import Listing, audited_data, find_files, root_folder
from auditor.readers.scientific import scientific
from auditor.readers.split_names import SPLIT_NAMES, split_of
from auditor.readers.values import text_of as text_of
from auditor.readers.values import texts_of
from auditor.reading import EXAMPLES, LeftOut, Reading, listed

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
    """A table, its lines that are no rows, and what was assumed about it."""

    table: pd.DataFrame
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def reads(location: Path) -> bool:
    """Whether this is a file with the ending of a table."""
    return location.is_file() and location.suffix.lower() in SUFFIXES


def _load(location: Path, path_column: str | None) -> Loaded:
    suffix = location.suffix.lower()
    try:
        if suffix == ".parquet":
            _refuse_wide(location, len(parquet.kinds(location)))
            loaded = Loaded(
                parquet.read(location).filter(regex=r"^(?!__index_level_\d+__$)")
            )  # the index of a part of a DataFrame
            loaded = Loaded(loaded.table.rename(columns=str.strip))
        elif SUFFIXES[suffix] is None:
            loaded = _json_lines(location)
        else:
            loaded = _separated(location, SUFFIXES[suffix] or ",", path_column)
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


class Header(NamedTuple):
    """How a text table begins: what separates its columns, their names, and whether the first line holds
    them."""

    separator: str
    names: list[str]
    first_line: bool


def _header(line: str, separator: str, wanted: str | None) -> Header:
    """Return the header of a text table; a first line that holds the path of an image, and no name of a
    column, is a row."""
    known = {normal_name(name) for name in (*PATH_NAMES, *([wanted] if wanted else ()))}
    separators = (separator, *(s for s in SEPARATORS if s != separator))
    by_separator = {s: _cells(line, s) for s in separators}
    for separator, cells in by_separator.items():
        if any(normal_name(cell) in known for cell in cells):
            return Header(separator, cells, True)
    for separator, cells in by_separator.items():
        if any(map(is_image, cells)):
            path = next(k for k, cell in enumerate(cells) if is_image(cell))
            names = ["path" if k == path else f"column {k + 1}" for k in range(len(cells))]
            if len(names) == 2:
                names[1 - path] = "label"
            return Header(separator, names, False)
    most = max(separators, key=lambda s: len(by_separator[s]))  # the first of those with as many
    return Header(most, by_separator[most], True)


def _separated(location: Path, separator: str, wanted: str | None) -> Loaded:
    """Read a text table: UTF-8, or UTF-16 where it says so; bytes that are neither are written as ``\\xff``,
    as in names of files."""
    import pandas as pd

    with location.open("rb") as stream:
        encoding = "utf-16" if stream.read(2) in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    with location.open(encoding=encoding, errors="backslashreplace", newline="") as text:
        header = _header(text.readline(MAX_HEADER), separator, wanted)
    names = header.names
    _refuse_wide(location, len(names))
    twice = next((name for name in names if name and names.count(name) > 1), None)
    if twice is not None:
        raise DataError(
            expected="columns of different names",
            received=f"'{location}' with '{twice}' twice",
            hint="rename one of them",
        )
    notes = () if header.first_line else (
        f"The table has no header line: its columns are read as {', '.join(names)}.",
    )  # fmt: skip
    how: dict[str, Any] = {
        "sep": header.separator, "dtype": str, "keep_default_na": False, "index_col": False,
        "encoding": encoding, "encoding_errors": "backslashreplace",
        **({} if header.first_line else {"header": None, "names": names}),
    }  # fmt: skip
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", pd.errors.ParserWarning
            )  # pandas before 3.1 cuts a line of too many fields off, and warns
            table = pd.read_csv(location, **how).rename(columns=str.strip)
            return Loaded(unescape_table(table), (), notes)
    except pd.errors.ParserWarning:
        pass
    except pd.errors.ParserError as error:
        if "Expected" not in str(error):  # anything but a line of too many fields
            raise
    loaded = _line_by_line(location, header, encoding)
    return Loaded(loaded.table, loaded.ignored, notes)


def _line_by_line(location: Path, header: Header, encoding: str) -> Loaded:
    """Read a table some of whose lines have too many fields: these are passed over and named; too few are
    filled up with blanks."""
    import csv

    import pandas as pd

    rows: list[list[str]] = []
    odd: list[str] = []
    separator, names = header.separator, header.names
    try:
        with location.open(encoding=encoding, errors="backslashreplace", newline="") as stream:
            lines = csv.reader(stream, delimiter=separator)
            if header.first_line:
                next(lines)
            for fields in lines:
                if len(fields) > len(names):
                    odd.append(
                        f"{location.name}: {separator.join(fields)[:80]} ({len(fields)} fields in a table "
                        f"of {len(names)} columns)"
                    )
                elif fields:
                    rows.append(fields + [""] * (len(names) - len(fields)))
    except csv.Error as error:
        raise ValueError(str(error)) from None
    return Loaded(unescape_table(pd.DataFrame(rows, columns=names, dtype=str)), tuple(odd))


def _cells(line: str, separator: str) -> list[str]:
    import csv

    try:
        csv.field_size_limit(MAX_HEADER)
        return [cell.strip() for cell in next(csv.reader([line], delimiter=separator), [])]
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
    """Read a table. Paths in it are relative to its own folder (or to ``columns.root``), or absolute.

    In a folder that auditor wrote they begin where those of the audited data do.
    """
    loaded = _load(location, columns.path)
    root, source, notes = location.absolute().parent, None, loaded.notes
    if columns.root:
        root = root_folder(columns.root)
    elif (data := audited_data(root)) is not None and Path(data).absolute() != location.absolute():
        from auditor.readers import open_dataset

        source = open_dataset(data).source
        notes = (*notes, f"auditor wrote this table: its paths begin where those of '{data}' do.")
    found = tabled(
        loaded.table,
        columns,
        name=location.stem,
        location=str(location),
        root=Path(source.root) if isinstance(source, LocalFiles) else root,
        ignored=loaded.ignored,
        notes=notes,
    )
    return found if source is None or isinstance(source, LocalFiles) else replace(found, source=source)


def tabled(
    table: pd.DataFrame,
    columns: Columns,
    *,
    name: str,
    location: str,
    root: Path,
    ignored: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
) -> Dataset:
    """Return the data set of a table with a row per image, whose paths are relative to ``root`` or absolute.

    Raises
    ------
    DataError
        A column that is needed, or was named, is not there.
    """
    import pandas as pd

    listing = Listing(root)

    def is_image_file(cell: str) -> bool:
        return is_image(cell) or (root / cell).is_file() or listing.meant(cell) is not None

    chosen = choose_columns(table, columns, location, is_image_file)
    given = [encodable(text_of(v)) for v in table[chosen.path]]
    found = find_files(given, root)
    paths, names = _told_apart(given)
    samples = pd.DataFrame({"path": pd.Series(paths, index=table.index, dtype=str)})
    samples["label"] = _label_texts(table, chosen)
    for standard, column in (("split", chosen.split), ("group", chosen.group)):
        samples[standard] = "" if column is None else texts_of(table[column])
    samples = samples.astype(dict.fromkeys(SAMPLE_COLUMNS, str))
    for column in table.columns:
        if column not in SAMPLE_COLUMNS and column not in chosen.used:
            samples[column] = table[column].map(text_of) if _holds_lists(table[column]) else table[column]
    values = samples["split"]
    samples["split"] = values.map(lambda s: SPLIT_NAMES.get(s.lower()) or split_of(s) or s)
    ordered = samples.reset_index(drop=True).sort_values("path", kind="stable")
    return Dataset(
        name=name,
        kind="table",
        location=location,
        samples=ordered.reset_index(drop=True),
        order=ordered.index.to_numpy(),
        source=scientific(
            LocalFiles(str(root), {**found.names, **_chained(names, found.names)}),
            [found.names.get(path, path) for path in given],
        ),
        ignored=ignored,
        group_column=chosen.group,
        reading=_reading(table, chosen, samples, values, ignored, (*notes, *found.notes)),
    )


def _label_texts(table: pd.DataFrame, chosen: Chosen) -> pd.Series | list[str] | str:
    """Return the labels of a table's rows, from a column of them or from one column per class."""
    if chosen.one_hot:
        import pandas as pd

        flags = pd.DataFrame({name: flag_column(table[name]) for name in chosen.one_hot})
        return flags.idxmax(axis=1)
    return "" if chosen.label is None else texts_of(table[chosen.label])


def _chained(aliases: dict[str, str], names: dict[str, str]) -> dict[str, str]:
    """Return the names on disk of images that are listed again."""
    return {alias: names.get(path, path) for alias, path in aliases.items()}


def _reading(
    table: pd.DataFrame,
    chosen: Chosen,
    samples: pd.DataFrame,
    splits: pd.Series,
    ignored: tuple[str, ...],
    notes: tuple[str, ...],
) -> Reading:
    """Return how a table was understood."""
    labels_from = f"column '{chosen.label}'" if chosen.label else ""
    if chosen.one_hot:
        labels_from = f"the one-hot columns {listed(chosen.one_hot)}"
    values: dict[str, set[str]] = {}
    for split, value in zip(samples["split"], splits, strict=True):
        if split:
            values.setdefault(split, set()).add(value)
    column = f"column '{chosen.split}'"
    left_out = LeftOut(
        reason="not like the other lines", count=len(ignored), examples=ignored[:EXAMPLES], what="lines"
    )
    return Reading(
        layout="a table",
        labels_from=labels_from,
        splits_from=tuple(
            (split, f"{column}: {listed(sorted(found))}" if found != {split} else column)
            for split, found in sorted(values.items())
        ),
        groups_from=f"column '{chosen.group}'" if chosen.group else "",
        left_out=(left_out,) if ignored else (),
        notes=(*notes, *chosen.notes, *_whole_numbers(table, chosen)),
        label_clues=tuple(chosen.clues),
    )


def _whole_numbers(table: pd.DataFrame, chosen: Chosen) -> list[str]:
    """Return what to say of columns in which 7.0 was read as 7."""
    said = []
    for column in (chosen.label, chosen.group):
        if column is None or table[column].dtype.kind in "iuf":
            continue
        cells = [text_of(cell).strip() for cell in table[column]]
        changed = next(((a, b) for a, b in zip(cells, texts_of(cells), strict=True) if a != b), None)
        if changed:
            said.append(
                f"The column '{column}' holds whole numbers: '{changed[0]}' is read as '{changed[1]}'."
            )
    return said


def _told_apart(paths: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return paths, each once, and what the changed ones were: an image that is listed again is a copy of
    itself, ``a.png#row=7.png``.

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
