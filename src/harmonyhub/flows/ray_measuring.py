"""Has files measured on Ray: each of its processes has one of ours measure within the limits."""

from pathlib import Path
from types import TracebackType
from typing import Any, Self

from harmonyhub.domain.analysis import TrackAnalysis
from harmonyhub.domain.audio_files import FoundFile
from harmonyhub.domain.sound_tags import HeardTags
from harmonyhub.flows.measuring import Measurer
from harmonyhub.flows.measuring_orders import Identified
from harmonyhub.wiring.ray_engine import RayEngine


class RayMeasurer:
    """A `Measurer` on a processor of Ray's; results and errors are those of `Measurer`.

    The files must lie under the same path where it runs, and so must the data folder with the
    tagging networks.
    """

    def __init__(self, engine: RayEngine, data_dir: Path | None = None) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._placed: Any = None

    async def __aenter__(self) -> Self:
        self._placed = self._engine.place(Measurer, self._data_dir)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._engine.dismiss(self._placed)  # the process that measures ends with it

    async def identify(self, file: FoundFile) -> Identified:
        """Read what tells a file's audio from any other, and its tags; errors as `measure`."""
        found: Identified = await self._engine.ask(self._placed, "identify", file)
        return found

    async def measure(self, file: FoundFile) -> TrackAnalysis:
        """Analyse a file.

        Raises
        ------
        AudioError
            As `Measurer.measure`.
        UnavailableError
            If Ray lost its process.
        """
        analysis: TrackAnalysis = await self._engine.ask(self._placed, "measure", file)
        return analysis

    async def measure_basics(self, file: FoundFile) -> TrackAnalysis:
        """Make the basic analysis of a file; errors as `measure`."""
        analysis: TrackAnalysis = await self._engine.ask(self._placed, "measure_basics", file)
        return analysis

    async def tag(self, file: FoundFile) -> HeardTags | None:
        """Hear a file's tags alone, None where no networks are installed; errors as `measure`."""
        heard: HeardTags | None = await self._engine.ask(self._placed, "tag", file)
        return heard
