"""What terminals and hosts show: Markdown for a pull request, annotations for a workflow, plain lines."""

from __future__ import annotations

import re

from auditor.finding import Finding, Severity, fold_unproven
from auditor.record import Record
from auditor.reports.charts.scale import in_words
from auditor.reports.ranking import ranked
from auditor.reports.sections.overview import Step, overview
from auditor.reports.wording import count, plural, quantity, visible

#: Findings in full in a comment; GitHub cuts a comment at 65,536 characters.
MOST = 40
LONGEST = 60_000


def render_markdown(record: Record) -> str:
    """Return a comment for a pull request: the verdict, a table of open findings, and what to type.

    Markup in names is escaped; nothing in it mentions anybody or links anywhere.
    """
    screen = overview(record)
    lines = [
        f"## Audit of {escape_markdown(record.dataset.name)}",
        "",
        f"**{escape_markdown(screen.headline)}**",
        "",
    ]
    facts = " · ".join(escape_markdown(f"{f.number} {f.text}") for f in screen.facts)
    lines += [screen.tally, "", facts, ""]
    lines += [f"- {name}: {escape_markdown(text)}" for name, text in screen.understood]
    lines.append("")
    opened = ranked(f for f in fold_unproven(record.findings) if f.is_shown)
    if opened:
        lines += ["| severity | finding | effect | images | what |", "|---|---|---|---|---|"]
        for finding in opened[:MOST]:
            effect = "" if finding.effect is None else quantity(finding.effect.value, finding.effect.unit)
            grade = f"{finding.severity.value}{' (waived)' if finding.waiver else ''}"
            cells = (
                grade,
                f"`{_code(finding.id)}`",
                effect,
                f"{count(finding.affected)} of {count(finding.total)}",
                escape_markdown(finding.title),
            )
            lines.append(f"| {' | '.join(cells)} |")
        if len(opened) > MOST:
            lines += ["", f"{plural(len(opened) - MOST, 'further finding')} in `audit.json`."]
    if screen.steps:
        lines += ["", f"**{screen.steps_title}**", ""]
        lines += [_step(number, step) for number, step in enumerate(screen.steps, 1)]
    lines += ["", f"Fingerprint `{record.dataset.fingerprint[:12]}`"]
    text = "\n".join(lines)
    return f"{text[:LONGEST]}\n"


def _step(number: int, step: Step) -> str:
    command = f" `{_code(step.command)}`" if step.command else ""
    words = f" {escape_markdown(step.by_hand)}" if step.by_hand else ""
    return f"{number}. **{escape_markdown(step.title)}.** {escape_markdown(step.text)}{words}{command}"


def render_github(record: Record) -> str:
    """Return GitHub workflow commands, one per open finding: errors, warnings, notices for undecided ones."""
    kinds = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.UNDECIDED: "notice"}
    return "".join(
        f"::{kinds[f.severity]} title={_property(f'{f.id}: {f.title}')}::{_data(f.summary)}\n"
        for f in record.findings
        if f.is_open
    )


def one_line(finding: Finding) -> str:
    """Return a finding as one line of a terminal, without control characters.

    Examples
    --------
    >>> one_line(Finding(code="dark", title="Dark images", summary="3 of 9 images\\nare dark."))
    'skipped: dark: 3 of 9 images␊are dark.'
    """
    return visible(f"{finding.severity.value}: {finding.id}: {finding.summary}")


def described(finding: Finding) -> str:
    """Return a finding in a few lines of plain text."""
    lines = [visible(finding.summary)]
    if finding.effect is not None:
        lines.append(
            visible(f"{quantity(finding.effect.value, finding.effect.unit)} {in_words(finding.effect)}")
        )
    if finding.why:
        lines.append(visible(finding.why))
    if finding.fix is not None:
        lines.append(visible(f"Fix: {finding.fix.text} {finding.fix.command or ''}".strip()))
    return "\n".join(lines)


def escape_markdown(text: str) -> str:
    """Return a text in which Markdown and HTML mean nothing.

    Examples
    --------
    >>> escape_markdown("a|b *c* <i> @someone #12 [x](y)")
    'a\\\\|b \\\\*c\\\\* &lt;i&gt; &#64;someone &#35;12 \\\\[x\\\\](y)'
    """
    text = visible(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|~!])", r"\\\1", text.replace("#", "&#35;").replace("@", "&#64;"))


def _code(text: str) -> str:
    return visible(text).replace("`", "'").replace("|", "\\|")


def _data(text: str) -> str:
    """Escape as GitHub's workflow commands ask: https://docs.github.com/actions/reference/workflow-commands.

    What acts on a terminal, where the workflow's log is read, is shown instead.
    """
    lines = re.sub(r"[^\r\n]+", lambda line: visible(line[0]).replace("%", "%25"), text)
    return lines.replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
