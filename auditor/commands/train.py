"""Training the baseline CNN and diagnosing it."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.checks import choose, every_check, run_checks
from auditor.commands.options import Listeners, default_listeners
from auditor.commands.results import add_parts, prepare_output
from auditor.evidence import Evidence

if TYPE_CHECKING:
    import pandas as pd

    from auditor.augmentation import Augmentation
    from auditor.baseline import Baseline, TrainOptions
    from auditor.splitting import Plan


def list_suspected_labels(evidence: Evidence) -> list[str]:
    """Return the images that the label check lists, the worst first; none where it withholds its list."""
    (check,) = choose(every_check(), select=["label-error"])
    listed = [
        f.examples["path"].head(f.affected).tolist()
        for f in run_checks(evidence, [check])
        if f.examples is not None
    ]
    return [path for paths in listed for path in paths]


def train(
    plan: Plan,
    *,
    augment: Augmentation | None = None,
    options: TrainOptions | None = None,
    time_budget: float = 10.0,
    measures: pd.DataFrame | None = None,
    suspects: Collection[str] = (),
    output: str | Path | None = None,
    listeners: Listeners | None = None,
) -> Baseline:
    """Train the baseline CNN on a split and diagnose it.

    Parameters
    ----------
    plan : Plan
        A split.
    augment : Augmentation, optional
        Augments the rare classes on the fly.
    options : TrainOptions, optional
        Size of the network and how it is trained.
    time_budget : float
        Minutes; experiments that do not fit are left out and said.
    measures : DataFrame, optional
        The scan's images, which size the model and show slices on which it is weak; `auditor.scan` gives
        them.
    suspects : collection of str
        Images whose label looks wrong (`list_suspected_labels`): a comparison of ways trains on the data
        without them too.
    """
    from auditor.baseline import TrainOptions, train_baseline

    listeners = listeners or default_listeners()
    listeners.stage("Preparing the training")
    folder = None if output is None else prepare_output(output, plan.dataset, listeners.notice)
    result = train_baseline(
        plan,
        augmentation=augment,
        options=options or TrainOptions(),
        output=folder,
        on_epoch=listeners.epoch,
        on_stage=listeners.stage,
        time_budget=time_budget,
        measures=measures,
        suspects=suspects,
    )
    if output is not None:
        add_parts(output, str(plan.facts["fingerprint"]), baseline=result.facts)
    return result
