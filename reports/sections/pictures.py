"""Pictures on the page: each is embedded once, and shown wherever it is needed."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from auditor.record import Record
from auditor.reports.reviewed import decided_paths
from auditor.reports.wording import fitted

#: Bytes of embedded pictures at most (base64): two thirds of the 5 MB that a report may weigh.
BUDGET = 3_300_000
#: Width of a file name that fits below a thumbnail, in letters.
NAME = 12.0


@dataclass(frozen=True, slots=True)
class Picture:
    """An image of the data set as it is shown.

    ``thumb`` numbers the embedded picture, ``item`` the entry for reviewing.
    """

    path: str
    label: str
    split: str
    thumb: int | None
    item: int

    @property
    def name(self) -> str:
        """The file's name, without its middle where it is long."""
        return fitted(self.path.rsplit("/", 1)[-1].rsplit(".", 1)[0], NAME)

    @property
    def text(self) -> str:
        """What is said to a reader who does not see the picture."""
        return ", ".join(
            part for part in (self.path, self.label and f"class {self.label}", self.split) if part
        )


class Pictures:
    """Hands out pictures while a page is built; remembers which to embed, numbered from ``first``."""

    def __init__(self, record: Record, *, shown: bool = True, budget: int = BUDGET, first: int = 0) -> None:
        self._images, self._budget, self._first = record.images, budget, first
        self._thumbnails: Mapping[str, bytes] = record.thumbnails if shown else {}
        self.embedded: dict[str, int] = {}
        self.items: dict[str, Picture] = {}
        self.left_out = 0
        self.decided = decided_paths(record.images)

    @cached_property
    def _rows(self) -> pd.Index[Any]:
        paths: pd.Index[Any] = pd.Index(self._images["path"].to_numpy(dtype=object))
        return paths

    def show(self, path: str) -> Picture:
        """Return the picture of a path.

        Without an embedded thumbnail where there is none or no room for it.
        """
        if path not in self.items:
            label, split = self._facts(path)
            self.items[path] = Picture(path, label, split, self.embed(path), len(self.items))
        return self.items[path]

    def embed(self, path: str) -> int | None:
        """Return the number of the embedded thumbnail of a path, or of another key of the thumbnails."""
        if path in self.embedded:
            return self.embedded[path]
        data = self._thumbnails.get(path)
        if data is None:
            return None
        size = 4 * len(data) // 3 + 100
        if size > self._budget:
            self.left_out += 1
            return None
        self._budget -= size
        return self.embedded.setdefault(path, self._first + len(self.embedded))

    def sources(self) -> list[tuple[int, str]]:
        """Return number and base64 of each embedded thumbnail."""
        return [
            (k, base64.b64encode(self._thumbnails[path]).decode("ascii")) for path, k in self.embedded.items()
        ]

    def _facts(self, path: str) -> tuple[str, str]:
        at = self._rows.get_indexer_for(pd.Index([path]))
        if not len(at) or at[0] < 0:
            return "", ""
        row = self._images.iloc[int(at[0])]
        return str(row["label"]), str(row["split"])
