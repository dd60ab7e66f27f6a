"""The data of the demonstration: handwritten digits with planted defects, and counting which were found.

The pictures are the test set of Kaynak's "Optical recognition of handwritten digits" (UCI, 1998), which
scikit-learn bundles: 1,797 images of 8x8 pixels in 17 grey levels, enlarged here to 32x32.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from auditor.commands.audit import Audit

#: Largest to smallest class in training.
TAIL_RATIO = 20.0
#: Test images of each digit: a quarter of the set.
TESTED = 45
#: Test pictures are lifted by this many of 255 grey levels, and compressed to make room.
LIFT = 45
#: How many of each defect are planted.
TRUNCATED, MISLABELLED, COPIED, REENCODED, TEXT, MISNAMED = 6, 12, 8, 8, 2, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Planted:
    """One kind of planted defect: the files it is in, and the check that should say so."""

    kind: str
    code: str
    paths: tuple[str, ...]

    @property
    def of_the_whole(self) -> bool:
        """Whether the defect is one of the data set, not of single files."""
        return not self.paths


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How many of a planted defect were found, which were missed, and what else its check named."""

    planted: Planted
    expected: int
    found: int
    missed: tuple[str, ...]
    others: int


def _png(picture: npt.NDArray[np.uint8], format: str = "PNG") -> bytes:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(picture).save(target, format, **({"quality": 80} if format == "JPEG" else {}))
    return target.getvalue()


def make_data(folder: Path, seed: int = 0) -> tuple[Planted, ...]:
    """Write the digits as ``train`` and ``test`` class folders, with a long tail and planted defects.

    Parameters
    ----------
    folder : Path
        A folder that does not exist yet.
    seed : int
        Chooses the images.

    Returns
    -------
    tuple of Planted
        What was planted, paths relative to ``folder``.
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    random = np.random.default_rng(seed)
    digits = load_digits()
    small = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    pictures = [np.asarray(Image.fromarray(p).resize((32, 32), Image.Resampling.BICUBIC)) for p in small]
    train, test = _divide(digits.target, random)

    def write(split: str, label: str, name: str, data: bytes) -> str:
        path = Path(split, label, name)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(data)
        return path.as_posix()

    # Defects go to classes that are not rare, so that each is one defect and not two.
    common = [(label, i) for label, i in train if int(label) <= 4]
    drawn = iter(random.permutation(len(common)))
    take = [
        [common[next(drawn)] for _ in range(n)] for n in (TRUNCATED, MISLABELLED, COPIED, REENCODED, MISNAMED)
    ]
    truncated, mislabelled, copied, reencoded, misnamed = take
    shown: dict[str, list[str]] = {
        k: [] for k in ("truncated", "mislabelled", "copied", "re-encoded", "misnamed", "text")
    }
    for label, i in train:
        data, wrong = _png(pictures[i]), label
        if (label, i) in truncated:
            data = data[: int(len(data) * 0.6)]
        elif (label, i) in misnamed:
            data = _png(pictures[i], "JPEG")
        elif (label, i) in mislabelled:
            wrong = str((int(label) + 1 + int(random.integers(4))) % 5)
        path = write("train", wrong, f"digit_{i:04d}.png", data)
        for kind, chosen in (("truncated", truncated), ("mislabelled", mislabelled), ("misnamed", misnamed)):
            if (label, i) in chosen:
                shown[kind].append(path)
    for label, i in test:
        lifted = (LIFT + pictures[i].astype(np.float64) * (255 - LIFT) / 255).astype(np.uint8)
        write("test", label, f"digit_{i:04d}.png", _png(lifted))
    shown["copied"] = [write("test", label, f"scan_{i:04d}.png", _png(pictures[i])) for label, i in copied]
    shown["re-encoded"] = [
        write("test", label, f"scan_{i:04d}.jpg", _png(pictures[i], "JPEG")) for label, i in reencoded
    ]
    shown["text"] = [write("train", str(n), "readme.png", b"This is not a picture.\n") for n in range(TEXT)]
    return _list_planted(shown)


def _divide(
    target: npt.NDArray[np.int64], random: np.random.Generator
) -> tuple[list[tuple[str, int]], list[tuple[str, int]]]:
    """Return class and number of the images of train, with a long tail, and of test."""
    train: list[tuple[str, int]] = []
    test: list[tuple[str, int]] = []
    for digit in range(10):
        rows = random.permutation(np.flatnonzero(target == digit))
        test += [(str(digit), int(i)) for i in rows[:TESTED]]
        kept = round((len(rows) - TESTED) * TAIL_RATIO ** (-digit / 9))
        train += [(str(digit), int(i)) for i in rows[TESTED : TESTED + kept]]
    return train, test


def _list_planted(shown: Mapping[str, Sequence[str]]) -> tuple[Planted, ...]:
    return (
        Planted(kind="truncated files", code="truncated", paths=tuple(shown["truncated"])),
        Planted(kind="text files named .png", code="unreadable", paths=tuple(shown["text"])),
        Planted(kind="JPEG files named .png", code="wrong-extension", paths=tuple(shown["misnamed"])),
        Planted(
            kind="exact copies of training images in test", code="split-leak", paths=tuple(shown["copied"])
        ),
        Planted(
            kind="re-encoded copies of training images in test",
            code="split-leak",
            paths=tuple(shown["re-encoded"]),
        ),
        Planted(kind="mislabelled training images", code="label-error", paths=tuple(shown["mislabelled"])),
        Planted(kind=f"a long tail of {TAIL_RATIO:.0f} : 1 in training", code="class-imbalance", paths=()),
        Planted(kind="another class mix in test", code="label-shift", paths=()),
        Planted(kind="a brightness shift in test", code="property-shift", paths=()),
    )


def count(audit: Audit, planted: tuple[Planted, ...]) -> tuple[Outcome, ...]:
    """Count what was planted against what was found, file by file."""
    bad = [f for f in audit.record.findings if f.is_shown]
    outcomes = []
    for defect in planted:
        findings = [f for f in bad if f.code == defect.code]
        if defect.of_the_whole:
            found = any(f.severity in ("error", "warning") for f in findings)
            outcomes.append(
                Outcome(
                    planted=defect,
                    expected=1,
                    found=int(found),
                    missed=() if found else (defect.kind,),
                    others=0,
                )
            )
            continue
        named: set[str] = set()
        for finding in findings:
            if finding.examples is not None:
                named |= set(finding.examples["path"])
        meant = {p for d in planted if d.code == defect.code for p in d.paths}
        missed = tuple(sorted(set(defect.paths) - named))
        expected = len(defect.paths)
        outcomes.append(
            Outcome(
                planted=defect,
                expected=expected,
                found=expected - len(missed),
                missed=missed,
                others=len(named - meant),
            )
        )
    return tuple(outcomes)
