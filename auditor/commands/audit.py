"""What a scan or a run returns."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.commands.options import Listeners
from auditor.commands.results import prepare_output
from auditor.dataset import Dataset
from auditor.errors import UsageError
from auditor.evidence import Evidence
from auditor.finding import EXAMPLE_COLUMNS, Finding, Severity, plural
from auditor.record import Record

if TYPE_CHECKING:
    import pandas as pd

    from auditor.reports.plots import Plot


class Audit:
    """What was found about a data set: a record, with short ways to read, show and keep it."""

    def __init__(
        self, record: Record, dataset: Dataset | None = None, evidence: Evidence | None = None
    ) -> None:
        self.record, self.dataset, self.evidence = record, dataset, evidence

    @property
    def verdict(self) -> str:
        """``error``, ``warning``, ``undecided`` or ``pass``: the worst of the findings."""
        return str(self.record.verdict)

    @property
    def images(self) -> pd.DataFrame:
        """A row per image: header facts and measures."""
        return self.record.images

    @cached_property
    def findings(self) -> pd.DataFrame:
        """A row per finding, worst first: what, how large, how many images, and what to do about it."""
        import pandas as pd

        names = ("id", "severity", "title", "summary", "affected", "total")
        effects = ("name", "value", "low", "high", "warn_at", "error_at")
        rows = [
            {n: getattr(f, n) for n in names}
            | {f"effect_{n}": getattr(f.effect, n, None) for n in effects}
            | {"fix": f.fix.text if f.fix else "", "command": (f.fix.command or "") if f.fix else ""}
            for f in self.record.findings
        ]
        return pd.DataFrame(rows, columns=[*names, *(f"effect_{n}" for n in effects), "fix", "command"])

    def images_of(self, finding: str) -> pd.DataFrame:
        """Return the images that show a finding, worst first; a pair has its second image in ``other_path``.

        Parameters
        ----------
        finding : str
            Its id, as in ``"split-leak:train-test"``, or its code: then the images of all its findings.

        Raises
        ------
        UsageError
            There is no such finding.
        """
        import pandas as pd

        found = [f for f in self.record.findings if finding in (f.id, f.code)]
        if not found:
            known = sorted({f.code for f in self.record.findings if f.examples is not None})
            raise UsageError(
                expected="the id or code of a finding", received=repr(finding), hint=", ".join(known)
            )
        examples = [f.examples for f in found if f.examples is not None and len(f.examples)]
        if not examples:
            return pd.DataFrame(columns=list(EXAMPLE_COLUMNS))
        return pd.concat(examples, ignore_index=True)

    @cached_property
    def classes(self) -> pd.DataFrame:
        """Images per class (rows) and split (columns)."""
        import pandas as pd

        table = self.images
        return pd.crosstab(table["label"], table["split"].replace("", "all"))

    def report(self, file: str | Path, *, format: str | None = None, images: bool = True) -> Path:
        """Write the report; unless named, its format follows the file's ending."""
        from auditor.reports import write_report

        return write_report(self.record, Path(file), format=format, images=images)

    def plot_classes(self) -> Plot:
        """Return a chart of images per class and split; it shows itself in a notebook.

        Raises
        ------
        UsageError
            The images have no classes.
        """
        from auditor.reports.plots import plot_classes

        return plot_classes(self.record)

    def plot_split(self) -> Plot:
        """Return a chart of images per class and part of the planned split, after `run`.

        Raises
        ------
        UsageError
            No split was planned.
        """
        from auditor.reports.plots import plot_split

        return plot_split(self.record)

    def plot_finding(self, finding: str) -> Plot:
        """Return a chart of a finding's effect on its scale, with the pictures that show it best.

        Parameters
        ----------
        finding : str
            Its id, as in ``"label-shift:train-test"``, or its code.

        Raises
        ------
        UsageError
            There is no such finding, or it was not checked.
        """
        from auditor.reports.plots import plot_finding

        return plot_finding(self.record, finding)

    def save(self, folder: str | Path, *, images: bool = True, reproducible: bool = False) -> Path:
        """Write every file of the record, the report included, into a folder; all appear together.

        Results of other data in the folder are moved aside, with a warning. ``reproducible`` leaves out times
        and the machine.

        Raises
        ------
        OutputError
            The folder holds files of others, or cannot be written.
        """
        from auditor.reports.files import save_with_report

        if self.dataset is not None:
            prepare_output(folder, self.dataset, Listeners().notice)
        return save_with_report(self.record, folder, images=images, reproducible=reproducible)

    def failing(self, fail_on: str) -> list[Finding]:
        """Return the findings at or above a severity; none for ``"never"``, and no waived ones."""
        if fail_on == "never":
            return []
        limit = Severity(fail_on).rank
        return [f for f in self.record.findings if f.waiver is None and f.severity.rank <= limit]

    def log_to_mlflow(self) -> str:
        """Log the audit to the active MLflow run, or to a new one; returns the run's id.

        Verdict and fingerprint are tags, effects metrics, report and ``audit.json`` artefacts.

        Raises
        ------
        MissingExtraError
            MLflow is not installed.
        """
        from auditor.reports.mlflow import log_record

        return log_record(self.record)

    def __repr__(self) -> str:
        facts, found = self.record.dataset, sum(f.is_open for f in self.record.findings)
        images, findings = plural(facts.images, "image"), plural(found, "open finding")
        return f"<Audit of {facts.name}: {self.verdict}, {images}, {findings}>"

    def _repr_html_(self) -> str:
        from auditor.reports.notebook import render_notebook

        return render_notebook(self.record)
