"""The certificate of a split: what can be counted again by anyone who has the data and the table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
import pandas as pd

from auditor.finding import percent, rounded
from auditor.record import SPLITS, Claim
from auditor.splitting.counting import separate_rows
from auditor.splitting.nearest import NearestPair

#: Columns of ``split.csv``; a split into folds has ``fold`` in the place of ``split``.
TABLE_COLUMNS = ("path", "label", "split", "group", "cluster")


def part_column(table: pd.DataFrame) -> str:
    """Return the column that says where a row belongs: ``fold`` where there is one, else ``split``."""
    return "fold" if "fold" in table.columns else "split"


def parts_of(table: pd.DataFrame) -> tuple[str, ...]:
    """Return the parts that hold rows, in their standing order."""
    present = set(table[part_column(table)]) - {""}
    numbers = sorted((p for p in present if p.isdigit()), key=int)
    return (
        *numbers,
        *(s for s in SPLITS if s in present),
        *sorted(p for p in present - set(SPLITS) if not p.isdigit()),
    )


def amount(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> amount(1, "image"), amount(1200, "image")
    ('1 image', '1,200 images')
    """
    return f"{number:,} {noun}{'s' * (number != 1)}"


def rows_digest(table: pd.DataFrame) -> str:
    """Return the SHA-256, in hexadecimal, over the sorted rows of a split table, so that any edit shows."""
    digest = hashlib.sha256()
    columns = ["path", "label", part_column(table), "group", "cluster"]
    for row in sorted(zip(*(table[c].tolist() for c in columns), strict=True)):
        digest.update("\0".join((*row, "")).encode("utf-8", "backslashreplace") + b"\n")
    return digest.hexdigest()


def count_parts(table: pd.DataFrame) -> dict[str, dict[str, int]]:
    """Return part -> class -> images.

    Classes that a part lacks are there with 0, and an image with several labels counts for each.
    """
    column = part_column(table)
    used = table[table[column] != ""]
    rows, single = separate_rows(used["label"])
    counts = pd.crosstab(used[column].to_numpy()[rows], single.to_numpy()).to_dict("index")
    return {p: {str(label): int(n) for label, n in counts[p].items()} for p in parts_of(table)}


def part_sizes(table: pd.DataFrame) -> dict[str, int]:
    """Return the images of each part."""
    sizes = table[part_column(table)].value_counts()
    return {p: int(sizes[p]) for p in parts_of(table)}


def class_deviation(
    counts: Mapping[str, Mapping[str, int]], ratios: Mapping[str, float]
) -> tuple[float, str, str]:
    """Return the largest distance of a class's share of a part from its ratio, the class and the part.

    Examples
    --------
    >>> class_deviation({"train": {"a": 5}, "test": {"a": 5}}, {"train": 0.6, "test": 0.4})
    (0.1, 'a', 'train')
    """
    total: dict[str, int] = {}
    for row in counts.values():
        for label, n in row.items():
            total[label] = total.get(label, 0) + n
    worst = (0.0, "", "")
    for label in sorted(total):
        for part, ratio in ratios.items():
            off = (
                rounded(abs(counts.get(part, {}).get(label, 0) / total[label] - ratio))
                if total[label]
                else 0.0
            )
            if off is not None and off > worst[0]:
                worst = (off, label, part)
    return worst


def divided(table: pd.DataFrame, key: str) -> pd.DataFrame:
    """Return all rows of the groups or duplicate sets that stand in more than one part."""
    column = part_column(table)
    used = table[(table[key] != "") & (table[column] != "")]
    pairs = used[[key, column]].drop_duplicates()
    several = pairs[key].value_counts()
    return used[used[key].isin(several.index[several > 1])]


def _undivided(table: pd.DataFrame, key: str, name: str, one: str, many: str) -> Claim:
    crossing = divided(table, key)
    if crossing.empty and not (table[key] != "").any():
        return Claim(name=name, holds=True, detail=f"There are no {many}.")
    if crossing.empty:
        sets = int(table.loc[(table[key] != "") & (table[part_column(table)] != ""), key].nunique())
        return Claim(name=name, holds=True, detail=f"None of {sets:,} {many} is in two parts.")
    first = crossing[key].iloc[0]
    where = " and ".join(
        p for p in parts_of(table) if p in set(crossing.loc[crossing[key] == first, part_column(table)])
    )
    sets = int(crossing[key].nunique())
    there = f"the first: '{first}' is in {where}"
    return Claim(
        name=name,
        holds=False,
        detail=f"{sets:,} {many if sets > 1 else one} with {amount(len(crossing), 'image')} "
        f"in several parts; "
        f"{there}.",
    )


def count_claims(
    table: pd.DataFrame,
    ratios: Mapping[str, float],
    *,
    deviation: float,
    where: tuple[str, str],
    bound: float,
    nearest: NearestPair | None,
) -> list[Claim]:
    """Return the claims that can be counted from the table alone, each with whether it holds.

    Parameters
    ----------
    table : DataFrame
        Rows of the split with `TABLE_COLUMNS`.
    ratios : mapping of part to share
    deviation, bound : float
        The largest class deviation and its lower bound.
    where : (class, part)
        Where the deviation is largest.
    nearest : NearestPair or None
        The most similar two images in different parts.
    """
    sizes = part_sizes(table)
    whole = max(sum(sizes.values()), 1)
    empty = [p for p in ratios if not sizes.get(p)]
    claims = [
        Claim(
            name="images",
            holds=True,
            detail=f"{amount(len(table), 'image')}, each with one row; {whole:,} of them in a part.",
        ),
        _undivided(table, "group", "groups", "group", "groups"),
        _undivided(table, "cluster", "duplicates", "duplicate set", "duplicate sets"),
        Claim(
            name="parts",
            holds=not empty,
            detail=", ".join(f"{p} {n:,} ({percent(n / whole, 1)})" for p, n in sizes.items())
            + (f"; {', '.join(empty)} is empty" if empty else "")
            + ".",
        ),
        Claim(
            name="class-deviation",
            holds=True,
            detail=f"Class shares are at most {100 * deviation:.2f} points from the ratios"
            + (f" ('{where[0]}' in {where[1]})" if where[0] else "")
            + f"; no assignment of these units could be below {100 * bound:.2f} points.",
        ),
    ]
    if nearest is not None:
        claims.append(Claim(name="nearest-pair", holds=True, detail=nearest.sentence))
    return claims


def stated_ratios(table: pd.DataFrame) -> dict[str, float]:
    """Return the share of the images that each part holds, as ratios of a split that was kept."""
    counts = np.array(list(part_sizes(table).values()), dtype=float)
    return dict(
        zip(
            parts_of(table),
            (float(rounded(float(s)) or 0.0) for s in counts / max(counts.sum(), 1.0)),
            strict=True,
        )
    )
