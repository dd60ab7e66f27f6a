"""Repair of a published split that leaks: the fewest images moved or dropped, the test set as it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

from auditor.grouping import KEYS, number_units, share_a_key
from auditor.record import RepairChoice
from auditor.splitting.certificate import class_deviation, count_parts, divided, stated_ratios


@dataclass(frozen=True, slots=True, eq=False)
class Repair:
    """The repaired split, and what the choices were.

    `split` belongs to the row of `trade_off` that is chosen.
    """

    split: pd.Series
    moved: int
    dropped: int
    trade_off: list[RepairChoice]


def _cover(
    table: pd.DataFrame, split: pd.Series, first: str, second: str, keys: Sequence[str]
) -> npt.NDArray[np.int64]:
    """Return the fewest rows without which two parts share no key; of equal choices, rows of the first.

    The rows that share keys are a bipartite graph; its smallest vertex cover is a smallest cut (König's
    theorem), and keys as nodes in between keep it as large as the table.
    """
    left, right = (split == first).to_numpy(), (split == second).to_numpy()
    n, size = len(table), len(table)
    edges: list[npt.NDArray[np.int64]] = []
    for key in keys:
        value = table[key]
        both = (value != "") & value.isin(set(value[left])) & value.isin(set(value[right]))
        rows = np.flatnonzero(both.to_numpy() & (left | right))
        codes, values = pd.factorize(value.to_numpy()[rows])
        node = codes + size
        size += len(values)
        toward = left[rows]
        edges.append(np.stack([np.where(toward, rows, node), np.where(toward, node, rows)], axis=1))
    pairs = np.concatenate(edges)
    if not len(pairs):
        return np.empty(0, np.int64)
    involved = np.unique(pairs[pairs < n])
    source, sink = size, size + 1
    starts = np.array([(source, r) if left[r] else (r, sink) for r in involved], dtype=np.int64)
    unlimited = np.iinfo(np.int32).max // 4
    capacity = np.concatenate([np.full(len(pairs), unlimited), np.ones(len(starts), np.int64)]).astype(
        np.int32
    )
    i, j = np.concatenate([pairs, starts]).T.astype(np.int32)  # SciPy 1.13 and 1.14 take no other indices
    graph = csr_array(coo_array((capacity, (i, j)), shape=(size + 2, size + 2)))
    flow = maximum_flow(graph, source, sink).flow
    residual = graph - flow
    residual.data = np.where(residual.data > 0, residual.data, 0)
    residual.eliminate_zeros()
    reached = np.zeros(size + 2, dtype=bool)
    reached[breadth_first_order(residual, source, return_predecessors=False)] = True
    return involved[np.where(left[involved], ~reached[involved], reached[involved])]


def _settle(
    table: pd.DataFrame,
    split: pd.Series,
    rows: npt.NDArray[np.int64],
    parts: Sequence[str],
    keys: Sequence[str],
) -> pd.Series:
    """Take rows out of a split, and put each into the one part of ``parts`` that it shares keys with.

    A row whose duplicate is still in a part stays out: a second copy beside the first would add nothing.
    """
    settled = split.copy()
    settled.iloc[rows] = ""
    part = settled.tolist()
    was = split.tolist()
    column = {key: table[key].tolist() for key in keys}
    where: dict[tuple[str, str], set[str]] = {}
    for key in keys:
        needed = {column[key][row] for row in rows.tolist()} - {""}
        for row in np.flatnonzero(table[key].isin(needed).to_numpy()).tolist():
            if part[row]:
                where.setdefault((key, column[key][row]), set()).add(part[row])
    for row in rows.tolist():
        own = [(key, column[key][row]) for key in keys if column[key][row]]
        around = set().union(*(where.get(k, set()) for k in own))
        copied = any(key == "cluster" and where.get((key, value)) for key, value in own)
        if copied or len(around) > 1 or not around <= set(parts):
            continue
        part[row] = next(iter(around), was[row])
        for k in own:
            where.setdefault(k, set()).add(part[row])
    return pd.Series(part, index=split.index, dtype=split.dtype)


def _keeping(table: pd.DataFrame, split: pd.Series, kept: str, keys: Sequence[str]) -> pd.Series:
    """Remove every leak.

    First what shares anything with the kept part, then the fewest between the others.
    """
    repaired = split.copy()
    others = [p for p in ("train", "val", "test") if p != kept]
    extra = sorted(set(split) - {"", "train", "val", "test"})
    for part in (kept, *extra):
        inside = repaired == part
        leaking = share_a_key(table, table[inside], keys) & ~inside & (repaired != "")
        repaired[leaking] = ""
    rows = _cover(table, repaired, others[0], others[1], keys)
    return _settle(table, repaired, rows, others, keys)


def _growing_test(table: pd.DataFrame, split: pd.Series) -> pd.Series:
    """Move the units of test images into test as a whole, then the fewest between train and val."""
    unit = number_units(*(table[k].where(split != "", "") for k in KEYS))
    moved = split.copy()
    moved[np.isin(unit, unit[(split == "test").to_numpy()]) & (split != "").to_numpy()] = "test"
    return _keeping(table, moved, "test", KEYS)


def _choice(table: pd.DataFrame, before: pd.Series, after: pd.Series, name: str) -> RepairChoice:
    changed = before != after
    result = table.assign(split=after)
    off, _, _ = class_deviation(count_parts(result), stated_ratios(result))
    return RepairChoice(
        name=name,
        moves=int((changed & (after != "")).sum()),
        drops=int((changed & (after == "")).sum()),
        test_changes=int((changed & ((before == "test") | (after == "test"))).sum()),
        leaks_left=sum(int(divided(result, key)[key].nunique()) for key in KEYS),
        largest_deviation=off,
        chosen=False,
    )


def describe_repair(repair: Repair) -> list[str]:
    """Say what a repair did and what the alternatives would have cost."""
    notes = [
        f"Repaired: {repair.moved:,} moved and {repair.dropped:,} dropped; every other image is where it was."
    ]
    for choice in repair.trade_off:
        if not choice["chosen"]:
            notes.append(
                f"Instead, {choice['name']}: {choice['moves']:,} moved, {choice['drops']:,} dropped, "
                f"{choice['test_changes']:,} of them in test; {choice['leaks_left']:,} leaking groups "
                f"or duplicate sets left; "
                f"class deviation {100 * choice['largest_deviation']:.2f} points."
            )
    return notes


def repair_split(table: pd.DataFrame) -> Repair:
    """Repair a split with the fewest changes, test images as they are, and show the alternatives.

    Parameters
    ----------
    table : DataFrame
        ``path, label, split, group, cluster``, row by row.

    Notes
    -----
    An image that shares a group or duplicate set with a test image cannot stay in train or val: it is
    dropped. Between train and val the fewest changes are found exactly; a changed image moves to the other
    part where it fits, and is dropped where a copy of it is kept or where it fits nowhere.
    """
    split = table["split"]
    ways = {
        "as published": split,
        "test kept, duplicate sets only": _keeping(table, split, "test", ("cluster",)),
        "test kept": _keeping(table, split, "test", KEYS),
        "test grows, nothing dropped that touches it": _growing_test(table, split),
        "train kept": _keeping(table, split, "train", KEYS),
    }
    trade_off = [_choice(table, split, after, name) for name, after in ways.items()]
    chosen = trade_off[list(ways).index("test kept")]
    chosen["chosen"] = True
    return Repair(
        split=ways["test kept"], moved=chosen["moves"], dropped=chosen["drops"], trade_off=trade_off
    )
