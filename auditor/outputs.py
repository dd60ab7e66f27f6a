"""What every room that writes needs: the output folder, write-then-rename, CSV cells, and rounding.

Nothing of the user's is ever replaced: a folder of auditor's holds `MARKER`, a file of auditor's is
recognised by what stands in it, and everything else that exists is refused.
"""

from __future__ import annotations

import csv
import fcntl
import json
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import OutputError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import pandas as pd

#: Marks a folder as auditor's output: such a folder is never read as data.
MARKER = ".auditor"
#: Where results go unless the user says otherwise.
OUTPUT = "auditor-out"
#: What the marker says to a person who opens it.
NOTE = "This folder holds the output of auditor; it is never read as data."
#: How the files begin that auditor writes, so that they may be written again.
BEGINNINGS = (
    b'{\n  "schema": 1,\n  "auditor": ',
    b'{\n  "schema": 1,\n  "kind": "auditor-',
    b"## Audit of ",
    b"## What changed in ",
    b"::error title=",
    b"::warning title=",
    b"::notice title=",
    b"check,severity,path,other_path,",
    b"path,parent,label,split,transforms,seed",
)
#: What stands near their start, or near the end of binary ones.
SIGNATURES = (
    b'<meta name="generator" content="auditor',
    b'data-generator="auditor"',
    b'<testsuite name="auditor ',
    b'aria-label="data audit: ',
    b"\ntags:\n- image\n- auditor\n---\n",
    b", audited with auditor ",
    b",auditor_decision",
)
#: Comment of archives that auditor writes, at their end.
COMMENT = b"written by auditor"
#: Bytes of a file in which a signature is looked for: more than the head of every format takes.
SIGNED_WITHIN = 4096

#: What auditor calls its files in an output folder; others there are the user's (notes, decisions).
OWN_NAMES = frozenset({
    "report.html", "audit.json", "findings.csv", "split_findings.csv", "images.parquet", "thumbnails.parquet",
    "split.csv", "split.json", "augmented.csv", "augmentation.json", "policy.toml", "baseline.json",
    "baseline.keras", "report.md", "junit.xml", "annotations.txt", "badge.svg", "croissant.json",
    "data-card.md", "manifest.csv", "manifest.parquet", "manifest.jsonl", "arrays.npz", "samples.json",
    "auditor-quarantine.json",
})  # fmt: skip

# --- numbers


def round_number(number: float) -> float:
    """Round to the 6 significant digits that are graded and written.

    Examples
    --------
    >>> round_number(0.123456789), round_number(1234567.0)
    (0.123457, 1234570.0)
    """
    return float(f"{number:.6g}")


