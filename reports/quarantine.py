"""Putting dropped files aside with a journal, and moving them back: no file is ever lost or overwritten."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

from auditor.dataset import Dataset, LocalFiles
from auditor.errors import DataError, OutputError, UsageError
from auditor.outputs import make_folder, write_file
from auditor.reports.decisions import SCHEMA, Decisions

#: The journal of a quarantine: what was moved where.
JOURNAL = "auditor-quarantine.json"
KIND = "auditor-quarantine"
#: What `os.link` says where a file cannot have two names: another disk, or a file system without links.
NO_LINK = (errno.EXDEV, errno.EPERM, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EACCES, errno.EMLINK)


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """A file's old place, absolute; its place in the quarantine, relative to the journal; and its content.

    ``content`` is the SHA-256 of the bytes, or where a symbolic link points to.
    """

    origin: str
    place: str
    content: str


def quarantine(dataset: Dataset, decisions: Decisions, folder: str | Path) -> Path:
    """Move the dropped files into a folder, under their own paths; returns the journal that undoes it.

    A file that an image which is kept needs too (it is listed twice, or a link leads to it) stays where it
    is. The journal is written before the first file moves, so a move that is broken off can be undone.

    Raises
    ------
    UsageError
        The data is no plain files, or the folder already holds a quarantine.
    DataError
        A file to move is not where it should be.
    OutputError
        The folder holds something else, or a file cannot be moved.
    """
    folder, source = Path(folder), dataset.source
    if not isinstance(source, LocalFiles):
        raise UsageError(
            expected="data that is plain files",
            received=f"'{dataset.location}'",
            hint="leave --quarantine away: the manifest alone drops images",
        )
    journal = folder / JOURNAL
    if journal.exists():
        raise UsageError(
            expected="a quarantine folder without a journal",
            received=f"'{folder}'",
            hint=f"undo it with --undo {journal}, or name another",
        )
    dropped = set(decisions.paths("drop"))
    kept = [source.locate(p) for p in dataset.samples["path"] if p not in dropped]
    moves = _plan_moves({path: source.locate(path) for path in sorted(dropped)}, kept, folder)
    make_folder(folder)  # marked, so that it is no class where it is inside the data
    body = {
        "schema": SCHEMA,
        "kind": KIND,
        "fingerprint": decisions.fingerprint,
        "moves": [asdict(m) for m in moves],
        "digest": _digest(moves),
    }
    text = json.dumps(body, ensure_ascii=False, indent=2) + "\n"
    write_file(journal, text.encode("utf-8", "surrogateescape"))
    for move in moves:
        _move(Path(move.origin), folder / move.place, move.content)
    return journal


def _plan_moves(dropped: dict[str, Path], kept: Iterable[Path], folder: Path) -> list[Move]:
    """Return a move for each file that no kept image needs, each to a place of its own."""
    needed = {place for path in kept for place in (_entry(path), path.resolve())}
    moves: dict[Path, Move] = {}
    taken: set[str] = set()
    for path, file in dropped.items():
        if not file.is_file():
            raise DataError(
                expected=f"the file '{path}'",
                received="it is not there",
                hint="audit the data again: it has changed",
            )
        origin = _entry(file)
        if origin in needed or origin in moves:
            continue
        place = _free_place(path, taken, folder)
        moves[origin] = Move(origin=str(origin), place=place, content=_content(origin))
    return list(moves.values())


def _entry(file: Path) -> Path:
    """Return where a file's own entry is, links among its folders resolved, the file itself not."""
    return file.absolute().parent.resolve() / file.name


def _free_place(path: str, taken: set[str], folder: Path) -> str:
    """Return a place in the quarantine for a path of the data: the same path, numbered where it is taken."""
    parts = [part for part in Path(path).parts if part not in ("..", Path(path).anchor)]
    plain = Path(*parts)
    place, number = plain, 1
    while place.as_posix().casefold() in taken or os.path.lexists(folder / place):
        number += 1
        place = plain.with_name(f"{plain.stem}~{number}{plain.suffix}")
    taken.add(place.as_posix().casefold())
    return place.as_posix()


