"""A logistic regression with an L2 penalty, at a tenth of the time of scikit-learn's import."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

#: Line-search steps of an iteration: scikit-learn's.
LINE_SEARCH = 50
#: Relative progress below which the fit ends: scikit-learn's.
LEAST_PROGRESS = 64 * float(np.finfo(float).eps)

Numbers = npt.NDArray[np.floating]


@dataclass(frozen=True, slots=True, eq=False)
class Logistic:
    """A fitted regression.

    Attributes
    ----------
    coefficients : ndarray, shape (n_scores, n_columns)
        A row per class, or one row (log-odds of the second class) where there are two.
    intercepts : ndarray, shape (n_scores,)
    """

    coefficients: Numbers
    intercepts: Numbers

    def scores(self, x: Numbers) -> Numbers:
        """Return log-odds up to a constant of each row, shape ``(n, n_scores)``."""
        return np.asarray(x @ self.coefficients.T + self.intercepts)

    def probabilities(self, x: Numbers) -> Numbers:
        """Return class probabilities, shape ``(n, n_classes)``."""
        return np.exp(_log_probabilities(self.scores(x)))


def _log_probabilities(scores: Numbers) -> Numbers:
    """Log of the softmax; of one column, the first class has score 0."""
    if scores.shape[1] == 1:
        scores = np.concatenate([np.zeros_like(scores), scores], axis=1)
    scores = scores - scores.max(axis=1, keepdims=True)
    return np.asarray(scores - np.log(np.exp(scores).sum(axis=1, keepdims=True)))


def fit_logistic(
    x: Numbers,
    given: npt.NDArray[np.int64],
    *,
    inverse_penalty: float,
    tolerance: float,
    rounds: int,
) -> Logistic:
    """Fit a multinomial (binomial for two classes) logistic regression by L-BFGS, intercepts unpenalised.

    Minimises the same function in the same way as scikit-learn's ``LogisticRegression(C=inverse_penalty,
    tol=tolerance, max_iter=rounds)``.

    Parameters
    ----------
    x : ndarray, shape (n, n_columns)
        Its type, float32 or float64, is that of the arithmetic.
    given : ndarray of int64, shape (n,)
        Class numbers 0..n_classes-1, each of which occurs; at least two.
    inverse_penalty : float
    tolerance : float
        The fit ends where no element of the gradient of the mean loss is larger.
    rounds : int
        Iterations at most.

    References
    ----------
    Byrd, Lu, Nocedal, Zhu, "A limited memory algorithm for bound constrained optimization", SIAM J. Sci.
    Comput. 16, 1995.
    """
    from scipy.optimize import minimize

    n, columns = x.shape
    sizes = np.bincount(given)
    rows = len(sizes) if len(sizes) > 2 else 1
    weight = np.full(n, 1 / n).astype(x.dtype)
    ridge = 1 / (inverse_penalty * n)
    own = np.arange(n), given

    def loss(flat: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        parameters = flat.reshape(rows, columns + 1).astype(x.dtype)
        with np.errstate(invalid="ignore"):  # BLAS can raise the flag for finite numbers (numpy issue 24067)
            scores = x @ parameters[:, :-1].T
        log = _log_probabilities(scores + parameters[:, -1])
        value = -float(log[own] @ weight) + ridge / 2 * float((flat.reshape(rows, -1)[:, :-1] ** 2).sum())
        residual = np.exp(log, out=log)
        residual[own] -= 1
        residual = (residual * weight[:, None])[:, -rows:]
        gradient = np.empty((rows, columns + 1))
        gradient[:, :-1] = residual.T @ x
        gradient[:, -1] = residual.sum(axis=0)
        gradient[:, :-1] += ridge * flat.reshape(rows, -1)[:, :-1]
        return value, gradient.ravel()

    found = minimize(
        loss, np.zeros(rows * (columns + 1)), method="L-BFGS-B", jac=True,
        options={"maxiter": rounds, "gtol": tolerance, "ftol": LEAST_PROGRESS, "maxls": LINE_SEARCH},
    )  # fmt: skip
    parameters = found.x.reshape(rows, columns + 1).astype(x.dtype)
    return Logistic(parameters[:, :-1], parameters[:, -1])


def fit_two(
    x: Numbers, second: npt.NDArray[np.bool_], *, inverse_penalty: float, tolerance: float, rounds: int
) -> Logistic:
    """Fit a binomial logistic regression by Newton's method, each class with the same weight.

    For a few hundred columns at most: some six steps reach the minimum, and nothing is imported for them. The
    intercept is not penalised.

    Parameters
    ----------
    x : ndarray of float64, shape (n, n_columns)
    second : ndarray of bool, shape (n,)
        Which rows are of the second class; there are rows of both.
    inverse_penalty : float
    tolerance : float
        The fit ends where no element of the gradient of the mean loss is larger.
    rounds : int
        Steps at most.

    References
    ----------
    Hastie, Tibshirani, Friedman, "The Elements of Statistical Learning", 2nd ed., 2009, section 4.4.1.
    """
    n, columns = x.shape
    weight = np.where(second, 0.5 / second.sum(), 0.5 / (n - second.sum()))
    ridge = np.append(np.full(columns, 1 / (inverse_penalty * n)), 0.0)
    inputs = np.column_stack([x, np.ones(n)])
    sign = np.where(second, 1.0, -1.0)

    def loss(parameters: npt.NDArray[np.float64]) -> tuple[float, npt.NDArray[np.float64]]:
        margin = sign * (inputs @ parameters)
        return float(weight @ np.logaddexp(0, -margin) + ridge / 2 @ parameters**2), margin

    parameters = np.zeros(columns + 1)
    value, margin = loss(parameters)
    for _ in range(rounds):
        missed = np.exp(-np.logaddexp(0, margin))  # the probability of the other class
        gradient = ridge * parameters - inputs.T @ (weight * sign * missed)
        if np.abs(gradient).max() <= tolerance:
            break
        scaled = inputs * np.sqrt(weight * missed * (1 - missed))[:, None]
        curvature = scaled.T @ scaled + np.diag(ridge)
        step, size = np.linalg.solve(curvature, gradient), 1.0
        former, (value, margin) = value, loss(parameters - step)
        while value > former and size > LEAST_PROGRESS:
            size /= 2
            value, margin = loss(parameters - size * step)
        parameters = parameters - size * step
    return Logistic(parameters[None, :-1], parameters[-1:])


__all__ = ["Logistic", "fit_logistic", "fit_two"]
