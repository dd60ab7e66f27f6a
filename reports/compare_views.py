"""A comparison as HTML, Markdown or JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.finding import Finding
from auditor.outputs import write_file
from auditor.record import Record
from auditor.reports.audit_json import dump_json, to_plain
from auditor.reports.changes import KINDS
from auditor.reports.compare import OUTCOMES, WORSE, Comparison, FindingChange, MeasureChange
from auditor.reports.html import environment, style_and_digest
from auditor.reports.sections.pictures import BUDGET, Picture, Pictures
from auditor.reports.text import escape_markdown
from auditor.reports.wording import count, interval, joined, plural, quantity

#: Rows of a kind of change that the page shows; JSON has `LISTED` of each.
SHOWN, LISTED = 24, 10_000
FORMATS = {"html": "compare.html", "markdown": "compare.md", "json": "compare.json"}


@dataclass(frozen=True, slots=True)
class ChangedImage:
    """An image that changed: the picture, or those before and after where it is another."""

    pictures: tuple[Picture, ...]
    text: str


@dataclass(frozen=True, slots=True)
class ChangedFinding:
    """A finding before and after."""

    id: str
    title: str
    severity: str
    before: str
    after: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparePage:
    """Everything that the page of a comparison shows."""

    name: str
    level: str
    headline: str
    tally: str
    sides: tuple[tuple[str, str, str, str], ...]
    findings: tuple[tuple[str, tuple[ChangedFinding, ...]], ...]
    images: tuple[tuple[str, int, tuple[ChangedImage, ...]], ...]
    unchanged: int
    measures: tuple[tuple[str, ...], ...]
    thumbnails: tuple[tuple[int, str], ...]


def headline(comparison: Comparison) -> str:
    """Return the outcome in a sentence."""
    worse = sum(len(comparison.of(o)) for o in WORSE)
    resolved = len(comparison.of("resolved")) + len(comparison.of("better"))
    if worse:
        return (
            f"Something got worse: "
            f"{plural(worse, 'finding')}{f'; {count(resolved)} got better' if resolved else ''}."
        )
    if resolved:
        return f"Nothing got worse, and {plural(resolved, 'finding')} got better."
    return (
        "No finding changed."
        if not any(comparison.images.counts.values())
        else "The data changed, and no finding did."
    )


def shown_paths(comparison: Comparison) -> tuple[list[str], list[str]]:
    """Return the paths of the images that the page shows, in the old data and in the new."""
    rows = [row for kind in KINDS for row in _first(comparison, kind)]
    return (
        [row["path"] for row in rows if row["change"] in ("removed", "altered")],
        [row["other_path"] or row["path"] for row in rows if row["change"] != "removed"],
    )


def _first(comparison: Comparison, kind: str) -> list[dict[Any, Any]]:
    table = comparison.images.table
    return table[table["change"] == kind].head(SHOWN).to_dict("records")


def build_compare_page(comparison: Comparison) -> ComparePage:
    """Turn a comparison into plain data for its template."""
    new = Pictures(comparison.new, budget=BUDGET // 2)
    old = Pictures(comparison.old, budget=BUDGET // 2, first=len(comparison.new.thumbnails))
    images = []
    for kind in KINDS:
        shown = tuple(
            ChangedImage(tuple(_shown(kind, row, old, new)), _happened(row))
            for row in _first(comparison, kind)
        )
        images.append((kind, comparison.images.counts[kind], shown))
    counts = comparison.images.counts
    tally = " · ".join(f"{count(counts[k])} {k}" for k in KINDS if counts[k]) or "every image is as it was"
    sides = tuple(
        (
            when,
            r.dataset.name,
            f"{count(r.dataset.images)} images, {count(len(r.dataset.classes))} classes, fingerprint "
            f"{r.dataset.fingerprint[:12]}",
            r.verdict.value,
        )
        for when, r in (("before", comparison.old), ("after", comparison.new))
    )
    return ComparePage(
        name=comparison.new.dataset.name,
        level="error" if comparison.got_worse else "pass",
        headline=headline(comparison),
        tally=f"{tally} · {count(comparison.images.unchanged)} unchanged",
        sides=sides,
        findings=tuple(
            (o, tuple(_finding(c) for c in comparison.of(o))) for o in OUTCOMES if comparison.of(o)
        ),
        images=tuple(entry for entry in images if entry[1]),
        unchanged=comparison.images.unchanged,
        measures=tuple(_measure_row(m) for m in comparison.measures),
        thumbnails=(*new.sources(), *old.sources()),
    )


def render_compare_html(comparison: Comparison) -> str:
    """Return the comparison as one HTML file without a script."""
    style, digest = style_and_digest()
    return (
        environment()
        .get_template("compare.html")
        .render(page=build_compare_page(comparison), style=style, style_hash=digest)
    )


def render_compare_markdown(comparison: Comparison) -> str:
    """Return the comparison as a comment for a pull request."""
    page = build_compare_page(comparison)
    lines = [
        f"## What changed in {escape_markdown(page.name)}",
        "",
        f"**{page.headline}**",
        "",
        page.tally,
        "",
    ]
    lines += [
        f"- {when}: {escape_markdown(name)}, {facts}, {verdict}" for when, name, facts, verdict in page.sides
    ]
    if page.findings:
        lines += ["", "| outcome | finding | before | after | what |", "|---|---|---|---|---|"]
        for outcome, changes in page.findings:
            lines += [
                f"| {outcome} | {escape_markdown(c.id)} | {c.before} | {c.after} | "
                f"{escape_markdown(c.title)} |"
                for c in changes[:SHOWN]
            ]
    return "\n".join(lines) + "\n"


def compare_to_json(comparison: Comparison) -> dict[str, Any]:
    """Return the comparison as plain data; of each kind of change the first `LISTED` images."""
    table = comparison.images.table
    return to_plain(  # type: ignore[no-any-return]
        {
            "schema": 1,
            "kind": "auditor-comparison",
            "got_worse": comparison.got_worse,
            "same_data": comparison.same_data,
            "old": _side(comparison.old),
            "new": _side(comparison.new),
            "findings": [
                {
                    "id": c.id,
                    "outcome": c.outcome,
                    "before": _state(c.old),
                    "after": _state(c.new),
                    "title": (c.new or c.old).title,  # type: ignore[union-attr]
                }
                for c in comparison.findings
            ],
            "images": {
                "counts": comparison.images.counts,
                "unchanged": comparison.images.unchanged,
                "changes": [
                    row
                    for kind in KINDS
                    for row in table[table["change"] == kind].head(LISTED).to_dict("records")
                ],
            },
            "measures": [
                {
                    "name": m.name,
                    "unit": m.unit,
                    **{
                        k: dict(zip(("value", "low", "high"), v, strict=True))
                        for k, v in (("before", m.before), ("after", m.after), ("distance", m.distance))
                    },
                }
                for m in comparison.measures
            ],
        }
    )


def format_of(file: Path) -> str:
    """Return the format that a file's ending asks for; a page where it asks for none."""
    return {".md": "markdown", ".json": "json"}.get(file.suffix.lower(), "html")


