"""Counting every claim of a split's certificate again."""

from __future__ import annotations

from pathlib import Path
from typing import Unpack

from auditor.commands.opening import ColumnNames, open_data
from auditor.commands.options import Data, Listeners, ScanOptions, default_listeners
from auditor.commands.reuse import ScanRequest, name_duplicate_sets, scan_or_reuse
from auditor.record import Claim


def verify(
    split_file: str | Path,
    data: Data,
    *,
    output: str | Path | None = None,
    scanning: ScanOptions | None = None,
    listeners: Listeners | None = None,
    **columns: Unpack[ColumnNames],
) -> list[Claim]:
    """Recompute every claim that a split's certificate makes about the data.

    Parameters
    ----------
    split_file : str or Path
        A ``split.csv``, with its ``split.json`` beside it.

    Returns
    -------
    list of Claim
        In the order of the certificate; each says whether it holds.
    """
    from auditor.splitting import read_certificate, read_split, verify_split

    table, certificate = read_split(split_file), read_certificate(Path(split_file).with_suffix(".json"))
    group = columns.get("group") or certificate.get("group_column")
    columns["group"] = None if group == "group" else group
    dataset = open_data(data, **columns)
    request = ScanRequest(
        output=output,
        scanning=scanning or ScanOptions(),
        seed=int(certificate.get("seed", 0)),
        listeners=listeners or default_listeners(),
    )
    return verify_split(table, certificate, name_duplicate_sets(scan_or_reuse(dataset, request)))
