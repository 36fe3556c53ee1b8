"""The numbers of an analysis as rows for people: value, unit, method, confidence."""

from collections.abc import Callable
from dataclasses import dataclass

from harmonyhub.domain.analysis import Measurement, TrackAnalysis
from harmonyhub.web.pages.rendering import count, duration

UNKNOWN = "not measured"


@dataclass(frozen=True, slots=True)
class NumberRow:
    """One line of the table; `confidence` in [0, 1], None where the number has none."""

    name: str
    value: str
    unit: str
    method: str
    confidence: float | None
    is_measured: bool


def list_numbers(analysis: TrackAnalysis) -> list[NumberRow]:
    """List what was measured, the most telling first; what could not be says so."""
    return [_row(analysis, field, name=name, write=write) for field, name, write in _ROWS]


def _row(
    analysis: TrackAnalysis,
    field: str,
    *,
    name: str,
    write: Callable[[TrackAnalysis], str | None],
) -> NumberRow:
    value = write(analysis)
    measured = analysis.measurements.get(field, Measurement(unit="", method=_FILE_SAYS))
    return NumberRow(
        name=name,
        value=UNKNOWN if value is None else value,
        unit="" if value is None else _UNITS.get(field, measured.unit),
        method=measured.method,
        confidence=None if value is None else measured.confidence,
        is_measured=value is not None,
    )


def _decimal(number: float | None) -> str | None:
    return None if number is None else f"{number:.1f}".replace("-", "\u2212")


def _whole(found: TrackAnalysis) -> str | None:
    return None if found.time_signature is None else str(found.time_signature)


_FILE_SAYS = "as the file says"
_UNITS = {
    "duration": "min:s",
    "key": "",
    "beats": "",
    "time_signature": "",
    "tuning_cents": "cents",
    "sample_rate": "Hz",
    "n_channels": "",
}
_ROWS: tuple[tuple[str, str, Callable[[TrackAnalysis], str | None]], ...] = (
    ("tempo", "Tempo", lambda found: _decimal(found.tempo)),
    ("key", "Key", lambda found: found.key.name if found.key else None),
    ("loudness", "Loudness", lambda found: _decimal(found.loudness)),
    ("true_peak", "True peak", lambda found: _decimal(found.true_peak)),
    ("duration", "Duration", lambda found: duration(found.duration)),
    ("time_signature", "Beats in a bar", _whole),
    ("lra", "Loudness range", lambda found: _decimal(found.lra)),
    ("tuning_cents", "Tuning", lambda found: _decimal(found.tuning_cents)),
    ("beats", "Beats found", lambda found: str(len(found.beats)) if found.beats else None),
    ("sample_rate", "Sample rate", lambda found: count(found.sample_rate)),
    ("n_channels", "Channels", lambda found: str(found.n_channels)),
)
