"""A made-up record with every part that a report can show, and hostile names."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pandas as pd

from auditor.finding import Effect, Finding, Fix, Waiver
from auditor.record import DatasetFacts, Record
from auditor.scanning.schema import MEASURE_NAMES

CLASSES = ("RBC", "WBC", "<script>alert(1)</script>", "=1+1", "‮gnp.exe 🐈\nsecond line")


def picture(seed: int, side: int = 96) -> bytes:
    """A small coloured blob, as WebP."""
    rng = np.random.default_rng(seed)
    canvas = np.full((side, side, 3), rng.integers(150, 230, 3), dtype=np.uint8)
    cv2.circle(
        canvas,
        (side // 2, side // 2),
        int(rng.integers(15, 40)),
        [int(c) for c in rng.integers(0, 200, 3)],
        -1,
    )
    return bytes(cv2.imencode(".webp", canvas)[1])


def images(n: int = 60) -> pd.DataFrame:
    """An image table; the last row is unreadable."""
    rng = np.random.default_rng(0)
    label = [CLASSES[min(int(rng.exponential(0.9)), len(CLASSES) - 1)] for _ in range(n)]
    split = ["train"] * (n // 2) + ["val"] * (n // 4) + ["test"] * (n - n // 2 - n // 4)
    table = pd.DataFrame(
        {
            "path": [
                f"{s}/{c}/{i:04d}.jpg".replace("\n", " ")
                for i, (s, c) in enumerate(zip(split, label, strict=True))
            ]
        }
    )
    table["path"] = table["path"].where(table.index != 3, "-<img src=x onerror=alert(1)>.jpg")
    table["label"], table["split"], table["group"] = label, split, [f"slide {i // 4}" for i in range(n)]
    table["status"], table["reason"] = ["ok"] * (n - 1) + ["unreadable"], [""] * (n - 1) + ["truncated"]
    table["bytes"] = rng.integers(1000, 9000, n)
    for name in ("sha256", "pixel_digest", "phash"):
        table[name] = [f"{name[0]}{i:063x}" for i in range(n)]
    table["format"], table["mode"], table["width"], table["height"], table["bits"], table["orientation"] = (
        "JPEG",
        "RGB",
        64,
        48,
        8,
        1,
    )
    table["animated"] = False
    for i, name in enumerate(MEASURE_NAMES):
        values = rng.beta(2 + i % 5, 4, n) + 0.1 * (table["split"] == "test").to_numpy()
        table[name] = [float(f"{v:.6g}") for v in values]
        table.loc[n - 1, name] = math.nan
    return table


def finding_list(table: pd.DataFrame) -> tuple[Finding, ...]:
    """One finding of each grade and of each kind of evidence."""
    train, val = table[table["split"] == "train"].reset_index(), table[table["split"] == "val"].reset_index()
    n = min(len(train), len(val), 12)
    pairs = pd.DataFrame(
        {
            "path": train["path"][:n],
            "other_path": val["path"][:n],
            "label": train["label"][:n],
            "split": "train",
            "other_split": "val",
            "score": 1.0,
        }
    )
    suspects = pd.DataFrame(
        {
            "path": train["path"][:9],
            "label": train["label"][:9],
            "suggested_label": "WBC",
            "split": "train",
            "score": np.linspace(0.98765432, 0.5, 9).round(6),
        }
    )
    return (
        Finding(
            code="split-leak",
            scope="train-val",
            title="Every validation image is also a training image",
            summary=f"{n} of {len(val)} validation images are byte-identical to a training image.",
            why="Validation accuracy measured on this split says nothing about new slides.",
            affected=n,
            total=len(val),
            effect=Effect.counted("leaked share", 0.8, warn_at=0.0, error_at=0.0, unit="share"),
            examples=pairs,
            splits=("train", "val"),
            fix=Fix(
                text="Remake the split so that duplicate sets stay together.",
                command="auditor split DATA --group slide -o OUT",
            ),
            parameters={"warn-share": 0.0},
        ),
        Finding(
            code="class-imbalance",
            title="Some classes are far smaller than the largest",
            summary="Largest to smallest class is 11.0 : 1.",
            why="A model that always answers RBC is 85 % accurate.",
            affected=4,
            total=30,
            effect=Effect.counted("imbalance ratio", 11, warn_at=10, error_at=100, unit="ratio"),
            classes=(CLASSES[2],),
            splits=("train",),
            fix=Fix(text="Augment the rare classes alone.", command="auditor augment DATA --target balanced"),
            details={"counts": {"RBC": 22, CLASSES[2]: 2}, "evenness": 0.48},
        ),
        Finding(
            code="label-error",
            title="Some labels look wrong",
            summary="9 images lie nearer to another class.",
            why="Wrong labels cap what a model can learn.",
            affected=9,
            total=60,
            effect=Effect(
                name="label error rate",
                value=0.08,
                low=0.06,
                high=0.11,
                warn_at=0.05,
                error_at=0.2,
                unit="share",
            ),
            examples=suspects,
            fix=Fix(text="Look at them, worst first.", command=None),
            waiver=Waiver(reason="known and accepted", owner="R. <b>Viewer</b>", expires="2027-01-31"),
        ),
        Finding(
            code="label-shift",
            scope="train-test",
            title="Too few images to say whether the class mix changed",
            summary="Total variation is 0.03.",
            affected=0,
            total=15,
            q_value=0.4,
            effect=Effect(
                name="total variation",
                value=0.031,
                low=0.0,
                high=0.09,
                warn_at=0.05,
                error_at=0.15,
                detectable=0.06,
            ),
            splits=("train", "test"),
            fix=Fix(
                text="Collect about 1,400 more test images.", command="auditor scan DATA --field new_slides/"
            ),
        ),
        Finding(
            code="colour-mode",
            title="Most pictures are colour",
            summary="60 RGB.",
            effect=Effect.counted("grey share", 0.0, unit="share"),
            affected=0,
            total=60,
        ),
        Finding(
            code="blurry",
            title="Pictures are sharp",
            summary="No image is blurry.",
            effect=Effect.counted("blurry share", 0.0, warn_at=0.01, unit="share"),
            affected=0,
            total=60,
            examples=pd.DataFrame(columns=["path", "label", "split", "score"]),
        ),
        Finding(code="group-leak", title="group-leak was not checked", summary="The data names no groups."),
    )


def estimate(value: float, half: float = 0.05) -> dict[str, float]:
    """An interval around a value, inside [0, 1]."""
    return {
        "value": round(value, 4),
        "low": round(max(value - half, 0.0), 4),
        "high": round(min(value + half, 1.0), 4),
    }


def baseline(labels: tuple[str, ...]) -> dict[str, object]:
    """Facts of a small training run."""
    k = len(labels)
    confusion = (np.eye(k, dtype=int) * 20 + 1).tolist()
    classes = [
        {
            "label": c,
            "support": 20 + k,
            "precision": estimate(0.9 - i / 20),
            "recall": estimate(0.88 - i / 10),
            "f1": estimate(0.89 - i / 15),
        }
        for i, c in enumerate(labels)
    ]
    bins = [
        {
            "confidence": round(0.05 + i / 10, 2),
            "accuracy": round(min(0.1 + i / 10.5, 1.0), 3),
            "images": 3 * i + 1,
        }
        for i in range(10)
    ]
    scores = {
        "images": 25 * k,
        "accuracy": estimate(0.9),
        "balanced_accuracy": estimate(0.8),
        "macro_f1": estimate(0.79),
        "geometric_mean": estimate(0.75),
        "classes": classes,
        "confusion": confusion,
        "calibration": {"ece": 0.04, "bins": bins},
        "mistakes": [{"path": "val/x.jpg", "label": labels[0], "predicted": labels[1], "confidence": 0.99}],
    }
    epochs = np.arange(24)
    history = {
        "name": "baseline",
        "seed": 0,
        "loss": (1.2 * np.exp(-epochs / 6) + 0.1).round(4).tolist(),
        "val_loss": (1.3 * np.exp(-epochs / 6) + 0.25 + 0.004 * epochs).round(4).tolist(),
        "accuracy": (1 - 0.6 * np.exp(-epochs / 6)).round(4).tolist(),
        "val_accuracy": (0.9 - 0.5 * np.exp(-epochs / 6)).round(4).tolist(),
        "learning_rate": [0.001] * 24,
        "best_epoch": 18,
        "stopped_early": True,
        "seconds": 12.5,
    }
    return {
        "summary": "Slight overfitting after epoch 19; data, not the "
        "model, is the limit for the rarest class.",
        "config": {"size": 64, "dropout": 0.3},
        "parameters": 42_000,
        "image_size": [64, 64],
        "labels": list(labels),
        "counts": {"train": 30, "val": 15, "test": 15},
        "histories": [history],
        "scores": {"val": scores, "test": scores},
        "references": {"majority class": {"val": {"accuracy": 0.6, "balanced_accuracy": 0.2}}},
        "noise_floor": {"balanced_accuracy": 0.012},
        "diagnosis": [
            {
                "question": "underfitting",
                "verdict": "no",
                "text": "Training accuracy reaches 0.97.",
                "remedies": [],
            },
            {
                "question": "overfitting",
                "verdict": "yes",
                "text": "Validation loss rises by 0.02 after epoch 19.",
                "remedies": ["more dropout", "augmentation"],
            },
        ],
        "remedies": [
            {
                "remedy": "as it is",
                "against": "",
                "seeds": 2,
                "validation balanced accuracy": estimate(0.8),
                "recommended": True,
            },
            {
                "remedy": "more dropout",
                "against": "overfitting",
                "seeds": 2,
                "validation balanced accuracy": estimate(0.82),
                "change": {"value": 0.02, "low": -0.01, "high": 0.05},
                "recommended": False,
            },
        ],
        "comparison": [
            {"way": "nothing", "seeds": 2, "rare-class recall": estimate(0.6), "recommended": False},
            {
                "way": "class weights",
                "seeds": 2,
                "rare-class recall": estimate(0.7),
                "change of rare-class recall": {"value": 0.1, "low": 0.02, "high": 0.18},
                "recommended": True,
            },
        ],
        "learning_curve": {
            "target": 0.9,
            "shares": [0.25, 0.5, 1.0],
            "seeds": 2,
            "classes": [
                {
                    "label": "cat",
                    "images": [100, 200, 400],
                    "recall": [estimate(v) for v in (0.6, 0.7, 0.8)],
                    "verdict": "range",
                    "needed": [800, 2000],
                },
                {
                    "label": "dog",
                    "images": [10, 20, 40],
                    "recall": [estimate(v) for v in (0.3, 0.4, 0.5)],
                    "verdict": "not enough to tell",
                },
            ],
        },
        "tuning": {
            "trials": [
                {
                    "trial": k,
                    "dropout": 0.1 * k,
                    "learning_rate": 1e-3 * 10**k,
                    "state": "whole",
                    "balanced_accuracy": 0.6 + 0.05 * k,
                }
                for k in range(3)
            ],
            "best": {"trial": 2, "dropout": 0.2, "learning_rate": 0.1},
            "importance": {"learning_rate": 0.7, "dropout": 0.3},
            "words": "3 trials, 0 of them ended early.",
        },
        "notes": ["One seed."],
        "seconds": 30.0,
    }


def record(n: int = 60) -> Record:
    """A record with every part."""
    table = images(n)
    present = tuple(sorted(set(table["label"])))
    found = finding_list(table)
    split_table = table[["path", "label", "split", "group"]].assign(cluster="")
    split_table.loc[n - 1, "split"] = ""
    counts = {
        s: {str(k): int(v) for k, v in rows["label"].value_counts().items()}
        for s, rows in table.groupby("split")
    }
    rng = np.random.default_rng(1)
    first = table["path"][0]
    return Record(
        dataset=DatasetFacts(
            name="blood <cells>",
            kind="split folders",
            location="blood_cells",
            fingerprint="9f41c07a2be8" + "0" * 52,
            images=n,
            unreadable=1,
            ignored=2,
            ignored_examples=("notes.txt", "<b>.DS_Store"),
            classes=present,
            splits={s: int((table["split"] == s).sum()) for s in ("train", "val", "test")},
            groups=n // 4,
            unique=n - 5,
        ),
        findings=found,
        images=table,
        thumbnails={p: picture(i) for i, p in enumerate(table["path"][:40])},
        split={
            "fingerprint": "9f41",
            "origin": "kept",
            "ratios": {"train": 0.5, "val": 0.25, "test": 0.25},
            "ratios_reason": "as published",
            "seed": 0,
            "group_column": "group",
            "groups": n // 4,
            "clusters": 3,
            "duplicate_threshold": 0.25,
            "counts": counts,
            "largest_deviation": 0.02,
            "deviation_bound": 0.01,
            "left_out": 7,
            "claims": [
                {"name": "no image in two parts", "holds": False, "detail": "12 pairs"},
                {"name": "every row has a part", "holds": True, "detail": "all"},
            ],
            "notes": ["kept"],
        },
        split_table=split_table,
        split_findings=(replace(found[0], title="The planned split keeps its leaks"),),
        augmentation={
            "way": "files",
            "target": "balanced",
            "policy": [{"name": "rotate", "magnitudes": {"degrees": 10.0}}],
            "policy_name": "photo",
            "budgets": [
                {
                    "label": c,
                    "present": 10 + i,
                    "unique": 9 + i,
                    "target": 20,
                    "made": 10 - i,
                    "capped": i == 2,
                    "collect": 5 * i,
                    "weight": 1.0 + i / 2,
                }
                for i, c in enumerate(present)
            ],
            "examples": [
                {
                    "parent": first,
                    "label": "RBC",
                    "transforms": "rotate 7°",
                    "before": first,
                    "after": table["path"][1],
                },
                {
                    "parent": first,
                    "label": "RBC",
                    "transforms": "rotate 90°",
                    "before": first,
                    "after": table["path"][2],
                    "to": "WBC",
                },
            ],
            "checks": [
                {
                    "transform": "rotate",
                    "magnitude": "degrees 90",
                    "label": label,
                    "images": 20,
                    "recall": 0.95,
                    "moved": estimate(moved),
                    "control": 0.0,
                    "verdict": verdict,
                    "to": to,
                    "to_share": 0.8 if to else 0.0,
                    "effective": 0.05,
                    "example": first if to else "",
                }
                for label, moved, verdict, to in (
                    ("", 0.3, "check", "WBC"),
                    ("RBC", 0.8, "off", "WBC"),
                    ("WBC", 0.05, "fine", ""),
                )
            ],
            "notes": ["rare classes alone"],
        },
        augmented=pd.DataFrame(
            {
                "path": ["augmented/0.png", ""],
                "parent": [first, first],
                "label": "RBC",
                "split": "train",
                "transforms": ["rotate 7°", "-flip"],
                "seed": [12, 2**62],
            }
        ),
        baseline=baseline(present),  # type: ignore[arg-type]
        exhibits={
            "map": [
                {
                    "x": float(f"{x:.4g}"),
                    "y": float(f"{y:.4g}"),
                    "label": c,
                    "split": s,
                    "path": p,
                    "suspect": i < 9,
                }
                for i, (x, y, c, s, p) in enumerate(
                    zip(
                        rng.normal(size=n),
                        rng.normal(size=n),
                        table["label"],
                        table["split"],
                        table["path"],
                        strict=True,
                    )
                )
            ]
        },
        provenance={
            "config": {"checks": {"class-imbalance": {"warn-ratio": 10.0}}},
            "seed": 0,
            "versions": {"auditor": "0.1.0", "numpy": "2.4"},
            "plugins": [
                {"kind": "check", "name": "lens-cap", "package": "auditor-lens-cap", "version": "1.0.0"}
            ],
            "run": {
                "command": "auditor run blood_cells",
                "output": "out",
                "jobs": 2,
                "engine": "local",
                "started": "2026-11-23T10:00:00Z",
                "seconds": 12.3,
            },
        },
    )
