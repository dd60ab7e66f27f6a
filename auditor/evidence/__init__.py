"""What several checks share, computed at most once and only when asked for."""

from auditor.evidence.scan import Scan

__all__ = ["Scan"]
