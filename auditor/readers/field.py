"""Unlabelled images from where the model will be used, added to a data set as a split of their own."""

from __future__ import annotations

from dataclasses import dataclass

from auditor.dataset import Dataset, FileStat, Source, is_native

#: Put before the paths of field images, so that they never collide with those of the data set.
PREFIX = "field:"


@dataclass(frozen=True, slots=True)
class WithField:
    """Bytes of a data set and of its field images."""

    data: Source
    field: Source

    @property
    def native(self) -> bool:
        """Whether reading may end the process."""
        return is_native(self.data) or is_native(self.field)

    def _at(self, path: str) -> tuple[Source, str]:
        return (self.field, path.removeprefix(PREFIX)) if path.startswith(PREFIX) else (self.data, path)

    def read(self, path: str) -> bytes:
        """Return the bytes of one image."""
        source, inside = self._at(path)
        return source.read(inside)

    def stat(self, path: str) -> FileStat:
        """Return size and time of modification."""
        source, inside = self._at(path)
        return source.stat(inside)


def with_field(dataset: Dataset, field: Dataset) -> Dataset:
    """Return the data set with the images of ``field``: their split, no label, paths after ``field:``."""
    from dataclasses import replace

    import pandas as pd

    added = field.samples[["path"]].assign(
        path=PREFIX + field.samples["path"], label="", split="field", group=""
    )
    samples = pd.concat([dataset.samples, added], ignore_index=True)
    for column in samples.columns[samples.isna().any()]:
        samples[column] = samples[column].where(samples[column].notna(), "")
    return replace(
        dataset,
        samples=samples.sort_values("path", ignore_index=True),
        order=None,
        source=WithField(dataset.source, field.source),
        ignored=(*dataset.ignored, *(PREFIX + path for path in field.ignored)),
    )
