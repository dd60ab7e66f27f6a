"""From a split table and the scan to its certificate."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from auditor.finding import rounded
from auditor.grouping import number_units_of
from auditor.record import SPLITS, Claim, SplitFacts
from auditor.scanning.fingerprint import fingerprint
from auditor.splitting.bound import deviation_bound
from auditor.splitting.certificate import (
    amount,
    class_deviation,
    count_claims,
    count_parts,
    part_column,
    parts_of,
    rows_digest,
    stated_ratios,
)
from auditor.splitting.counting import count_table, separate_rows
from auditor.splitting.nearest import nearest_across
from auditor.splitting.strata import read_strata
from auditor.splitting.time_order import claim_time_order, read_moments


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a split was planned for: the part of its certificate that cannot be counted from the table.

    ``ratios`` maps parts to the shares aimed at; ``None`` for a kept split, whose own shares are then stated.
    """

    origin: str
    ratios: Mapping[str, float] | None
    ratios_reason: str
    seed: int
    group_column: str | None
    folds: int | None = None
    stratify: tuple[str, ...] = ()
    by: str | None = None
    duplicate_threshold: float | None = None


def _bound(table: pd.DataFrame, ratios: Mapping[str, float]) -> float:
    used = table[table[part_column(table)] != ""]
    rows, single = separate_rows(used["label"])
    label, _ = pd.factorize(single, sort=True)
    counts = count_table(number_units_of(used)[rows], label.astype(np.int64))
    return rounded(deviation_bound(counts, np.array(list(ratios.values())))) or 0.0


#: Absent classes up to which each has a note of its own.
NAMED = 3


def find_absent_classes(
    counts: Mapping[str, Mapping[str, int]], parts: Iterable[str]
) -> dict[str, list[str]]:
    """Return class -> the parts that have no image of it, for the classes that are not in every part."""
    parts = list(parts)
    labels = sorted({label for row in counts.values() for label in row})
    absent = {c: [p for p in parts if not counts.get(p, {}).get(c)] for c in labels}
    return {label: where for label, where in absent.items() if where}


def name_absent_classes(
    counts: Mapping[str, Mapping[str, int]], absent: Mapping[str, Sequence[str]]
) -> list[str]:
    """Name the classes that are not in every part, with the choices: one by one where they are few."""
    choices = (
        "too few images, groups or duplicate sets for these ratios. Collect more, merge with another class, "
        "or leave out; until then the recall cannot be measured there."
    )
    total = {label: sum(row.get(label, 0) for row in counts.values()) for label in absent}
    if len(absent) <= NAMED:
        return [
            f"Class '{label}' ({amount(total[label], 'image')}) is absent from {' and '.join(where)}: "
            f"{choices}"
            for label, where in absent.items()
        ]
    parts = sorted({part for where in absent.values() for part in where})
    without = [f"{sum(p in where for where in absent.values()):,} from {p}" for p in parts]
    first = ", ".join(f"'{label}'" for label in list(absent)[:NAMED])
    return [
        f"{len(absent):,} classes are not in every part ({first}, ...), absent {' and '.join(without)}: "
        f"{choices}"
    ]


def _strata_claim(
    table: pd.DataFrame, images: pd.DataFrame, ratios: Mapping[str, float], columns: tuple[str, ...]
) -> Claim:
    worst, where = 0.0, columns[0]
    for column, level in read_strata(images, columns).items():
        off, _, _ = class_deviation(count_parts(table.assign(label=level)), ratios)
        if off > worst:
            worst, where = off, column
    names = " and ".join(f"'{c}'" for c in columns)
    return Claim(
        name="stratify",
        holds=True,
        detail=f"The shares of {names} are at most {100 * worst:.2f} points from the ratios (for '{where}').",
    )


def split_facts(
    table: pd.DataFrame, images: pd.DataFrame, asked: Asked, *, left_out: int, notes: list[str]
) -> SplitFacts:
    """Return the certificate of a split.

    Parameters
    ----------
    table : DataFrame
        Rows of the split.
    images : DataFrame
        The scan's rows of the same images, in the same order.
    asked : Asked
    left_out : int
        Training images that are not used, because they leak.
    notes : list of str
        What to say besides; classes that are not in every part are added.
    """
    column = part_column(table)
    stated = {p: rounded(r) or 0.0 for p, r in asked.ratios.items()} if asked.ratios else stated_ratios(table)
    counts = count_parts(table)
    off, where, within = class_deviation(counts, stated)
    bound = min(_bound(table, stated), off)
    mark = fingerprint(images)
    hashes = images["phash"] if "phash" in images.columns else pd.Series("", index=images.index)
    nearest = nearest_across(table["path"], hashes, table[column])
    claims = [
        Claim(name="fingerprint", holds=True, detail=f"The images, labels and bytes are those of {mark}."),
        *count_claims(table, stated, deviation=off, where=(where, within), bound=bound, nearest=nearest),
    ]
    if asked.stratify:
        claims.append(_strata_claim(table, images, stated, asked.stratify))
    if asked.by is not None:
        used = (table[column] != "").to_numpy()
        unit = number_units_of(table[used])
        claims.append(
            claim_time_order(
                table.loc[used, column], read_moments(images[used], asked.by), unit, parts_of(table), asked.by
            )
        )
    absent = find_absent_classes(counts, [p for p in stated if p in SPLITS or p.isdigit()])
    facts = SplitFacts(
        fingerprint=mark,
        rows_digest=rows_digest(table),
        origin=asked.origin,
        ratios=stated,
        ratios_reason=asked.ratios_reason,
        seed=asked.seed,
        group_column=asked.group_column,
        groups=int(table.loc[table["group"] != "", "group"].nunique()),
        clusters=int(table.loc[table["cluster"] != "", "cluster"].nunique()),
        counts=counts,
        largest_deviation=off,
        deviation_bound=bound,
        left_out=left_out,
        claims=claims,
        notes=[*notes, *name_absent_classes(counts, absent)],
    )
    if absent:
        facts["absent"] = absent
    _add_what_was_asked(facts, asked)
    return facts


def _add_what_was_asked(facts: SplitFacts, asked: Asked) -> None:
    """Add the keys that only some splits have."""
    if asked.duplicate_threshold is not None:
        facts["duplicate_threshold"] = rounded(asked.duplicate_threshold) or 0.0
    if asked.folds is not None:
        facts["folds"] = asked.folds
    if asked.stratify:
        facts["stratify"] = list(asked.stratify)
    if asked.by is not None:
        facts["by"] = asked.by
