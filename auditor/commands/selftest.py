"""Planting known faults in a copy of the data, to see whether the checks find them there."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Unpack

from auditor.commands.config import Config
from auditor.commands.opening import ColumnNames, open_data
from auditor.commands.options import Data
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

    settings = config or Config()

    def findings_of(table: Path) -> Sequence[Finding]:
        return scan(
            table, config=dataclasses.replace(settings, waivers={}), seed=seed, images=False
        ).record.findings

    return plant_and_score(open_data(data, **columns), findings_of, sample=sample, seed=seed)
