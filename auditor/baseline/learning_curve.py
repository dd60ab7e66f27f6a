"""How many more images? Recall of each class on nested subsets of the training images, carried on in logit against log n."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from auditor.baseline.experiments import nested_subset
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
#: A forecast of more than so many times the present images is none.
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


def learning_curve(session: Session, target: float) -> dict[str, Any]:
    """Train on nested shares of the training images for as many steps, with several seeds, and forecast each class on validation images.

    Returns
    -------
    dict
        ``target``, ``shares``, ``seeds`` and ``classes``: name, training images and recall at each share, and
        what `forecast` says.
    """
    labels, val = session.material.labels, session.material.val
    support = np.bincount(val.labels, minlength=len(labels))
    images = len(session.samples()) * session.size.epochs
    hits = np.zeros((len(SHARES), len(labels)))
    counts = np.zeros((len(SHARES), len(labels)))
    seeds = 0
    for seed in range(session.options.seed, session.options.seed + session.options.seeds):
        if not session.affords(len(SHARES) * session.cost(images)):
            break
        for i, part in enumerate(SHARES):
            subset = session.samples() if part == 1 else nested_subset(session, part)
            own = np.isin(session.material.train.rows, subset.rows)  # augmented images are no images more
            counts[i] = np.bincount(session.material.train.labels[own], minlength=len(labels))
            epochs, patience = round(session.size.epochs / part), round(session.size.patience / part)
            try:
                net, _ = session.train(
                    session.run(
                        f"{percent(part)} of the images, seed {seed}",
                        seed=seed,
                        epochs=epochs,
                        patience=patience,
                    ),
                    samples=subset,
                )
            except DataError:
                return {}
            predicted = predict(net, val).argmax(axis=1)
            hits[i] += np.bincount(val.labels[predicted == val.labels], minlength=len(labels))
        seeds += 1
    if not seeds:
        session.material.notes.append("The learning curve does not fit into the time budget (--time-budget).")
        return {}
    hits /= seeds
    classes = [
        {
            "label": name,
            "images": counts[:, c].astype(int).tolist(),
            "recall": [share(float(h), int(support[c])) for h in hits[:, c]],
            **forecast(counts[:, c], hits[:, c], int(support[c]), target),
        }
        for c, name in enumerate(labels)
    ]
    return {"target": target, "shares": list(SHARES), "seeds": seeds, "classes": classes}
