"""The head that is fitted: scikit-learn's where the two are the same; nothing where nothing is."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from service.confidence.calibrators import sigma
from service.retraining.fitting import Measured, fit


def items(count: int, seed: int, weight: float = 3.0) -> Measured:
    lot = np.random.default_rng(seed)
    x = lot.standard_normal((count, 12))
    odds = x[:, 0]
    y = (lot.random(count) < sigma(odds + weight * x[:, 1])).astype(float)
    return Measured(odds=odds, x=x, y=y)


def test_it_learns_what_the_model_does_not_know() -> None:
    fitted = fit(items(800, 1), items(300, 2))
    assert fitted.log_loss < fitted.log_loss_without - 0.1
    assert int(np.argmax(np.abs(fitted.head.weights))) == 1


def test_where_there_is_nothing_to_learn_it_adds_next_to_nothing() -> None:
    fitted = fit(items(800, 3, weight=0.0), items(300, 4, weight=0.0))
    assert fitted.log_loss <= fitted.log_loss_without
    step = fitted.head.step(np.zeros(1), np.ones((1, 12)))
    assert abs(float(step[0])) < 0.5


def test_it_is_the_logistic_regression_of_scikit_learn() -> None:
    train = items(500, 5)
    plain = Measured(odds=np.zeros(500), x=train.x, y=train.y)
    fitted = fit(plain, plain)
    assert fitted.penalty is not None
    other = LogisticRegression(C=1 / fitted.penalty, tol=1e-10, max_iter=10_000)
    other.fit(plain.x, plain.y)
    assert fitted.head.weights == pytest.approx(other.coef_[0], abs=1e-4)
    assert fitted.head.shift == pytest.approx(other.intercept_[0], abs=1e-4)


def test_labels_that_the_items_tell_apart_fully_are_no_trouble() -> None:
    lot = np.random.default_rng(6)
    x = lot.standard_normal((300, 4))
    clean = Measured(odds=np.zeros(300), x=x, y=(x[:, 0] > 0).astype(float))
    fitted = fit(clean, clean)
    assert np.isfinite([fitted.log_loss, fitted.head.shift, *fitted.head.weights]).all()
