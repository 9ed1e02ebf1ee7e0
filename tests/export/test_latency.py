"""The median time of calls that are made in alternation."""

import pytest

from emotion.export import latency


@pytest.fixture
def clock(monkeypatch):
    """A clock that only the calls move."""
    now = [0.0]
    monkeypatch.setattr(latency.time, "perf_counter", lambda: now[0])
    return now


def test_calls_alternate_and_the_first_of_each_does_not_count(clock):
    made = []

    def call(name, seconds):
        def run():
            made.append(name)
            clock[0] += 100.0 if made.count(name) == 1 else next(seconds)

        return run

    found = latency.median_seconds(
        {
            "a": call("a", iter([1.0, 1.0, 9.0, 1.0, 1.0])),
            "b": call("b", iter([2.0, 2.0, 2.0, 7.0, 7.0])),
        },
        seconds=0.0,
    )
    assert made == ["a", "b"] * 6
    assert found == {"a": 1.0, "b": 2.0}


def test_fast_calls_are_repeated_for_the_given_time(clock):
    made = []

    def call():
        made.append(1)
        clock[0] += 0.25

    latency.median_seconds({"a": call}, seconds=10.0)
    assert len(made) == 41
