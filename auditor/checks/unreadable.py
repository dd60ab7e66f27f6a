"""Files that no decoder opens, absent ones included, and files that open though something is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.examples import count_values
from auditor.checks.shares import find_share
from auditor.evidence import Evidence
from auditor.finding import Finding

#: Unreadable images whose reason is kept in the details: enough to look at, however many there are.
MOST_REASONS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable(Check):
    """Files that no decoder opens, absent ones included.

    Parameters
    ----------
    warn_share : float
        Share of the files over which it is a warning: one stops a training run.
    error_share : float
        Share of the files over which it is an error: one in a hundred points at the way the data was copied.
    """

    code = "unreadable"
    family = "Files"
    measured = (
        "Each file is decoded once, in a process that may die of it. Graded is the share of all files that "
        "gave no picture. Bytes behind a picture, checksums and data that decoders forgive are counted from "
        "the structure of the file."
    )
    limits = (
        "A file that decodes may still be damaged in the middle of its data; `truncated` sees what can be "
        "seen of that."
    )
    words = Wording(
        found="Some images cannot be read",
        fine="Every image can be read",
        why="A training run stops at the first of them, or quietly leaves it out.",
        fix="Restore them from the original, or drop them: the planned split leaves them out.",
        command="auditor split DATA -o OUT",
    )
    damaged = Wording(
        found="Some images open but are damaged",
        fine="No image is damaged",
        why="Part of such a picture is shifted, grey or of wrong colour, and the model learns that.",
        fix="Look at them; copy them again from the original, or drop them.",
    )
    trailing_bytes = Wording(
        found="Some files go on after their picture",
        fine="Every file ends with its picture",
        why=(
            "Phones and editors append it, or a second file was glued on. It may hold what you do not mean "
            "to share."
        ),
        fix="Save such images again if you share the data.",
    )

    warn_share: float = 0.0
    error_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield a finding about unreadable files, and of corrupt data and trailing bytes if there are any."""
        images = evidence.images
        broken = (images["status"] == "unreadable").to_numpy(dtype=bool)
        kinds, counts = np.unique(images["defect"].to_numpy(dtype=str)[broken], return_counts=True)
        reasons = images.loc[broken, ["path", "reason"]].head(MOST_REASONS)
        yield find_share(
            self, evidence, broken, "share of unreadable images", "cannot be decoded", "cannot be decoded",
            warn_share=self.warn_share, error_share=self.error_share,
            more=f"By kind: {count_values(images['defect'].to_numpy(dtype=object)[broken])}.",
            details={
                "kinds": dict(zip(kinds.tolist(), counts.tolist(), strict=True)),
                "reasons": dict(zip(reasons["path"].tolist(), reasons["reason"].tolist(), strict=True)),
            },
        )  # fmt: skip
        corrupt = (images["defect"] == "corrupt-data").to_numpy(dtype=bool)
        if corrupt.any():
            data = "picture data that is corrupt in places; libraries show it without a word"
            yield find_share(
                self, evidence, corrupt, "share of damaged images", f"holds {data}", f"hold {data}",
                warn_share=self.warn_share, words=self.damaged, scope="damaged",
            )  # fmt: skip
        behind = images["trailing"].to_numpy(dtype=float)
        if (behind > 0).any():
            more = "further bytes behind the end of the picture, which no image library reads"
            yield find_share(
                self, evidence, behind > 0, "share of files with trailing bytes", f"has {more}",
                f"have {more}",
                warn_share=None, score=behind, words=self.trailing_bytes, scope="trailing-bytes",
                more=f"They are {behind.sum():,.0f} bytes in all, at most {behind.max():,.0f} in one file.",
            )  # fmt: skip