def write_comparison(comparison: Comparison, file: Path, *, format: str | None = None) -> Path:
    """Write a comparison; the format follows the file's ending unless it is named. Returns the file.

    Raises
    ------
    UsageError
        There is no such format.
    OutputError
        The file cannot be written.
    """
    chosen = format or format_of(file)
    if chosen not in FORMATS:
        raise UsageError(
            expected=f"one of the formats {', '.join(FORMATS)}",
            received=f"'{chosen}'",
            hint="name one of them with --format",
        )
    content = {
        "html": lambda: render_compare_html(comparison).encode("utf-8", "backslashreplace"),
        "markdown": lambda: render_compare_markdown(comparison).encode("utf-8", "backslashreplace"),
        "json": lambda: dump_json(compare_to_json(comparison)),
    }
    write_file(file, content[chosen]())
    return file


def _side(record: Record) -> dict[str, Any]:
    facts = record.dataset
    return {
        "name": facts.name,
        "fingerprint": facts.fingerprint,
        "images": facts.images,
        "unreadable": facts.unreadable,
        "verdict": record.verdict.value,
    }


def _state(finding: Finding | None) -> dict[str, Any] | None:
    if finding is None:
        return None
    effect = finding.effect
    return {
        "severity": finding.severity.value,
        "waived": finding.waiver is not None,
        **({"value": effect.value, "low": effect.low, "high": effect.high} if effect else {}),
    }


def _finding(change: FindingChange) -> ChangedFinding:
    latest = change.new or change.old
    assert latest is not None
    return ChangedFinding(
        change.id, latest.title, latest.severity.value, _words(change.old), _words(change.new), latest.summary
    )


def _words(finding: Finding | None) -> str:
    if finding is None:
        return "–"
    grade = f"{finding.severity.value}{', waived' if finding.waiver else ''}"
    effect = finding.effect
    if effect is None:
        return grade
    value = (
        quantity(effect.value, effect.unit)
        if effect.low == effect.high
        else interval(effect.value, effect.low, effect.high, effect.unit)
    )
    return f"{grade}, {value}"


def _shown(kind: str, row: dict[Any, Any], old: Pictures, new: Pictures) -> Iterator[Picture]:
    if kind in ("removed", "altered"):
        yield old.show(row["path"])
    if kind != "removed":
        yield new.show(row["other_path"] or row["path"])


def _happened(row: dict[Any, Any]) -> str:
    parts = []
    if row["change"] in ("removed", "added"):
        return ""
    for was, now in (("label", "other_label"), ("split", "other_split")):
        if row[was] != row[now]:
            parts.append(f"{row[was] or 'none'} → {row[now] or 'none'}")
    if row["other_path"] and row["change"] == "renamed":
        parts.append(f"was {row['path']}")
    return joined(parts) if parts else ""


def _measure_row(change: MeasureChange) -> tuple[str, ...]:
    return (
        f"{change.title} ({change.unit})",
        *(interval(*v, unit="") for v in (change.before, change.after, change.distance)),
    )
