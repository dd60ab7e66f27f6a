"""A record as the plain data of ``audit.json``, and back again.

Numbers are rounded to 6 significant digits; what is not finite is written as ``null``. The layout is
described, for machines, in ``audit.schema.json`` beside this file.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import auditor
from auditor.errors import DataError
from auditor.finding import EXAMPLE_COLUMNS, Effect, Finding, Fix, Waiver, rounded
from auditor.reading import reading_from_json
from auditor.record import SCHEMA, DatasetFacts, Record

if TYPE_CHECKING:
    import pandas as pd

#: Keys that differ between two runs of the same audit.
TIMES = frozenset({"seconds", "started", "elapsed"})


def audit_to_json(record: Record, *, reproducible: bool = False) -> dict[str, Any]:
    """Return ``audit.json`` as plain dicts, lists, strings and numbers."""
    audit: dict[str, Any] = {
        "schema": SCHEMA,
        "auditor": auditor.__version__,
        "verdict": record.verdict.value,
        "dataset": dataclasses.asdict(record.dataset),
        "findings": [_finding(f) for f in record.findings],
    }
    if record.split_findings:
        audit["split_findings"] = [_finding(f) for f in record.split_findings]
    for name in ("split", "augmentation", "baseline"):
        part = getattr(record, name)
        if part is not None:
            audit[name] = without_times(part) if reproducible else part
    audit["provenance"] = {k: v for k, v in record.provenance.items() if not (reproducible and k == "run")}
    audit["tables"] = {"split": record.split_table is not None, "augmented": record.augmented is not None}
    if record.exhibits:
        audit["exhibits"] = without_times(record.exhibits) if reproducible else record.exhibits
    plain: dict[str, Any] = to_plain(audit)
    return plain


def audit_from_json(
    audit: Mapping[str, Any],
    *,
    images: pd.DataFrame,
    thumbnails: Mapping[str, bytes],
    evidence: Mapping[str, Mapping[str, pd.DataFrame]],
    split_table: pd.DataFrame | None,
    augmented: pd.DataFrame | None,
) -> Record:
    """Return the record that ``audit.json`` and the tables beside it describe."""
    facts = dict(audit["dataset"])
    facts["ignored_examples"], facts["classes"] = tuple(facts["ignored_examples"]), tuple(facts["classes"])
    facts["reading"] = reading_from_json(facts.get("reading", {}))
    return Record(
        dataset=DatasetFacts(**facts),
        findings=tuple(_read_finding(f, evidence["findings"]) for f in audit["findings"]),
        images=images,
        thumbnails=thumbnails,
        split=audit.get("split"),
        split_table=split_table,
        split_findings=tuple(
            _read_finding(f, evidence["split_findings"]) for f in audit.get("split_findings", ())
        ),
        augmentation=audit.get("augmentation"),
        augmented=augmented,
        baseline=audit.get("baseline"),
        exhibits=audit.get("exhibits", {}),
        provenance=audit["provenance"],
    )


def dump_json(value: Any) -> bytes:
    """Return readable UTF-8 JSON, ending in a newline.

    The points of exhibits are packed, a line per exhibit.
    """
    plain = to_plain(value)
    exhibits = plain.pop("exhibits", None) if isinstance(plain, dict) else None
    text = json.dumps(plain, ensure_ascii=False, indent=2, allow_nan=False)
    if exhibits is not None:
        lines = ",\n".join(
            f"    {json.dumps(k, ensure_ascii=False)}: {json.dumps(v, ensure_ascii=False, allow_nan=False)}"
            for k, v in exhibits.items()
        )
        text = f'{text[:-2]},\n  "exhibits": {{\n{lines}\n  }}\n}}'
    return f"{text}\n".encode("utf-8", "backslashreplace")  # a lone surrogate becomes its JSON escape


def load_json(file: Path) -> dict[str, Any]:
    """Read an ``audit.json``.

    Raises
    ------
    DataError
        It is missing, not JSON, or of a newer layout.
    """
    hint = "name the folder that auditor scan or auditor run wrote with -o"
    try:
        audit = json.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            expected="an output folder of auditor", received=f"'{file}': {error.strerror}", hint=hint
        ) from None
    except (ValueError, RecursionError) as error:
        raise DataError(
            expected="an audit.json", received=f"'{file}', which is not JSON: {error}", hint=hint
        ) from None
    schema = audit.get("schema") if isinstance(audit, dict) else None
    if schema != SCHEMA:
        raise DataError(
            expected=f"an audit.json of schema {SCHEMA}",
            received=f"schema {schema!r} in '{file}'",
            hint="use the auditor that wrote it, or scan again",
        )
    return dict(audit)


def without_times(value: Any) -> Any:
    """Return nested data without what the clock had a part in."""
    if isinstance(value, Mapping):
        return {k: without_times(v) for k, v in value.items() if k not in TIMES}
    if isinstance(value, list | tuple):
        return [without_times(v) for v in value]
    return value


def to_plain(value: Any) -> Any:
    """Return nested data as JSON holds it.

    Strings for keys, 6 significant digits, ``None`` where a number is not finite.
    """
    if isinstance(value, Mapping):
        return {str(k): to_plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [to_plain(v) for v in (sorted(value) if isinstance(value, set | frozenset) else value)]
    if isinstance(value, Enum):
        return value.value
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return rounded(float(value)) if math.isfinite(value) else None
    if hasattr(value, "tolist"):  # NumPy scalars and arrays
        return to_plain(value.tolist())
    return str(value)


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "id": finding.id,
        "scope": finding.scope,
        "severity": finding.severity.value,
        "title": finding.title,
        "summary": finding.summary,
        "why": finding.why,
        "affected": finding.affected,
        "total": finding.total,
        "effect": None
        if finding.effect is None
        else {f.name: getattr(finding.effect, f.name) for f in dataclasses.fields(finding.effect)},
        "q_value": finding.q_value,
        "fix": None if finding.fix is None else {"text": finding.fix.text, "command": finding.fix.command},
        "classes": finding.classes,
        "splits": finding.splits,
        "evidence": None
        if finding.examples is None
        else {
            "rows": len(finding.examples),
            "columns": [c for c in finding.examples.columns if c in EXAMPLE_COLUMNS],
        },
        "parameters": finding.parameters,
        "details": finding.details,
        "waiver": None
        if finding.waiver is None
        else {f.name: getattr(finding.waiver, f.name) for f in dataclasses.fields(finding.waiver)},
    }


def _read_finding(found: Mapping[str, Any], evidence: Mapping[str, pd.DataFrame]) -> Finding:
    return Finding(
        **{
            name: found[name]
            for name in (
                "code",
                "scope",
                "title",
                "summary",
                "why",
                "affected",
                "total",
                "q_value",
                "parameters",
                "details",
            )
        },
        effect=None if found["effect"] is None else _read_effect(found["effect"]),
        fix=None if found["fix"] is None else Fix(**found["fix"]),
        classes=tuple(found["classes"]),
        splits=tuple(found["splits"]),
        examples=None
        if found["evidence"] is None
        else _evidence(found["id"], found["evidence"]["columns"], evidence),
        waiver=None if found["waiver"] is None else Waiver(**found["waiver"]),
    )


def _evidence(name: str, columns: list[str], evidence: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    return evidence[name][columns] if name in evidence else pd.DataFrame(columns=columns)


def _read_effect(effect: Mapping[str, Any]) -> Effect:
    """``null`` is an open end: of the value, beyond all bounds; of the interval, in its direction."""
    value = math.inf if effect["value"] is None else effect["value"]
    low = (math.inf if effect["value"] is None else -math.inf) if effect["low"] is None else effect["low"]
    high = math.inf if effect["high"] is None else effect["high"]
    return Effect(**{**effect, "value": value, "low": low, "high": high})
