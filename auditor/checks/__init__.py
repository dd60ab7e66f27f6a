"""One file per check; `CHECKS` lists them in the order in which they are run."""

from auditor.checks.base import Check, choose, configure, parameters, run_checks
from auditor.checks.class_imbalance import ClassImbalance

CHECKS: tuple[type[Check], ...] = (ClassImbalance,)

__all__ = ["CHECKS", "Check", "choose", "configure", "parameters", "run_checks"]
