"""What a check is, and how the checks of an audit are chosen, configured and run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from auditor.checks.plugins import refuse_malformed
from auditor.errors import UsageError
from auditor.evidence import Evidence
from auditor.evidence.descriptor import OFFLINE
from auditor.evidence.single_thread import one_thread
from auditor.finding import Effect, Finding, Fix, Severity, grade, percent, rounded
from auditor.plugins import provider, reason, warn
from auditor.stats.false_discovery import benjamini_hochberg

if TYPE_CHECKING:
    import pandas as pd

#: Checks of content, which the user's vectors judge where there are any; label-error says so in its own words.
BY_CONTENT = frozenset({"outlier", "content-shift", "class-content-shift", "collection-order"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What a check says about one subject, whatever the numbers are.

    Parameters
    ----------
    found, fine, undecided : str
        Titles of at most eight words: the fault is there, it is not, it may be (``found`` where that is
        blank). ``{0}`` and ``{1}`` stand for the splits of the finding.
    why : str
        Why it matters.
    fix : str
        What to do about it.
    command : str or None
        What to type for that, as in `Fix`.
    """

    found: str
    fine: str
    undecided: str = ""
    why: str
    fix: str
    command: str | None = None

    def choose_title(self, severity: Severity) -> str:
        """Return the title of a finding of this grade."""
        if severity is Severity.PASS:
            return self.fine
        return self.undecided or self.found if severity is Severity.UNDECIDED else self.found

    def make_fix(self) -> Fix:
        """Return what to do about it."""
        return Fix(text=self.fix, command=self.command)


class Check:
    """A configured pure function from evidence to findings, complete in its file.

    A check is a frozen dataclass. Its fields are its thresholds, documented under "Parameters". What stands
    below makes its section of ``docs/checks.md``; another subject than the main one has a `Wording` under a
    name of its own.
    """

    __slots__ = ()

    code: ClassVar[str]
    #: Heading of ``docs/checks.md`` under which it stands.
    family: ClassVar[str] = "Others"
    #: What it needs to say anything: any of "labels", "splits" (two of them). It is skipped without.
    needs: ClassVar[frozenset[str]] = frozenset()
    #: Whether it is run once more on the planned split.
    about_splits: ClassVar[bool] = False
    #: From which facts of the scan it measures what it grades, by which statistic, over which images.
    measured: ClassVar[str] = ""
    #: What it cannot see.
    limits: ClassVar[str] = ""
    #: What it says about its main subject.
    words: ClassVar[Wording]

    if TYPE_CHECKING:

        def __call__(self, evidence: Evidence) -> Iterator[Finding]:
            """Yield findings; passes and undecided ones too."""

    def make_finding(
        self,
        summary: str,
        effect: Effect,
        *,
        words: Wording | None = None,
        scope: str = "",
        title: str = "",
        fix: Fix | None = None,
        affected: int = 0,
        total: int = 0,
        examples: pd.DataFrame | None = None,
        classes: tuple[str, ...] = (),
        splits: tuple[str, ...] = (),
        details: Mapping[str, Any] | None = None,
    ) -> Finding:
        """Return a finding in the words of a subject (the main one without); a pass has no fix.

        ``title`` and ``fix`` replace those of the words.
        """
        words, severity = words or self.words, grade(effect)
        return Finding(
            code=self.code,
            scope=scope,
            title=(title or words.choose_title(severity)).format(*splits),
            summary=summary,
            why=words.why,
            affected=affected,
            total=total,
            effect=effect,
            fix=None if severity is Severity.PASS else fix or words.make_fix(),
            examples=examples,
            classes=classes,
            splits=splits,
            details=details or {},
        )


def skipped(
    check: Check,
    reason: str,
    *,
    scope: str = "",
    fix: Fix | None = None,
    details: Mapping[str, Any] | None = None,
) -> Finding:
    """Return the finding of a check that could not be run, with the reason."""
    title = f"{check.code.replace('-', ' ').capitalize()} was not checked"
    return Finding(code=check.code, scope=scope, title=title, summary=reason, fix=fix, details=details or {})


def option_name(field: str) -> str:
    """Return a field's name on the command line: ``warn_ratio`` is ``warn-ratio``."""
    return field.replace("_", "-")


def parameters(check: Check) -> dict[str, Any]:
    """Return a check's thresholds by their option names."""
    fields = dataclasses.fields(check)  # type: ignore[arg-type]
    return {option_name(f.name): getattr(check, f.name) for f in fields}


