"""Croissant: the data set described for search engines and loaders, its findings as annotations.

The images' table is the ``images.parquet`` of the output folder; findings stand three times: as a record set
(every number), as W3C quality annotations, and in the words of the Responsible AI vocabulary.

References
----------
Croissant 1.0, http://mlcommons.org/croissant/1.0; Croissant RAI 1.0, http://mlcommons.org/croissant/RAI/1.0;
W3C Data Quality Vocabulary, https://www.w3.org/TR/vocab-dqv/.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import auditor
from auditor.finding import ASKING, Finding
from auditor.record import Record
from auditor.reports.files import images_parquet
from auditor.reports.wording import plural, visible

CONTEXT: dict[str, Any] = {
    "@language": "en",
    "@vocab": "https://schema.org/",
    "citeAs": "cr:citeAs",
    "column": "cr:column",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "rai": "http://mlcommons.org/croissant/RAI/",
    "dqv": "http://www.w3.org/ns/dqv#",
    "oa": "http://www.w3.org/ns/oa#",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "equivalentProperty": "cr:equivalentProperty",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "extract": "cr:extract",
    "field": "cr:field",
    "fileProperty": "cr:fileProperty",
    "fileObject": "cr:fileObject",
    "fileSet": "cr:fileSet",
    "format": "cr:format",
    "includes": "cr:includes",
    "isLiveDataset": "cr:isLiveDataset",
    "jsonPath": "cr:jsonPath",
    "key": "cr:key",
    "md5": "cr:md5",
    "parentField": "cr:parentField",
    "path": "cr:path",
    "recordSet": "cr:recordSet",
    "references": "cr:references",
    "regex": "cr:regex",
    "repeated": "cr:repeated",
    "replace": "cr:replace",
    "samplingRate": "cr:samplingRate",
    "sc": "https://schema.org/",
    "separator": "cr:separator",
    "source": "cr:source",
    "subField": "cr:subField",
    "transform": "cr:transform",
}

#: Columns of ``images.parquet`` that are described, with their types and meanings.
COLUMNS = {
    "path": ("sc:Text", "Where the image is, relative to the data set's root, or as its table gives it."),
    "label": ("sc:Text", "The class."),
    "split": ("sc:Text", "train, val, test, or blank."),
    "group": ("sc:Text", "What must stay together: patient, slide, session."),
    "status": ("sc:Text", "ok, unreadable or unmeasured."),
    "sha256": ("sc:Text", "SHA-256 of the file."),
    "format": ("sc:Text", "The format of the content."),
    "width": ("sc:Integer", "Width in pixels."),
    "height": ("sc:Integer", "Height in pixels."),
}
#: Checks whose findings are about who or what is over- or under-represented; the others limit what the data
#: can be used for.
BIASES = frozenset({
    "class-imbalance", "rare-class", "empty-class", "unseen-class", "shortcut",
    "label-shift", "property-shift", "content-shift",
    "class-content-shift",
})  # fmt: skip
#: Columns of the record set of findings.
FINDING_FIELDS = {
    "id": ("sc:Text", "Code and scope."),
    "severity": ("sc:Text", "error, warning, undecided, info, pass or skipped."),
    "summary": ("sc:Text", "The sentence with the numbers."),
    "affected": ("sc:Integer", "Images concerned."),
    "total": ("sc:Integer", "Images examined."),
    "effect": ("sc:Text", "What is graded."),
    "value": ("sc:Float", "The effect."),
    "low": ("sc:Float", "Lower end of its 95 % interval."),
    "high": ("sc:Float", "Upper end of its 95 % interval."),
}


def render_croissant(record: Record, *, table: Path | None = None, beside: Path | None = None) -> str:
    """Return the JSON-LD.

    Parameters
    ----------
    record : Record
    table : Path, optional
        The ``images.parquet`` of the output folder; without one that is there, the one that `Audit.save`
        would write is described.
    beside : Path, optional
        The folder in which the JSON-LD will stand, from which the table is addressed.
    """
    facts = record.dataset
    here = table is not None and table.is_file()
    content = table.read_bytes() if here and table is not None else images_parquet(record.images)
    address = (
        Path(os.path.relpath(table, beside)).as_posix()
        if here and table is not None and beside is not None
        else "images.parquet"
    )
    findings = [f for f in record.findings if f.severity in ASKING]
    run = record.provenance.get("run") or {}
    made: dict[str, Any] = {
        "@context": CONTEXT,
        "@type": "sc:Dataset",
        "name": visible(facts.name),
        "description": (
            f"{plural(facts.images, 'image')} of {plural(len(facts.classes), 'class', 'classes')}, "
            f"audited with auditor {auditor.__version__}: {record.verdict}. "
            f"{facts.unreadable:,} could not be read. Fingerprint {facts.fingerprint}."
        ),
        "conformsTo": ["http://mlcommons.org/croissant/1.0", "http://mlcommons.org/croissant/RAI/1.0"],
        "identifier": f"sha256:{facts.fingerprint}",
        "distribution": [
            {
                "@type": "cr:FileObject",
                "@id": "images.parquet",
                "name": "images.parquet",
                "description": "A row per image: header facts and measures.",
                "contentUrl": address,
                "encodingFormat": "application/x-parquet",
                "contentSize": f"{len(content)} B",
                "sha256": hashlib.sha256(content).hexdigest(),
            }
        ],
        "recordSet": [_images(record), _classes(record), _findings(record.findings)],
        "rai:dataLimitations": _sentences(f for f in findings if f.code not in BIASES),
        "rai:dataBiases": _sentences(f for f in findings if f.code in BIASES),
        "dqv:hasQualityAnnotation": [_annotation(f) for f in findings],
        "dqv:hasQualityMeasurement": [_measurement(f) for f in record.findings if f.effect is not None],
    }
    if run.get("started"):
        made["dateModified"] = str(run["started"])[:10]
    made = {key: value for key, value in made.items() if value not in ([], "")}
    return json.dumps(_plain(made), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def _images(record: Record) -> dict[str, Any]:
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"images/{name}",
            "name": name,
            "description": text,
            "dataType": kind,
            "source": {"fileObject": {"@id": "images.parquet"}, "extract": {"column": name}},
        }
        for name, (kind, text) in COLUMNS.items()
        if name in record.images
    ]
    return {
        "@type": "cr:RecordSet",
        "@id": "images",
        "name": "images",
        "description": "A record per image.",
        "key": {"@id": "images/path"},
        "field": fields,
    }


def _classes(record: Record) -> dict[str, Any]:
    counts = record.images["label"].value_counts()
    rows = [
        {"classes/name": visible(c), "classes/images": int(counts.get(c, 0))} for c in record.dataset.classes
    ]
    return _listed(
        "classes",
        "The classes.",
        {"name": ("sc:Text", "Its name."), "images": ("sc:Integer", "Its images, in all splits.")},
        rows,
    )


def _findings(findings: Iterable[Finding]) -> dict[str, Any]:
    rows = []
    for f in findings:
        effect = f.effect
        values = (f.id, f.severity.value, visible(f.summary), f.affected, f.total)
        numbers = (
            ("", None, None, None) if effect is None else (effect.name, effect.value, effect.low, effect.high)
        )
        rows.append(
            {
                f"findings/{name}": value
                for name, value in zip(FINDING_FIELDS, (*values, *numbers), strict=True)
            }
        )
    return _listed("findings", "What the audit found, passes too.", FINDING_FIELDS, rows)


def _listed(
    name: str, description: str, columns: dict[str, tuple[str, str]], rows: list[dict[str, Any]]
) -> dict[str, Any]:
    """Return a record set whose records stand in it."""
    fields = [
        {
            "@type": "cr:Field",
            "@id": f"{name}/{column}",
            "name": column,
            "description": text,
            "dataType": kind,
        }
        for column, (kind, text) in columns.items()
    ]
    made = {"@type": "cr:RecordSet", "@id": name, "name": name, "description": description, "field": fields}
    return made | ({"data": rows} if rows else {})


def _sentences(findings: Iterable[Finding]) -> list[str]:
    return [f"{f.severity.value}, {visible(f.id)}: {visible(f.summary)}" for f in findings]


def _annotation(finding: Finding) -> dict[str, Any]:
    made: dict[str, Any] = {
        "@type": "dqv:QualityAnnotation",
        "name": visible(finding.id),
        "oa:motivatedBy": {"@id": "dqv:qualityAssessment"},
        "oa:bodyValue": visible(f"{finding.title}. {finding.summary} {finding.why}".strip()),
        "dct:type": finding.severity.value,
    }
    if finding.waiver is not None:
        made["dct:description"] = visible(
            f"Waived by {finding.waiver.owner} until {finding.waiver.expires}: {finding.waiver.reason}"
        )
    return made


def _measurement(finding: Finding) -> dict[str, Any]:
    assert finding.effect is not None
    return {
        "@type": "dqv:QualityMeasurement",
        "name": visible(finding.id),
        "dqv:isMeasurementOf": {"@type": "dqv:Metric", "name": finding.effect.name},
        "dqv:value": finding.effect.value,
    }


def _plain(value: Any) -> Any:
    """Return a value with lone surrogates written out and numbers that JSON has."""
    if isinstance(value, str):
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    if isinstance(value, dict):
        return {_plain(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return None
    return value
