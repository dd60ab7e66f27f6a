"""The seconds that a call may take.

Work is planned by its expected cost, and the clock ends what takes longer.
"""

from __future__ import annotations

import math
import time

#: Shares of the time budget that the model, and the model and all experiments, are planned to take: a busy
#: machine takes twice as long.
MAIN_SHARE, PLANNED_SHARE = 0.35, 0.5
#: The second share where remedies, a comparison or a learning curve were asked for by name: they may take
#: what was kept back.
ASKED_SHARE = 0.8
#: Share of the time budget for a hyperparameter search, where one was asked for.
TUNING_SHARE = 0.5
#: Share of the time budget by which the model's own training ends; scoring takes the rest.
TRAINED_SHARE = 0.9


class TimeBudget:
    """What may still be planned, and when everything ends.

    What is run depends on expected costs, and so on data and options alone. The clock (``deadline``, on
    `time.monotonic`'s scale) only ends what takes longer than expected.

    Examples
    --------
    >>> budget = TimeBudget(10.0)
    >>> budget.reserve(8.0), budget.reserve(8.0), budget.planned
    (True, False, 2.0)
    """

    def __init__(self, planned: float = math.inf, *, deadline: float = math.inf) -> None:
        self.planned, self.deadline = planned, deadline

    def reserve(self, seconds: float) -> bool:
        """Take the expected cost of some work off what may be planned.

        False, and nothing taken, where it does not fit.
        """
        if seconds > self.planned or time.monotonic() > self.deadline:
            return False
        self.planned -= seconds
        return True

    def extend(self, seconds: float) -> None:
        """Allow more work to be planned."""
        self.planned += seconds
