"""Which column of a table holds what: the columns that were named, the usual names, or what the cells look
like."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import TYPE_CHECKING

from auditor.errors import DataError
from auditor.readers.image_names import is_image
from auditor.readers.split_names import split_of
from auditor.readers.values import text_of, texts_of
from auditor.reading import LabelClue, listed

if TYPE_CHECKING:
    import pandas as pd

    from auditor.readers import Columns

#: Names that people give to the column of paths, of labels, of splits: the standard one first, compared
#: without case.
PATH_NAMES = (
    "path", "file_name", "filename", "file_path", "filepath", "file", "image", "image_path", "img_path",
    "imagepath", "img",
    "image_name", "image_file", "image_id", "imageid", "image_index", "picture", "photo", "id_code",
    "isic_id", "id", "name",
)  # fmt: skip
LABEL_NAMES = (
    "label", "class", "target", "category", "labels", "class_name", "classname", "class_label", "label_name",
    "category_name",
    "target_name", "class_id", "label_id", "category_id", "classid",
    "finding_labels", "diagnosis", "diagnose", "dx",  # NIH's chest X-rays, clinics, HAM10000
)  # fmt: skip
SPLIT_COLUMNS = ("split", "subset", "partition", "set", "usage", "data_set", "dataset")
#: Names of columns that often say what must stay together; none is used unless it is named.
GROUP_NAMES = (
    "patient", "patient_id", "patientid", "subject", "subject_id", "participant", "participant_id", "person",
    "person_id", "slide",
    "slide_id", "study", "study_id", "case", "case_id", "session", "session_id", "lesion_id", "video",
    "video_id",
)  # fmt: skip
#: Words in names of columns that say what a picture shows, in the languages of many data sets, and words of
#: columns that say where, when or of whom it was taken.
CLASS_WORDS = re.compile(
    r"(?i)class|klass?e|label|categor|target|diagnos|befund|finding|disease|species|breed|grade|type"
)
NO_CLASS = re.compile(
    r"(?i)(^|[_\W])(site|hospital|cent(er|re)|scanner|device|date|time|sex|age|year)($|[_\W])|Date$"
)
#: Cells looked at to tell whether a column holds paths.
CELLS = 20
#: Columns and rows that are looked at to tell what a column without a usual name is.
LOOKED_AT, ROWS = 200, 10_000
#: Values of one-hot columns, as text.
FLAGS = frozenset({"0", "1", "0.0", "1.0", "False", "True", "false", "true"})
SET = frozenset({"1", "1.0", "True", "true"})


def normal_name(name: str) -> str:
    """Return a column's name for comparison: "File Name", "file_name" and "FileName" are the same."""
    return re.sub(r"[\s_\-]+", "", name.casefold())


def find_column(names: Sequence[str], known: Iterable[str]) -> str | None:
    """Return the first column that bears one of the known names.

    Examples
    --------
    >>> find_column(["Image ID", "Class"], PATH_NAMES), find_column(["x"], PATH_NAMES)
    ('Image ID', None)
    """
    by_name = {normal_name(name): name for name in reversed(names)}
    known = tuple(known)
    exact = next((name for name in known if name in names), None)
    usual = (by_name.get(normal_name(name)) for name in known)
    return exact or next((name for name in usual if name is not None), None)


@dataclass(slots=True)
class Chosen:
    """The columns that were taken, and what is to be said about it."""

    path: str
    label: str | None = None
    split: str | None = None
    group: str | None = None
    one_hot: tuple[str, ...] = ()
    notes: list[str] = field(default_factory=list)
    clues: list[LabelClue] = field(default_factory=list)

    @property
    def used(self) -> set[str]:
        """The columns that are no further facts about the images."""
        return {name for name in (self.path, self.label, self.split, self.group, *self.one_hot) if name}


def choose_columns(
    table: pd.DataFrame, columns: Columns, location: str, is_image_file: Callable[[str], bool]
) -> Chosen:
    """Return the columns of a table that hold path, label, split and group.

    ``is_image_file`` says whether a cell is the path of an image.

    Raises
    ------
    DataError
        A column that is needed, or was named, is not there.
    """
    names = list(table.columns)
    named = {
        option: _named(name, option, names, location) if name else None
        for option, name in (
            ("path", columns.path),
            ("label", columns.label),
            ("split", columns.split),
            ("group", columns.group),
        )
    }  # fmt: skip
    chosen = Chosen(named["path"] or _path_column(table, location, is_image_file))
    if not named["path"] and normal_name(chosen.path) != "path":
        chosen.notes.append(f"Paths are taken from the column '{chosen.path}'; --path names another.")
    free = [name for name in names if name != chosen.path and name not in named.values()]
    chosen.split = named["split"] or _split_column(table, free, chosen)
    chosen.group = named["group"] or find_column(free, ("group",))
    chosen.label = named["label"] or _label_column(
        table, [n for n in free if n not in (chosen.split, chosen.group)], chosen
    )
    if chosen.group is None and (likely := find_column(free, GROUP_NAMES)) and likely not in chosen.used:
        chosen.notes.append(
            f"The column '{likely}' may say what must stay together: --group {shlex.quote(likely)} uses it."
        )
    return chosen


