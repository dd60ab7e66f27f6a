"""The baseline: what a small network learned, and what that says about the data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditor.record import BaselineFacts, ClassScore, Estimate, Record, Scores
from auditor.reports.charts.curves import Curves, draw_curves
from auditor.reports.charts.matrix import Matrix, Reliability, draw_matrix, draw_reliability
from auditor.reports.sections.comparisons import Comparison, comparisons
from auditor.reports.sections.learning_curve import LearningCurve, learning_curve
from auditor.reports.sections.plain_table import PlainTable, cell, heading, is_estimate, plain_table
from auditor.reports.wording import count, interval, plural, sentence, share

#: Scores in the order of the table, with their names.
METRICS = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro F1",
    "geometric_mean": "geometric mean of recalls",
}
#: Answers in the order in which they are shown.
ORDER = {"yes": 0, "no": 1, "undecided": 2}
#: What curves say to who has not read any before.
HOW_TO_READ = (
    "Both curves high: the model cannot fit the data yet (bias), so train longer or take a larger model. "
    "A gap that widens between them: it learns the training images by heart (variance), so add images "
    "or restrain it."
)
#: Classes of the per-class table, and training runs with curves that are shown.
ROWS, RUNS = 60, 3


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer of the diagnosis."""

    question: str
    verdict: str
    text: str
    remedies: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Run:
    """The curves of one training run."""

    name: str
    words: str
    loss: Curves | None
    accuracy: Curves | None


@dataclass(frozen=True, slots=True)
class ClassLine:
    """A class's scores; ``recall`` as places on a scale from 0 to 100."""

    label: str
    support: str
    precision: str
    recall: str
    f1: str
    at: float
    low: float
    width: float


@dataclass(frozen=True, slots=True)
class PartScores:
    """What is known about one split: per class, confusion, reliability."""

    part: str
    images: str
    classes: tuple[ClassLine, ...]
    classes_left_out: int
    matrix: Matrix | None
    reliability: Reliability | None
    slices: PlainTable | None


@dataclass(frozen=True, slots=True)
class BaselineView:
    """The section about the baseline."""

    summary: str
    setting: str
    answers: tuple[Answer, ...]
    undecided: int
    reading: str
    advice: tuple[str, ...]
    runs: tuple[Run, ...]
    runs_left_out: int
    parts: tuple[str, ...]
    scores: tuple[tuple[str, tuple[str, ...]], ...]
    details: tuple[PartScores, ...]
    comparisons: tuple[Comparison, ...]
    curve: LearningCurve | None
    tables: tuple[PlainTable, ...]
    notes: tuple[str, ...]
    config: tuple[tuple[str, str], ...]


def baseline(record: Record) -> BaselineView | None:
    """Return the section, or ``None`` where nothing was trained."""
    facts = record.baseline
    if facts is None:
        return None
    parts = tuple(p for p in ("train", "val", "test") if p in facts.get("scores", {}))
    histories = facts.get("histories", [])
    return BaselineView(
        summary=sentence(facts.get("summary", "")) if facts.get("summary") else "",
        setting=_setting(facts),
        answers=tuple(
            Answer(d["question"], d["verdict"], d.get("text", ""), tuple(d.get("remedies", [])))
            for d in sorted(facts.get("diagnosis", []), key=lambda d: ORDER.get(d["verdict"], len(ORDER)))
        ),
        undecided=sum(d["verdict"] == "undecided" for d in facts.get("diagnosis", [])),
        reading=HOW_TO_READ,
        advice=tuple(facts.get("advice", [])),
        runs=tuple(_run(h) for h in histories[:RUNS]),
        runs_left_out=max(len(histories) - RUNS, 0),
        parts=parts,
        scores=_score_rows(facts, parts),
        details=tuple(_part(facts, part, facts["scores"][part]) for part in ("test", "val") if part in parts),
        comparisons=comparisons(facts),
        curve=learning_curve(facts.get("learning_curve", {})),
        tables=tuple(_tables(facts)),
        notes=tuple(facts.get("notes", [])),
        config=tuple((heading(k), cell(v)) for k, v in facts.get("config", {}).items()),
    )


