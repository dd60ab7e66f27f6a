"""The eight ways in which a square can be mirrored and turned."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

#: Transpose first, then flip rows and columns.
TURNS: tuple[tuple[bool, bool, bool], ...] = (
    (False, False, False), (False, False, True), (False, True, False), (False, True, True),
    (True, False, False), (True, True, True), (True, False, True), (True, True, False),
)  # fmt: skip
TURN_NAMES = (
    "", "mirrored", "upside down", "half turn",
    "mirrored, quarter turn", "mirrored, quarter turn", "quarter turn", "quarter turn",
)  # fmt: skip
#: The turn that undoes each turn: all but the two quarter turns undo themselves.
INVERSE = np.array([0, 1, 2, 3, 4, 5, 7, 6])


def turn_pictures(pictures: npt.NDArray[Any], turn: int) -> npt.NDArray[Any]:
    """Return square pictures ``(n, side, side)`` under one of the `TURNS`.

    Examples
    --------
    >>> turn_pictures(np.array([[[1, 2], [3, 4]]]), 1).tolist()
    [[[2, 1], [4, 3]]]
    """
    transpose, flip_rows, flip_columns = TURNS[turn]
    if transpose:
        pictures = pictures.transpose(0, 2, 1)
    return pictures[:, :: -1 if flip_rows else 1, :: -1 if flip_columns else 1]