def round_numbers(numbers: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Round each to 6 significant digits (to 22 decimals, where that is fewer).

    Examples
    --------
    >>> import numpy as np
    >>> round_numbers(np.array([0.123456789, -1234567.0, 0.0, np.nan])).tolist()
    [0.123457, -1234570.0, 0.0, nan]
    """
    import numpy as np

    size = np.abs(numbers)
    usual = np.isfinite(size) & (size > 0)
    # Powers of ten up to 22 are exact.
    power = np.clip(5 - np.floor(np.log10(np.where(usual, size, 1.0))), -22, 22)
    up, down = 10.0 ** np.maximum(power, 0), 10.0 ** np.maximum(-power, 0)
    return np.where(usual, np.rint(numbers * up / down) / up * down, numbers)


# --- CSV

#: Signs with which a cell becomes a formula (OWASP, "CSV Injection"), their full-width forms included.
FORMULA = r"[=+\-@\t\r\n＝＋－＠]"
#: A cell to escape: a formula, or something that would be read back as an escaped one.
RISKY = re.compile(f"'*{FORMULA}")
ESCAPED = re.compile(f"'+{FORMULA}")
#: A number is no formula: a class -1 stays -1 for every program that reads the table.
NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def escape_cell(text: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe in front where it might.

    Examples
    --------
    >>> escape_cell("=1+1"), escape_cell("hat"), escape_cell("'tis"), escape_cell("'=x"), escape_cell("-1")
    ("'=1+1", 'hat', "'tis", "''=x", '-1')
    """
    return f"'{text}" if RISKY.match(text) and not NUMBER.fullmatch(text) else text


def unescape_cell(text: str) -> str:
    """Undo `escape_cell`.

    Examples
    --------
    >>> unescape_cell("'=1+1"), unescape_cell("'tis"), unescape_cell("''=x"), unescape_cell("-1")
    ('=1+1', "'tis", "'=x", '-1')
    """
    return text[1:] if ESCAPED.match(text) else text


def csv_bytes(table: pd.DataFrame) -> bytes:
    """Return a table as CSV, lines ending in a newline; text is escaped by `escape_cell`, numbers are not."""
    from pandas.api.types import is_bool_dtype, is_numeric_dtype

    columns = []
    for name in table.columns:
        values = table[name]
        plain = is_numeric_dtype(values) or is_bool_dtype(values)
        missing = values.isna().to_numpy()
        cells = [v if plain else escape_cell(str(v)) for v in values.tolist()]
        columns.append(["" if absent else cell for cell, absent in zip(cells, missing, strict=True)])
    lines: list[str] = []
    # A line end of both characters has the writer quote cells that hold either: an unquoted carriage return
    # ends a row for spreadsheets.
    writer = csv.writer(_Lines(lines), lineterminator="\r\n")
    writer.writerow([escape_cell(str(name)) for name in table.columns])
    writer.writerows(zip(*columns, strict=True))
    return "".join(lines).encode("utf-8", "backslashreplace")


class _Lines:
    """Takes the lines of a `csv.writer`, and ends each in a newline alone."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines

    def write(self, line: str) -> None:
        self.lines.append(f"{line[:-2]}\n")


def unescape_table(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table of texts with cells and names of columns as they were before `csv_bytes`."""
    made = table.copy()
    for i in range(made.shape[1]):
        cells = made.iloc[:, i]
        if cells.str.startswith("'").any():
            made.isetitem(i, cells.map(unescape_cell).astype(cells.dtype).array)
    made.columns = [unescape_cell(str(name)) for name in table.columns]
    return made


def read_csv(file: str | Path) -> pd.DataFrame:
    """Read a table that auditor wrote: every cell a text, as it was before it was escaped.

    Raises
    ------
    OSError, ValueError
        It cannot be read as CSV.
    """
    import pandas as pd

    return unescape_table(
        pd.read_csv(file, dtype=str, keep_default_na=False, encoding="utf-8-sig", index_col=False)
    )


# --- files


def wrote(file: Path) -> bool:
    """Whether auditor wrote a file: one of its names in a marked folder, or a signature of auditor's in it."""
    if file.name in OWN_NAMES and (file.parent / MARKER).is_file():
        return True
    try:
        with file.open("rb") as stream:
            start = stream.read(SIGNED_WITHIN)
            stream.seek(-min(4 * SIGNED_WITHIN, file.stat().st_size), os.SEEK_END)
            end = stream.read()
    except OSError:
        return False
    if start[:4] == b"PAR1":  # Parquet names its columns at the end
        return b"auditor_decision" in end
    return start.startswith(BEGINNINGS) or any(s in start for s in SIGNATURES) or end.endswith(COMMENT)


def refuse_to_replace(target: Path, keep: Iterable[Path] = ()) -> None:
    """Refuse a file that exists and that auditor did not write, or that is one of those to ``keep``.

    Raises
    ------
    OutputError
    """
    if not target.exists() and not target.is_symlink():
        return
    same = any(other.exists() and target.exists() and target.samefile(other) for other in keep)
    if same or not target.is_file() or not wrote(target):
        raise OutputError(
            expected="a new file, or one that auditor wrote",
            received=f"'{target}', which is {'an input' if same else 'something else'}",
            hint="name another with -o: nothing of yours is overwritten",
        )


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give a temporary name beside the target; what is written there takes the target's place at the end.

    Raises
    ------
    OutputError
        The target is not auditor's, or cannot be written.
    """
    refuse_to_replace(target)
    part = target.with_name(f".{target.name}.part")
    try:
        yield part
        part.replace(target)
    except OSError as error:
        raise OutputError(
            expected=f"to write '{target}'",
            received=error.strerror or str(error),
            hint="name another place with -o",
        ) from None
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def write_file(target: Path, content: bytes) -> None:
    """Write a file under a temporary name, then rename it; the same bytes are left alone.

    Raises
    ------
    OutputError
        The target is not auditor's, or cannot be written.
    """
    with suppress(OSError):
        if target.stat().st_size == len(content) and target.is_file() and target.read_bytes() == content:
            return
    with replacing(target) as part:
        _write_anew(part, content)


def _write_anew(part: Path, content: bytes) -> None:
    """Write a file that was not there: a link of this name leads elsewhere, and a pipe waits for a reader."""
    part.unlink(missing_ok=True)
    with part.open("xb") as stream:
        stream.write(content)


# --- folders


def refuse_inside(target: Path, data: Path) -> None:
    """Refuse a place inside a folder of data: what is written there would be read as data the next time.

    Raises
    ------
    OutputError
    """
    place, folder = target.resolve(), data.resolve()
    if place == folder or folder in place.parents:
        raise OutputError(
            expected="a place outside the data",
            received=f"'{target}', inside '{data}'",
            hint="name another: the data is never written to",
        )


def make_folder(folder: Path) -> None:
    """Make an output folder, or take an empty one or one of auditor's, and mark it.

    Raises
    ------
    OutputError
        It holds something else, or cannot be made.
    """
    try:
        if folder.is_dir() and not (folder / MARKER).is_file():
            _refuse_others(folder)
        folder.mkdir(parents=True, exist_ok=True)
        if not (folder / MARKER).exists():
            _write_marker(folder, {})
    except OSError as error:
        raise OutputError(
            expected="an output folder that can be written",
            received=f"'{folder}' ({error.strerror})",
            hint="name another one with -o",
        ) from None


def _refuse_others(folder: Path) -> None:
    others = sorted(p.name for p in folder.iterdir() if not p.name.startswith("."))
    if others:
        more = f" and {len(others) - 1:,} more" if len(others) > 1 else ""
        raise OutputError(
            expected="a new or empty folder, or one that auditor made",
            received=f"'{folder}', which holds '{others[0]}'{more}",
            hint="name another one with -o: nothing is written among your files",
        )


def prepare_folder(folder: Path, data: str, say: Callable[[str], None]) -> None:
    """Make an output folder for the results of some data; results of other data there are moved aside.

    Parameters
    ----------
    folder : Path
    data : str
        Where the data is: a path, an address or a name.
    say : callable
        Gets a sentence where something was moved.

    Raises
    ------
    OutputError
        The folder holds something else, is the data, or cannot be made.
    """
    if Path(data).exists() and folder.exists() and folder.samefile(data):
        raise OutputError(
            expected="an output folder apart from the data",
            received=f"'{folder}' for both",
            hint="name another folder with -o: the data is never written to",
        )
    make_folder(folder)
    marker, own = read_marker(folder), _identity(folder, data)
    if marker.get("data") not in (None, own):
        say(f"Moved the results of {Path(str(marker['data'])).name} to {_move_aside(folder, data)}")
        make_folder(folder)
    if marker.get("data") != own:
        _write_marker(folder, {"data": own})


def _identity(folder: Path, data: str) -> str:
    """Return the name of the data as the marker holds it: relative to the folder, so that both can move."""
    if not Path(data).exists() and not Path(data).is_absolute():
        return data  # an address, or what data in memory is called
    with suppress(ValueError):  # another drive
        return Path(os.path.relpath(Path(data).resolve(), folder.resolve())).as_posix()
    return str(Path(data).resolve())


def _move_aside(folder: Path, data: str) -> Path:
    if Path(data).exists() and folder.resolve() in Path(data).resolve().parents:
        raise OutputError(
            expected="an output folder without results of other data",
            received=f"'{folder}', which also holds the data '{data}'",
            hint="name another one with -o",
        )
    number = 1
    while (aside := folder.with_name(f"{folder.name}.old-{number}")).exists():
        number += 1
    try:
        folder.rename(aside)
    except OSError as error:
        raise OutputError(
            expected="an output folder without results of other data",
            received=f"'{folder}', which cannot be moved aside ({error.strerror})",
            hint="name another one with -o",
        ) from None
    return aside


def read_marker(folder: Path) -> dict[str, Any]:
    """Return what the marker of a folder says: ``data``, and ``pending`` while files are being renamed."""
    try:
        if not (folder / MARKER).is_file():  # a pipe would wait for ever
            return {}
        found = json.loads((folder / MARKER).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write_marker(folder: Path, content: Mapping[str, Any]) -> None:
    part = folder / f"{MARKER}.part"
    text = json.dumps({"note": NOTE, **content}, ensure_ascii=False)
    _write_anew(part, f"{text}\n".encode("utf-8", "backslashreplace"))
    part.replace(folder / MARKER)


def write_set(folder: Path, files: Mapping[str, Callable[[], bytes]]) -> None:
    """Write files that belong together: all of them, or none.

    All are written under temporary names; then the marker lists them, and from that moment the new set
    counts: whoever comes next finishes the renaming (`finish_set`).

    Raises
    ------
    OutputError
        The folder is not auditor's, or cannot be written.
    """
    make_folder(folder)
    with _alone_in(folder):
        _write_set(folder, files)


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread writes a set of files into a folder."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        with suppress(OSError):  # a file system without locks
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _write_set(folder: Path, files: Mapping[str, Callable[[], bytes]]) -> None:
    _finish_set(folder)
    try:
        for name, content in files.items():
            _write_anew(folder / f".{name}.part", content())
        _write_marker(folder, {**read_marker(folder), "pending": list(files)})
    except OSError as error:
        for name in files:
            with suppress(OSError):
                (folder / f".{name}.part").unlink(missing_ok=True)
        raise OutputError(
            expected=f"to write into '{folder}'",
            received=error.strerror or str(error),
            hint="name another place with -o",
        ) from None
    _finish_set(folder)


def finish_set(folder: Path) -> None:
    """Finish the renaming of a set of files whose writing was broken off after it was complete.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    if "pending" in read_marker(folder):
        with _alone_in(folder):
            _finish_set(folder)


def _finish_set(folder: Path) -> None:
    marker = read_marker(folder)
    pending = marker.pop("pending", None)
    if not isinstance(pending, list):
        return
    try:
        for name in pending:
            if isinstance(name, str) and Path(name).name == name and (folder / f".{name}.part").is_file():
                (folder / f".{name}.part").replace(folder / name)
        _write_marker(folder, {k: v for k, v in marker.items() if k == "data"})
    except OSError as error:
        raise OutputError(
            expected=f"to finish the files in '{folder}'",
            received=error.strerror or str(error),
            hint="let the folder be written, or copy it",
        ) from None
