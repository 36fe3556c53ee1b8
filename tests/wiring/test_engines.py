"""Engines: the same bytes inline, in a pool and on Ray; shards that fail say which they are."""

import logging
from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from os import getpid, kill
from signal import SIGKILL

import numpy as np
import pytest

from benchmarks.scale import generate
from harmonyhub.domain.engines import EngineName
from harmonyhub.domain.errors import ConfigurationError, UnavailableError
from harmonyhub.recommender.stages import INLINE, Engine
from harmonyhub.recommender.training import train
from harmonyhub.wiring.engines import choose_engine, opened_engine
from harmonyhub.wiring.pool_engine import PoolEngine
from harmonyhub.wiring.ray_engine import RayEngine

NO_RAY = pytest.mark.skipif(find_spec("ray") is None, reason="Ray is not installed")


def scale_up(shared: np.ndarray, shard: int) -> np.ndarray:
    """Multiply what is shared."""
    return shared * shard


def refuse_three(_shared: object, shard: int) -> int:
    """Fail on one shard."""
    if shard == 3:
        raise ValueError("three")
    return shard


def write(shared: np.ndarray, shard: int) -> None:
    """Try to change what others read."""
    shared[shard] = 1


def die(_shared: object, _shard: int) -> None:
    """End the process as the kernel does where memory is short."""
    kill(getpid(), SIGKILL)


@pytest.fixture(scope="module")
def pool() -> Iterator[Engine]:
    """Give a pool of two processes, started once."""
    with PoolEngine(2) as engine:
        yield engine


@pytest.mark.slow
def test_a_pool_gives_results_in_order_and_names_what_fails(pool):
    """More shards than fit ahead come in order; an error of a stage says which shard it was."""
    shared = np.arange(5.0)
    found = list(pool.map(scale_up, range(20), shared=shared))
    assert np.array_equal(np.outer(range(20), shared), found)
    with pytest.raises(ValueError, match="three") as caught:
        list(pool.map(refuse_three, range(9), shared=None))
    assert ["This happened in shard 3 of refuse_three."] == caught.value.__notes__
    with pytest.raises(ValueError, match="read-only"):
        list(pool.map(write, [0], shared=shared))


@pytest.mark.slow
def test_a_process_that_dies_is_told_of():
    """A killed process ends the training with words, and does not hang it."""
    with (
        PoolEngine(1) as engine,
        pytest.raises(UnavailableError, match=r"shard 0 of die") as caught,
    ):
        list(engine.map(die, range(5), shared=None))
    assert "inline" in caught.value.hint


def test_an_inline_shard_names_itself():
    """Without any process an error says where it was, too."""
    with pytest.raises(ValueError, match="three") as caught:
        list(INLINE.map(refuse_three, range(9), shared=None))
    assert ["This happened in shard 3 of refuse_three."] == caught.value.__notes__


@lru_cache(maxsize=1)
def trained_inline() -> bytes:
    """Train on a generated set with a long tail, large enough for links and factors."""
    return train(*generate(15_000, n_tracks=1_500)).to_bytes()


@pytest.mark.slow
def test_a_pool_trains_the_same_bytes(pool):
    """One process more or less, the index is the same to the byte."""
    assert trained_inline() == train(*generate(15_000, n_tracks=1_500), engine=pool).to_bytes()


@pytest.mark.slow
@NO_RAY
@pytest.mark.timeout(300)  # a busy machine starts Ray in 40 s
def test_ray_trains_the_same_bytes():
    """On Ray the index is the same to the byte, a shard that fails names itself, logs stay ours."""
    plain = logging.getLogRecordFactory()
    with RayEngine(2) as engine:
        trained = train(*generate(15_000, n_tracks=1_500), engine=engine).to_bytes()
        with pytest.raises(ValueError, match="three") as caught:
            list(engine.map(refuse_three, range(9), shared=None))
        assert plain is logging.getLogRecordFactory()
    assert ["This happened in shard 3 of refuse_three."] == caught.value.__notes__
    assert trained_inline() == trained


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is installed")
def test_ray_that_is_not_installed_says_how():
    """Asking for what is not there names the command that brings it."""
    with (
        pytest.raises(ConfigurationError, match="Ray") as caught,
        opened_engine(EngineName.RAY, n_pairs=1),
    ):
        pass
    assert "requirements/cluster.txt" in caught.value.hint


@pytest.mark.parametrize(
    ("n_pairs", "n_cores", "chosen"),
    [(10, 8, "inline"), (1_000_000, 1, "inline"), (1_000_000, 2, "pool")],
)
def test_a_pool_is_chosen_where_it_is_worth_it(n_pairs, n_cores, chosen):
    """Little to learn from, or one core, is worked on right here."""
    assert chosen == choose_engine(n_pairs, n_cores)
