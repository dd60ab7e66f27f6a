"""Read a split table back, and count every claim of its certificate again."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pandas as pd

from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.grouping import find_leaking
from auditor.outputs import read_csv
from auditor.record import Claim, SplitFacts
from auditor.scanning.fingerprint import fingerprint
from auditor.splitting.certificate import TABLE_COLUMNS, part_column, rows_digest
from auditor.splitting.facts import Asked, split_facts
from auditor.splitting.plan import Plan, sort_images

EXPECTED = "a split table with the columns path, label and split (or fold)"


def read_split(file: str | Path) -> pd.DataFrame:
    """Read ``split.csv``: every cell text, in the order of the paths.

    Raises
    ------
    DataError
        It cannot be read, lacks a column, or has an unknown part.
    """
    try:
        table = read_csv(file)
    except (OSError, ValueError) as error:
        reason = " ".join(str(error).split())[:120]
        raise DataError(
            expected=EXPECTED,
            received=f"'{file}', which cannot be read ({reason})",
            hint="name the split.csv that auditor wrote",
        ) from None
    return standard_rows(table, str(file))


def standard_rows(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the rows of a split table with standard columns, in the order of the paths."""
    column = part_column(table)
    lacking = [c for c in ("path", "label", column) if c not in table.columns]
    if lacking:
        raise DataError(
            expected=EXPECTED,
            received=f"'{name}' with {', '.join(map(str, table.columns[:12]))}",
            hint=f"the column '{lacking[0]}' is not there",
        )
    columns = [column if c == "split" else c for c in TABLE_COLUMNS]
    table = table.assign(**dict.fromkeys((c for c in columns if c not in table.columns), ""))[columns]
    table = table.astype(str)
    if column == "split" and not table["split"].isin(("train", "val", "test")).any():
        raise DataError(
            expected="splits named train, val and test",
            received=f"none of them in '{name}'",
            hint="name the split.csv that auditor wrote",
        )
    return table.sort_values(["path", "label"], kind="stable", ignore_index=True)


