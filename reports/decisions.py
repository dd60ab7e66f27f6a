"""A reviewer's decisions: read, applied to the sample table, and files put aside with a journal."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from auditor.dataset import LABEL_ANSWER, Dataset, LocalFiles
from auditor.errors import DataError, OutputError, UsageError
from auditor.reports.csv_cells import escape_table, unescape_cell
from auditor.reports.files import parquet_bytes, write_atomically
from auditor.reports.reviewed import COLUMN

if TYPE_CHECKING:
    import pandas as pd

#: Version of the layout of ``decisions.json``.
SCHEMA = 1
KINDS = ("keep", "drop", "relabel", "cannot-tell")
#: The journal of a quarantine: what was moved where.
JOURNAL = "auditor-quarantine.json"
HINT = "save it from the report of an audit of this data"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a reviewer decided about one image; ``new_label`` is blank unless it is relabelled."""

    path: str
    decision: Literal["keep", "drop", "relabel", "cannot-tell"]
    new_label: str = ""
    label: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decisions:
    """All decisions of a review, and the fingerprint of their data (blank where the file does not say)."""

    fingerprint: str
    items: tuple[Decision, ...]

    def __len__(self) -> int:
        return len(self.items)

    def paths(self, kind: str) -> list[str]:
        """Return the paths with one kind of decision."""
        return [d.path for d in self.items if d.decision == kind]

    def decided(self) -> set[str]:
        """Return every path that was decided on, so that the next audit need not ask again."""
        return {d.path for d in self.items}


def read_decisions(file: str | Path) -> Decisions:
    """Read ``decisions.json``, or the CSV with ``path, decision[, new_label][, label][, fingerprint]``.

    Raises
    ------
    DataError
        The file is missing or is no file of decisions.
    """
    file = Path(file)
    try:
        text = file.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise DataError(expected="a file of decisions", received=f"'{file}': {reason}", hint=HINT) from None
    fingerprint, rows = _from_csv(file, text) if file.suffix.lower() == ".csv" else _from_json(file, text)
    items = tuple(_decision(file, i, row) for i, row in enumerate(rows, 1))
    seen: dict[str, Decision] = {}
    for item in items:
        if seen.setdefault(item.path, item) != item:
            raise DataError(
                expected="one decision per image",
                received=f"'{file}' with two for '{item.path}'",
                hint="keep one of them",
            )
    return Decisions(fingerprint=fingerprint, items=tuple(seen.values()))


def apply_decisions(
    dataset: Dataset, decisions: Decisions, *, fingerprint: str | None = None
) -> pd.DataFrame:
    """Return the sample table without dropped images, relabelled ones under their new class.

    The data is not touched.

    A column says what was decided (`auditor.reports.reviewed`), so that the next audit does not ask again.

    Parameters
    ----------
    dataset : Dataset
    decisions : Decisions
    fingerprint : str, optional
        Of the data as it is now. Decisions made for other data are refused.

    Raises
    ------
    DataError
        The decisions are for other data, or name an image that it does not have.
    """
    if fingerprint is not None and decisions.fingerprint and fingerprint != decisions.fingerprint:
        raise DataError(
            expected=f"decisions for the data with fingerprint {fingerprint[:12]}",
            received=f"decisions for {decisions.fingerprint[:12]}",
            hint="the data has changed since, or is other data: audit it again and decide anew",
        )
    samples = dataset.samples
    absent = sorted(decisions.decided() - set(samples["path"]))
    if absent:
        raise DataError(
            expected="decisions about images of the data",
            received=f"{len(absent)} that it lacks, the first '{absent[0]}'",
            hint="name the data they are for",
        )
    dropped = samples["path"].isin(decisions.paths("drop"))
    labels = {d.path: d.new_label for d in decisions.items if d.decision == "relabel"}
    relabelled = samples["path"].map(labels)
    decided = samples["path"].map({d.path: d.decision for d in decisions.items})
    earlier = samples.get(COLUMN, "")
    made = samples.assign(label=samples["label"].where(relabelled.isna(), relabelled))
    made = made.assign(**{COLUMN: decided.where(decided.notna(), earlier)})[~dropped]
    # What was said about the labels as they were says nothing about those that are put right now.
    return made.drop(columns=LABEL_ANSWER, errors="ignore").reset_index(drop=True)


def write_manifest(samples: pd.DataFrame, file: Path, dataset: Dataset) -> Path:
    """Write a sample table as CSV or Parquet that auditor reads as data.

    Paths of local files are absolute, so that it can stand anywhere.

    Raises
    ------
    OutputError
        The file cannot be written.
    """
    columns = [c for c in samples.columns if c not in ("split", "group") or (samples[c] != "").any()]
    table = samples[columns]
    if isinstance(dataset.source, LocalFiles):
        source = dataset.source
        table = table.assign(path=[str(source.locate(p).absolute()) for p in samples["path"]])
    if file.suffix.lower() == ".parquet":
        write_atomically(file, parquet_bytes(table))
    else:
        write_atomically(
            file,
            escape_table(table).to_csv(index=False, lineterminator="\n").encode("utf-8", "backslashreplace"),
        )
    return file


