"""The queue against what is known in closed form."""

import math

import numpy as np
import pytest

from experiments.queueing import drawn, even_arrivals, random_arrivals, servers_for, simulate

N = 400_000


def exponential(mean: float, n: int = N, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).exponential(mean, n)


def erlang_c(load: float, servers: int) -> float:
    """Probability of waiting in M/M/c (Erlang 1917)."""
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / math.factorial(k) for k in range(servers)) + last)


@pytest.mark.parametrize("load", [0.3, 0.6, 0.8])
def test_one_server_takes_as_long_as_m_m_1(load: float) -> None:
    found = simulate(random_arrivals(load, N, seed=0), exponential(1.0))
    assert found.mean == pytest.approx(1 / (1 - load), rel=0.05)
    assert found.p50 == pytest.approx(math.log(2) / (1 - load), rel=0.05)
    assert found.p99 == pytest.approx(math.log(100) / (1 - load), rel=0.08)
    assert found.utilisation == pytest.approx(load, rel=0.02)


@pytest.mark.parametrize("load", [0.5, 0.8])
def test_even_services_wait_half_as_long_as_pollaczek_and_khinchine_say(load: float) -> None:
    found = simulate(random_arrivals(load, N, seed=0), np.ones(N))
    assert found.mean == pytest.approx(1 + load / (2 * (1 - load)), rel=0.03)


@pytest.mark.parametrize(("servers", "load"), [(2, 1.5), (8, 6.5)])
def test_several_servers_wait_as_erlang_says(servers: int, load: float) -> None:
    found = simulate(random_arrivals(load, N, seed=0), exponential(1.0), servers)
    assert found.mean == pytest.approx(1 + erlang_c(load, servers) / (servers - load), rel=0.04)


def test_even_arrivals_at_even_services_never_wait() -> None:
    assert simulate(even_arrivals(0.99, 1000), np.ones(1000)).p99 == pytest.approx(1.0)


def test_drawn_services_have_the_shape_and_the_mean_asked_for() -> None:
    services = drawn(np.linspace(1.0, 3.0, 101), mean=10.0, n=N, seed=0)
    assert services.mean() == pytest.approx(10.0)
    assert services.max() / services.min() == pytest.approx(3.0, rel=0.01)


def test_the_fewest_servers_are_found() -> None:
    services = exponential(1.0, 50_000)
    n = servers_for(20.0, services, longest_p99=6.0, seed=0)
    arrivals = random_arrivals(20.0, len(services), 0)
    assert simulate(arrivals, services, n).p99 <= 6.0 < simulate(arrivals, services, n - 1).p99


def test_what_no_number_of_servers_can_do_is_said() -> None:
    with pytest.raises(ValueError, match="expected one above that of a service alone"):
        servers_for(1.0, np.ones(1000), longest_p99=0.5, seed=0, most=50)
