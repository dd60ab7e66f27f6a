"""Files that no decoder opens, absent ones included; and files that open though something is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import ClassVar

from auditor.checks.file_share import Wording, counted, file_finding
from auditor.evidence import Evidence
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

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about unreadable files; and, where there are any, about corrupt data and about bytes behind the picture."""
        images = evidence.images
        broken = (images["status"] == "unreadable").to_numpy(dtype=bool)
        kinds = images["defect"].to_numpy(dtype=object)[broken]
        words = Wording(
            title="Some images cannot be read",
            fine="Every image can be read",
            has="cannot be decoded",
            more=f"By kind: {counted(kinds)}.",
            why="A training run stops at the first of them, or quietly leaves it out.",
            fix=Fix(
                text="Restore them from the original, or drop them: the planned split leaves them out.",
                command="auditor split DATA -o OUT",
            ),
            details={
                "kinds": {k: int((kinds == k).sum()) for k in sorted(set(kinds))},
                "reasons": _reasons(evidence),
            },
        )
        yield file_finding(
            evidence,
            self.code,
            broken,
            words,
            effect="share of unreadable images",
            warn_share=self.warn_share,
            error_share=self.error_share,
        )
        corrupt = (images["defect"] == "corrupt-data").to_numpy(dtype=bool)
        if corrupt.any():
            words = Wording(
                title="Some images are damaged though they open",
                fine="",
                has="hold picture data that is corrupt in places; libraries show it without a word",
                why="Part of such a picture is shifted, grey or of wrong colour, and the model learns that.",
                fix=Fix(text="Look at them; copy them again from the original, or drop them."),
            )
            found = file_finding(
                evidence,
                self.code,
                corrupt,
                words,
                effect="share of damaged images",
                warn_share=self.warn_share,
            )
            yield replace(found, scope="damaged")
        behind = images["trailing"].to_numpy(dtype=float)
        if (behind > 0).any():
            words = Wording(
                title="Some files go on after their picture ends",
                fine="",
                has="have further bytes behind the end of the picture, which no image library reads",
                more=f"{behind.sum():,.0f} bytes in all, at most {behind.max():,.0f} in one file.",
                why="Phones and editors append it, or a second file was glued on. It may hold what you do not mean to share.",
                fix=Fix(text="Save such images again if you share the data."),
            )
            found = file_finding(
                evidence,
                self.code,
                behind > 0,
                words,
                effect="share of files with trailing bytes",
                warn_share=None,
                score=behind,
            )
            yield replace(found, scope="trailing-bytes")


def _reasons(evidence: Evidence) -> dict[str, str]:
    """Return the reason of each unreadable image, the first hundred by path."""
    broken = evidence.images.loc[evidence.images["status"] == "unreadable", ["path", "reason"]].head(100)
    return dict(zip(broken["path"].tolist(), broken["reason"].tolist(), strict=True))
