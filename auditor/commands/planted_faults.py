"""Would the checks find faults in *this* data? Known faults are planted in a copy, and findings are scored.

Nothing of the user's is changed: a sample is copied to a temporary folder, audited as it is, and audited
again with faults.
"""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from auditor.dataset import Dataset
from auditor.errors import DataError
from auditor.finding import Finding, Severity

if TYPE_CHECKING:
    import pandas as pd

#: Audits the table at a path, with the user's own thresholds, and returns the findings.
Audit = Callable[[Path], Sequence[Finding]]
#: Images copied by default: enough for 20 of each fault, and five audits of them take about a minute.
SAMPLE = 400
#: Below this, there is nothing to plant in.
FEWEST = 40
#: Share of the sample that each fault of single images is planted in.
SHARE = 0.05
#: Grey levels by which one class is brightened for the shortcut, and standard deviation of the noise that
#: half of the test split gets.
BRIGHTER, NOISE = 60, 10
#: JPEG quality of the re-encoded copies, which are also halved in size.
QUALITY = 60

ALARMS = (Severity.ERROR, Severity.WARNING)


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """What became of one kind of planted fault.

    Attributes
    ----------
    fault : str
        What was planted, in words.
    check : str
        The check that is to find it.
    planted, found : int
        Images with the fault, and those of them that the check listed; for a fault of the whole data set 1,
        and 1 if the check raised a warning or an error.
    false_alarms : int
        Images without the fault that the check listed; for a fault of the whole data set 1 if it raised an
        alarm without it.
    clean : int
        Images without the fault; 1 for a fault of the whole data set.
    note : str
        What else there is to know.
    """

    fault: str
    check: str
    planted: int
    found: int
    false_alarms: int
    clean: int
    note: str = ""

    @property
    def recall(self) -> float:
        """Share of the planted faults that were found."""
        return self.found / self.planted if self.planted else 0.0


@dataclass(frozen=True, slots=True)
class SelfTest:
    """The scores of a self-test, over a sample of ``images``."""

    images: int
    scores: tuple[Score, ...]

    def table(self) -> pd.DataFrame:
        """Return a row per fault: fault, check, planted, found, recall, false_alarms, clean, note."""
        import pandas as pd

        columns = ("fault", "check", "planted", "found", "recall", "false_alarms", "clean", "note")
        return pd.DataFrame([{c: getattr(s, c) for c in columns} for s in self.scores], columns=list(columns))

    def __str__(self) -> str:
        lines = [f"Faults planted in a copy of {self.images:,} images:"]
        lines += [
            f"  {s.found} of {s.planted} found  {s.fault} ({s.check}; false alarms: {s.false_alarms} of "
            f"{s.clean}{'; ' + s.note if s.note else ''})"
            for s in self.scores
        ]
        return "\n".join(lines)


@dataclass(slots=True)
class _Copy:
    """A sample being changed: a row per file of ``path, label, split``, and the bytes of each path."""

    rows: list[dict[str, str]]
    files: dict[str, bytes]
    #: By fault, the planted paths with the path each was made from.
    planted: dict[str, dict[str, str]] = field(default_factory=dict)

    def twin(self) -> _Copy:
        return _Copy([dict(row) for row in self.rows], dict(self.files))

    def write(self, folder: Path) -> Path:
        import pandas as pd

        for path, data in self.files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        table = folder / "samples.csv"
        pd.DataFrame(self.rows).to_csv(table, index=False)
        return table


def _pixels(data: bytes) -> npt.NDArray[np.uint8] | None:
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data)) as image:
            return np.asarray(image.convert("RGB"))
    except Exception:  # whatever a decoder raises, the image is not used
        return None


def _encoded(pixels: npt.NDArray[np.uint8], kind: str, **options: int) -> bytes:
    from PIL import Image

    target = io.BytesIO()
    Image.fromarray(pixels).save(target, kind, **options)
    return target.getvalue()


def _sample(dataset: Dataset, size: int, rng: np.random.Generator) -> _Copy:
    """Copy labelled, readable images, classes in turn, with a new train/test split."""
    labelled = dataset.samples[(dataset.samples["label"] != "") & (dataset.samples["split"] != "field")]
    shuffled = labelled.iloc[rng.permutation(len(labelled))]
    turn = shuffled.groupby("label", sort=False).cumcount().to_numpy()
    rows: list[dict[str, str]] = []
    files: dict[str, bytes] = {}
    ordered = shuffled.iloc[np.argsort(turn, kind="stable")]
    for source, label in zip(ordered["path"].astype(str), ordered["label"].astype(str), strict=True):
        if len(rows) == size:
            break
        try:
            data = dataset.source.read(source)
        except OSError:
            continue
        if _pixels(data) is None:
            continue
        suffix = Path(source).suffix.lower() or ".img"
        path = f"images/{rng.integers(2**40):010x}{suffix}"
        rows.append({"path": path, "label": label, "split": "test" if rng.random() < 0.4 else "train"})
        files[path] = data
    return _Copy(rows, files)


