"""The checks of an audit: auditor's own, then those that plug-ins bring."""

from __future__ import annotations

import dataclasses
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from auditor.finding import EXAMPLE_COLUMNS, Finding
from auditor.plugins import load_plugins

if TYPE_CHECKING:
    from auditor.checks.base import Check


@cache
def every_check() -> tuple[type[Check], ...]:
    """Return the classes of all checks; plug-ins are loaded the first time."""
    from auditor.checks import CHECKS

    brought = load_plugins("checks", [check.code for check in CHECKS], identity)
    return (*CHECKS, *(p.value for p in brought if not p.error))


def identity(check: Any) -> str:
    """Return the code of a check's class.

    Raises
    ------
    TypeError
        It is no class of a check: the message says what is missing.
    """
    is_class = isinstance(check, type) and dataclasses.is_dataclass(check)
    if not (is_class and check.__dataclass_params__.frozen):
        raise TypeError("a check is a frozen dataclass")
    code = getattr(check, "code", None)
    if not (isinstance(code, str) and re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", code)):
        raise TypeError(f"its code must be like 'lens-flare', not {code!r}")
    needs = getattr(check, "needs", None)
    if not (isinstance(needs, frozenset) and needs <= {"labels", "splits"}):
        raise TypeError(f"its needs must be a frozenset out of 'labels' and 'splits', not {needs!r}")
    if not isinstance(getattr(check, "about_splits", None), bool):
        raise TypeError("it does not say whether it is about_splits")
    if not any("__call__" in vars(kind) for kind in check.__mro__):
        raise TypeError("it cannot be called with evidence")
    for field in dataclasses.fields(check):
        if not isinstance(field.default, bool | int | float | str):
            raise TypeError(f"its threshold '{field.name}' has no default that is a bool, int, float or str")
    return code


def refuse_malformed(check: Check, findings: list[Finding]) -> None:
    """Refuse what a plug-in returned, where a report could not show it.

    Raises
    ------
    TypeError
        It says what is wrong.
    """
    import json

    for finding in findings:
        if not isinstance(finding, Finding):
            raise TypeError(f"it gave {type(finding).__name__}, not a Finding")
        if finding.code != check.code:
            raise TypeError(f"it gave a finding with the code '{finding.code}'")
        if finding.examples is not None and not {"path"} <= set(finding.examples.columns) <= set(
            EXAMPLE_COLUMNS
        ):
            raise TypeError(f"its examples have columns other than {', '.join(EXAMPLE_COLUMNS)}")
        json.dumps(dict(finding.details), allow_nan=False)
    if len({f.id for f in findings}) < len(findings):
        raise TypeError("it gave two findings with the same scope")
