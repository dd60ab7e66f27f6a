"""How much goes into which part: what users type, and what suits the size of the data."""

from __future__ import annotations

import math
from collections.abc import Sequence

from auditor.errors import UsageError

#: The parts of a planned split, in the order of three ratios.
PARTS = ("train", "val", "test")
#: The parts that two ratios stand for.
TWO_PARTS = ("train", "test")

#: From how many images on which ratios are the default, largest first, with the reason in words. The steps
#: are the usual advice (Ng, "Machine Learning Yearning", 2018, chapters 6-8): a test set needs a number of
#: images, not a share of them.
DEFAULTS: tuple[tuple[int, tuple[float, float, float], str], ...] = (
    (
        1_000_000,
        (0.98, 0.01, 0.01),
        "from 1,000,000 images on, one percent is already 10,000 images to measure with",
    ),
    (100_000, (0.70, 0.20, 0.10), "from 100,000 images on, a tenth is already 10,000 images to test with"),
    (
        0,
        (0.60, 0.20, 0.20),
        "below 100,000 images, validation and test each need a fifth to measure rare classes at all",
    ),
)

#: How far the sum may be from 1: what "33.3/33.3/33.3" leaves.
TOLERANCE = 0.0015


def default_ratios(images: int) -> tuple[tuple[float, float, float], str]:
    """Return the default ratios for a number of images, and the reason in words.

    Examples
    --------
    >>> default_ratios(250_000)[0]
    (0.7, 0.2, 0.1)
    """
    for least, ratios, reason in DEFAULTS:
        if images >= least:
            return ratios, f"{format_ratios(ratios)} by default: {reason} ({images:,} here)"
    raise AssertionError("the last default holds from 0 images on")


def format_ratios(ratios: Sequence[float]) -> str:
    """Return ratios as people write them.

    Examples
    --------
    >>> format_ratios((0.6, 0.2, 0.2))
    '60/20/20'
    """
    return "/".join(f"{100 * r:.4g}" for r in ratios)


def parse_ratios(ratios: str | Sequence[float]) -> tuple[float, ...]:
    """Return shares that sum to 1 from numbers or text: ``60/20/20``, ``0.6/0.2/0.2``, ``80/20``.

    Three are of train, val and test; two are of train and test.

    Raises
    ------
    UsageError
        Not two or three positive numbers, or they add up to neither 100 nor 1.

    Examples
    --------
    >>> parse_ratios("60/20/20") == parse_ratios((0.6, 0.2, 0.2)) == (0.6, 0.2, 0.2)
    True
    """
    expected = "positive shares for train/val/test, or for train/test, that add up to 100 (or to 1)"
    written = ratios if isinstance(ratios, str) else "/".join(str(r) for r in ratios)
    try:
        values = (
            [float(p.strip().removesuffix("%")) for p in ratios.split("/")]
            if isinstance(ratios, str)
            else [float(r) for r in ratios]
        )
    except (TypeError, ValueError):
        raise UsageError(expected=expected, received=f"'{written}'", hint="write them as 60/20/20") from None
    if len(values) not in (len(TWO_PARTS), len(PARTS)) or not all(math.isfinite(v) and v > 0 for v in values):
        raise UsageError(expected=expected, received=f"'{written}'", hint="write them as 60/20/20")
    total = math.fsum(values)
    for whole in (100.0, 1.0):
        if abs(total / whole - 1) <= TOLERANCE:
            return tuple(round(v / total, 12) for v in values)
    raise UsageError(
        expected=expected, received=f"'{written}', which add up to {total:g}", hint="write them as 60/20/20"
    )
