"""Class names that look like one another."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from auditor.checks.base import Check, Wording
from auditor.checks.examples import list_examples, name_some
from auditor.evidence import Evidence
from auditor.finding import Effect, Finding

#: Small letters of other scripts and the Latin ones they are mistaken for: the common ones of Unicode's
#: ``confusables.txt`` (UTS 39).
LOOK_ALIKES = str.maketrans(
    "авсԁеһніїјкӏморԛгѕтѵԝхуαβεηικνορτυχɑɡıոօս",
    "abcdehhiijklmopqrstvwxyabenikvoptuxaginou",
)
#: Digits that stand in for letters inside a word.
DIGITS_IN_WORDS = str.maketrans("01", "ol")


def appearance(name: str) -> str:
    """Return what a class name looks like: two names with one appearance are easily mistaken.

    Unicode compatibility forms, case, blanks, hyphens, underscores, invisible characters and look-alike
    letters do not count. A single character keeps its case (letters are classes of their own in handwriting),
    numbers are compared as numbers, and digits are never run together.

    References
    ----------
    Unicode Technical Standard 39, "Unicode security mechanisms", section 4.

    Examples
    --------
    >>> appearance(" T-Shirt") == appearance("t_shirt"), appearance("a") == appearance("A")
    (True, False)
    >>> appearance("07") == appearance("7.0")
    True
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


def find_alike(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the sets of names with the same appearance, sorted."""
    sets: dict[str, list[str]] = {}
    for name in sorted(names):
        sets.setdefault(appearance(name), []).append(name)
    return [tuple(s) for s in sets.values() if len(s) > 1]


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelNames(Check):
    """Classes that differ only by case, blanks or look-alike characters.

    Parameters
    ----------
    warn_classes : int
        Look-alike names over which it is a warning: any at all, for two spellings of one class teach the
        model a difference that is not there.
    """

    code = "label-names"
    family = "Classes and sufficiency"
    needs = frozenset({"labels"})
    measured = (
        "Graded is the number of names that equal another one when case, blanks, punctuation and look-alike "
        "characters (Unicode) are folded."
    )
    limits = "It goes by spelling alone: two names for one thing that look nothing alike are missed."
    words = Wording(
        found="Some class names look alike",
        fine="Class names are distinct",
        why="Two spellings of one class become two classes: the model learns a difference that is not there.",
        fix=(
            "If they are one class, give its images one label (the suggested one is the more frequent). If "
            "not, rename them apart."
        ),
    )

    warn_classes: int = 0

    def __call__(self, evidence: Evidence) -> Iterator[Finding]:
        """Yield one finding."""
        names = tuple(sorted({*evidence.classes, *(label for _, label in evidence.empty)} - {""}))
        sets = find_alike(names)
        counts = {name: int((evidence.labels == name).sum()) for s in sets for name in s}
        suggested = {name: max(s, key=lambda n: (counts[n], n)) for s in sets for name in s}
        minor = sorted(name for name, other in suggested.items() if name != other)
        rows = np.flatnonzero(np.isin(evidence.labels.astype(str), minor))
        listed = name_some([" and ".join(f"{n!r} ({counts[n]:,})" for n in s) for s in sets])
        yield self.make_finding(
            f"Some class names differ only by case, blanks, hyphens or look-alike letters: {listed}."
            if sets
            else f"No two of {len(names):,} class names look alike.",
            Effect.counted("look-alike class names", len(minor), warn_at=self.warn_classes),
            affected=len(rows),
            total=len(evidence.labels),
            examples=list_examples(evidence, rows, suggested=[suggested[n] for n in evidence.labels[rows]]),
            classes=tuple(sorted(counts)),
            details={"alike": [list(s) for s in sets]},
        )
