"""Comparing two audits."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from auditor.commands.audit import Audit
from auditor.commands.report import load
from auditor.dataset import FileStat, LocalFiles
from auditor.errors import DataError
from auditor.record import Record

if TYPE_CHECKING:
    from auditor.reports.compare import Comparison


def compare(
    old: str | Path | Audit, new: str | Path | Audit, *, output: str | Path | None = None
) -> Comparison:
    """Compare two audits: their images, measures and findings.

    Parameters
    ----------
    old, new : str, Path or Audit
        Output folders, or audits.
    output : str or Path, optional
        File to write: ``.html``, ``.md`` or ``.json``.

    Returns
    -------
    Comparison
        ``.got_worse`` says whether a finding is new, worse or no longer checked.
    """
    from auditor.reports.compare import compare_records
    from auditor.reports.compare_views import format_of, shown_paths, write_comparison

    records = [(side if isinstance(side, Audit) else load(side)).record for side in (old, new)]
    comparison = compare_records(*records)
    if output is not None and format_of(Path(output)) == "html":
        old_paths, new_paths = shown_paths(comparison)
        comparison = dataclasses.replace(
            comparison,
            old=_with_pictures(comparison.old, old_paths),
            new=_with_pictures(comparison.new, new_paths),
        )
    if output is not None:
        write_comparison(comparison, Path(output))
    return comparison


def _with_pictures(record: Record, paths: Sequence[str]) -> Record:
    """Add thumbnails of images whose files are unchanged; the report shows only the names of others."""
    from auditor.reports.thumbnails import make_thumbnails

    place = Path(record.dataset.location)
    missing = set(paths) - record.thumbnails.keys()
    rows = record.images[record.images["path"].isin(missing)]
    files = UnchangedFiles(
        LocalFiles(str(place if place.is_dir() else place.parent)),
        dict(zip(rows["path"], rows["sha256"], strict=True)),
    )
    return dataclasses.replace(
        record, thumbnails={**record.thumbnails, **make_thumbnails(files, rows["path"])}
    )


@dataclass(frozen=True, slots=True)
class UnchangedFiles:
    """Files of an earlier audit; one that has other bytes now is not read."""

    files: LocalFiles
    digests: Mapping[str, str]

    def read(self, path: str) -> bytes:
        """Return the bytes of a file that an audit has seen.

        Raises
        ------
        DataError
            The file has other bytes now.
        """
        content = self.files.read(path)
        if sha256(content).hexdigest() != self.digests[path]:
            raise DataError(
                expected=f"the bytes of {path} that were audited",
                received="others",
                hint="audit the data again",
            )
        return content

    def stat(self, path: str) -> FileStat:
        """Return size and time of modification."""
        return self.files.stat(path)
