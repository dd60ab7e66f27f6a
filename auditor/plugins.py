"""Checks and readers that other packages bring: found by their entry points, loaded when first needed.

A package names them in its metadata, in the groups ``auditor.checks`` and ``auditor.readers``. One that is
broken costs a `PluginWarning` that names it, and is left out; it never stops an audit.
"""

from __future__ import annotations

import hashlib
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

Kind = Literal["checks", "readers"]


class PluginWarning(UserWarning):
    """A plug-in was left out, or failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugin:
    """What an entry point brings.

    Parameters
    ----------
    kind : {"checks", "readers"}
    name : str
        The entry point's name.
    package, version : str
        The distribution that brings it.
    value : object
        The check's class or the reader; ``None`` where it is broken.
    error : str
        Why it is broken, or "".
    """

    kind: Kind
    name: str
    package: str
    version: str
    value: Any = None
    error: str = ""

    @property
    def facts(self) -> dict[str, str]:
        """What the provenance of an audit says about it."""
        facts = {
            "kind": self.kind.removesuffix("s"),
            "name": self.name,
            "package": self.package,
            "version": self.version,
        }
        return facts | ({"error": self.error} if self.error else {})

    def code_digest(self) -> str:
        """Return the SHA-256 of the module that it is written in, or "" where that cannot be read."""
        module = str(getattr(self.value, "__module__", "") or getattr(self.value, "__name__", ""))
        file = getattr(sys.modules.get(module), "__file__", None)
        return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file and Path(file).is_file() else ""


def load_plugins(kind: Kind, taken: Iterable[str], identify: Callable[[Any], str]) -> tuple[Plugin, ...]:
    """Return the plug-ins of a kind, by package and name, broken ones included.

    Broken ones are warned of.

    Parameters
    ----------
    kind : {"checks", "readers"}
    taken : iterable of str
        Identities that plug-ins must not have. Of two plug-ins with one identity the first keeps it.
    identify : callable
        Returns the identity of what was loaded; raises TypeError, saying what is wrong, where it is none of
        the kind.
    """
    from importlib.metadata import entry_points

    known = set(taken)
    found = []
    entries = {
        (e.dist.name if e.dist else "", e.name, e.value): e for e in entry_points(group=f"auditor.{kind}")
    }
    for (package, name, _), entry in sorted(entries.items()):
        version = entry.dist.version if entry.dist else ""
        try:
            value = entry.load()
            identity = identify(value)
            if identity in known:
                raise TypeError(f"'{identity}' is taken")
            known.add(identity)
            found.append(Plugin(kind=kind, name=name, package=package, version=version, value=value))
        except (Exception, SystemExit) as error:  # a plug-in's import may do anything
            broken = Plugin(kind=kind, name=name, package=package, version=version, error=reason(error))
            warn(broken, f"is left out: {broken.error}")
            found.append(broken)
    _LOADED[kind] = tuple(found)
    return _LOADED[kind]


_LOADED: dict[Kind, tuple[Plugin, ...]] = {}


def loaded() -> tuple[Plugin, ...]:
    """Return the plug-ins that were loaded so far, broken ones too."""
    return tuple(p for kind in sorted(_LOADED) for p in _LOADED[kind])


def provider(value: object) -> Plugin | None:
    """Return the plug-in that brought a check's class or a reader, or ``None`` where it is auditor's own."""
    return next((p for p in loaded() if p.value is value), None)


def warn(plugin: Plugin, what: str) -> None:
    """Say in one line that a plug-in does not do its work."""
    named = (
        f"the plug-in '{plugin.name}' of {plugin.package or 'an unnamed package'} {plugin.version}".rstrip()
    )
    warnings.warn(f"{named} {what}", PluginWarning, stacklevel=3)


def reason(error: BaseException) -> str:
    """Return an exception in one short line."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"[:300].rstrip(": ")
