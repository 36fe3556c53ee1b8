"""Which engine runs the stages of a training, and when a pool is worth its processes."""

from collections.abc import Iterator
from contextlib import contextmanager

from harmonyhub.domain.engines import EngineName
from harmonyhub.recommender.stages import INLINE, Engine
from harmonyhub.wiring.cores import usable_cores
from harmonyhub.wiring.pool_engine import PoolEngine
from harmonyhub.wiring.ray_engine import RayEngine

MIN_PAIRS = 300_000  # 63,000 took 4.3 s in a pool of two and 3.3 s without; 347,000 15.6 and 16.6 s


def choose_engine(n_pairs: int, n_cores: int) -> EngineName:
    """Choose by what there is to learn from, and by the cores to do it on."""
    return EngineName.POOL if n_cores > 1 and n_pairs >= MIN_PAIRS else EngineName.INLINE


@contextmanager
def opened_engine(name: EngineName | None, *, n_pairs: int) -> Iterator[Engine]:
    """Open an engine on all cores; without a name, the one that is worth it.

    Raises
    ------
    ConfigurationError
        If Ray is asked for and not installed.
    """
    n_cores = usable_cores()
    name = name or choose_engine(n_pairs, n_cores)
    if name is EngineName.INLINE:
        yield INLINE
        return
    kind = PoolEngine if name is EngineName.POOL else RayEngine
    with kind(n_cores) as engine:
        yield engine
