"""Splits that do not leak: plan, certificate, verification, repair, export."""

from auditor.splitting.export import (
    export_folds,
    export_indices,
    export_predefined_split,
    export_table,
    export_tree,
)
from auditor.splitting.plan import Plan, plan_split
from auditor.splitting.ratios import parse_ratios
from auditor.splitting.verify import read_certificate, read_plan, read_split, verify_split

__all__ = [
    "Plan",
    "export_folds",
    "export_indices",
    "export_predefined_split",
    "export_table",
    "export_tree",
    "parse_ratios",
    "plan_split",
    "read_certificate",
    "read_plan",
    "read_split",
    "verify_split",
]