def quarantine(dataset: Dataset, decisions: Decisions, folder: str | Path) -> Path:
    """Move the dropped files into a folder, under their own paths; returns the journal that undoes it.

    The journal is written before the first file moves: a move that is broken off can be undone too. Nothing
    is overwritten.

    Raises
    ------
    UsageError
        The data is no plain files, or the folder already holds a quarantine.
    DataError
        A file to move is not where it should be.
    OutputError
        A file cannot be moved.
    """
    folder, source = Path(folder), dataset.source
    if not isinstance(source, LocalFiles):
        raise UsageError(
            expected="data that is plain files",
            received=f"'{dataset.location}'",
            hint="leave --quarantine away: the manifest alone drops images",
        )
    journal = folder / JOURNAL
    if journal.exists():
        raise UsageError(
            expected="a quarantine folder without a journal",
            received=f"'{folder}'",
            hint=f"undo it with --undo {journal}, or name another",
        )
    moves = []
    for path in decisions.paths("drop"):
        place = source.locate(path)
        inside = path if not Path(path).is_absolute() else str(Path(path).relative_to(Path(path).anchor))
        target = folder / Path(*[part for part in Path(inside).parts if part not in ("..", "/")])
        if not place.is_file():
            raise DataError(
                expected=f"the file '{path}'",
                received="it is not there",
                hint="audit the data again: it has changed",
            )
        if target.exists():
            raise OutputError(
                expected=f"no file at '{target}'", received="there is one", hint="name an empty folder"
            )
        moves.append({"from": str(place.absolute()), "to": str(target.absolute())})
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(
            expected=f"to make '{folder}'", received=str(error.strerror), hint="name another folder"
        ) from None
    content = {
        "schema": SCHEMA,
        "kind": "auditor-quarantine",
        "fingerprint": decisions.fingerprint,
        "moves": moves,
    }
    write_atomically(
        journal,
        (json.dumps(content, ensure_ascii=False, indent=2) + "\n").encode("utf-8", "backslashreplace"),
    )
    _move((m["from"], m["to"]) for m in moves)
    return journal


def undo_quarantine(journal: str | Path) -> int:
    """Move every file of a quarantine back, and remove the journal; returns how many came back.

    Raises
    ------
    DataError
        This is no journal, or a file is neither here nor there, or both.
    OutputError
        A file cannot be moved.
    """
    journal = Path(journal)
    journal = journal / JOURNAL if journal.is_dir() else journal
    try:
        content = json.loads(journal.read_text(encoding="utf-8"))
        moves = [(str(m["to"]), str(m["from"])) for m in content["moves"]]
        if content["kind"] != "auditor-quarantine":
            raise KeyError("kind")
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(
            expected="the journal of a quarantine",
            received=f"'{journal}' ({error})",
            hint=f"name the folder or its {JOURNAL}",
        ) from None
    waiting = []
    for here, there in moves:
        if Path(here).exists() and Path(there).exists():
            raise DataError(
                expected=f"nothing at '{there}'",
                received="there is another file",
                hint="move it away first: nothing is overwritten",
            )
        if not Path(here).exists() and not Path(there).exists():
            raise DataError(
                expected=f"the file '{here}'",
                received="it is neither there nor in its old place",
                hint="put it back by hand",
            )
        if Path(here).exists():
            waiting.append((here, there))
    _move(waiting)
    journal.unlink()
    return len(waiting)


def _move(moves: Iterable[tuple[str, str]]) -> None:
    """Move files one by one; each is either here or there at any moment, also from one disk to another."""
    import shutil

    for here, there in moves:
        try:
            Path(there).parent.mkdir(parents=True, exist_ok=True)
            try:
                Path(here).rename(there)
            except OSError:  # another disk: copy, then remove
                part = Path(f"{there}.part")
                shutil.copy2(here, part)
                part.replace(there)
                Path(here).unlink()
        except OSError as error:
            raise OutputError(
                expected=f"to move '{here}' to '{there}'",
                received=str(error.strerror),
                hint="undo with --undo and the folder; what was moved is in its journal",
            ) from None


def _from_json(file: Path, text: str) -> tuple[str, list[Any]]:
    try:
        content = json.loads(text)
        if content["kind"] != "auditor-decisions" or content["schema"] != SCHEMA:
            raise KeyError(f"kind and schema {SCHEMA}")
        return str(content["fingerprint"]), list(content["decisions"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            expected="a file of decisions", received=f"'{file}', which lacks {error}", hint=HINT
        ) from None


def _from_csv(file: Path, text: str) -> tuple[str, list[Any]]:
    rows = [
        {k: unescape_cell(v or "") for k, v in row.items() if isinstance(k, str)}
        for row in csv.DictReader(text.splitlines(keepends=True))
    ]
    marks = {row.get("fingerprint", "") for row in rows} - {""}
    if len(marks) > 1:
        raise DataError(
            expected="decisions for one data set",
            received=f"'{file}' with {len(marks)} fingerprints",
            hint="keep those of one review",
        )
    return next(iter(marks), ""), rows


def _decision(file: Path, number: int, row: Any) -> Decision:
    expected = f"path and decision ({', '.join(KINDS)}; relabel with new_label)"
    if (
        not isinstance(row, dict)
        or not isinstance(row.get("path"), str)
        or not row["path"]
        or row.get("decision") not in KINDS
    ):
        raise DataError(expected=expected, received=f"decision {number} of '{file}' without them", hint=HINT)
    new_label = row.get("new_label") or ""
    if not isinstance(new_label, str) or (row["decision"] == "relabel") != bool(new_label):
        raise DataError(
            expected=expected,
            received=f"decision {number} of '{file}' with new_label {new_label!r}",
            hint=HINT,
        )
    kind = cast("Literal['keep', 'drop', 'relabel', 'cannot-tell']", row["decision"])
    return Decision(path=row["path"], decision=kind, new_label=new_label, label=str(row.get("label") or ""))
