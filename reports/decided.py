"""Earlier decisions of a reviewer, so that the next audit does not ask again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditor.finding import Finding
from auditor.reports.decisions import SCHEMA, Decisions, read_decisions
from auditor.reports.files import write_atomically

#: The ending of the file beside a manifest that remembers what was decided about its images.
BESIDE = ".decisions.json"


def decisions_beside(location: str) -> Decisions | None:
    """Return the decisions that `remember` left beside a manifest, if there are any."""
    file = Path(location).with_suffix(BESIDE)
    return read_decisions(file) if Path(location).is_file() and file.is_file() else None


def remember(decisions: Decisions, manifest: Path, paths: Mapping[str, str]) -> Path:
    """Write beside a manifest which of its images were kept or relabelled.

    Parameters
    ----------
    paths : mapping
        From the path in the decisions to the path in the manifest.
    """
    rows = [
        {"path": paths[d.path], "decision": d.decision, "new_label": d.new_label, "label": d.label}
        for d in decisions.items
        if d.decision != "drop"
    ]
    content = json.dumps(
        {"schema": SCHEMA, "kind": "auditor-decisions", "fingerprint": "", "decisions": rows}, ensure_ascii=False, indent=1
    )
    file = manifest.with_suffix(BESIDE)
    write_atomically(file, (content + "\n").encode("utf-8", "backslashreplace"))
    return file


def leave_out_decided(findings: Iterable[Finding], decided: set[str]) -> tuple[Finding, ...]:
    """Return findings without evidence rows about images that a reviewer has decided on; how many is said, and no effect is changed."""
    made = []
    for finding in findings:
        rows = finding.evidence
        if rows is not None and len(rows):
            known = rows["path"].isin(decided)
            if known.any():
                note = f" {int(known.sum()):,} listed images were decided on earlier and are left out."
                finding = dataclasses.replace(finding, evidence=rows[~known].reset_index(drop=True), summary=finding.summary + note)
        made.append(finding)
    return tuple(made)
