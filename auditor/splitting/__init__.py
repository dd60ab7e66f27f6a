"""Splits that do not leak: plan, certificate, verification, repair, export."""

from auditor.splitting.plan import Plan, plan_split
from auditor.splitting.ratios import parse_ratios

__all__ = ["Plan", "parse_ratios", "plan_split"]
