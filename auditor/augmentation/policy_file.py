"""Policies as TOML files."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

from auditor.augmentation.policy import Policy, Step
from auditor.errors import UsageError
from auditor.outputs import write_file


def policy_toml(policy: Policy) -> str:
    r"""Return a policy as TOML.

    Examples
    --------
    >>> turn = Step(name="rotate", magnitudes={"degrees": 20}, off_for=("6", "9"))
    >>> print(policy_toml(Policy(name="turns", steps=(turn,))))
    name = "turns"
    border = "reflect"
    <BLANKLINE>
    [[transforms]]
    name = "rotate"
    probability = 0.5
    degrees = 20.0
    off-for = ["6", "9"]
    <BLANKLINE>
    """
    lines = [f"name = {_string(policy.name)}", f"border = {_string(policy.border)}"]
    for step in policy.steps:
        lines += [
            "",
            "[[transforms]]",
            f"name = {_string(step.name)}",
            f"probability = {float(step.probability)!r}",
        ]
        lines += [f"{name} = {float(value)!r}" for name, value in step.magnitudes.items()]
        if step.off_for:
            lines.append(f"off-for = [{', '.join(map(_string, step.off_for))}]")
    return "\n".join(lines) + "\n"


def _string(text: str) -> str:
    # JSON's escapes are TOML's, but for DEL, which TOML wants escaped as well.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def write_policy(policy: Policy, path: str | Path) -> None:
    """Write a policy as a TOML file.

    Raises
    ------
    OutputError
    """
    write_file(Path(path), policy_toml(policy).encode())


def read_policy(path: str | Path) -> Policy:
    """Read a policy from a TOML file.

    Raises
    ------
    UsageError
        It is no TOML, names an unknown transform, or holds an impossible magnitude.
    """
    expected = "a policy as TOML: a 'name', and a [[transforms]] table for each transform"
    try:
        found = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:  # TOMLDecodeError and UnicodeDecodeError are ValueErrors
        reason = " ".join(str(error).split())[:120]
        raise UsageError(
            expected=expected,
            received=f"'{path}', which cannot be read ({reason})",
            hint="see docs/augmentation.md",
        ) from None
    return _policy(found, str(path), expected)


def _policy(found: dict[str, Any], path: str, expected: str) -> Policy:
    def wrong(received: str) -> UsageError:
        return UsageError(
            expected=expected, received=f"'{path}' with {received}", hint="see docs/augmentation.md"
        )

    odd = sorted(set(found) - {"name", "border", "transforms"})
    if odd:
        raise wrong(f"the key '{odd[0]}'")
    tables = found.get("transforms")
    if not isinstance(tables, list) or not tables or not all(isinstance(t, dict) for t in tables):
        raise wrong("no transforms")
    steps = []
    for number, table in enumerate(tables, 1):
        rest = dict(table)
        name, probability, off_for = (
            rest.pop("name", None),
            rest.pop("probability", 0.5),
            rest.pop("off-for", []),
        )
        if not isinstance(name, str):
            raise wrong(f"no name for transform {number}")
        if not isinstance(off_for, list) or not all(isinstance(label, str) for label in off_for):
            raise wrong(f"off-for of '{name}' that is no list of class names")
        steps.append(Step(name=name, magnitudes=rest, probability=probability, off_for=tuple(off_for)))
    name = found.get("name", Path(path).stem)
    if not isinstance(name, str):
        raise wrong("a name that is no text")
    return Policy(name=name, steps=tuple(steps), border=found.get("border", "reflect"))
