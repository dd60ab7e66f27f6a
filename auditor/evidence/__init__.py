"""What several checks share, computed at most once and only when asked for."""

from auditor.evidence.evidence import Evidence

__all__ = ["Evidence"]
