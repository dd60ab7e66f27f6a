"""A folder that appears when it is complete, in the place of an earlier export and of nothing else."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from auditor.errors import OutputError


def is_export(target: Path, patterns: Sequence[str]) -> bool:
    """Whether a folder holds files of an export and nothing else, so that it may be replaced."""
    return all(
        not p.is_symlink() and (p.is_dir() or any(p.relative_to(target).match(pattern) for pattern in patterns)) for p in target.rglob("*")
    )


@contextmanager
def new_folder(target: Path, patterns: Sequence[str]) -> Iterator[Path]:
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
    if target.exists() and not (target.is_dir() and is_export(target, patterns)):
        raise OutputError(
            expected="a new or empty folder", received=f"'{target}', which is not", hint="name another folder, or empty this one"
        )
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except (OSError, ValueError) as error:
        raise OutputError(expected="a folder to write to", received=f"'{target}' ({error})", hint="name another one") from None
    old = made.with_name(made.name + "-old")
    try:
        yield made
        made.chmod(0o755)
        if target.exists():
            target.rename(old)
        made.rename(target)
    except OSError as error:
        raise OutputError(
            expected="a folder to write to", received=f"'{target}' ({error.strerror or error})", hint="name another one"
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)
