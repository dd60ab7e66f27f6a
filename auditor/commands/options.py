"""What public functions take: how images are read, split and augmented, and who hears of progress."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypedDict

from auditor import readers
from auditor.jupyter import Line, in_notebook

if TYPE_CHECKING:
    from auditor.augmentation import Policy

#: What a public function accepts as data.
Data = readers.Data
#: What happens to a split that the data has.
Existing = Literal["keep", "keep-test", "replace"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScanOptions:
    """How images are read; results do not depend on ``jobs`` and ``engine``.

    Parameters
    ----------
    jobs : int or None
        Worker processes; by default one per core, and none for a small data set.
    engine : {"local", "dask"}
        Where the work is done.
    scheduler : str or None
        Address of a Dask scheduler.
    timeout : float
        Seconds after which the decoding of one image is given up.
    rehash : bool
        Read every file again, whether it has changed or not.
    decoders : {"header", "all"}
        Judge other decoders by header facts, or really try them.
    time_budget : float or None
        Minutes; a growing stratified sample is measured where the whole does not fit.
    """

    jobs: int | None = None
    engine: str = "local"
    scheduler: str | None = None
    timeout: float = 20.0
    rehash: bool = False
    decoders: str = "header"
    time_budget: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOptions:
    """How a split is planned.

    Parameters
    ----------
    ratios : sequence of three numbers or str, optional
        Shares of train, val and test, as in ``(60, 20, 20)`` or ``"70/20/10"``; by default chosen by the size
        of the data.
    folds : int, optional
        Number of folds for cross-validation instead of three parts.
    stratify : sequence of str
        Columns whose mix is kept too.
    by : str, optional
        Column of the time order: the oldest to train, the newest to test.
    existing : {"keep", "keep-test", "replace"}, optional
        What happens to a split that the data has. By default it is kept, unless ratios, folds or an order are
        asked for.
    repair : bool
        Keep the split, but for the fewest moves and drops that end every leak.
    """

    ratios: Sequence[float] | str | None = None
    folds: int | None = None
    stratify: Sequence[str] = ()
    by: str | None = None
    existing: Existing | None = None
    repair: bool = False

    def parsed(self) -> SplitOptions:
        """Return the same with ratios as shares.

        Raises
        ------
        UsageError
            The ratios are no shares of train, val and test.
        """
        from auditor.splitting import parse_ratios

        return self if self.ratios is None else replace(self, ratios=parse_ratios(self.ratios))

    @property
    def treatment(self) -> Existing:
        """What happens to a split that the data has."""
        asked = self.ratios is not None or self.folds is not None or self.by is not None
        return self.existing or ("replace" if asked else "keep")


@dataclass(frozen=True, slots=True, kw_only=True)
class AugmentOptions:
    """How the rare classes are augmented.

    Parameters
    ----------
    target : "balanced", int, float or str
        Images per class to reach: the largest class, a count, or a ratio of the largest class to any other
        (``4.0``, ``"4:1"``, ``0.25``).
    policy : str, Path or Policy, optional
        A preset (``photo``, ``document``, ``microscopy``, ``digits``), a TOML file, or a policy. Without one
        ``photo``, mirrored only where a check passed it.
    without : sequence of str
        Transforms of the policy to switch off.
    max_multiple : float
        Never make more than this many images for each unique one; class weights fill the rest.
    way : {"on-the-fly", "files", "layers"}
        How the images will be used.
    """

    target: str | int | float = "balanced"
    policy: str | Path | Policy | None = None
    without: Sequence[str] = ()
    max_multiple: float = 10.0
    way: str = "on-the-fly"


class GivenEyes(TypedDict, total=False):
    """What a user may bring; see `auditor.scan`."""

    embeddings: Any
    probabilities: Any
    encoder: str | Path | None
    encoder_weights: str | Path | None
    encoder_size: int | None
    encoder_scaling: str | None


def _ignore(text: str) -> None:
    """Pass nothing on."""


def _warn(text: str) -> None:
    """Warn the caller of a public function."""
    warnings.warn(text, stacklevel=2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Listeners:
    """Who hears of progress.

    Parameters
    ----------
    stage : callable
        Gets what begins, in a sentence.
    notice : callable
        Gets what the caller should know, in a sentence; by default it is a warning.
    scan : callable, optional
        Gets (images done, images in all, bytes read, unreadable so far) while scanning.
    epoch : callable, optional
        Gets an `auditor.baseline.Epoch` after each epoch of training.
    images : callable, optional
        Gets (done, in all) while images are written.
    check : callable, optional
        Gets (done, in all, code of the next) before each check.
    """

    stage: Callable[[str], None] = _ignore
    notice: Callable[[str], None] = _warn
    scan: Callable[[int, int, int, int], None] | None = None
    epoch: Callable[[Any], None] | None = None
    images: Callable[[int, int], None] | None = None
    check: Callable[[int, int, str], None] | None = None


def default_listeners() -> Listeners:
    """Return who hears of progress by default: a line in a notebook, elsewhere nobody."""
    if not in_notebook():
        return Listeners()
    line = Line()
    return Listeners(stage=line.stage, scan=line.scanned, epoch=line.epoch, images=line.written)
