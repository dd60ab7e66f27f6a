"""Auditing a demonstration with known answers, end to end."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.commands.audit import Audit
from auditor.commands.demonstration import count, make_data
from auditor.commands.opening import RUN_PACKAGES, require_packages
from auditor.commands.options import AugmentOptions, Listeners, default_listeners
from auditor.commands.run import run
from auditor.outputs import OUTPUT, prepare_folder

if TYPE_CHECKING:
    import pandas as pd

    from auditor.baseline import TrainOptions


def demo(
    *,
    output: str | Path = OUTPUT,
    seed: int = 0,
    training: TrainOptions | None = None,
    listeners: Listeners | None = None,
) -> tuple[Audit, pd.DataFrame]:
    """Write the demonstration data under the output folder, audit it end to end, and count what was found.

    Returns
    -------
    Audit
        The audit, as `auditor.run` returns it.
    DataFrame
        A row per kind of defect: ``defect, check, planted, found, missed, others`` (other images that the
        same check named).

    Raises
    ------
    OutputError
        The output folder holds a ``digits`` folder that is not from an earlier demonstration.
    MissingExtraError
        A package of the extra ``train`` is not installed.
    """
    import pandas as pd

    require_packages(*RUN_PACKAGES)
    listeners = listeners or default_listeners()
    folder = Path(output)
    data = folder / "digits"
    prepare_folder(folder, str(data.absolute()), listeners.notice)
    listeners.stage("Writing handwritten digits with planted defects")
    fresh = folder / ".digits-new"
    for old in (fresh, data):
        if old.exists():
            shutil.rmtree(old)
    planted = make_data(fresh, seed)
    fresh.rename(data)
    audit = run(
        data,
        output=folder,
        augmenting=AugmentOptions(policy="digits"),
        training=training,
        seed=seed,
        time_budget=1.0,
        listeners=listeners,
    )
    table = pd.DataFrame(
        [
            {
                "defect": o.planted.kind, "check": o.planted.code, "planted": o.expected, "found": o.found,
                "missed": " ".join(o.missed), "others": o.others,
            }
            for o in count(audit, planted)
        ]
    )  # fmt: skip
    table.to_csv(folder / "planted.csv", index=False)
    return audit, table
