"""Which colour a split has, the same in every chart.

Colours themselves are named in `templates/styles/variables.css` alone.
"""

from __future__ import annotations

from auditor.record import SPLITS

#: Numbers of colours there are for splits with other names.
OTHERS = 4


def series_number(split: str, position: int = 0) -> int:
    """Return the number of a split's colour; splits without a standard name take the later ones in turn.

    Examples
    --------
    >>> [series_number(s) for s in ("train", "val", "test", "field", "")], series_number("north", 1)
    ([0, 1, 2, 3, 0], 5)
    """
    if split in SPLITS:
        return SPLITS.index(split)
    return 0 if split in ("", "all") else len(SPLITS) + position % OTHERS
