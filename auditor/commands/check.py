"""The check at the head of a training script."""

from __future__ import annotations

from pathlib import Path

from auditor.commands.opening import open_data
from auditor.commands.options import Data, Listeners, ScanOptions
from auditor.commands.reuse import ScanRequest, scan_or_reuse
from auditor.errors import DataError, NotFitError
from auditor.scanning.fingerprint import fingerprint


def check(
    data: Data, passport: str | Path, *, fail_on: str = "error", scanning: ScanOptions | None = None
) -> None:
    """Raise unless this is the audited data and its audit has no open finding at or above a severity.

    For the head of a training script. Every file is read again, none is decoded for the checks.

    Parameters
    ----------
    data : str, Path or Dataset
    passport : str or Path
        An ``audit.json``, or the folder that holds it.
    fail_on : {"undecided", "warning", "error"}

    Raises
    ------
    NotFitError
        The data differs from what was audited, or a finding is open.
    DataError
        The passport is none.
    """
    from auditor.finding import Severity
    from auditor.reports.audit_json import load_json

    file = Path(passport) / "audit.json" if Path(passport).is_dir() else Path(passport)
    audit = load_json(file)
    try:
        stated, findings = str(audit["dataset"]["fingerprint"]), audit["findings"]
        limit = Severity(fail_on).rank
        bad = [f["id"] for f in findings if Severity(f["severity"]).rank <= limit and not f.get("waiver")]
    except (KeyError, TypeError, ValueError):
        raise DataError(
            expected="an audit.json", received=f"'{file}'", hint="make one with 'auditor scan DATA'"
        ) from None
    request = ScanRequest(scanning=scanning or ScanOptions(), listeners=Listeners())
    now = fingerprint(scan_or_reuse(open_data(data), request).images)
    if now != stated:
        raise NotFitError(
            expected=f"the data that was audited, fingerprint {stated[:12]}",
            received=f"{now[:12]}",
            hint="run 'auditor scan' on it again",
        )
    if bad:
        raise NotFitError(
            expected=f"no open {fail_on}",
            received=", ".join(bad[:5]),
            hint="see the report; mend, or waive with a reason",
        )
