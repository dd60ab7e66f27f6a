"""A reviewer's decisions: read, and applied to the sample table."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast

from auditor.dataset import LABEL_ANSWER, Dataset, LocalFiles, shown_name
from auditor.errors import DataError
from auditor.outputs import csv_bytes, refuse_to_replace, unescape_cell, write_file
from auditor.parquet import parquet_bytes
from auditor.reports.reviewed import COLUMN

if TYPE_CHECKING:
    import pandas as pd

#: Version of the layout of ``decisions.json``.
SCHEMA = 1
KINDS = ("keep", "drop", "relabel", "cannot-tell")
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
        text = file.read_bytes().decode("utf-8-sig")
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
    dataset: Dataset, decisions: Decisions, *, fingerprint: str | None = None, new_classes: bool = False
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
    new_classes : bool
        Whether images may get a class that the data does not have.

    Raises
    ------
    DataError
        The decisions are for other data, or name an image or a class that it does not have.
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
    unknown = sorted({d.new_label for d in decisions.items if d.new_label} - set(dataset.classes))
    if unknown and not new_classes:
        raise DataError(
            expected=f"relabelling to one of the {len(dataset.classes)} classes of the data",
            received=f"'{unknown[0]}'",
            hint="mend the decision, or add --new-classes if the class is meant",
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


def write_manifest(samples: pd.DataFrame, file: Path, dataset: Dataset, *, keep: Iterable[Path] = ()) -> Path:
    """Write a sample table as CSV or Parquet that auditor reads as data.

    Paths of local files are absolute, so that the table can stand anywhere.

    Parameters
    ----------
    keep : iterable of Path
        Files that are never replaced, whoever wrote them: those that were read.

    Raises
    ------
    OutputError
        The file is not auditor's, or cannot be written.
    """
    refuse_to_replace(file, keep)
    columns = [c for c in samples.columns if c not in ("split", "group") or (samples[c] != "").any()]
    table = samples[columns]
    if isinstance(dataset.source, LocalFiles):
        source = dataset.source
        table = table.assign(path=[shown_name(str(source.locate(p).absolute())) for p in samples["path"]])
    write_file(file, parquet_bytes(table) if file.suffix.lower() == ".parquet" else csv_bytes(table))
    return file


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
        for row in csv.DictReader(io.StringIO(text, newline=""))
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