def _named(name: str, option: str, names: Sequence[str], location: str) -> str:
    if name in names:
        return name
    found = find_column(names, (normal_name(name),))
    if found is not None:
        return found
    near = get_close_matches(name, names, 1)
    raise DataError(
        expected=f"a column '{name}' in '{location}'",
        received=f"the columns {_quoted(names)}",
        hint=f"did you mean --{option} {shlex.quote(near[0])}?"
        if near
        else f"name the right one with --{option}",
    )


def _quoted(names: Iterable[str]) -> str:
    return listed((f"'{name}'" for name in names), shown=12)


def _path_column(table: pd.DataFrame, location: str, is_image_file: Callable[[str], bool]) -> str:
    names = list(table.columns)
    standard = find_column(names, ("path",))
    if standard is not None:
        return standard

    def holds(name: str, wanted: Callable[[str], bool]) -> bool:
        return any(cell and wanted(cell) for cell in map(text_of, table[name].head(CELLS)))

    usual = [found for known in PATH_NAMES if (found := find_column(names, (known,)))]
    for name in usual:
        if holds(name, is_image_file):
            return name
    for name in names[:LOOKED_AT]:
        if holds(name, is_image):
            return name
    raise DataError(
        expected=f"a column 'path' in '{location}'",
        received=f"the columns {_quoted(names)}",
        hint=f"name it: --path {shlex.quote(usual[0])}" if usual else "name the column of paths with --path",
    )


def _split_column(table: pd.DataFrame, free: Sequence[str], chosen: Chosen) -> str | None:
    standard = find_column(free, ("split",))
    if standard is not None:
        return standard
    likely = find_column(free, SPLIT_COLUMNS)
    if likely is None:
        return None
    values = set(texts_of(table[likely])) - {""}
    if values and all(map(split_of, values)):
        chosen.notes.append(f"Splits are taken from the column '{likely}'; --split names another.")
        return likely
    if 1 < len(values) <= len(table) // 2:
        chosen.notes.append(
            f"The column '{likely}' may hold the split ({listed(sorted(values))}): --split "
            f"{shlex.quote(likely)} uses it."
        )
    return None


def _label_column(table: pd.DataFrame, free: Sequence[str], chosen: Chosen) -> str | None:
    standard = find_column(free, ("label",))
    if standard is not None:
        return standard
    usual: list[str] = [name for known in LABEL_NAMES if (name := find_column(free, (known,)))]
    label: str | None = next((name for name in usual if _is_categorical(table, name)), None)
    if label is not None:
        others = [name for name in usual if name != label]
        more = f" (there is also '{others[0]}')" if others else ""
        chosen.notes.append(f"Labels are taken from the column '{label}'; --label names another{more}.")
        return label
    flags = [name for name in free[:LOOKED_AT] if set(texts_of(table[name].head(ROWS))) <= FLAGS]
    if len(flags) > 1 and _one_each(table, flags):
        chosen.one_hot = tuple(flags)
        return None
    if len(flags) > 2:
        chosen.clues.append(
            LabelClue(
                found=f"the columns {listed(flags)} hold 0 and 1 alone, but not one 1 in each row",
                advice="write one column of labels; an image that has several gets a list of them",
            )
        )
    rest = [name for name in free[:LOOKED_AT] if name not in flags]
    groups = set(map(normal_name, GROUP_NAMES))
    likely: list[str] = sorted(
        rest,
        key=lambda name: (
            normal_name(name) in groups or NO_CLASS.search(name) is not None,
            CLASS_WORDS.search(name) is None,
            not _is_categorical(table, name),
        ),
    )
    shown = listed((f"'{name}'" for name in likely), shown=6)
    if likely:
        chosen.clues.append(
            LabelClue(
                found="the table has no column 'label', but "
                f"{'the column' if len(likely) == 1 else 'the columns'} {shown}",
                type=f"--label {shlex.quote(likely[0])}",
            )
        )
    return None


def _is_categorical(table: pd.DataFrame, name: str) -> bool:
    """Whether a column repeats its values, as labels do; of a short table nothing is said."""
    values = table[name].head(ROWS)
    return len(values) < 10 or len(set(texts_of(values)) - {""}) <= len(values) / 2


def _one_each(table: pd.DataFrame, flags: Sequence[str]) -> bool:
    total = flag_column(table[flags[0]])
    for name in flags[1:]:
        total = total + flag_column(table[name])
    return bool((total == 1).all())


def flag_column(values: pd.Series) -> pd.Series:
    """Return 1 where a one-hot column is set, else 0."""
    return values.map(text_of).str.strip().isin(SET).astype(int)
