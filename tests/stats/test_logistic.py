"""The logistic regression agrees with scikit-learn's, and with the equations that its minimum solves."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from auditor.stats.logistic import fit_logistic, fit_two


def drawn(classes: int, n: int = 400, columns: int = 6) -> tuple[np.ndarray, np.ndarray]:
    """Blobs that overlap, of classes of different size."""
    generator = np.random.default_rng(classes)
    given = np.sort(generator.integers(0, classes, n) // generator.integers(1, 3, n))
    return generator.normal(size=(n, columns)) + given[:, None] * generator.normal(size=columns) / 2, given


@pytest.mark.parametrize("classes", [2, 3, 7])
@pytest.mark.parametrize("inverse_penalty", [0.01, 1.0])
def test_probabilities_are_those_of_scikit_learn(classes: int, inverse_penalty: float) -> None:
    x, given = drawn(classes)
    theirs = LogisticRegression(C=inverse_penalty, tol=1e-8, max_iter=1000).fit(x, given)
    ours = fit_logistic(x, given, inverse_penalty=inverse_penalty, tolerance=1e-8, rounds=1000)
    np.testing.assert_allclose(ours.probabilities(x), theirs.predict_proba(x), atol=1e-5)


def test_log_odds_are_those_of_scikit_learn_where_both_stop_early() -> None:
    x, given = drawn(2)
    theirs = LogisticRegression(tol=1e-2).fit(x, given).decision_function(x)
    ours = fit_logistic(x, given, inverse_penalty=1.0, tolerance=1e-2, rounds=100).scores(x)[:, 0]
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_at_the_minimum_each_class_is_expected_as_often_as_it_occurs() -> None:
    x, given = drawn(4)
    fitted = fit_logistic(x, given, inverse_penalty=1.0, tolerance=1e-9, rounds=1000)
    expected = fitted.probabilities(x)
    np.testing.assert_allclose(expected.sum(axis=0), np.bincount(given), atol=1e-4)
    # ... and the penalty balances the pull of the images: coefficients = C * sum of (observed - expected) x.
    observed = np.eye(4)[given]
    np.testing.assert_allclose(fitted.coefficients, (observed - expected).T @ x, atol=1e-4)


def test_single_precision_is_kept() -> None:
    x, given = drawn(3)
    fitted = fit_logistic(x.astype(np.float32), given, inverse_penalty=1.0, tolerance=1e-4, rounds=100)
    assert fitted.probabilities(x.astype(np.float32)).dtype == np.float32
    double = fit_logistic(x, given, inverse_penalty=1.0, tolerance=1e-4, rounds=100)
    np.testing.assert_allclose(fitted.probabilities(x.astype(np.float32)), double.probabilities(x), atol=2e-3)


def test_classes_that_a_line_separates_get_finite_log_odds() -> None:
    x = np.array([[-1.0], [-2.0], [1.0], [2.0]])
    fitted = fit_logistic(x, np.array([0, 0, 1, 1]), inverse_penalty=1.0, tolerance=1e-6, rounds=100)
    assert np.isfinite(fitted.scores(x)).all()
    assert (np.sign(fitted.scores(x)[:, 0]) == np.sign(x[:, 0])).all()


@pytest.mark.parametrize("inverse_penalty", [0.01, 1.0, 100.0])
def test_newton_finds_what_scikit_learn_finds(inverse_penalty: float) -> None:
    x, given = drawn(2)
    theirs = LogisticRegression(C=inverse_penalty, tol=1e-10, max_iter=10_000, class_weight="balanced").fit(
        x, given
    )
    ours = fit_two(x, given == 1, inverse_penalty=inverse_penalty, tolerance=1e-10, rounds=50)
    np.testing.assert_allclose(ours.scores(x)[:, 0], theirs.decision_function(x), atol=1e-5)


@pytest.mark.parametrize("inverse_penalty", [1.0, 1e6])
def test_newton_ends_at_the_minimum_where_a_line_separates_the_classes(inverse_penalty: float) -> None:
    generator = np.random.default_rng(0)
    second = np.arange(60) < 7
    x = generator.normal(size=(60, 40)) + 50.0 * second[:, None]
    fitted = fit_two(x, second, inverse_penalty=inverse_penalty, tolerance=1e-9, rounds=100)
    missed = 1 / (1 + np.exp(np.where(second, 1, -1) * fitted.scores(x)[:, 0]))
    pull = np.where(second, 0.5 / 7, -0.5 / 53) * missed
    assert abs(pull.sum()) <= 1e-9  # the intercept's equation, and the coefficients'
    np.testing.assert_allclose(fitted.coefficients[0] / (inverse_penalty * 60), pull @ x, atol=2e-9)


def test_newton_needs_no_scipy() -> None:
    code = (
        "import sys, numpy as np\n"
        "from auditor.stats.logistic import fit_two\n"
        "fit_two(np.arange(4.0)[:, None], np.arange(4) > 1, inverse_penalty=1.0, tolerance=1e-6, rounds=20)\n"
        "assert 'scipy' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
