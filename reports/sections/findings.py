"""Findings: what, how sure, which images, why it matters, how to mend it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from auditor.finding import Finding, Waiver
from auditor.reports.charts.scale import Scale, draw_scale
from auditor.reports.reviewed import still_to_ask
from auditor.reports.sections.fixes import by_hand, find_command
from auditor.reports.sections.pictures import Picture, Pictures
from auditor.reports.sections.plain_table import cell
from auditor.reports.thresholds import threshold_of, value_of
from auditor.reports.wording import count, number, plural, scope_beside, shortened

if TYPE_CHECKING:
    from auditor.reports.sections.shown_with import ShownWith

#: Examples that are seen at once, and those that can be unfolded. `auditor.reports.thumbnails.ROWS` makes
#: their pictures.
AT_ONCE, UNFOLDED = 6, 24
#: Letters of a text on the page: data sets with thousands of classes make long sentences.
LONGEST_TEXT = 1_500
#: Adjusted p-values below this are shown as one.
SMALL = 0.0001


@dataclass(frozen=True, slots=True)
class Example:
    """A row of evidence: one picture, or two that belong together."""

    pictures: tuple[Picture, ...]
    suggested: str
    other_label: bool
    score: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """A finding as the page shows it."""

    id: str
    anchor: str
    code: str
    scope: str
    severity: str
    title: str
    summary: str
    why: str
    images: str
    scale: Scale | None
    examples: tuple[Example, ...]
    more: tuple[Example, ...]
    left_out: str
    known: str
    shown_with: ShownWith | None
    home: str
    value: str
    limit: str
    fix_text: str
    command: str
    by_hand: str
    q_value: str
    parameters: str
    waiver: Waiver | None
    classes: tuple[str, ...]
    splits: tuple[str, ...]
    affected: int


def view(
    finding: Finding, pictures: Pictures, shown: ShownWith | None = None, *, prefix: str = "finding"
) -> FindingView:
    """Return what the page shows of a finding.

    ``shown`` holds its pictures, where it needs no list of them.
    """
    examples = () if shown is not None else _examples(finding, pictures)
    asked = None if finding.examples is None else still_to_ask(finding.examples, pictures.decided)
    rows = 0 if asked is None else len(asked)
    known = 0 if asked is None or finding.examples is None else len(finding.examples) - rows
    paired = any(len(e.pictures) > 1 for e in examples)
    more = plural(rows - len(examples), "more pair" if paired else "more image")
    seen = [p for e in examples for p in e.pictures]
    if shown is not None:
        seen += [s.picture for g in shown.groups for line in g.lines for s in line.pictures]
        seen += [p for duplicates in shown.sets for p in duplicates.members]
    effect = finding.effect
    return FindingView(
        id=finding.id,
        anchor=anchor(finding, prefix),
        code=finding.code,
        scope=scope_beside(finding.title, finding.scope),
        severity=finding.severity.value,
        title=shortened(finding.title, 200),
        summary=shortened(finding.summary, LONGEST_TEXT),
        why=shortened(finding.why, LONGEST_TEXT),
        images=f"{count(finding.affected)} of {plural(finding.total, 'image')}" if finding.total else "",
        scale=None if effect is None else draw_scale(effect),
        examples=examples[:AT_ONCE],
        more=examples[AT_ONCE:],
        left_out=f"{more} in findings.csv" if shown is None and rows > len(examples) else "",
        known=f"Not asked again: {plural(known, 'row')} decided in an earlier review" if known else "",
        shown_with=shown,
        home=shown.elsewhere.removeprefix(f"{prefix}-") if shown is not None else "",
        value=value_of(effect),
        limit=threshold_of(effect, finding.severity),
        fix_text=shortened(finding.fix.text, LONGEST_TEXT) if finding.fix else "",
        command=find_command(finding),
        by_hand=by_hand(finding),
        q_value="" if finding.q_value is None else _small(finding.q_value),
        parameters=", ".join(f"{name} = {cell(value)}" for name, value in finding.parameters.items()),
        waiver=finding.waiver,
        classes=_values(finding.classes, (p.label for p in seen)),
        splits=_values(finding.splits, (p.split for p in seen)),
        affected=finding.affected,
    )


def anchor(finding: Finding, prefix: str = "finding") -> str:
    """Return the place of a finding on the page.

    Its identity, with a digest where that holds what an identifier must not.

    Examples
    --------
    >>> from auditor.finding import Finding
    >>> anchor(Finding(code="label-shift", scope="train-test", title="", summary=""))
    'finding-label-shift:train-test'
    """
    plain = re.sub(r"[^A-Za-z0-9:._-]", "-", finding.id)
    return (
        f"{prefix}-{plain}"
        if plain == finding.id
        else f"{prefix}-{plain[:60]}-{zlib.crc32(finding.id.encode('utf-8', 'replace')):08x}"
    )


def _examples(finding: Finding, pictures: Pictures) -> tuple[Example, ...]:
    if finding.examples is None or "path" not in finding.examples or not finding.is_shown:
        return ()
    found = []
    for row in still_to_ask(finding.examples, pictures.decided).head(UNFOLDED).to_dict("records"):
        paths = [str(row[c]) for c in ("path", "other_path") if isinstance(row.get(c), str) and row[c]]
        if not paths:
            continue
        shown = tuple(pictures.show(p) for p in paths)
        suggested = row.get("suggested_label")
        score = row.get("score")
        found.append(
            Example(
                shown,
                suggested if isinstance(suggested, str) else "",
                len(shown) == 2 and shown[0].label != shown[1].label,
                number(float(score)) if isinstance(score, int | float) and score == score else "",
            )
        )
    return tuple(found)


def _small(probability: float) -> str:
    return f"= {number(probability, 2)}" if probability >= SMALL else f"< {number(SMALL)}"


def _values(*groups: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(v for group in groups for v in group if v))
