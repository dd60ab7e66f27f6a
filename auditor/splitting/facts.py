"""From a split table and the scan to its certificate."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd

from auditor.evidence.duplicates import NEAR_BITS
from auditor.finding import rounded
from auditor.record import Claim, SplitFacts
from auditor.scanning.fingerprint import fingerprint
from auditor.splitting.bound import deviation_bound
from auditor.splitting.certificate import claims_of, class_deviation, count_parts, part_column, rows_digest, stated_ratios
from auditor.splitting.nearest import nearest_across
from auditor.splitting.units import count_table, undivided_units


def _bound(table: pd.DataFrame, ratios: Mapping[str, float]) -> float:
    used = table[table[part_column(table)] != ""]
    _, label = np.unique(used["label"].to_numpy(dtype=str), return_inverse=True)
    counts = count_table(undivided_units(used["group"], used["cluster"]), label.astype(np.int64))
    return rounded(deviation_bound(counts, np.array(list(ratios.values())))) or 0.0


def too_small(counts: Mapping[str, Mapping[str, int]]) -> list[str]:
    """Name each class that is not in every part, with the choices."""
    notes = []
    for label in sorted({c for row in counts.values() for c in row}):
        absent = [p for p, row in counts.items() if not row.get(label)]
        if absent:
            total = sum(row.get(label, 0) for row in counts.values())
            notes.append(
                f"Class '{label}' ({total:,} image{'s' * (total != 1)}) is absent from {' and '.join(absent)}: too few images, groups or "
                "duplicate sets to be in every part. Collect more of it, merge it with another class, or leave it out; "
                "until then its recall cannot be measured there."
            )
    return notes


def split_facts(
    table: pd.DataFrame,
    images: pd.DataFrame,
    *,
    origin: str,
    ratios: Mapping[str, float] | None,
    reason: str,
    seed: int,
    group_column: str | None,
    left_out: int,
    notes: list[str],
) -> SplitFacts:
    """Return the certificate of a split.

    Parameters
    ----------
    table : DataFrame
        Rows of the split.
    images : DataFrame
        The scan's rows of the same images, in the same order.
    origin, reason, seed, group_column, left_out, notes
        As in `auditor.record.SplitFacts`.
    ratios : mapping of part to share, or None
        What was aimed at; ``None`` for a kept split, whose own shares are stated.
    """
    stated = {p: rounded(r) or 0.0 for p, r in ratios.items()} if ratios else stated_ratios(table)
    counts = count_parts(table)
    off, _, _ = class_deviation(counts, stated)
    bound = min(_bound(table, stated), off)
    mark = fingerprint(images)
    hashes = images["phash"] if "phash" in images.columns else pd.Series("", index=images.index)
    nearest = nearest_across(table["path"], hashes, table[part_column(table)])
    first = Claim(name="fingerprint", holds=True, detail=f"The images, labels and bytes are those of {mark}.")
    claims = claims_of(table, stated, deviation=off, bound=bound, nearest=nearest, threshold=NEAR_BITS)
    digest = rows_digest(table)
    return SplitFacts(
        fingerprint=mark,
        rows_digest=digest,
        origin=origin,
        ratios=stated,
        ratios_reason=reason,
        seed=seed,
        group_column=group_column,
        groups=int(table.loc[table["group"] != "", "group"].nunique()),
        clusters=int(table.loc[table["cluster"] != "", "cluster"].nunique()),
        duplicate_threshold=NEAR_BITS,
        counts=counts,
        largest_deviation=off,
        deviation_bound=bound,
        left_out=left_out,
        claims=[first, *claims],
        notes=[*notes, *too_small(counts)],
    )
