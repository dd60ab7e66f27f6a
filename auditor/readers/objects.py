"""Python objects that hold pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from auditor.errors import DataError
from auditor.readers import arrays, frame, huggingface, keras_arguments, pipeline
from auditor.readers.layout import refuse_columns
from auditor.readers.temporary import temporary_folder

if TYPE_CHECKING:
    from auditor.dataset import Dataset
    from auditor.readers import Columns


def open_object(data: object, columns: Columns) -> Dataset:
    """Return the data set of an object: ``(x, y)`` arrays, a mapping of splits to such pairs, a pandas
    DataFrame with a column ``path``, a ``datasets.Dataset`` or ``DatasetDict``, a ``tf.data.Dataset`` or a
    mapping of splits to some, or the arguments of ``keras.utils.image_dataset_from_directory`` as a dict.

    Raises
    ------
    DataError
        It is nothing that is understood.
    """
    if type(data).__module__.startswith("datasets."):
        return _from_huggingface(data, columns)
    if frame.is_frame(data):
        return frame.read(data, columns)  # type: ignore[arg-type]
    if keras_arguments.is_arguments(data):
        refuse_columns(columns, "arguments of image_dataset_from_directory")
        return keras_arguments.read(data)  # type: ignore[arg-type]
    if pipeline.is_pipeline(data) or (
        isinstance(data, Mapping) and data and all(map(pipeline.is_pipeline, data.values()))
    ):
        refuse_columns(columns, "a tf.data.Dataset")
        return pipeline.read(data)
    if isinstance(data, (tuple, list, Mapping)):
        refuse_columns(columns, "arrays")
        return arrays.from_python(data)
    raise DataError(
        expected="a folder, an archive, a table, a DataFrame, or arrays (x, y)",
        received=f"an object of type {type(data).__name__}",
        hint="give its path, or auditor.open({'train': (x_train, y_train), 'test': (x_test, y_test)})",
    )


def _from_huggingface(data: Any, columns: Columns) -> Dataset:
    """Write a ``datasets.Dataset`` as temporary Parquet, which works whatever it is backed by, and read
    that.
    """
    parts = data if isinstance(data, Mapping) else {str(data.split or "all"): data}
    folder = temporary_folder()
    for part, table in parts.items():
        table.to_parquet(folder / f"{part}-00000.parquet")
    if not huggingface.reads(folder):
        raise DataError(
            expected="a datasets.Dataset with a column of images",
            received=f"the columns {', '.join(next(iter(parts.values())).column_names)}",
            hint="cast it: dataset.cast_column('image', datasets.Image())",
        )
    return replace(huggingface.read(folder, columns), name="dataset", location="dataset")