def _setting(facts: BaselineFacts) -> str:
    parts = []
    if facts.get("parameters"):
        parts.append(f"{count(facts['parameters'])} parameters")
    if facts.get("image_size"):
        parts.append("pictures of " + " x ".join(str(n) for n in facts["image_size"][:2]) + " pixels")
    if facts.get("counts"):
        parts.append(", ".join(f"{name} {count(n)}" for name, n in facts["counts"].items()) + " images")
    if facts.get("seconds"):
        parts.append(f"{count(facts['seconds'])} seconds")
    return " · ".join(parts)


def _run(history: Mapping[str, Any]) -> Run:
    best = history.get("best_epoch")
    epochs = len(history.get("loss", []))
    ended = history.get("ended_by") or ("early stopping" if history.get("stopped_early") else "all epochs")
    words = f"{plural(epochs, 'epoch')}, seed {history.get('seed', 0)}, ended by {ended}"
    loss = {"training": history.get("loss", []), "validation": history.get("val_loss", [])}
    accuracy = {"training": history.get("accuracy", []), "validation": history.get("val_accuracy", [])}
    return Run(
        str(history.get("name", "")),
        words,
        draw_curves("Loss by epoch", "cross-entropy loss", loss, best),
        draw_curves("Accuracy by epoch", "accuracy", accuracy, best),
    )


def _score_rows(facts: BaselineFacts, parts: tuple[str, ...]) -> tuple[tuple[str, tuple[str, ...]], ...]:
    rows = []
    for key, name in METRICS.items():
        cells = tuple(_estimate(facts["scores"][p].get(key)) for p in parts)  # type: ignore[arg-type]
        if any(cells):
            rows.append((name, cells))
    for reference, by_part in facts.get("references", {}).items():
        for key in ("balanced_accuracy", "accuracy"):
            cells = tuple(
                _estimate(by_part.get(p, {}).get(key)) if isinstance(by_part.get(p), Mapping) else ""
                for p in parts
            )
            if any(cells):
                rows.append((f"{heading(reference)}: {METRICS[key]}", cells))
    return tuple(rows)


def _estimate(value: Estimate | float | None) -> str:
    if value is None:
        return ""
    if is_estimate(value):
        return interval(value["value"], value["low"], value["high"])  # type: ignore[index]
    return share(float(value)) if isinstance(value, int | float) else cell(value)


def _part(facts: BaselineFacts, part: str, scores: Scores) -> PartScores:
    lines = sorted((_line(c) for c in scores.get("classes", [])), key=lambda line: line.at)
    labels = [c["label"] for c in scores.get("classes", [])] or list(facts.get("labels", []))
    return PartScores(
        part,
        count(scores.get("images", 0)),
        tuple(lines[:ROWS]),
        max(len(lines) - ROWS, 0),
        draw_matrix(scores.get("confusion", []), labels),
        draw_reliability(scores.get("calibration", {}) or {}),
        plain_table(f"Accuracy by slice, {part}", scores.get("slices", [])),
    )


def _line(score: ClassScore) -> ClassLine:
    def text(e: Estimate) -> str:
        return f"{100 * e['value']:.1f} ({100 * e['low']:.1f}–{100 * e['high']:.1f})"

    recall = score["recall"]
    low, high = round(100 * recall["low"], 1), round(100 * recall["high"], 1)
    return ClassLine(
        score["label"],
        count(score["support"]),
        text(score["precision"]),
        text(recall),
        text(score["f1"]),
        round(100 * recall["value"], 1),
        low,
        round(high - low, 1),
    )


def _tables(facts: BaselineFacts) -> list[PlainTable]:
    made = [
        plain_table(
            "Differences below these are noise",
            [{"what": heading(k), "value": cell(v)} for k, v in facts.get("noise_floor", {}).items()],
        ),
    ]
    return [t for t in made if t is not None]