def _content(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, or where a symbolic link points to."""
    if file.is_symlink():
        return f"link to {file.readlink()}"
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _digest(moves: Sequence[Move]) -> str:
    """Return a digest that tells an edited journal from the one that was written."""
    text = json.dumps([asdict(m) for m in moves], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def undo_quarantine(journal: str | Path) -> int:
    """Move every file of a quarantine back, and remove the journal; returns how many came back.

    All moves are tried out before the first is made.

    Raises
    ------
    DataError
        This is no journal as auditor wrote it, or a file is neither here nor there, or both.
    OutputError
        A file cannot be moved.
    """
    journal = Path(journal)
    journal = journal / JOURNAL if journal.is_dir() else journal
    moves = _read_journal(journal)
    waiting = [m for m in moves if _must_return(journal.parent / m.place, Path(m.origin), m.content)]
    for move in waiting:
        _refuse_unwritable(Path(move.origin))
    for move in waiting:
        _move(journal.parent / move.place, Path(move.origin), move.content)
    journal.unlink()
    _remove_empty_folders(journal.parent, moves)
    return len(waiting)


def _read_journal(journal: Path) -> list[Move]:
    try:
        text = journal.read_bytes().decode("utf-8", "surrogateescape")
        content = json.loads(text)
        moves = [Move(**m) for m in content["moves"]]
        whole = content["kind"] == KIND and content["digest"] == _digest(moves)
        inside = all(not Path(m.place).is_absolute() and ".." not in Path(m.place).parts for m in moves)
        if not whole or not inside or len({m.origin for m in moves}) < len(moves):
            raise ValueError("it was changed after it was written")
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataError(
            expected="the journal of a quarantine, as auditor wrote it",
            received=f"'{journal}' ({error})",
            hint=f"name the folder or its {JOURNAL}; move files back by hand where it was edited",
        ) from None
    return moves


def _must_return(here: Path, there: Path, content: str) -> bool:
    """Whether a file waits in the quarantine; refuses where moving it back would lose something."""
    waits, back = os.path.lexists(here), os.path.lexists(there)
    if waits and _content(here) != content:
        raise DataError(
            expected=f"'{here}' as it was put aside",
            received="other content",
            hint="put the file of that time there, or move it back by hand",
        )
    if back and _content(there) != content:
        raise DataError(
            expected=f"nothing at '{there}'",
            received="there is another file",
            hint="move it away first: nothing is overwritten",
        )
    if not waits and not back:
        raise DataError(
            expected=f"the file '{here}'",
            received="it is neither there nor in its old place",
            hint="put it back by hand",
        )
    return waits


def _refuse_unwritable(target: Path) -> None:
    """Refuse a place that cannot be written, before anything is moved."""
    folder = target.parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    if not folder.is_dir() or not os.access(folder, os.W_OK | os.X_OK):
        raise OutputError(
            expected=f"to move a file back to '{target}'",
            received=f"'{folder}', which cannot be written",
            hint="let it be written; nothing was moved",
        )


def _move(here: Path, there: Path, content: str) -> None:
    """Move a file: it is here or there at any moment, nothing is overwritten, its content is checked."""
    try:
        if _content(here) != content:
            raise OSError(errno.ESTALE, "the file has changed meanwhile")
        there.parent.mkdir(parents=True, exist_ok=True)
        if os.path.lexists(there):  # with the same content: a move that was broken off
            if _content(there) != content:
                raise FileExistsError(errno.EEXIST, "there is another file")
        else:
            _copy_name(here, there, content)
        here.unlink()
    except OSError as error:
        raise OutputError(
            expected=f"to move '{here}' to '{there}'",
            received=str(error.strerror or error),
            hint="undo with --undo and the folder; what was moved is in its journal",
        ) from None


def _copy_name(here: Path, there: Path, content: str) -> None:
    """Give a file a second name, or where that cannot be, a copy whose content is checked."""
    try:
        os.link(here, there, follow_symlinks=False)
    except NotImplementedError:
        pass
    except OSError as error:
        if error.errno not in NO_LINK:
            raise
    else:
        return
    part = there.with_name(f".{there.name}.part")
    try:
        shutil.copy2(here, part, follow_symlinks=False)
        if _content(part) != content:
            raise OSError(errno.EIO, "the copy is not what was copied")
        part.rename(there)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)


def _remove_empty_folders(folder: Path, moves: Sequence[Move]) -> None:
    """Remove the folders that the quarantine made and that are empty now."""
    made = {parent for m in moves for parent in (folder / m.place).parents if folder in parent.parents}
    for empty in sorted(made, key=lambda p: -len(p.parts)):
        with suppress(OSError):
            empty.rmdir()


__all__ = ["JOURNAL", "quarantine", "undo_quarantine"]
