"""Class names that look like one another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from auditor.evidence import Evidence
from auditor.finding import Effect, Finding, Fix

#: Small letters of other scripts and the Latin ones they are mistaken for: the common ones of Unicode's
#: ``confusables.txt`` (UTS 39).
LOOK_ALIKES = str.maketrans(
    "авсԁеһніїјкӏморԛгѕтѵԝхуαβεηικνορτυχɑɡıոօս",
    "abcdehhiijklmopqrstvwxyabenikvoptuxaginou",
)
#: Digits that stand in for letters inside a word.
DIGITS_IN_WORDS = str.maketrans("01", "ol")
#: Sets of names shown in the summary.
SHOWN = 4


def appearance(name: str) -> str:
    """Return what a class name looks like: names with the same appearance are easily mistaken for one another.

    Unicode compatibility forms, case, blanks, hyphens, underscores, invisible characters and look-alike
    letters do not count. A single character keeps its case (letters are classes of their own in handwriting),
    numbers are compared as numbers, and digits are never run together.

    References
    ----------
    Unicode Technical Standard 39, "Unicode security mechanisms", section 4.

    Examples
    --------
    >>> appearance(" T-Shirt") == appearance("t_shirt"), appearance("a") == appearance("A"), appearance("07") == appearance("7.0")
    (True, False, True)
    """
    text = "".join(
        c
        for c in unicodedata.normalize("NFKC", name)
        if unicodedata.category(c) not in ("Cf", "Cc") or c.isspace()
    ).strip()
    try:
        return repr(float(text.replace("_", "x")))
    except ValueError:
        pass
    if len(text) == 1:
        return text
    text = text.casefold().translate(LOOK_ALIKES)
    if sum(c.isalpha() for c in text) >= 3:
        text = re.sub(r"(?<=[^\W\d_])[01](?=[^\W\d_])", lambda m: m.group().translate(DIGITS_IN_WORDS), text)
    return re.sub(r"(?<!\d)[\s_\-‐-―]+|[\s_\-‐-―]+(?!\d)", "", text) or text


def alike(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the sets of names with the same appearance, sorted."""
    sets: dict[str, list[str]] = {}
    for name in sorted(names):
        sets.setdefault(appearance(name), []).append(name)
    return [tuple(s) for s in sets.values() if len(s) > 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNames:
    """Classes that differ only by case, blanks or look-alike characters."""

    code: ClassVar[str] = "label-names"
    needs: ClassVar[frozenset[str]] = frozenset({"labels"})
    about_splits: ClassVar[bool] = False

    #: Any at all: two spellings of one class teach the model a difference that is not there.
    warn_classes: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        names = tuple(sorted({*evidence.classes, *(label for _, label in evidence.empty)} - {""}))
        sets = alike(names)
        counts = {name: int((evidence.labels == name).sum()) for s in sets for name in s}
        suggested = {name: max(s, key=lambda n: (counts[n], n)) for s in sets for name in s}
        minor = sorted(name for name, other in suggested.items() if name != other)
        rows = np.flatnonzero(pd.Series(evidence.labels).isin(minor).to_numpy())
        listed = "; ".join(" and ".join(f"{n!r} ({counts[n]:,})" for n in s) for s in sets[:SHOWN]) + (
            "; ..." if len(sets) > SHOWN else ""
        )
        yield Finding(
            code=self.code,
            title="Class names that look alike" if sets else "Class names are distinct",
            summary=(
                f"{len(minor)} of {len(names)} class names differ from another only by case, blanks, hyphens or look-alike characters "
                f"(images in brackets): {listed}."
                if sets
                else f"No two of {len(names)} class names differ by case, blanks, hyphens or look-alike characters alone."
            ),
            why="Two spellings of one class become two classes: the model is taught a difference that is not there.",
            affected=len(rows),
            total=len(evidence.labels),
            effect=Effect.counted("look-alike class names", len(minor), warn_at=self.warn_classes),
            fix=Fix(
                text="If they are one class, give its images one label (the suggested one is the more frequent). If not, rename them apart."
            )
            if sets
            else None,
            examples=(
                pd.DataFrame(
                    {
                        "path": evidence.images["path"].to_numpy(dtype=object)[rows],
                        "label": evidence.labels[rows],
                        "suggested_label": [suggested[n] for n in evidence.labels[rows]],
                        "split": evidence.splits[rows],
                        "score": 1.0,
                    }
                )
                if len(rows)
                else None
            ),
            classes=tuple(sorted(counts)),
            details={"alike": [list(s) for s in sets]},
        )
