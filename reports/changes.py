"""What happened to the images between two audits: each image of the one found again in the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

#: What can have happened to an image, in the order of the table.
KINDS = ("removed", "added", "relabelled", "moved", "altered", "re-encoded", "renamed")
#: Columns by which an image is found again, in this order: its path, its bytes, its pixels.
KEYS = ("path", "sha256", "pixel_digest")
FACTS = ("path", "label", "split", "sha256", "pixel_digest")


@dataclass(frozen=True, slots=True, eq=False)
class ImageChanges:
    """What happened to images.

    Attributes
    ----------
    table : DataFrame
        A row per change, with ``change`` (of `KINDS`), ``path`` and ``other_path`` (in the new data, where it
        differs), ``label`` and ``other_label``, ``split`` and ``other_split``; old first. An image that was
        both relabelled and moved has two rows.
    counts : dict of str to int
        Images by kind of change.
    unchanged : int
        Images that are the same in every respect.
    """

    table: pd.DataFrame
    counts: dict[str, int]
    unchanged: int


def compare_images(old: pd.DataFrame, new: pd.DataFrame) -> ImageChanges:
    """Find each image of the old table in the new one, by path, bytes or pixels, and say what changed.

    Parameters
    ----------
    old, new : DataFrame
        Image tables with ``path`` (unique), ``label``, ``split``, ``sha256`` and ``pixel_digest`` (both blank
        where unreadable).
    """
    before, after = old[list(FACTS)].reset_index(drop=True), new[list(FACTS)].reset_index(drop=True)
    left, right = _match_rows(before, after)
    was, now = before.iloc[left].reset_index(drop=True), after.iloc[right].reset_index(drop=True)
    differs = {name: (was[name] != now[name]).to_numpy() for name in FACTS}
    altered = differs["sha256"] & differs["pixel_digest"]
    recoded = differs["sha256"] & ~differs["pixel_digest"] & (was["pixel_digest"] != "").to_numpy()
    altered |= differs["sha256"] & ~recoded
    differs["path"] = differs["path"] & ~_differ_in_root(was["path"].tolist(), now["path"].tolist())
    renamed = differs["path"] & ~differs["label"] & ~differs["split"]
    masks = {
        "relabelled": differs["label"],
        "moved": differs["split"],
        "altered": altered,
        "re-encoded": recoded,
        "renamed": renamed,
    }
    both = pd.DataFrame(
        {
            "path": was["path"],
            "other_path": now["path"].where(differs["path"], ""),
            "label": was["label"],
            "other_label": now["label"],
            "split": was["split"],
            "other_split": now["split"],
        }
    )
    gone = before[~np.isin(np.arange(len(before)), left)]
    come = after[~np.isin(np.arange(len(after)), right)]
    tables = {
        "removed": pd.DataFrame(
            {
                "path": gone["path"],
                "other_path": "",
                "label": gone["label"],
                "other_label": "",
                "split": gone["split"],
                "other_split": "",
            }
        ),
        "added": pd.DataFrame(
            {
                "path": "",
                "other_path": come["path"],
                "label": "",
                "other_label": come["label"],
                "split": "",
                "other_split": come["split"],
            }
        ),
        **{kind: both[mask] for kind, mask in masks.items()},
    }
    table = pd.concat([tables[kind].assign(change=kind) for kind in KINDS], ignore_index=True)
    changed = np.zeros(len(both), dtype=bool)
    for mask in masks.values():
        changed |= mask
    counts = {kind: len(tables[kind]) for kind in KINDS}
    return ImageChanges(table[["change", *both.columns]], counts, int((~changed).sum()))


def _differ_in_root(old: list[str], new: list[str]) -> npt.NDArray[np.bool_]:
    """Whether paths differ only in the folder they start from: one is relative, the other absolute."""
    return np.array(
        [a != b and (a.endswith(f"/{b}") or b.endswith(f"/{a}")) for a, b in zip(old, new, strict=True)],
        dtype=bool,
    )


def _match_rows(
    before: pd.DataFrame, after: pd.DataFrame
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Return matching row numbers of two tables.

    Each row is matched once. Of several rows with one digest, the first matches the first, and so on.
    """
    left_rest, right_rest = np.arange(len(before)), np.arange(len(after))
    lefts, rights = [], []
    for key in KEYS:
        one = pd.DataFrame({"key": before[key].to_numpy(dtype=object)[left_rest], "row": left_rest})
        two = pd.DataFrame({"key": after[key].to_numpy(dtype=object)[right_rest], "row": right_rest})
        one, two = one[one["key"] != ""], two[two["key"] != ""]
        one, two = (
            one.assign(nth=one.groupby("key").cumcount()),
            two.assign(nth=two.groupby("key").cumcount()),
        )
        pairs = one.merge(two, on=["key", "nth"], suffixes=("_old", "_new"))
        lefts.append(pairs["row_old"].to_numpy(dtype=np.int64))
        rights.append(pairs["row_new"].to_numpy(dtype=np.int64))
        left_rest = np.setdiff1d(left_rest, lefts[-1], assume_unique=True)
        right_rest = np.setdiff1d(right_rest, rights[-1], assume_unique=True)
    left, right = np.concatenate(lefts), np.concatenate(rights)
    order = np.argsort(left, kind="stable")
    return left[order], right[order]
