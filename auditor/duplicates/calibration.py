"""The threshold of near duplicates, measured on the data set: pictures of different classes are no copies."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditor.duplicates.pairs import Pairs

#: Threshold of a data set that is too small to measure one: 98 % of copies are nearer, but of pairs among
#: 1,702 photos of clothes only 3 (22 at 0.05; ``benchmarks/duplicates.py recall``).
DEFAULT_THRESHOLD = 0.04
#: Least threshold calibrated on classes: photos of two classes (clothes, blood cells) are twice as far apart.
LEAST_OF_CLASSES = 0.03
#: Largest threshold calibrated on classes: all copies of photos are nearer.
MOST_OF_CLASSES = 0.08
#: Quantile of the distances to the nearest image that is called typical: up to 75 % may have copies.
TYPICAL = 0.75
#: How many times nearer than typical a copy must be, where all pictures are alike (digits, drawings): of
#: look-alikes that fill four dimensions evenly, 1 in 1,000 comes so near.
TYPICAL_FACTOR = 6.0
#: The threshold is never less, however near the typical distance is.
LEAST_THRESHOLD = 0.02
#: Images that the typical distance is measured on: it is known to within 2 points of rank.
TYPICAL_IMAGES = 2000
#: Share of the images whose nearest picture of another class may be taken for a copy.
FALSE_RATE = 0.001
#: Images from which that rate can be measured: in fewer it is less than three images.
CALIBRATION_IMAGES = 3000


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The threshold of near duplicates in a data set, and how it was found.

    Attributes
    ----------
    threshold : float
        The distance up to which pictures were taken for the same.
    calibrated : bool
        Whether it was measured on this data set; else it is the default, or less.
    typical_limit : float
        The typical distance of an image to its nearest, divided by `TYPICAL_FACTOR`. The threshold exceeds it
        only to reach `LEAST_THRESHOLD`.
    false_rate : float
        Share of the labelled images that have a picture of another class within the threshold; a lower bound
        of the rate of false matches, as look-alikes of one class are not in it. NaN where it cannot be
        measured.
    expected_false : float
        Compared pairs within the threshold that are expected to be look-alikes, if those of one class are as
        rare as those of two; they are more. NaN where that cannot be measured.
    """

    threshold: float = DEFAULT_THRESHOLD
    calibrated: bool = False
    typical_limit: float = 1.0
    false_rate: float = float("nan")
    expected_false: float = float("nan")

    @property
    def certain(self) -> float:
        """Distance below which a pair is certainly a copy.

        It is half the threshold: there look-alikes are 7 times rarer in Fashion-MNIST.
        """
        return self.threshold / 2


def measure_typical_limit(pairs: Pairs, used: npt.NDArray[np.bool_]) -> float:
    """Return the `TYPICAL` distance of the used images to their nearest, divided by `TYPICAL_FACTOR`."""
    return float(np.quantile(pairs.find_nearest(len(used))[used], TYPICAL)) / TYPICAL_FACTOR


def calibrate(
    pairs: Pairs,
    labels: npt.NDArray[np.object_],
    used: npt.NDArray[np.bool_],
    sampled: npt.NDArray[np.bool_],
) -> Calibration:
    """Choose the threshold from the distances between compared pictures of different classes.

    It is where `FALSE_RATE` of the images would be matched with a look-alike; with too few images to measure
    that, the default, lowered where the data contradict it. Pairs nearer than `LEAST_OF_CLASSES` are copies
    under two labels and take no part.

    Parameters
    ----------
    pairs : Pairs
    labels : ndarray of str, shape (n_images,)
    used, sampled : ndarray of bool, shape (n_images,)
        Images that were compared, and those of them that the typical distance is measured on.
    """
    typical_limit = measure_typical_limit(pairs, sampled)
    known = used & (labels != "")
    plain = pairs[(pairs.turn == 0) & known[pairs.first] & known[pairs.second]]
    plain = plain[plain.distance > min(LEAST_OF_CLASSES, typical_limit)]
    different = labels[plain.first] != labels[plain.second]
    if not different.any():
        threshold = float(np.clip(typical_limit, LEAST_THRESHOLD, DEFAULT_THRESHOLD))
        return Calibration(threshold=threshold, typical_limit=typical_limit)
    nearest = np.sort(plain[different].find_nearest(len(labels))[known])
    # Only pairs of two classes show false matches: where one class has nearly all images, they are too few.
    calibrated = len(nearest) * float(different.mean()) >= CALIBRATION_IMAGES
    limit = float(np.nextafter(nearest[int(FALSE_RATE * len(nearest))], 0))
    threshold = float(np.clip(limit, LEAST_OF_CLASSES, MOST_OF_CLASSES if calibrated else DEFAULT_THRESHOLD))
    threshold = max(min(threshold, typical_limit), LEAST_THRESHOLD)
    false = plain.distance <= threshold
    among = float(false[different].mean())
    return Calibration(
        threshold=threshold,
        calibrated=calibrated,
        typical_limit=typical_limit,
        false_rate=float((nearest <= threshold).mean()),
        expected_false=float(false[different].sum() + among * (~different).sum()),
    )
