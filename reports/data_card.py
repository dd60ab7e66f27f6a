"""A data card in Markdown.

What a stranger must know before training on the data, written from the record alone.

The front matter is that of the Hugging Face Hub; the sections ask what *Datasheets for Datasets* asks. What
an audit cannot know (why the data was collected, under which licence) is a question that stands to be
answered, never a guess.

References
----------
Gebru et al. (2021), "Datasheets for Datasets", Communications of the ACM 64(12).
https://huggingface.co/docs/hub/datasets-cards
"""

from __future__ import annotations

import json

import auditor
from auditor.finding import ASKING, Finding, Severity
from auditor.record import Record
from auditor.reports.text import escape_markdown
from auditor.reports.understood import understood
from auditor.reports.wording import count, plural, share

#: The Hub's categories of size, by the number of examples below which they end.
SIZES = (
    (1_000, "n<1K"),
    (10_000, "1K<n<10K"),
    (100_000, "10K<n<100K"),
    (1_000_000, "100K<n<1M"),
    (10_000_000, "1M<n<10M"),
)
#: Classes in the table; the others stand in ``images.parquet``.
ROWS = 50


def render_data_card(record: Record) -> str:
    """Return the card."""
    facts = record.dataset
    parts = [
        _front_matter(record),
        f"# {escape_markdown(facts.name)}",
        _todo("A sentence on what the pictures show, and for which task."),
        "## What was read\n\n" + _read(record),
        "## Composition\n\n" + _composition(record),
        "## Quality\n\n" + _quality(record),
        "## Split\n\n" + _split(record),
        "## Motivation\n\n" + _todo("For which purpose was the data made, by whom, and who paid for it?"),
        "## Collection\n\n"
        + _todo(
            "How were the images acquired and chosen, over which time, and who labelled them, by which rules?"
        ),
        "## Uses\n\n" + _uses(record),
        "## Distribution and maintenance\n\n"
        + _todo("Under which licence? Who maintains it, and how are errors reported?"),
        "## How this card was made\n\n"
        f"From the record of an audit with auditor {auditor.__version__}, without opening an image again. "
        f"Fingerprint of the data (SHA-256 over the sorted paths, labels and files): `{facts.fingerprint}`.",
    ]
    return "\n\n".join(parts) + "\n"


def _front_matter(record: Record) -> str:
    """Return the YAML block; texts are JSON strings, which YAML reads as they are."""
    images = record.dataset.images
    size = next((name for limit, name in SIZES if images < limit), "n>10M")
    title = json.dumps(record.dataset.name.encode("utf-8", "backslashreplace").decode("utf-8"))
    return "\n".join(
        [
            "---",
            f"pretty_name: {title}",
            "task_categories:",
            "- image-classification",
            "size_categories:",
            f"- {size}",
            "tags:",
            "- image",
            "- auditor",
            "---",
        ]
    )


def _todo(question: str) -> str:
    return f"*To be answered by those who made the data:* {question}"


def _read(record: Record) -> str:
    return "\n".join(f"- {name}: {escape_markdown(text)}" for name, text in understood(record))


def _composition(record: Record) -> str:
    facts = record.dataset
    sentences = [
        f"{plural(facts.images, 'image')} in {plural(len(facts.classes), 'class', 'classes')}; "
        f"{count(facts.unreadable)} cannot be read; "
        f"{count(facts.unique)} are left when duplicates count once."
    ]
    if facts.groups:
        sentences.append(
            f"They belong to {plural(facts.groups, 'group')} (patients, slides, sessions) that must not "
            f"be divided."
        )
    sizes = record.images.loc[record.images["status"] == "ok", ["width", "height"]]
    if len(sizes):
        middle, least, most = (
            " x ".join(count(side) for side in found) for found in (sizes.median(), sizes.min(), sizes.max())
        )
        sentences.append(
            f"Pictures are {middle} pixels (width x height) in the median, sides from {least} to {most}."
        )
    lines = [" ".join(sentences)]
    splits = [s for s in facts.splits if s]
    labelled = record.images[record.images["label"] != ""]
    if len(labelled):
        counts: dict[str, dict[str, int]] = {}
        for label, split in zip(labelled["label"], labelled["split"], strict=True):
            counts.setdefault(label, {}).setdefault(split, 0)
            counts[label][split] += 1
        order = sorted(counts, key=lambda c: (-sum(counts[c].values()), c))
        names = splits or [""]
        lines += [
            "",
            f"| class | {' | '.join(escape_markdown(s) or 'images' for s in names)} | share |",
            f"|---|{'---:|' * (len(names) + 1)}",
        ]
        for label in order[:ROWS]:
            cells = [count(counts[label].get(s, 0)) for s in names]
            lines.append(
                f"| {escape_markdown(label)} | {' | '.join(cells)} | "
                f"{share(sum(counts[label].values()) / len(labelled))} |"
            )
        if len(order) > ROWS:
            lines += [
                "",
                f"{plural(len(order) - ROWS, 'further class', 'further classes')} in `images.parquet`.",
            ]
    return "\n".join(lines)


def _quality(record: Record) -> str:
    opened = [f for f in record.findings if f.severity in ASKING]
    passed = sum(f.severity is Severity.PASS for f in record.findings)
    lines = [f"Verdict of the audit: **{record.verdict}**. {plural(passed, 'check')} passed."]
    lines += ["", *(_finding(f) for f in opened)] if opened else []
    return "\n".join(lines)


def _finding(finding: Finding) -> str:
    waived = (
        f" Waived until {finding.waiver.expires}: {escape_markdown(finding.waiver.reason)}"
        if finding.waiver
        else ""
    )
    return (
        f"- **{finding.severity.value}**, {escape_markdown(finding.id)}: "
        f"{escape_markdown(finding.summary)}{waived}"
    )


def _split(record: Record) -> str:
    facts = record.split
    if facts is None:
        named = [
            f"{escape_markdown(s)} ({plural(n, 'image')})" for s, n in record.dataset.splits.items() if s
        ]
        return f"As published: {', '.join(named)}." if named else "The data is not split."
    lines = [
        f"{escape_markdown(part)}: {plural(sum(by.values()), 'image')}"
        for part, by in facts.get("counts", {}).items()
    ]
    failing = [c for c in facts.get("claims", []) if not c["holds"]]
    text = f"{'; '.join(lines)}. " if lines else ""
    if failing:
        return text + " ".join(
            f"Does not hold: {escape_markdown(c['name'])}, {escape_markdown(c['detail'])}." for c in failing
        )
    return (
        text + "No group and no duplicate set is divided; `auditor verify split.csv DATA` counts that again."
    )


def _uses(record: Record) -> str:
    scores = (record.baseline or {}).get("scores", {}).get("test", {})
    lines = []
    if scores.get("balanced_accuracy"):
        e = scores["balanced_accuracy"]
        lines.append(
            f"A small network reaches a balanced accuracy of {e['value']:.3f} ({e['low']:.3f} to "
            f"{e['high']:.3f}) on test: "
            "what is easily had."
        )
    private = [
        f for f in record.findings if f.code == "privacy" and f.severity in (Severity.ERROR, Severity.WARNING)
    ]
    if private:
        lines.append(f"Personal data: {escape_markdown(private[0].summary)}")
    lines.append(_todo("What has it been used for, and what should it not be used for?"))
    return "\n\n".join(lines)