def read_certificate(file: str | Path) -> SplitFacts:
    """Read ``split.json``.

    Raises
    ------
    DataError
        It is missing or is no certificate.
    """
    expected = "the certificate of the split, split.json, beside the table"
    try:
        facts = json.loads(Path(file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise DataError(
            expected=expected,
            received=f"'{file}', which cannot be read",
            hint="plan the split again with 'auditor split'",
        ) from None
    if not isinstance(facts, dict) or not {"fingerprint", "rows_digest", "ratios", "counts"} <= facts.keys():
        raise DataError(
            expected=expected,
            received=f"'{file}', which holds something else",
            hint="plan the split again with 'auditor split'",
        )
    return cast(SplitFacts, facts)


def _beside(images: pd.DataFrame, rows: pd.DataFrame) -> pd.DataFrame:
    """Return the scan's rows for the rows of a split table, row by row.

    Blank for paths that the data does not have.
    """
    found = images.drop_duplicates("path").set_index("path").reindex(rows["path"]).reset_index()
    texts = [c for c in found.columns if not pd.api.types.is_numeric_dtype(found[c]) and c != "path"]
    return found.assign(**{c: found[c].where(found[c].notna(), "") for c in texts})


def _asked(certificate: Mapping[str, Any]) -> Asked:
    try:
        return Asked(
            origin=str(certificate.get("origin", "")),
            ratios={str(part): float(share) for part, share in certificate["ratios"].items()},
            ratios_reason=str(certificate.get("ratios_reason", "")),
            seed=int(certificate.get("seed", 0)),
            group_column=certificate.get("group_column"),
            folds=None if certificate.get("folds") is None else int(certificate["folds"]),
            stratify=tuple(map(str, certificate.get("stratify", ()))),
            by=None if certificate.get("by") is None else str(certificate["by"]),
            duplicate_threshold=None
            if certificate.get("duplicate_threshold") is None
            else float(certificate["duplicate_threshold"]),
        )
    except (TypeError, ValueError, AttributeError, KeyError):
        raise DataError(
            expected="a certificate as auditor writes it",
            received="one with other kinds of values in it",
            hint="plan the split again with 'auditor split'",
        ) from None


def _every_image_once(rows: pd.DataFrame, images: pd.DataFrame) -> Claim:
    listed = Counter(zip(rows["path"], rows["label"], strict=True))
    there = Counter(zip(images["path"], images["label"], strict=True))
    absent, extra = sorted((there - listed).elements()), sorted((listed - there).elements())
    said = []
    if absent:
        said.append(
            f"{len(absent):,} images of the data have no row with their class (the first: '{absent[0][0]}')"
        )
    if extra:
        said.append(
            f"{len(extra):,} rows are no image of the data with that class (the first: '{extra[0][0]}')"
        )
    return Claim(
        name="images",
        holds=not said,
        detail=("; ".join(said) if said else f"{len(images):,} images, each with one row") + ".",
    )


def _compared(name: str, stated: object, now: object, counted: Claim) -> Claim:
    if stated == now:
        return counted
    return Claim(name=name, holds=False, detail=f"Certified: {stated} Counted again: {now}")


def verify_split(
    split: str | Path | pd.DataFrame,
    certificate: Mapping[str, Any] | str | Path,
    table: pd.DataFrame,
) -> list[Claim]:
    """Count every claim of a certificate again, from the split table and a scan of the data.

    Parameters
    ----------
    split : path or DataFrame
        ``split.csv``.
    certificate : mapping or path
        ``split.json``.
    table : DataFrame
        The scan's images plus ``cluster``, as for `plan_split`. Where it has no groups, those of the split
        table are taken.

    Returns
    -------
    list of Claim
        In a fixed order; the split is verified where all hold, and the first that does not is the one to
        name.

    Raises
    ------
    DataError
        The table or the certificate cannot be read.
    """
    rows = standard_rows(split, "the table") if isinstance(split, pd.DataFrame) else read_split(split)
    stated = (
        certificate
        if isinstance(certificate, Mapping)
        else cast(Mapping[str, Any], read_certificate(certificate))
    )
    images = sort_images(table)
    beside = _beside(images, rows)
    groups = beside["group"] if (images["group"] != "").any() else rows["group"]
    complete = _every_image_once(rows, images)
    asked = _asked(stated)
    if not complete["holds"] or not {*asked.stratify, *filter(None, [asked.by])} <= set(images.columns):
        asked = replace(asked, stratify=(), by=None)
    counted = rows.assign(group=groups.to_numpy(), cluster=beside["cluster"].to_numpy())
    now = split_facts(counted, beside, asked, left_out=0, notes=[])
    return _compare_claims(stated, now, complete, mark=fingerprint(images), digest=rows_digest(rows))


def _compare_claims(
    stated: Mapping[str, Any], now: SplitFacts, complete: Claim, *, mark: str, digest: str
) -> list[Claim]:
    """Return the claims of a certificate beside what is counted now, in their fixed order."""
    found = {claim["name"]: claim for claim in now["claims"]}
    before = {claim["name"]: claim["detail"] for claim in stated.get("claims", ())}
    same, unedited = mark == stated["fingerprint"], digest == stated["rows_digest"]
    claims = [
        Claim(
            name="fingerprint",
            holds=same,
            detail=f"The data is what was split, {mark[:12]}."
            if same
            else f"The split is of {stated['fingerprint'][:12]}, the data is {mark[:12]}.",
        ),
        complete,
        found["groups"],
        found["duplicates"],
        Claim(
            name="rows",
            holds=unedited,
            detail="The table is as it was certified."
            if unedited
            else "A row of the table was changed, added or removed after it was certified.",
        ),
        _compared("parts", stated["counts"], now["counts"], found["parts"]),
        _compared(
            "class-deviation",
            (stated.get("largest_deviation"), stated.get("deviation_bound")),
            (now["largest_deviation"], now["deviation_bound"]),
            found["class-deviation"],
        ),
    ]
    for name in ("nearest-pair", "stratify", "time-order"):
        if name in before or name in found:
            gone = Claim(name=name, holds=False, detail="It cannot be counted from this data.")
            again = found.get(name, gone)
            claims.append(_compared(name, before.get(name, "nothing."), again["detail"], again))
    return claims


def read_plan(file: str | Path, dataset: Dataset, table: pd.DataFrame) -> Plan:
    """Return the plan that a split table holds, for the data that it was made for.

    Parameters
    ----------
    file : path
        ``split.csv`` or any table with ``path, label`` and ``split`` or ``fold``; the certificate is taken
        from ``split.json`` beside it where there is one.
    dataset : Dataset
    table : DataFrame
        The scan's images plus ``cluster``, as for `plan_split`.

    Raises
    ------
    DataError
        The table cannot be read, or is about other data.
    """
    rows = read_split(file)
    images = sort_images(table)
    whole = _every_image_once(rows, images)
    if not whole["holds"]:
        raise DataError(
            expected=f"a split of the images of '{dataset.location}'",
            received=f"'{file}': {whole['detail'].rstrip('.')}",
            hint="plan the split again",
        )
    beside = _beside(images, rows)
    if not (rows["group"] != "").any():
        rows["group"] = beside["group"].to_numpy()
    rows["cluster"] = beside["cluster"].to_numpy()
    stated = Path(file).with_suffix(".json")
    own = Asked(
        origin="kept",
        ratios=None,
        ratios_reason="the shares of the split file",
        seed=0,
        group_column=dataset.group_column,
    )
    if stated.exists():
        facts = read_certificate(stated)
        own = _asked(cast(Mapping[str, Any], facts)) if facts["rows_digest"] == rows_digest(rows) else own
    if "fold" in rows.columns:
        own = replace(
            own,
            folds=own.folds
            or rows["fold"].nunique()
            - bool((rows["fold"] == "").any())
            - bool((rows["fold"] == "test").any()),
        )
    known = {*own.stratify, *filter(None, [own.by])} <= set(images.columns)
    left_out = int(find_leaking(rows).sum()) if "split" in rows.columns else 0
    facts = split_facts(
        rows, beside, own if known else replace(own, stratify=(), by=None), left_out=left_out, notes=[]
    )
    return Plan(dataset=dataset, table=rows, facts=facts)
