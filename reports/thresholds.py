"""What was measured and the threshold that decided, as cells of tables on a page or a terminal."""

from __future__ import annotations

from auditor.finding import Effect, Severity
from auditor.reports.wording import quantity


def value_of(effect: Effect | None) -> str:
    """Return what was measured, as a cell of a table."""
    return "" if effect is None else quantity(effect.value, effect.unit)


def threshold_of(effect: Effect | None, severity: Severity) -> str:
    """Return the threshold that decided, as a cell of a table.

    Examples
    --------
    >>> threshold_of(Effect.counted("e", 0.3, warn_at=0.05, error_at=0.2, unit="share"), Severity.ERROR)
    'above 20 %'
    >>> threshold_of(Effect.counted("e", 20, warn_at=50, worse="lower", unit="images"), Severity.WARNING)
    'below 50 images'
    >>> threshold_of(Effect.counted("e", 0, warn_at=0), Severity.PASS)
    'any'
    """
    if effect is None:
        return ""
    limits = (
        (effect.error_at, effect.warn_at) if severity is Severity.ERROR else (effect.warn_at, effect.error_at)
    )
    limit = next((t for t in limits if t is not None), None)
    if limit is None:
        return "for information"
    if limit == 0 and effect.worse == "higher":
        return "any"
    return f"{'above' if effect.worse == 'higher' else 'below'} {quantity(limit, effect.unit)}"
