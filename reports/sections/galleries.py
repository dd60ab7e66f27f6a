"""Galleries: pictures to review, label suspects, outliers, differing images, confident mistakes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import pandas as pd

from auditor.finding import Finding
from auditor.record import Record
from auditor.reports.reviewed import asked_for, still_to_ask
from auditor.reports.sections.findings import anchor
from auditor.reports.sections.pictures import Picture, Pictures
from auditor.reports.thumbnails import MISTAKES, ROWS, SETTLED
from auditor.reports.wording import count, number, plural, share

#: Checks whose evidence are the images that make two splits differ.
SHIFTS = ("content-shift", "property-shift", "class-content-shift")
#: Groups of a gallery, and pictures of one line; what they leave out is counted.
GROUPS, LINE = 12, 12


@dataclass(frozen=True, slots=True)
class Shown:
    """A picture and what is said below it."""

    picture: Picture
    remark: str


@dataclass(frozen=True, slots=True)
class Line:
    """Pictures side by side, under a name where several lines are compared."""

    name: str
    pictures: tuple[Shown, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Pictures that have one thing in common; ``suggested`` is the class that all of them look like."""

    title: str
    finding: str
    suggested: str
    lines: tuple[Line, ...]


@dataclass(frozen=True, slots=True)
class Gallery:
    """A section of pictures."""

    anchor: str
    title: str
    short: str
    words: str
    groups: tuple[Group, ...]
    left_out: str

    def __len__(self) -> int:
        """The number of pictures."""
        return sum(len(line.pictures) for group in self.groups for line in group.lines)


def galleries(record: Record, pictures: Pictures) -> tuple[Gallery, ...]:
    """Return the galleries for which there is evidence."""
    made = (
        _to_review(record, pictures),
        _suspects(record, pictures),
        _shifted(record, pictures),
        _outliers(record, pictures),
        _mistakes(record, pictures),
    )
    return tuple(g for g in made if g is not None and len(g))


def _to_review(record: Record, pictures: Pictures) -> Gallery | None:
    """The random sample that an open finding asks for, without a word about what a model thinks of it."""
    groups = []
    for finding in (f for f in record.findings if f.is_shown):
        shown = [pictures.show(path) for path in asked_for([finding])]
        if shown:
            lines = _in_lines(Shown(p, f"labelled {p.label or 'nothing'}") for p in shown)
            groups.append(Group(f"{len(shown)} pictures drawn at random", anchor(finding), "", lines))
    words = (
        "Is the label right? Decide on each: keep, relabel, drop or cannot tell. Save decisions.json "
        "and scan "
        "again with it. Chance has drawn these pictures, so your answers measure how many labels are wrong."
    )
    return Gallery("review", "Look at these first", "Review", words, tuple(groups), "") if groups else None


def _suspects(record: Record, pictures: Pictures) -> Gallery | None:
    """Label suspects, those that are taken for the same class together."""
    found = [f for f in record.findings if f.code == "label-error" and f.is_shown]
    pairs: dict[tuple[str, str], list[Shown]] = {}
    place, unseen = "", 0
    for finding in found:
        rows = _rows(finding, pictures)
        if rows is None or "suggested_label" not in rows:
            continue
        place = anchor(finding)
        unseen += max(len(rows) - ROWS, 0)
        for row in rows.head(ROWS).to_dict("records"):
            pair = (str(row.get("label", "")), str(row["suggested_label"]))
            pairs.setdefault(pair, []).append(
                Shown(pictures.show(str(row["path"])), _score("", row.get("score")))
            )
    groups = [
        Group(f"labelled {label or 'nothing'}, looks like {suggested}", place, suggested, _in_lines(shown))
        for (label, suggested), shown in sorted(pairs.items(), key=lambda p: -len(p[1]))
    ]
    words = (
        "The images whose labels look most wrong, by what they are labelled and what they look like. "
        "The number below each is its score: "
        "the higher, the more suspect. A model may be wrong where the label is right: look before you "
        "relabel."
    )
    left_out = f"{plural(unseen, 'further suspect')} in findings.csv." if unseen else ""
    return Gallery("suspects", "Label suspects", "Label suspects", words, tuple(groups), left_out)


