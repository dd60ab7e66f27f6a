"""Names of classes and groups that look like one another, or that stand for "not known"."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable

from auditor.readers.values import is_placeholder

#: Small letters of other scripts and the Latin ones they are mistaken for: the common ones of Unicode's
#: ``confusables.txt`` (UTS 39).
LOOK_ALIKES = str.maketrans(
    "авсԁеһніїјкӏморԛгѕтѵԝхуαβεηικνορτυχɑɡıոօս",
    "abcdehhiijklmopqrstvwxyabenikvoptuxaginou",
)
#: Digits that stand in for letters inside a word.
DIGITS_IN_WORDS = str.maketrans("01", "ol")


def normalise_name(name: str) -> str:
    """Return what a class name looks like: two names with one appearance are easily mistaken.

    Unicode compatibility forms, case, blanks, hyphens, underscores, invisible characters and look-alike
    letters do not count. A single character keeps its case (letters are classes of their own in handwriting),
    numbers are compared as numbers, and digits are never joined.

    References
    ----------
    Unicode Technical Standard 39, "Unicode security mechanisms", section 4.

    Examples
    --------
    >>> normalise_name(" T-Shirt") == normalise_name("t_shirt"), normalise_name("a") == normalise_name("A")
    (True, False)
    >>> normalise_name("07") == normalise_name("7.0")
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


def find_alike(names: Iterable[str], look: Callable[[str], str] = normalise_name) -> list[tuple[str, ...]]:
    """Return the sets of names with the same appearance, sorted."""
    sets: dict[str, list[str]] = {}
    for name in sorted(names):
        sets.setdefault(look(name), []).append(name)
    return [tuple(s) for s in sets.values() if len(s) > 1]


def normalise_group(name: str) -> str:
    """Return what a group's name looks like: as `normalise_name`, but for leading zeros of its numbers.

    Examples
    --------
    >>> normalise_group("P-007") == normalise_group("p7")
    True
    >>> normalise_group("P70") == normalise_group("P7")
    False
    """
    return re.sub(r"(?<![\d.])0+(?=\d)", "", normalise_name(name))


def find_placeholders(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that likely stand for "not known", sorted."""
    return tuple(sorted(name for name in names if name and is_placeholder(name)))
