"""Facts and measures of many files, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from auditor.scanning.schema import MEASURES, Facts

if TYPE_CHECKING:
    import pandas as pd

#: NumPy's types of the fields of `Facts`, by the type of their defaults.
_TYPES: dict[type, Any] = {str: object, int: np.int64, bool: np.bool_, float: np.float64}
#: Facts that have few values in a data set: rows with the same value share one string.
REPETITIVE = frozenset({"status", "reason", "format", "mode", "defect", "private", "decoders", "exif_camera"})


@dataclass(frozen=True, slots=True, eq=False)
class Columns:
    """Facts and measures of n files.

    Attributes
    ----------
    facts : dict of ndarray, each of shape (n,)
        By the names of the fields of `Facts`, in their order.
    measures : ndarray of float64, shape (n, number of `MEASURES`)
    """

    facts: Mapping[str, npt.NDArray[Any]]
    measures: npt.NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.measures)

    @classmethod
    def of(cls, facts: Sequence[Facts], measures: npt.NDArray[np.float64]) -> Columns:
        """Return the columns of rows."""
        columns = list(zip(*facts, strict=True)) or [()] * len(Facts._fields)
        typed = zip(Facts._fields, columns, Facts(), strict=True)
        return cls(
            {name: np.array(column, dtype=_TYPES[type(default)]) for name, column, default in typed}, measures
        )

    @classmethod
    def of_table(cls, table: pd.DataFrame) -> Columns:
        """Return the columns of a table that has `frame`'s."""
        import pandas as pd

        facts = {}
        for name, default in zip(Facts._fields, Facts(), strict=True):
            column = table[name].to_numpy(dtype=_TYPES[type(default)])
            if name in REPETITIVE:
                codes, names = pd.factorize(column)
                column = np.asarray(names, dtype=object)[codes]
            facts[name] = column
        return cls(facts, table[[m.name for m in MEASURES]].to_numpy(dtype=np.float64))

    @classmethod
    def joined(cls, pieces: Sequence[Columns]) -> Columns:
        """Return the columns of all rows of some pieces."""
        pieces = [cls.of([], np.empty((0, len(MEASURES)))), *pieces]
        facts = {name: np.concatenate([piece.facts[name] for piece in pieces]) for name in Facts._fields}
        return cls(facts, np.concatenate([piece.measures for piece in pieces]))

    def take(self, rows: npt.NDArray[Any]) -> Columns:
        """Return some rows, by their places or by a mask."""
        return Columns({name: column[rows] for name, column in self.facts.items()}, self.measures[rows])

    def row(self, place: int) -> tuple[Facts, npt.NDArray[np.float64]]:
        """Return facts and measures of one row."""
        values = (column[place] for column in self.facts.values())
        return Facts(
            *(value.item() if isinstance(value, np.generic) else value for value in values)
        ), self.measures[place]

    def frame(self) -> pd.DataFrame:
        """Return the rows as a table: the facts, then the measures."""
        import pandas as pd

        return pd.DataFrame({**self.facts, **{m.name: self.measures[:, k] for k, m in enumerate(MEASURES)}})


__all__ = ["Columns"]