def configure(check: type[Check], settings: Mapping[str, Any]) -> Check:
    """Make a check with some thresholds changed; values may be strings, as they come from the command line.

    Raises
    ------
    UsageError
        An unknown threshold, or a value of another kind.
    """
    known = {option_name(f.name): f for f in dataclasses.fields(check)}  # type: ignore[arg-type]
    values: dict[str, Any] = {}
    for name, value in settings.items():
        if option_name(name) not in known:
            raise UsageError(
                expected=f"a threshold of '{check.code}': {', '.join(known) or 'it has none'}",
                received=f"'{name}'",
                hint="see docs/checks.md",
            )
        field = known[option_name(name)]
        kind: type[Any] = type(field.default)
        try:
            if kind is bool:
                values[field.name] = {"true": True, "false": False}[str(value).lower()]
            else:
                values[field.name] = kind(value)
        except (TypeError, ValueError, KeyError):
            raise UsageError(
                expected=f"a value like {field.default!r} for {check.code}.{name}",
                received=f"{value!r}",
                hint="see docs/checks.md",
            ) from None
    return check(**values)


def choose(
    checks: Sequence[type[Check]],
    *,
    select: Iterable[str] = (),
    ignore: Iterable[str] = (),
    settings: Mapping[str, Mapping[str, Any]] | None = None,
) -> list[Check]:
    """Return the configured checks to run, in their standing order.

    Raises
    ------
    UsageError
        A code that no check has.
    """
    codes = {check.code for check in checks}
    select, ignore, settings = set(select), set(ignore), settings or {}
    for code in (*select, *ignore, *settings):
        if code not in codes:
            import difflib

            near = difflib.get_close_matches(code, codes, 1)
            hint = f"did you mean '{near[0]}'?" if near else f"the codes are {', '.join(sorted(codes))}"
            raise UsageError(expected="the code of a check", received=f"'{code}'", hint=hint)
    return [
        configure(c, settings.get(c.code, {}))
        for c in checks
        if (not select or c.code in select) and c.code not in ignore
    ]


def _missing(check: Check, evidence: Evidence) -> str | None:
    if "labels" in check.needs and not evidence.classes:
        return "The images have no classes."
    if "splits" in check.needs and len(evidence.split_names) < 2:
        return "There are not two splits to compare." if evidence.split_names else "The data has no splits."
    if not evidence.readable.any():
        return "No image could be read."
    return None


def with_q_values(findings: Sequence[Finding]) -> list[Finding]:
    """Return findings with the p-values of their details adjusted over all of them."""
    tested = [i for i, f in enumerate(findings) if f.details.get("p_value") is not None]
    adjusted = dict(
        zip(
            tested, benjamini_hochberg([findings[i].details["p_value"] for i in tested]).tolist(), strict=True
        )
    )
    return [
        dataclasses.replace(f, q_value=rounded(adjusted[i])) if i in adjusted else f
        for i, f in enumerate(findings)
    ]


def _findings(check: Check, evidence: Evidence) -> list[Finding]:
    """Call a check; a plug-in that fails is reported as skipped, and warned of."""
    plugin = provider(type(check))
    if plugin is None:
        return list(check(evidence))
    try:
        found = list(check(evidence))
        refuse_malformed(check, found)
    except Exception as error:  # a plug-in may raise anything
        warn(plugin, f"failed: {reason(error)}")
        return [skipped(check, f"The plug-in {plugin.package} {plugin.version} failed: {reason(error)}.")]
    return found


def _with_eyes(finding: Finding, evidence: Evidence) -> Finding:
    """Say in a finding about content by whose vectors it was judged, and how well they tell the classes."""
    if finding.effect is None:
        return finding
    judge = evidence.probabilities
    skill = f", which recognise {percent(judge.balanced_accuracy, 1)} of each class" if judge else ""
    return dataclasses.replace(
        finding,
        summary=f"{finding.summary} Judged by {evidence.eyes}{skill}.",
        details={**finding.details, "eyes": evidence.eyes},
    )


def run_checks(
    evidence: Evidence, checks: Iterable[Check], on_check: Callable[[int, int, str], None] | None = None
) -> tuple[Finding, ...]:
    """Run checks and return their findings, worst first, each with the thresholds it was graded by.

    ``on_check`` gets (checks done, checks in all, code of the next) before each.
    """
    checks = list(checks)
    found: list[Finding] = []
    with one_thread():
        for done, check in enumerate(checks):
            if on_check is not None:
                on_check(done, len(checks), check.code)
            missing = _missing(check, evidence)
            findings = [skipped(check, missing)] if missing else _findings(check, evidence)
            if check.code in BY_CONTENT and evidence.eyes != OFFLINE:
                findings = [_with_eyes(f, evidence) for f in findings]
            found.extend(dataclasses.replace(f, parameters=parameters(check)) for f in findings)
    found = with_q_values(found)
    order = {id(f): i for i, f in enumerate(found)}
    return tuple(sorted(found, key=lambda f: (f.severity.rank, order[id(f)])))
