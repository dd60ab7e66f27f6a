"""Pictures with hardly any contrast."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from auditor.checks.per_image import share_finding
from auditor.evidence import Evidence
from auditor.finding import Finding


@dataclass(frozen=True, slots=True, kw_only=True)
class LowContrast:
    """Pictures whose contrast is far below that of the rest."""

    code: ClassVar[str] = "low-contrast"
    needs: ClassVar[frozenset[str]] = frozenset()
    about_splits: ClassVar[bool] = False

    #: Below this share of the data set's median contrast a picture is flat ...
    of_median: float = 1 / 3
    #: ... but never above this RMS contrast (Peli, "Contrast in complex images", JOSA A 7(10), 1990), a share
    #: of white ...
    highest: float = 0.05
    #: ... and always below this one: 2.5 of 255 grey levels.
    lowest: float = 0.01
    #: At 1 % a class of a hundred images loses one.
    warn_share: float = 0.01

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        contrast = evidence.images["contrast"].to_numpy(dtype=float)
        typical = float(np.median(contrast[evidence.readable]))
        limit = min(max(self.of_median * typical, self.lowest), self.highest)
        yield share_finding(
            evidence,
            self.code,
            contrast < limit,
            1 - contrast,
            what="share of flat images",
            warn_share=self.warn_share,
            title="Some images have hardly any contrast",
            fine="No image lacks contrast",
            limit=f"have an RMS contrast under {limit:.3f} of white (the median here is {typical:.3f})",
            why="Fog, flare or a wrong exposure leaves little to tell classes apart by, and normalising it amplifies noise.",
            fix="Look at them; stretch the contrast or drop those in which nothing can be seen.",
            details={"limit": limit, "median": typical},
        )
