"""Readers that plug-ins bring. They are asked before auditor's own, of which some take any folder."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.dataset import SAMPLE_COLUMNS, Dataset
from auditor.errors import AuditorError
from auditor.plugins import Plugin, load_plugins, reason, warn

if TYPE_CHECKING:
    from auditor.readers import Columns


@cache
def plugged_readers() -> tuple[Plugin, ...]:
    """Return the readers of plug-ins that can be used; they are loaded the first time."""
    return tuple(p for p in load_plugins("readers", (), identity) if not p.error)


def identity(reader: Any) -> str:
    """Return what tells a reader apart from others.

    Raises
    ------
    TypeError
        It is no reader.
    """
    if not (callable(getattr(reader, "reads", None)) and callable(getattr(reader, "read", None))):
        raise TypeError("a reader has the functions reads(location) and read(location, columns)")
    return f"{getattr(reader, '__module__', '')}:{getattr(reader, '__qualname__', getattr(reader, '__name__', repr(reader)))}"


def read_with_plugins(location: Path, columns: Columns) -> Dataset | None:
    """Return the data set as a plug-in reads it, or ``None`` where none recognises it.

    One that fails is warned of and passed over.

    Raises
    ------
    AuditorError
        A plug-in recognised the data and says why it cannot be used.
    """
    for plugin in plugged_readers():
        try:
            if not plugin.value.reads(location):
                continue
            data = plugin.value.read(location, columns)
            refuse_malformed(data)
        except AuditorError:
            raise
        except Exception as error:  # a plug-in may raise anything
            warn(plugin, f"failed to read '{location}', and is passed over: {reason(error)}")
            continue
        found: Dataset = data
        return found
    return None


def refuse_malformed(data: Any) -> None:
    """Refuse what a plug-in returned, where a scan could not use it.

    Raises
    ------
    TypeError
        It says what is wrong.
    """
    if not isinstance(data, Dataset):
        raise TypeError(f"it gave {type(data).__name__}, not a Dataset")
    table = data.samples
    if list(table.columns[: len(SAMPLE_COLUMNS)]) != list(SAMPLE_COLUMNS):
        raise TypeError(
            f"its samples begin with the columns {', '.join(map(str, table.columns[:4]))}, not "
            f"{', '.join(SAMPLE_COLUMNS)}"
        )
    if not all(isinstance(cell, str) for name in SAMPLE_COLUMNS for cell in table[name]):
        raise TypeError(f"not every {', '.join(SAMPLE_COLUMNS)} of its samples is a str")
    if not table["path"].is_monotonic_increasing or list(table.index) != list(range(len(table))):
        raise TypeError("its samples are not sorted by path, with the index 0 to n - 1")