def _shifted(record: Record, pictures: Pictures) -> Gallery | None:
    """The images of each split that are least like the other's, one line for each split."""
    found = [f for f in record.findings if f.code in SHIFTS and f.is_shown]
    groups = []
    for finding in sorted(found, key=lambda f: f.severity.rank):
        rows = _rows(finding, pictures)
        if rows is None:
            continue
        by_split: dict[str, list[Shown]] = {}
        both = rows.groupby("split", sort=False).head(LINE) if "split" in rows else rows.head(ROWS)
        for row in both.to_dict("records"):
            picture = pictures.show(str(row["path"]))
            by_split.setdefault(str(row.get("split") or picture.split), []).append(Shown(picture, ""))
        lines = tuple(
            Line(f"from {name}" if name else "", tuple(shown[:LINE]))
            for name, shown in sorted(by_split.items())
        )
        groups.append(Group(finding.title, anchor(finding), "", lines))
    words = (
        "For each difference between splits, the images that show it most: what one split has and the other "
        "has not."
    )
    return Gallery(
        "differing",
        "Images that make the splits differ",
        "Differing",
        words,
        tuple(groups[:GROUPS]),
        _more(groups),
    )


def _outliers(record: Record, pictures: Pictures) -> Gallery | None:
    """Pictures that look like no other, also where they are few enough to pass."""
    groups = []
    for finding in (f for f in record.findings if f.code == "outlier"):
        rows = _rows(finding, pictures)
        if rows is None:
            continue
        most = ROWS if finding.is_shown else SETTLED
        shown = [
            Shown(pictures.show(str(r["path"])), _score("distance ", r.get("score")))
            for r in rows.head(most).to_dict("records")
        ]
        title = f"Far from all training images: {finding.scope}" if finding.scope else "Far from all others"
        groups.append(Group(title, anchor(finding), "", _in_lines(shown)))
    words = (
        "Pictures that are far from all others: a wrong file, a rare view, or a mistake of the camera. An "
        "outlier need not be wrong."
    )
    return Gallery("outliers", "Outliers", "Outliers", words, tuple(groups[:GROUPS]), _more(groups))


def _mistakes(record: Record, pictures: Pictures) -> Gallery | None:
    """What the baseline was most sure of, and wrong about."""
    scores = (record.baseline or {}).get("scores", {})
    suspects = {
        str(p)
        for f in record.findings
        if f.code == "label-error" and f.is_shown and f.examples is not None and "path" in f.examples
        for p in f.examples["path"]
    }
    names = {"val": "Validation", "test": "Test"}
    groups = []
    for part, name in names.items():
        given = scores.get(part, {}).get("mistakes", [])[:MISTAKES]
        shown = [
            Shown(
                pictures.show(m["path"]),
                f"said {m['predicted']}, {share(m['confidence'])} "
                f"sure{'; also a label suspect' if m['path'] in suspects else ''}",
            )
            for m in given
        ]
        if shown:
            groups.append(Group(name, "baseline", "", _in_lines(shown)))
    words = (
        "What the baseline was most sure of, and wrong about: a wrong label, a hard picture, or something "
        "it has not learned."
    )
    return Gallery("mistakes", "Most confident mistakes", "Mistakes", words, tuple(groups), "")


def _rows(finding: Finding, pictures: Pictures) -> pd.DataFrame | None:
    """Evidence that names images nobody has decided about, worst first."""
    if finding.examples is None or "path" not in finding.examples:
        return None
    rows = still_to_ask(finding.examples, pictures.decided)
    return rows if len(rows) else None


def _in_lines(shown: Iterable[Shown]) -> tuple[Line, ...]:
    return (Line("", tuple(shown)),)


def _more(groups: Sequence[Group]) -> str:
    return (
        f"{count(len(groups) - GROUPS)} further findings with pictures above." if len(groups) > GROUPS else ""
    )


def _score(before: str, score: object) -> str:
    return f"{before}{number(float(score))}" if isinstance(score, int | float) and score == score else ""
