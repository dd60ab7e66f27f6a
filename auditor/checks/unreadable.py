"""Files that no decoder opens, absent ones included."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Scan
from auditor.finding import Finding, Fix


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Files that no decoder opens, absent ones included."""

    code: ClassVar[str] = "unreadable"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: One such file stops a training run ...
    warn_share: float = 0.0
    #: ... and one in a hundred points at the way the data was copied.
    error_share: float = 0.01

    def __call__(self, scan: Scan) -> Iterator[Finding]:
        """Yield one finding."""
        images = scan.images
        broken = (images["status"] == "unreadable").to_numpy(dtype=bool)
        kinds = images["defect"].to_numpy(dtype=object)[broken]
        words = Wording(
            title="Some images cannot be read",
            fine="Every image can be read",
            has="cannot be decoded",
            more=f"By kind: {counted(kinds)}.",
            why="A training run stops at the first of them, or quietly leaves it out.",
            fix=Fix(
                text="Restore them from the original, or drop them: the planned split leaves them out.", command="auditor split DATA -o OUT"
            ),
            details={"kinds": {k: int((kinds == k).sum()) for k in sorted(set(kinds))}, "reasons": _reasons(scan)},
        )
        yield file_finding(
            scan, self.code, broken, words, effect="share of unreadable images", warn_share=self.warn_share, error_share=self.error_share
        )


def _reasons(scan: Scan) -> dict[str, str]:
    """Return the reason of each unreadable image, the first hundred by path."""
    broken = scan.images.loc[scan.images["status"] == "unreadable", ["path", "reason"]].head(100)
    return dict(zip(broken["path"].tolist(), broken["reason"].tolist(), strict=True))
