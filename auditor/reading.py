"""How a data set was understood: what is said before anything is measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

#: Names that are shown of a longer list.
SHOWN = 3
#: Examples that are kept of what was left out: enough to find the others.
EXAMPLES = 5
#: What `LeftOut.what` says of pictures and videos whose names or formats no reader knows.
PICTURES = "pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """Files, folders or rows that were left out, and why.

    Parameters
    ----------
    reason : str
        Why, as the end of a sentence: ``"no images"``, ``"hidden"``, ``"beside the splits"``.
    count : int
    examples : tuple of str
        The first of them.
    what : str
        What they are, in the plural: ``"files"``, ``"folders"``, ``"rows"``, ``"images"``.
    """

    reason: str
    count: int
    examples: tuple[str, ...] = ()
    what: str = "files"

    def __str__(self) -> str:
        what = self.what.removesuffix("s") if self.count == 1 else self.what
        examples = f": {listed(self.examples, self.count)}" if self.examples else ""
        return f"{self.count:,} {what} ({self.reason}{examples})"


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelClue:
    """A place where labels were likely meant, though none were read from it.

    Parameters
    ----------
    found : str
        What is there, as the end of a sentence: ``"the table has the column 'class'"``.
    type : str
        What to type: options (``"--label class"``), or a whole command that starts with ``auditor``; blank
        where typing does not help.
    advice : str
        What to do where typing does not help.
    """

    found: str
    type: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a data set was understood. Every field may be blank: a reader fills in what it knows.

    Parameters
    ----------
    layout : str
        In words: ``"split folders with class folders"``, ``"a table"``, ``"YOLO"``.
    labels_from : str
        Where labels come from: ``"folder names"``, ``"column 'class'"``; blank where there are none.
    splits_from : tuple of (split, folders or value)
        Each split, and the folder, file or column value that means it.
    groups_from : str
        Where groups come from: ``"column 'patient'"``.
    left_out : tuple of LeftOut
    notes : tuple of str
        Whole sentences: what was assumed, or another possible reading with what to type for it.
    label_clues : tuple of LabelClue
        Where labels were likely meant; asked for only where images have no label.
    unlabelled : bool
        The user says that no labels are meant.
    """

    layout: str = ""
    labels_from: str = ""
    splits_from: tuple[tuple[str, str], ...] = ()
    groups_from: str = ""
    left_out: tuple[LeftOut, ...] = ()
    notes: tuple[str, ...] = ()
    label_clues: tuple[LabelClue, ...] = ()
    unlabelled: bool = False


def listed(names: Iterable[str], total: int | None = None, shown: int = SHOWN) -> str:
    """Return the first names, and how many more there are.

    Examples
    --------
    >>> listed(["a", "b"]), listed("abcdef"), listed(["a", "b", "c"], 1200)
    ('a, b', 'a, b, c and 3 more', 'a, b, c and 1,197 more')
    """
    names = list(names)
    more = (len(names) if total is None else total) - min(shown, len(names))
    return ", ".join(names[:shown]) + (f" and {more:,} more" if more else "")


def reading_from_json(found: Mapping[str, Any]) -> Reading:
    """Return the reading that `dataclasses.asdict` wrote; what it does not say is blank."""
    return Reading(
        **{
            **{k: found[k] for k in ("layout", "labels_from", "groups_from", "unlabelled") if k in found},
            "splits_from": tuple((split, where) for split, where in found.get("splits_from", ())),
            "left_out": tuple(
                LeftOut(**{**part, "examples": tuple(part["examples"])}) for part in found.get("left_out", ())
            ),
            "notes": tuple(found.get("notes", ())),
            "label_clues": tuple(LabelClue(**clue) for clue in found.get("label_clues", ())),
        }
    )
