"""Planting known faults in a copy of the data, to see whether the checks find them there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditor.commands.config import Config
from auditor.commands.opening import ColumnNames, open_data
from auditor.commands.options import Data, Listeners, default_listeners
from auditor.commands.scan import scan
from auditor.finding import Finding

if TYPE_CHECKING:
    from auditor.commands.planted_faults import SelfTest


def selftest(
    data: Data,
    *,
    config: Config | None = None,
    sample: int = 400,
    seed: int = 0,
    listeners: Listeners | None = None,
    **columns: Unpack[ColumnNames],
) -> SelfTest:
    """Plant known faults in a temporary copy of a sample, and count what each check finds and wrongly names.

    Parameters
    ----------
    config : Config, optional
        Thresholds: those of your audits, so that the answer is about them.
    sample : int
        Images to copy.

    Returns
    -------
    SelfTest
        ``.table()`` has a row per planted fault.
    """
    from auditor.commands.planted_faults import selftest as plant_and_score

    settings = dataclasses.replace(config or Config(), waivers={})
    listeners = listeners or default_listeners()
    listeners.stage("Planting faults in a temporary copy; five audits of it follow")

    def findings_of(table: Path) -> Sequence[Finding]:
        audit = scan(table, config=settings, seed=seed, images=False, listeners=listeners)
        return audit.record.findings

    return plant_and_score(open_data(data, **columns), findings_of, sample=sample, seed=seed)
