"""Settings from ``auditor.toml`` and from ``--set CODE.FIELD=VALUE``."""

from __future__ import annotations

import dataclasses
import datetime
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from auditor.errors import UsageError
from auditor.finding import ASKING, Finding, Waiver

#: Read from the working folder where ``--config`` names no other.
DEFAULT_FILE = "auditor.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """What a project settles once for all its audits.

    Parameters
    ----------
    checks : mapping
        Thresholds by check code: ``{"class-imbalance": {"warn-ratio": 20}}``.
    select, ignore : tuple of str
        Check codes to run alone, or to leave out.
    fail_on : str or None
        As ``--fail-on``.
    waivers : mapping of finding id to Waiver
        Findings that were accepted; a code alone waives every finding of that check.
    """

    checks: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None
    waivers: Mapping[str, Waiver] = field(default_factory=dict)

    def with_settings(self, settings: Iterable[str]) -> Config:
        """Return the config with ``CODE.FIELD=VALUE`` settings laid over it.

        Raises
        ------
        UsageError
            A setting of another form.
        """
        checks = {code: dict(values) for code, values in self.checks.items()}
        for setting in settings:
            name, equals, value = setting.partition("=")
            code, dot, threshold = name.partition(".")
            if not (equals and dot and code and threshold):
                raise UsageError(
                    expected="a setting CODE.FIELD=VALUE",
                    received=f"'{setting}'",
                    hint="as in --set class-imbalance.warn-ratio=20",
                )
            checks.setdefault(code, {})[threshold] = value
        return dataclasses.replace(self, checks=checks)


def _waiver(entry: Any, file: Path) -> tuple[str, Waiver]:
    hint = "a waiver has finding, reason, owner and expires (a date)"
    if not isinstance(entry, dict) or set(entry) != {"finding", "reason", "owner", "expires"}:
        raise UsageError(expected=f"[[waivers]] with four keys in '{file}'", received=f"{entry!r}", hint=hint)
    try:
        expires = datetime.date.fromisoformat(str(entry["expires"]))
    except ValueError:
        raise UsageError(
            expected="a date like 2027-01-31", received=f"'{entry['expires']}'", hint=hint
        ) from None
    return str(entry["finding"]), Waiver(
        reason=str(entry["reason"]), owner=str(entry["owner"]), expires=expires.isoformat()
    )


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            expected="a config file",
            received=f"'{path}' ({error.strerror})",
            hint="check the path after --config",
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(
            expected=f"TOML in '{path}'", received=str(error), hint="mend the line it names"
        ) from None


def load_config(file: str | Path | None = None) -> Config:
    """Read a config file; without one, ``auditor.toml`` of the working folder where there is one.

    Raises
    ------
    UsageError
        The file is missing, is no TOML, or holds an unknown key.
    """
    if file is None:
        if not Path(DEFAULT_FILE).is_file():
            return Config()
        file = DEFAULT_FILE
    path = Path(file)
    settings = _read_toml(path)
    known = {"checks", "select", "ignore", "fail-on", "waivers"}
    unknown = sorted(set(settings) - known)
    if unknown:
        raise UsageError(
            expected=f"the keys {', '.join(sorted(known))} in '{path}'",
            received=f"'{unknown[0]}'",
            hint="remove it",
        )
    checks = settings.get("checks", {})
    if not isinstance(checks, dict) or not all(isinstance(v, dict) for v in checks.values()):
        raise UsageError(
            expected=f"tables like [checks.class-imbalance] in '{path}'",
            received=f"{checks!r}",
            hint="see docs/checks.md",
        )
    lists = {}
    for key in ("select", "ignore"):
        value = settings.get(key, [])
        if not isinstance(value, list):
            raise UsageError(
                expected=f"a list of codes after {key} in '{path}'",
                received=f"{value!r}",
                hint=f'as in {key} = ["privacy"]',
            )
        lists[key] = tuple(map(str, value))
    fail_on, waivers = settings.get("fail-on"), settings.get("waivers", [])
    if fail_on not in (None, "never", "undecided", "warning", "error"):
        raise UsageError(
            expected=f"never, undecided, warning or error after fail-on in '{path}'",
            received=f"{fail_on!r}",
            hint='as in fail-on = "error"',
        )
    if not isinstance(waivers, list):
        raise UsageError(
            expected=f"[[waivers]] with four keys in '{path}'",
            received=f"{waivers!r}",
            hint="a waiver has finding, reason, owner and expires (a date)",
        )
    return Config(
        checks=checks,
        select=lists["select"],
        ignore=lists["ignore"],
        fail_on=fail_on,
        waivers=dict(_waiver(entry, path) for entry in waivers),
    )


def waive(
    findings: Iterable[Finding], waivers: Mapping[str, Waiver], today: datetime.date
) -> tuple[Finding, ...]:
    """Return findings with the waivers that hold on ``today``, in place of any they had; a pass has none."""
    held = {k: w for k, w in waivers.items() if datetime.date.fromisoformat(w.expires) >= today}
    return tuple(
        dataclasses.replace(
            f,
            waiver=(held.get(f.id) or held.get(f.code)) if f.severity in ASKING else None,
        )
        for f in findings
    )


def expired(waivers: Mapping[str, Waiver], today: datetime.date) -> dict[str, Waiver]:
    """Return the waivers that have ended before ``today``."""
    return {k: w for k, w in waivers.items() if datetime.date.fromisoformat(w.expires) < today}
