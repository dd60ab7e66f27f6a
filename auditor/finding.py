"""What a check says: a finding, its effect, its fix, and the one function that grades.

A finding is graded from its effect alone. Counted facts have ``low == value == high``; estimates carry
the interval of the true value. Beyond a threshold is ``error`` or ``warning``, on the safe side is
``pass``, and an interval that straddles the threshold is ``undecided``. What may remain unproven in a pass
can be larger than what is worth a warning once it is proven. A p-value never grades.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Literal

from auditor.outputs import round_number

if TYPE_CHECKING:
    import pandas as pd

#: Columns of a finding's examples, in the order of ``findings.csv`` (which puts ``check, severity`` around
#: them).
EXAMPLE_COLUMNS = ("path", "other_path", "label", "suggested_label", "split", "other_split", "score")


class Severity(StrEnum):
    """How a finding is graded, worst first."""

    ERROR = "error"
    WARNING = "warning"
    UNDECIDED = "undecided"
    INFO = "info"
    PASS = "pass"  # noqa: S105 - a grade, not a password
    SKIPPED = "skipped"

    @property
    def rank(self) -> int:
        """0 for the worst."""
        return list(Severity).index(self)


#: The grades that ask somebody to act.
ASKING = (Severity.ERROR, Severity.WARNING, Severity.UNDECIDED)
#: The grades a verdict can be: information and skipped checks decide nothing.
VERDICTS = (*ASKING, Severity.PASS)


def rounded(number: float | None) -> float | None:
    """Round to the 6 significant digits that are graded and written.

    Examples
    --------
    >>> rounded(0.123456789), rounded(1234567.0), rounded(None)
    (0.123457, 1234570.0, None)
    """
    return None if number is None else round_number(number)


def percent(share: float, digits: int = 0) -> str:
    """Write a share of one in percent, as sentences have it.

    Examples
    --------
    >>> percent(0.125), percent(0.125, 1)
    ('12 %', '12.5 %')
    """
    return f"{100 * share:.{digits}f} %"


def plural(number: int, one: str, many: str | None = None) -> str:
    """Return a count with its noun, or with all that must agree with it.

    Examples
    --------
    >>> plural(1, "class", "classes"), plural(1200, "image"), plural(1, "image is", "images are")
    ('1 class', '1,200 images', '1 image is')
    """
    return f"{number:,} {one if number == 1 else many or one + 's'}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """The size of what was found, in the unit of its thresholds.

    Parameters
    ----------
    name : str
        The field's name of the quantity, as in "imbalance ratio".
    value, low, high : float
        The estimate and the ends of its 95 % interval; equal for a counted fact.
    warn_at, error_at : float or None
        Thresholds; ``None`` where it never warns (information) or never errs.
    accept_at : float or None
        The margin: the worst that may remain unproven in a pass; ``None`` for the first threshold itself.
    worse : {"higher", "lower"}
        Which direction is bad.
    unit : str
        How to show it: ``"share"`` (in [0, 1], shown in percent), ``"ratio"`` (shown as "11 : 1"), or a plain
        unit such as ``"images"``, ``"points"`` or ``""``.
    detectable : float or None
        For estimates: the smallest true effect that this much data could have shown to be over ``warn_at``.
    """

    name: str
    value: float
    low: float
    high: float
    warn_at: float | None = None
    error_at: float | None = None
    worse: Literal["higher", "lower"] = "higher"
    unit: str = ""
    detectable: float | None = None
    accept_at: float | None = None

    def __post_init__(self) -> None:
        for name in ("value", "low", "high", "warn_at", "error_at", "detectable", "accept_at"):
            object.__setattr__(self, name, rounded(getattr(self, name)))
        if not self.low <= self.value <= self.high:
            raise ValueError(
                f"expected low <= value <= high for {self.name!r}. "
                f"Received: {self.low}, {self.value}, {self.high}"
            )

    @classmethod
    def counted(
        cls,
        name: str,
        value: float,
        *,
        warn_at: float | None = None,
        error_at: float | None = None,
        worse: Literal["higher", "lower"] = "higher",
        unit: str = "",
    ) -> Effect:
        """Return the effect of a counted fact: it has no uncertainty."""
        return cls(
            name=name,
            value=value,
            low=value,
            high=value,
            warn_at=warn_at,
            error_at=error_at,
            worse=worse,
            unit=unit,
        )


def grade(effect: Effect | None) -> Severity:
    """Grade an effect. The only place where a severity is decided.

    Over a threshold means strictly beyond it, so a threshold of 0 says "any at all".

    Examples
    --------
    >>> grade(Effect.counted("imbalance ratio", 11, warn_at=10, error_at=50))
    <Severity.WARNING: 'warning'>
    >>> grade(Effect(name="distance", value=0.04, low=0.0, high=0.09, warn_at=0.05))
    <Severity.UNDECIDED: 'undecided'>
    >>> grade(Effect(name="distance", value=0.02, low=0.0, high=0.04, warn_at=0.05))
    <Severity.PASS: 'pass'>

    A margin lets pass what is not proven to be over a threshold, and is surely below the margin:

    >>> grade(Effect(name="distance", value=0.06, low=0.0, high=0.11, warn_at=0.05, accept_at=0.15))
    <Severity.PASS: 'pass'>
    >>> grade(Effect(name="distance", value=0.1, low=0.06, high=0.14, warn_at=0.05, accept_at=0.15))
    <Severity.WARNING: 'warning'>
    """
    if effect is None:
        return Severity.SKIPPED
    if effect.warn_at is None and effect.error_at is None:
        return Severity.INFO
    sign = 1 if effect.worse == "higher" else -1
    surely, possibly = sorted((sign * effect.low, sign * effect.high))
    thresholds = [sign * t for t in (effect.warn_at, effect.error_at) if t is not None]
    if effect.error_at is not None and surely > sign * effect.error_at:
        return Severity.ERROR
    if effect.warn_at is not None and surely > sign * effect.warn_at:
        return Severity.WARNING
    margin = min(thresholds) if effect.accept_at is None else sign * effect.accept_at
    return Severity.UNDECIDED if possibly > max(margin, min(thresholds)) else Severity.PASS


@dataclass(frozen=True, slots=True, kw_only=True)
class Fix:
    """What to do about it.

    ``text`` says what helps and why; ``command`` is what to type, with ``DATA`` standing for the data and
    ``OUT`` for the output folder (both are filled in when the record is made). A command does what it says
    on the data as it is: what needs a file or a column that may not exist is text.
    """

    text: str
    command: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A finding that somebody has accepted, with the reason, the owner and the day it ends (ISO date)."""

    reason: str
    owner: str
    expires: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Finding:
    """One thing that a check found, or found to be fine, or could not decide.

    Parameters
    ----------
    code : str
        The check's code, kebab-case.
    scope : str
        What it is about, as in ``"train-test"``; empty for the whole data set.
    title : str
        What is the matter, in at most eight words that a stranger understands, without numbers.
    summary : str
        One plain sentence: first what it means, then the number.
    why : str
        Why it matters.
    affected, total : int
        How many images of how many.
    effect : Effect or None
        The graded size; ``None`` for a skipped check.
    examples : DataFrame or None
        Affected images or pairs, worst first, with `EXAMPLE_COLUMNS` (those absent are blank).
    q_value : float or None
        A p-value adjusted over the whole audit (Benjamini-Hochberg); for show, it never grades.
    parameters : mapping
        The check's thresholds, filled in by the runner.
    details : mapping
        Plain JSON numbers behind the summary (for charts and machines).
    """

    code: str
    title: str
    summary: str
    scope: str = ""
    why: str = ""
    affected: int = 0
    total: int = 0
    effect: Effect | None = None
    fix: Fix | None = None
    examples: pd.DataFrame | None = None
    q_value: float | None = None
    classes: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)
    waiver: Waiver | None = None

    @property
    def id(self) -> str:
        """Code and scope: ``label-shift:train-test``."""
        return f"{self.code}:{self.scope}" if self.scope else self.code

    @property
    def severity(self) -> Severity:
        """The grade of the effect."""
        return grade(self.effect)

    @property
    def is_open(self) -> bool:
        """Whether somebody has to act: an error, a warning or undecided, and not waived."""
        return self.waiver is None and self.severity in ASKING

    @property
    def is_shown(self) -> bool:
        """Whether reports show it in full: all but a pass and what was skipped."""
        return self.severity not in (Severity.PASS, Severity.SKIPPED)


def verdict(findings: tuple[Finding, ...] | list[Finding]) -> Severity:
    """Return the worst of error, warning, undecided and pass among findings that are not waived."""
    grades = [f.severity for f in findings if f.waiver is None and f.severity in VERDICTS]
    return min(grades, key=lambda s: s.rank, default=Severity.PASS)
