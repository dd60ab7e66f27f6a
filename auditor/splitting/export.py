"""A plan in the forms that training code reads: table, folders, index arrays, ``PredefinedSplit``."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import numpy.typing as npt
import pandas as pd

from auditor.dataset import LocalFiles, shown_name
from auditor.errors import MissingExtraError, OutputError, UsageError
from auditor.outputs import csv_bytes, read_csv, refuse_inside, write_set
from auditor.splitting.certificate import part_column, parts_of
from auditor.splitting.plan import Plan

if TYPE_CHECKING:
    from sklearn.model_selection import PredefinedSplit

How = Literal["hardlink", "symlink", "copy"]

#: Which image each file of an exported tree is.
NAMES = "names.csv"

#: Bytes of the name of a file or folder: most file systems take 255, and a number may be added. Hexadecimal digits of
#: the digest that tells long names apart.
LONGEST, DIGEST = 240, 12
#: What cannot be in the name of a folder on every system, and the percent sign that the others are written
#: with.
UNSAFE = re.compile(r'[\x00-\x1f<>:"/\\|?*%]|^\.|[. ]$')


def _refuse_source(plan: Plan, target: Path) -> None:
    """Refuse a place inside a folder of data: what is written there would be read as data the next time."""
    source = plan.dataset.source
    if not isinstance(source, LocalFiles) or plan.dataset.kind == "table":
        return
    refuse_inside(target, Path(source.root))


def _is_export(target: Path) -> bool:
    """Whether a folder holds an export of ours and nothing else, so that it may be replaced."""
    listing = target / NAMES
    if not listing.is_file():
        return False
    listed = {*read_csv(listing)["file"], NAMES}
    return all(
        (p.is_dir() and not p.is_symlink()) or p.relative_to(target).as_posix() in listed
        for p in target.rglob("*")
    )


@contextmanager
def renamed_at_the_end(target: Path, is_export: Callable[[Path], bool]) -> Iterator[Path]:
    """Give a temporary folder beside the target, and rename it when all is written.

    A target that exists is empty or an earlier export.

    Raises
    ------
    OutputError
        The target holds something that ``is_export`` does not know, or cannot be written.
    """
    try:
        if target.exists() and not (target.is_dir() and (not any(target.iterdir()) or is_export(target))):
            raise OutputError(
                expected="a new or empty folder",
                received=f"'{target}', which is not",
                hint="name another folder, or empty this one",
            )
        target.parent.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    except (OSError, ValueError, KeyError) as error:
        raise OutputError(
            expected="a folder to write to", received=f"'{target}' ({error})", hint="name another one"
        ) from None
    old = made.with_name(made.name + "-old")
    try:
        yield made
        made.chmod(0o755)
        if target.exists():
            target.rename(old)
        made.rename(target)
    except OSError as error:
        raise OutputError(
            expected="a folder to write to",
            received=f"'{target}' ({error.strerror or error})",
            hint="name another one",
        ) from error
    finally:
        shutil.rmtree(made, ignore_errors=True)
        shutil.rmtree(old, ignore_errors=True)


def export_table(plan: Plan, folder: str | Path) -> tuple[Path, Path]:
    """Write ``split.csv`` and its certificate ``split.json``; returns both paths.

    Raises
    ------
    OutputError
        They cannot be written, or the folder is inside the data.
    """
    place = Path(folder)
    _refuse_source(plan, place)
    facts = json.dumps(plan.facts, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    write_set(
        place,
        {
            "split.csv": lambda: csv_bytes(plan.table),
            "split.json": lambda: facts.encode("utf-8", "backslashreplace"),
        },
    )
    return place / "split.csv", place / "split.json"


def folder_name(label: str) -> str:
    """Return a class's name as the name of a folder: odd characters percent-encoded, a long one shortened.

    Examples
    --------
    >>> folder_name("t-shirt"), folder_name("../a"), folder_name("50%")
    ('t-shirt', '%2E.%2Fa', '50%25')
    """
    return _shortened(_encoded(label))


def _encoded(name: str) -> str:
    return UNSAFE.sub(lambda m: "".join(f"%{b:02X}" for b in m.group().encode()), name)


def _shortened(name: str, suffix: str = "") -> str:
    """Return a name that file systems take.

    A name of more than `LONGEST` bytes keeps its beginning, and a digest of the whole follows.
    """
    if len((name + suffix).encode()) <= LONGEST:
        return name + suffix
    digest = hashlib.sha256(name.encode()).hexdigest()[:DIGEST]
    room = LONGEST - len(suffix.encode()) - DIGEST - 1
    return f"{name.encode()[:room].decode('utf-8', 'ignore')}~{digest}{suffix}"


def _file_names(paths: Iterable[str]) -> list[str]:
    """Return a file name for each path, numbered so that each is unique where case does not count."""
    taken: set[str] = set()
    names = []
    for path in paths:
        whole = PurePosixPath(_encoded(PurePosixPath(str(path)).name))
        name, number = _shortened(whole.stem, whole.suffix), 1
        stem, suffix = PurePosixPath(name).stem, PurePosixPath(name).suffix
        while name.casefold() in taken:
            number += 1
            name = f"{stem}~{number}{suffix}"
        taken.add(name.casefold())
        names.append(name)
    return names


def _put(plan: Plan, path: str, to: Path, how: How) -> None:
    source = plan.dataset.source
    if not isinstance(source, LocalFiles):
        to.write_bytes(source.read(path))
        return
    file = source.locate(path)
    if how == "symlink":
        to.symlink_to(file.absolute())
    elif how == "hardlink":
        to.hardlink_to(file.resolve())
    else:
        shutil.copyfile(file, to)


def export_tree(plan: Plan, folder: str | Path, how: How = "hardlink") -> Path:
    """Write a tree ``train/<class>/<image>``, which ``keras.utils.image_dataset_from_directory`` reads.

    Every class has a folder in every part, so that the numbers of the classes agree. Training images that
    share a group or a duplicate set with validation or test are left out, as in `Plan.usable`. A split into
    folds becomes folders named ``fold-0``, ``fold-1``, ... Besides the images there is ``names.csv`` with
    ``file, path``.

    Parameters
    ----------
    plan : Plan
    folder : path
        New, empty or an earlier export, which is replaced; outside the data.
    how : {"hardlink", "symlink", "copy"}
        Hard links take no room, but share their bytes with the originals: use copies where images are going
        to be edited in place.

    Raises
    ------
    UsageError
        No such way, or links to data that is not in files.
    OutputError
        It cannot be written; hard links need the same file system.
    """
    if how not in get_args(How):
        raise UsageError(
            expected=f"one of {', '.join(get_args(How))}", received=f"'{how}'", hint="'copy' works everywhere"
        )
    if how != "copy" and not isinstance(plan.dataset.source, LocalFiles):
        raise UsageError(
            expected="images in files, to link to", received=f"'{plan.dataset.location}'", hint="use 'copy'"
        )
    target = Path(folder)
    _refuse_source(plan, target)
    folds = "fold" in plan.table.columns
    table = plan.table[plan.table["fold"] != ""] if folds else plan.usable
    column = part_column(table)
    classes = sorted(set(table["label"]))
    source = plan.dataset.source
    names = source.names if isinstance(source, LocalFiles) else {}  # with the endings that paths may lack
    with renamed_at_the_end(target, _is_export) as made:
        listed: list[tuple[str, str]] = []
        for part in parts_of(table):
            top = f"fold-{part}" if folds and part.isdigit() else part
            for label in classes:
                inside = f"{top}/{folder_name(label)}"
                (made / inside).mkdir(parents=True)
                paths = table.loc[(table[column] == part) & (table["label"] == label), "path"]
                files = [shown_name(names.get(path, path)) for path in paths]
                for path, name in zip(paths, _file_names(files), strict=True):
                    _put(plan, str(path), made / inside / name, how)
                    listed.append((f"{inside}/{name}", str(path)))
        (made / NAMES).write_bytes(csv_bytes(pd.DataFrame(listed, columns=["file", "path"])))
    return target


def export_indices(plan: Plan) -> dict[str, npt.NDArray[np.int64]]:
    """Return the row numbers of `Plan.table` that each part holds; training rows that leak are left out.

    Examples
    --------
    ``x[indices["train"]]`` are the training rows of an array whose rows follow the table.
    """
    table = plan.table[plan.table["fold"] != ""] if "fold" in plan.table.columns else plan.usable
    column = part_column(table)
    return {part: table.index[table[column] == part].to_numpy(dtype=np.int64) for part in parts_of(table)}


def export_folds(plan: Plan) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
    """Return (train, test) row numbers per fold, as scikit-learn's ``cv=`` takes them.

    Three parts give one pair of train and val. Test images of a split into parts, and those that
    were kept aside from folds, are in none.
    """
    indices = export_indices(plan)
    if "fold" not in plan.table.columns:
        empty = np.empty(0, np.int64)
        return [(indices.get("train", empty), indices.get("val", empty))]
    numbered = {p: rows for p, rows in indices.items() if p != "test"}
    return [
        (np.sort(np.concatenate([r for q, r in numbered.items() if q != p])), rows)
        for p, rows in numbered.items()
    ]


def export_predefined_split(plan: Plan) -> tuple[npt.NDArray[np.int64], PredefinedSplit]:
    """Return the rows of `Plan.table` to train and validate on, and a ``PredefinedSplit`` over them.

    Of three parts the one fold is val, and test is not among the rows.

    Raises
    ------
    MissingExtraError
        scikit-learn is not installed.
    """
    try:
        from sklearn.model_selection import PredefinedSplit
    except ImportError:
        raise MissingExtraError.of("scikit-learn", "train") from None

    indices = export_indices(plan)
    code = np.full(len(plan.table), -2, dtype=np.int64)
    for part, rows in indices.items():
        if part != "test":
            code[rows] = int(part) if part.isdigit() else {"train": -1, "val": 0}[part]
    rows = np.flatnonzero(code > -2)
    return rows, PredefinedSplit(code[rows])
