"""Python objects that hold pictures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from auditor.errors import DataError
from auditor.readers import arrays
from auditor.readers.layout import refuse_columns

if TYPE_CHECKING:
    from auditor.dataset import Dataset
    from auditor.readers import Columns


def open_object(data: object, columns: Columns) -> Dataset:
    """Return the data set of an object: ``(x, y)`` arrays, or a mapping of splits to such pairs.

    Raises
    ------
    DataError
        It is nothing that is understood.
    """
    if isinstance(data, (tuple, list, Mapping)):
        refuse_columns(columns, "arrays")
        return arrays.from_python(data)
    raise DataError(
        expected="a folder, an archive, a table, or arrays (x, y)",
        received=f"an object of type {type(data).__name__}",
        hint="give its path, or auditor.open({'train': (x_train, y_train), 'test': (x_test, y_test)})",
    )
