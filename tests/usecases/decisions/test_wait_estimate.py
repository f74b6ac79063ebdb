"""The estimated wait: the queue, at the pace of the last hour."""

import pytest

from service.usecases.decisions.wait_estimate import Forecast
from tests.usecases.acting import answer, ask, claim
from tests.usecases.conftest import House


def test_nobody_reviews_so_nobody_knows(house: House) -> None:
    forecast = Forecast(store=house.store, clock=house.clock)
    ask(house)
    forecast.refresh()
    assert forecast.seconds("gate") is None


def test_what_waits_at_the_pace_of_the_last_hour(house: House) -> None:
    forecast = Forecast(store=house.store, clock=house.clock)
    for _ in range(8):
        ask(house)
    for _ in range(4):
        answer(house, claim(house))
    house.clock.forward(minutes=30)
    forecast.refresh()
    # Four wait, and the item that comes is the fifth; four left in the hour.
    assert forecast.seconds("gate") == pytest.approx(5 * 3600 / 4)


def test_an_old_pace_is_forgotten(house: House) -> None:
    forecast = Forecast(store=house.store, clock=house.clock)
    for _ in range(4):
        ask(house)
        answer(house, claim(house))
    forecast.refresh()
    assert forecast.seconds("gate") is not None
    house.clock.forward(minutes=61)
    forecast.refresh()
    assert forecast.seconds("gate") is None
