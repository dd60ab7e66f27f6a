"""How the audit was made."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.record import Record
from auditor.reports.sections.overview import listed, sample_in_words
from auditor.reports.wording import count, number, plural, shortened

#: What the grades rest on; the same in every report.
METHODS = (
    (
        "Grades",
        "A finding is graded by its effect alone, against the thresholds that are shown. A p-value "
        "never grades.",
    ),
    (
        "Counted facts",
        "Duplicates, leaks, imbalance and faults of files are counted; they have no uncertainty.",
    ),
    (
        "Estimates",
        "Distances between splits and rates carry a 95 % interval of the true value, over all "
        "comparisons of one kind at once. "
        "Where the interval straddles a threshold the finding is undecided: there is not enough data to say.",
    ),
    (
        "Copies",
        "Groups and duplicate sets, not images, are what is resampled; class counts are taken after "
        "copies are removed.",
    ),
    (
        "Training",
        "What a model uses is fitted on training images and chosen on validation images; each final "
        "model predicts the test images once.",
    ),
    (
        "Files",
        "Every image was read and decoded once. Nothing of the data was changed, and nothing was "
        "fetched from a network.",
    ),
)


@dataclass(frozen=True, slots=True)
class Methods:
    """The section on how the report was made."""

    facts: tuple[tuple[str, str], ...]
    versions: str
    config: str
    methods: tuple[tuple[str, str], ...]
    ignored: str
    unreadable: tuple[tuple[str, str], ...]


def _eyes(eyes: Mapping[str, Any]) -> str:
    """Return what the user brought to judge content by, and how good the judge is with it."""
    parts = [
        f"{what} {eyes[what].get('name') or eyes[what].get('model')} (SHA-256 {eyes[what]['sha256'][:12]})"
        for what in ("embeddings", "probabilities", "encoder")
        if what in eyes
    ]
    accuracy = eyes.get("balanced_accuracy")
    parts += [f"balanced accuracy {accuracy:.3f}"] if accuracy is not None else []
    return ", ".join(parts)


def methods(record: Record) -> Methods:
    """Return the section."""
    dataset, made = record.dataset, record.provenance
    run: Mapping[str, Any] = made.get("run") or {}
    facts = [
        ("Data", dataset.location),
        ("Layout", dataset.kind),
        ("Fingerprint (SHA-256)", dataset.fingerprint),
        ("Seed", str(made.get("seed", ""))),
    ]
    facts += [
        (name, _text(run[key]))
        for key, name in (
            ("command", "Command"),
            ("started", "Started"),
            ("jobs", "Processes"),
            ("engine", "Engine"),
        )
        if run.get(key)
    ]
    if made.get("eyes"):
        facts.append(("Content judged by", _eyes(made["eyes"])))
    if isinstance(run.get("seconds"), int | float):
        facts.append(("Took", f"{number(float(run['seconds']))} seconds"))
    versions = ", ".join(f"{name} {version}" for name, version in (made.get("versions") or {}).items())
    plugins = [
        f"{p['package']} {p['version']} ({p['kind']} {p['name']}{', left out' if p.get('error') else ''})"
        for p in made.get("plugins", ())
    ]
    facts.append(("Plug-ins", ", ".join(plugins)))
    config = made.get("config") or {}
    bad = record.images.loc[~record.images["status"].isin(["ok", "unmeasured"]), "reason"].value_counts()
    ignored = ""
    if dataset.ignored:
        ignored = (
            f"{plural(dataset.ignored, 'file')} passed over as no image: {listed(dataset.ignored_examples)}"
        )
        unnamed = dataset.ignored - len(dataset.ignored_examples)
        ignored += (
            f" and {count(unnamed)} more." if unnamed > 0 and len(dataset.ignored_examples) <= 8 else "."
        )
    return Methods(
        tuple((name, text) for name, text in facts if text),
        versions,
        shortened(json.dumps(config, ensure_ascii=False, indent=2, default=str), 4_000) if config else "",
        _methods(record),
        ignored,
        tuple((str(reason), count(n)) for reason, n in bad.head(20).items()),
    )


def _methods(record: Record) -> tuple[tuple[str, str], ...]:
    sample = sample_in_words(record)
    if not sample:
        return METHODS
    kept = tuple((name, text) for name, text in METHODS if name != "Files")
    return (
        *kept,
        ("A sample", sample),
        ("Files", "Nothing of the data was changed, and nothing was fetched from a network."),
    )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