def _plant_images(clean: _Copy, rng: np.random.Generator) -> _Copy:
    """Plant copies, re-encoded copies, truncated files and wrong labels, each in images of its own."""
    copy = clean.twin()
    count = max(2, round(SHARE * len(copy.rows)))
    chosen = rng.permutation(len(copy.rows))[: 4 * count].reshape(4, count)
    classes = sorted({row["label"] for row in copy.rows})
    copy.planted = {name: {} for name in ("copy", "re-encoded", "truncated", "flip")}

    def other_split(row: dict[str, str]) -> str:
        return "train" if row["split"] == "test" else "test"

    for i in chosen[0]:
        row = copy.rows[i]
        path = f"images/{rng.integers(2**40):010x}{Path(row['path']).suffix}"
        copy.files[path] = copy.files[row["path"]]
        copy.rows.append({**row, "path": path, "split": other_split(row)})
        copy.planted["copy"][path] = row["path"]
    for i in chosen[1]:
        row = copy.rows[i]
        pixels = _pixels(copy.files[row["path"]])
        assert pixels is not None
        from PIL import Image

        small = Image.fromarray(pixels).resize(
            (max(pixels.shape[1] // 2, 1), max(pixels.shape[0] // 2, 1)), Image.Resampling.LANCZOS
        )
        path = f"images/{rng.integers(2**40):010x}.jpg"
        copy.files[path] = _encoded(np.asarray(small), "JPEG", quality=QUALITY)
        copy.rows.append({**row, "path": path, "split": other_split(row)})
        copy.planted["re-encoded"][path] = row["path"]
    for i in chosen[2]:
        path = copy.rows[i]["path"]
        copy.files[path] = copy.files[path][: len(copy.files[path]) // 2]
        copy.planted["truncated"][path] = path
    for i in chosen[3]:
        row = copy.rows[i]
        row["label"] = str(rng.choice([c for c in classes if c != row["label"]]))
        copy.planted["flip"][row["path"]] = row["path"]
    return copy


def _repainted(
    copy: _Copy,
    which: Callable[[dict[str, str]], bool],
    change: Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]],
) -> _Copy:
    """Change pictures, and save all of them as PNG so that the format gives nothing away."""
    made = _Copy([], {})
    for row in copy.rows:
        pixels = _pixels(copy.files[row["path"]])
        assert pixels is not None
        if which(row):
            pixels = np.clip(np.rint(change(pixels.astype(float))), 0, 255).astype(np.uint8)
        path = str(Path(row["path"]).with_suffix(".png"))
        made.files[path] = _encoded(pixels, "PNG", compress_level=1)
        made.rows.append({**row, "path": path})
    return made


def _listed(findings: Sequence[Finding], *codes: str) -> set[str]:
    """Return the paths that checks list as affected; pairs count with both."""
    paths: set[str] = set()
    for finding in findings:
        if finding.code in codes and finding.examples is not None:
            # Of suspects, those worth a look are counted as affected; the list goes on below them.
            evidence = (
                finding.examples
                if "other_path" in finding.examples
                else finding.examples.head(finding.affected)
            )
            for column in ("path", "other_path"):
                if column in evidence:
                    paths |= set(evidence[column].astype(str))
    return paths - {""}


def _alarm(findings: Sequence[Finding], code: str, scope: str) -> tuple[bool, str]:
    """Return whether a check raised an alarm, and its effect in words."""
    for finding in findings:
        if finding.code == code and finding.scope == scope:
            shown = f"{finding.effect.name} {finding.effect.value:.2f}" if finding.effect else finding.summary
            return finding.severity in ALARMS, f"{finding.severity}, {shown}"
    return False, "not checked"


def selftest(
    dataset: Dataset, audit: Audit, *, sample: int = SAMPLE, seed: int = 0, folder: Path | None = None
) -> SelfTest:
    """Plant known faults in a copy of a sample of a data set, and score the checks on it.

    Parameters
    ----------
    dataset : Dataset
        Labelled images of at least two classes; only read.
    audit : callable
        Audits the CSV table at a path and returns the findings; called five times.
    sample : int
        Images to copy.
    seed : int
        Chooses the images and the faults.
    folder : Path, optional
        Where to put the copies; a temporary folder that is removed, by default.

    Raises
    ------
    DataError
        There are fewer than two classes, or too few readable images.
    """
    rng = np.random.default_rng([seed, *map(ord, "selftest")])
    clean = _sample(dataset, sample, rng)
    classes = sorted({row["label"] for row in clean.rows})
    if len(classes) < 2 or len(clean.rows) < FEWEST:
        raise DataError(
            expected=f"at least {FEWEST} readable images of two classes to plant faults in",
            received=f"{len(clean.rows)} of {len(classes)}",
            hint="name a labelled data set",
        )
    with tempfile.TemporaryDirectory(prefix="auditor-selftest-", dir=folder) as name:
        root = Path(name)

        def findings_of(copy: _Copy, name: str) -> Sequence[Finding]:
            (root / name).mkdir()
            return audit(copy.write(root / name))

        scores = _score_images(clean, _plant_images(clean, rng), findings_of)
        scores += _score_wholes(clean, classes, findings_of, rng)
    return SelfTest(len(clean.rows), tuple(scores))


def _score_wholes(
    clean: _Copy,
    classes: Sequence[str],
    findings_of: Callable[[_Copy, str], Sequence[Finding]],
    rng: np.random.Generator,
) -> list[Score]:
    """Score the faults of a whole class and a whole split."""
    bright = max(classes, key=lambda c: (sum(row["label"] == c for row in clean.rows), c))
    plain = _repainted(clean, lambda _: False, lambda x: x)
    before = findings_of(plain, "plain")
    after = findings_of(
        _repainted(clean, lambda row: row["label"] == bright, lambda x: x + BRIGHTER), "shortcut"
    )
    brightened = f'class "{bright}" brightened by {BRIGHTER} of 255'
    noisy = findings_of(
        _repainted(
            clean,
            lambda row: row["split"] == "test" and rng.random() < 0.5,
            lambda x: x + rng.normal(0, NOISE, x.shape),
        ),
        "shift",
    )
    noise = f"noise (sd {NOISE} of 255) on half of the test split"
    return [
        _score_whole(brightened, "shortcut", "picture", before, after),
        _score_whole(noise, "property-shift", "train-test", before, noisy),
    ]


def _score_images(
    clean: _Copy, faulty: _Copy, findings_of: Callable[[_Copy, str], Sequence[Finding]]
) -> list[Score]:
    """Score the faults of single images; a fault that the clean copy has too is no false alarm."""
    before, after = findings_of(clean, "clean"), findings_of(faulty, "images")
    names = {
        "copy": ("copies in the other split", ("exact-duplicate",)),
        "re-encoded": (
            f"copies at half the size and JPEG quality {QUALITY} in the other split",
            ("near-duplicate",),
        ),
        "truncated": ("files cut off at half", ("unreadable", "truncated")),
        "flip": ("labels replaced at random", ("label-error",)),
    }
    copies = {
        path for name in ("copy", "re-encoded") for pair in faulty.planted[name].items() for path in pair
    }
    scores = []
    for name, (fault, codes) in names.items():
        planted = set(faulty.planted[name])
        listed, known = _listed(after, *codes), _listed(before, *codes)
        # The original of a copy is rightly listed beside it.
        excused = planted | known | (copies if name in ("copy", "re-encoded") else set())
        clean_paths = {row["path"] for row in faulty.rows} - planted
        skipped = [f.summary for f in after if f.code in codes and f.severity is Severity.SKIPPED]
        scores.append(
            Score(
                fault=fault,
                check=codes[0],
                planted=len(planted),
                found=len(planted & listed),
                false_alarms=len(listed - excused),
                clean=len(clean_paths),
                note=skipped[0] if skipped else f"{len(known)} listed before planting" if known else "",
            )
        )
    return scores


def _score_whole(
    fault: str, check: str, scope: str, before: Sequence[Finding], after: Sequence[Finding]
) -> Score:
    """Score a fault of the whole data set."""
    alarmed, first = _alarm(before, check, scope)
    found, then = _alarm(after, check, scope)
    return Score(
        fault=fault,
        check=check,
        planted=1,
        found=int(found),
        false_alarms=int(alarmed),
        clean=1,
        note=f"before: {first}; after: {then}",
    )
