"""What a reviewer's looks at a random sample say about all labels."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from auditor.stats.confidence_sequence import Sample, affected_bounds

#: Images of the list, and of the rest, that are shown for review at a time. Ten looks tell a list that is
#: mostly right from one that is mostly wrong (0 of 10: at most 38 %; 10 of 10: at least 62 %).
BLOCK = 10
#: Error that is allowed in the list and in the rest, 5 % together: most images are in the rest.
LIST_ALPHA, REST_ALPHA = 0.01, 0.04
#: What shares are expected before the first look: anything in the list; around 1 % in the rest, so that few
#: looks exclude it (435 that find nothing, instead of 1,005 with a flat prior).
LIST_PRIOR, REST_PRIOR = (0.5, 0.5), (0.5, 50.0)
#: Looks that are planned ahead, at most.
MOST_AHEAD = 1 << 20

Rows = npt.NDArray[np.int64]
Answers = npt.NDArray[np.str_]


@dataclass(frozen=True, slots=True)
class Looks:
    """Looks at a random sample of one stratum.

    Attributes
    ----------
    total, seen : int
        Images of the stratum; images of its sample that were decided on.
    wrong, unclear : int
        Of these, wrong labels; and those that the reviewer dropped or could not tell, which may be either.
    """

    total: int
    seen: int
    wrong: int
    unclear: int

    def bounds(self, prior: tuple[float, float], alpha: float) -> tuple[int, int]:
        """Return between which numbers of its labels are wrong; unclear ones count as either."""
        low = affected_bounds(Sample(self.wrong, self.seen, self.total, prior), alpha)[0]
        high = affected_bounds(Sample(self.wrong + self.unclear, self.seen, self.total, prior), alpha)[1]
        return low, high

    @property
    def share(self) -> float:
        """Share of wrong labels among those that the reviewer could judge."""
        clear = self.seen - self.unclear
        return self.wrong / clear if clear else 0.0


@dataclass(frozen=True, slots=True)
class LabelReview:
    """What was looked at, what it says, and what to look at next.

    Attributes
    ----------
    listed, rest : Looks
        At suspects, and at all others that nobody has verified.
    following : ndarray of int64
        Positions of the images to look at next, in random order.
    found : int
        Labels that are known to be wrong, in the sample or not.
    total : int
        All labels, verified ones too.
    """

    listed: Looks
    rest: Looks
    following: Rows
    found: int
    total: int

    @property
    def measured(self) -> bool:
        """Whether the rest has been looked at, without which all labels together have no estimate."""
        return self.rest.seen > 0 or self.rest.total == 0

    @property
    def share(self) -> float:
        """Estimated share of wrong labels among all."""
        wrong = self.listed.total * self.listed.share + self.rest.total * self.rest.share
        return wrong / max(self.total, 1)

    def bounds(self) -> tuple[float, float]:
        """Return the ends of the share of wrong labels; they hold at 95 % however often one looks."""
        low, high = np.add(
            self.listed.bounds(LIST_PRIOR, LIST_ALPHA), self.rest.bounds(REST_PRIOR, REST_ALPHA)
        )
        return max(int(low), self.found) / max(self.total, 1), int(high) / max(self.total, 1)

    def list_bounds(self) -> tuple[int, int]:
        """Return between which numbers of the listed labels are wrong, at 95 % however often one looks."""
        return self.listed.bounds(LIST_PRIOR, LIST_ALPHA + REST_ALPHA)

    def further_looks(self, threshold: float) -> int | None:
        """Return about how many more looks at the rest tell on which side of a threshold the share is.

        They are taken to find as many wrong labels as those before.

        ``None`` where no number of looks would.
        """
        more = BLOCK
        while more <= MOST_AHEAD:
            seen = min(self.rest.seen + more, self.rest.total)
            wrong = round(self.rest.share * seen)
            low, high = replace(self, rest=Looks(self.rest.total, seen, wrong, 0)).bounds()
            if low > threshold or high <= threshold:
                return seen - self.rest.seen
            if seen == self.rest.total:
                return None
            more = more + max(BLOCK, more // 4 // BLOCK * BLOCK)
        return None


def random_order(paths: npt.NDArray[np.object_], seed: int) -> Rows:
    """Return the positions of paths in a random order that depends on each path and the seed alone."""
    from pandas.util import hash_array

    # A file name may hold bytes that are no text.
    names = np.array([path.encode("utf-8", "backslashreplace") for path in paths], dtype=object)
    keys = hash_array(names, hash_key=f"{seed % 10**16:016d}", categorize=False)
    return np.asarray(np.argsort(keys, kind="stable"), dtype=np.int64)


def review_labels(
    order: Rows, answers: Answers, listed: npt.NDArray[np.bool_], verified: npt.NDArray[np.bool_]
) -> LabelReview:
    """Count the looks that are a random sample, and name those that come next.

    A sample is looked at in blocks of ten, and counts once every image of a block is decided on. So decisions
    about other images, the worst first, do not bend the shares; they count as labels found.

    Parameters
    ----------
    order : ndarray of int64, shape (n,)
        All positions, in random order.
    answers : ndarray of str, shape (n,)
        ``right``, ``wrong``, ``unclear``, or blank.
    listed, verified : ndarray of bool, shape (n,)
        Which are suspects, and whose labels somebody has put right.
    """
    looks, following = [], []
    for stratum in (listed & ~verified, ~listed & ~verified):
        own = order[stratum[order]]
        open_ones = np.flatnonzero(answers[own] == "")
        seen = int(open_ones[0]) // BLOCK * BLOCK if len(open_ones) else len(own)
        said = answers[own[:seen]]
        looks.append(Looks(len(own), seen, int((said == "wrong").sum()), int((said == "unclear").sum())))
        block = own[seen : seen + BLOCK]
        following.append(block[answers[block] == ""])
    coming = np.concatenate(following)
    shuffled = order[np.isin(order, coming)]  # nobody is to know which come from the list
    found = int(((answers == "wrong") & ~verified).sum())
    return LabelReview(looks[0], looks[1], shuffled, found, len(answers))
