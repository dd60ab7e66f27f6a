"""What training gives back."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from auditor.errors import OutputError
from auditor.record import BaselineFacts, Diagnosis, Scores

if TYPE_CHECKING:
    import keras
    import pandas as pd

    from auditor.reports.plots import Plot

MODEL_FILE, FACTS_FILE = "baseline.keras", "baseline.json"


@dataclass(frozen=True, eq=False)
class Baseline:
    """A trained baseline.

    Attributes
    ----------
    facts : BaselineFacts
        Everything in numbers: what ``baseline.json`` holds.
    model : keras.Model
        Plain Keras layers: raw pixels ``(n, height, width, 3)`` in [0, 255] in, class probabilities ``(n,
        n_classes)`` out.
    probabilities : DataFrame
        Class probabilities of images that the model was not trained on (validation and test), a column per
        class, index ``path``.
    """

    facts: BaselineFacts
    model: keras.Model
    probabilities: pd.DataFrame

    @property
    def labels(self) -> tuple[str, ...]:
        """The classes, in the order of the model's outputs."""
        return tuple(self.facts["labels"])

    @property
    def scores(self) -> dict[str, Scores]:
        """Scores by split."""
        return self.facts["scores"]

    @property
    def recalls(self) -> dict[str, dict[str, float]]:
        """Recall in [0, 1] by split and class, of the classes that the split has."""
        return {
            split: {c["label"]: c["recall"]["value"] for c in scores["classes"] if c["support"]}
            for split, scores in self.scores.items()
        }

    @property
    def diagnosis(self) -> list[Diagnosis]:
        """The answers of the diagnosis."""
        return self.facts["diagnosis"]

    @cached_property
    def history(self) -> pd.DataFrame:
        """Curves of every run.

        ``run, seed, epoch, loss, val_loss, accuracy, val_accuracy, learning_rate``; epochs count from 1.
        """
        import pandas as pd

        curves = ("loss", "val_loss", "accuracy", "val_accuracy", "learning_rate")
        frames = []
        for h in self.facts["histories"]:
            curve: dict[str, Any] = {name: h[name] for name in curves}  # type: ignore[literal-required]
            frames.append(
                pd.DataFrame(
                    {"run": h["name"], "seed": h["seed"], "epoch": range(1, len(h["loss"]) + 1), **curve}
                )
            )
        return pd.concat(frames, ignore_index=True)

    def plot_history(self, run: int = 0, curve: str = "loss") -> Plot:
        """Return a chart of one run's curves over its epochs; it shows itself in a notebook.

        Parameters
        ----------
        run : int
            Number of the run in `history`, 0 for the model itself.
        curve : {"loss", "accuracy"}

        Raises
        ------
        UsageError
            There is no such run or curve.
        """
        from auditor.reports.plots import plot_history

        return plot_history(self.facts, run, curve)

    def save(self, folder: str | Path) -> None:
        """Write ``baseline.keras`` and ``baseline.json``.

        Raises
        ------
        OutputError
            The folder cannot be written.
        """
        folder = Path(folder)
        part = folder / "baseline.part.keras"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            with warnings.catch_warnings():
                warnings.simplefilter(
                    "ignore", DeprecationWarning
                )  # Keras converts its variables in a way that NumPy 2 is going to end
                self.model.save(part)
            part.replace(folder / MODEL_FILE)
            write_facts(self.facts, folder)
        except OSError as error:
            raise OutputError(
                expected=f"a folder that can be written, for {MODEL_FILE}",
                received=f"'{folder}': {error.strerror or error}",
                hint="free some space or choose another folder with -o",
            ) from None


def write_facts(facts: BaselineFacts, folder: Path) -> None:
    """Write ``baseline.json``."""
    part = folder / "baseline.json.part"
    part.write_text(json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
    part.replace(folder / FACTS_FILE)
