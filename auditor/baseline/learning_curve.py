"""How many more images? Recall of each class on nested subsets of the training images, carried on in logit
against log n.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.experiments import nested_subset
from auditor.baseline.feeding import Samples
from auditor.baseline.scores import share
from auditor.baseline.session import Session, predict
from auditor.errors import DataError
from auditor.finding import percent

#: Shares of the training images, nested.
SHARES = (0.25, 0.5, 1.0)
#: Images of a class below which its curve says nothing about larger numbers: errors were .04 to .5 below,
#: .003 to .012 above.
ENOUGH = 200
#: Slope of logit recall by log n below which more of the same will not help: twice the images then add less
#: than 2 points at 50 %.
FLAT = 0.1
#: Most times the present images that a forecast may reach; beyond, there is none.
FARTHEST = 30.0
#: Quantile of the normal for 95 % intervals.
Z = 1.959964


def forecast(counts: npt.ArrayLike, hits: npt.ArrayLike, support: int, target: float) -> dict[str, Any]:
    """Say how many training images a class needs for a recall.

    A line is fitted to logit(recall) against log(images), weighted by the binomial variance of the logits.
    The line is moved and turned within its 95 % interval; where that does not end in a range, the verdict is
    ``not enough to tell``.

    Parameters
    ----------
    counts : array_like of shape (n_sizes,)
        Training images of the class, growing.
    hits : array_like of shape (n_sizes,)
        Images of the class that were recognised, of ``support``; means over seeds.
    support : int
    target : float
        Recall in (0, 1).

    Returns
    -------
    dict
        ``verdict`` (``reached``, ``plateau``, ``not enough to tell`` or ``range``), ``slope`` and, for a
        range, ``needed`` as [low, high].
    """
    n, k = np.asarray(counts, dtype=float), np.asarray(hits, dtype=float)
    if support and share(float(k[-1]), support)["low"] >= target:
        return {"verdict": "reached"}
    if n[-1] < ENOUGH or not support or len(n) < 2:
        return {"verdict": "not enough to tell"}
    y = np.log((k + 0.5) / (support - k + 0.5))
    weight = 1 / (1 / (k + 0.5) + 1 / (support - k + 0.5))
    x = np.log(n)
    middle, level = np.average(x, weights=weight), np.average(y, weights=weight)
    spread = float((weight * (x - middle) ** 2).sum())
    slope = float((weight * (x - middle) * (y - level)).sum() / spread)
    half, slack = Z * spread**-0.5, Z * float(weight.sum()) ** -0.5
    found = {
        "slope": {
            "value": float(f"{slope:.6g}"),
            "low": float(f"{slope - half:.6g}"),
            "high": float(f"{slope + half:.6g}"),
        }
    }
    if slope + half < FLAT:
        return {"verdict": "plateau", **found}
    wanted = float(np.log(target / (1 - target)))
    if slope - half <= 0:
        return {"verdict": "not enough to tell", **found}
    ends = [middle + (wanted - level - s) / b for b in (slope - half, slope + half) for s in (-slack, slack)]
    if max(ends) > np.log(FARTHEST * n[-1]):
        return {"verdict": "not enough to tell", **found}
    low, high = max(float(np.exp(min(ends))), float(n[-1])), max(float(np.exp(max(ends))), float(n[-1]))
    return {"verdict": "range", "needed": [int(np.floor(low)), int(np.ceil(high))], **found}


def learning_curve(session: Session, target: float) -> tuple[dict[str, Any], list[str]]:
    """Train on nested shares of the training images for as many steps, with several seeds, and forecast each
    class on validation images.

    Returns
    -------
    facts : dict
        ``target``, ``shares``, ``seeds`` and ``classes``: name, training images and recall at each share, and
        what `forecast` says. Nothing where no seed fits into the time budget.
    notes : list of str
    """
    labels, val = session.material.labels, session.material.val
    support = np.bincount(val.labels, minlength=len(labels))
    images = len(session.samples()) * session.size.epochs
    runs = []
    for seed in range(session.options.seed, session.options.seed + session.options.seeds):
        if not session.budget.reserve(len(SHARES) * session.cost(images)):
            break
        try:
            runs.append(_hits_by_share(session, seed))
        except DataError:
            return {}, ["There is no learning curve: a loss was not a number."]
    if not runs:
        return {}, ["The learning curve does not fit into the time budget (--time-budget)."]
    train = session.material.train
    counts = np.array(
        [
            np.bincount(train.labels[np.isin(train.rows, _subset(session, s).rows)], minlength=len(labels))
            for s in SHARES
        ]
    )
    hits = np.mean(runs, axis=0)
    classes = [
        {
            "label": name,
            "images": counts[:, c].tolist(),
            "recall": [share(float(h), int(support[c])) for h in hits[:, c]],
            **forecast(counts[:, c], hits[:, c], int(support[c]), target),
        }
        for c, name in enumerate(labels)
    ]
    return {"target": target, "shares": list(SHARES), "seeds": len(runs), "classes": classes}, []


def _subset(session: Session, part: float) -> Samples:
    return session.samples() if part == 1 else nested_subset(session, part)


def _hits_by_share(session: Session, seed: int) -> npt.NDArray[np.int64]:
    """Return how many validation images of each class are recognised after training on each share,
    ``(n_shares, n_classes)``.
    """
    labels, val = session.material.labels, session.material.val
    hits = []
    for part in SHARES:
        run = session.run(
            f"{percent(part)} of the images, seed {seed}",
            seed=seed,
            epochs=round(session.size.epochs / part),
            patience=round(session.size.patience / part),
        )
        net, _ = session.train(run, samples=_subset(session, part))
        predicted = predict(net, val).argmax(axis=1)
        hits.append(np.bincount(val.labels[predicted == val.labels], minlength=len(labels)))
    return np.array(hits)
