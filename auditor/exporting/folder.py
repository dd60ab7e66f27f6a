"""A folder that appears when it is complete, in the place of an earlier export and of nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from auditor.splitting.export import renamed_at_the_end


def is_export(target: Path, patterns: Sequence[str]) -> bool:
    """Whether a folder holds files of an export and nothing else, so that it may be replaced."""
    return all(
        not p.is_symlink()
        and (p.is_dir() or any(p.relative_to(target).match(pattern) for pattern in patterns))
        for p in target.rglob("*")
    )


def new_folder(target: Path, patterns: Sequence[str]) -> AbstractContextManager[Path]:
    """Give a temporary folder beside the target, and rename it when all is written.

    Parameters
    ----------
    target : Path
        New, empty or an earlier export.
    patterns : sequence of str
        What the files of an export are called, relative to the folder.

    Raises
    ------
    OutputError
        The target holds something else, or cannot be written.
    """
    return renamed_at_the_end(target, lambda folder: is_export(folder, patterns))
