"""What the analysis hears in files that nobody has played, as far as a listener's list."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.knobs import Knobs, Wish
from harmonyhub.domain.listens import Outcome, SourceKind, SourceLine
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.paths import WayBy
from harmonyhub.domain.recommendations import EvidenceKind, ListName
from harmonyhub.flows import train as training
from harmonyhub.flows.analyse import run_analysis
from harmonyhub.flows.imports import import_history, open_ledger
from harmonyhub.flows.paths import find_way
from harmonyhub.flows.recommend import Answer, recommend
from harmonyhub.flows.sounds import lay_sounds
from harmonyhub.flows.train import run_training
from harmonyhub.sources.tag_weights import TagWeights, read_weights, write_weights
from harmonyhub.wiring.house import House
from tests.analysis.conftest import encode_audio
from tests.conftest import NOW

ANNA = UserId("anna")
RATE = 22_050
LENGTH_S = 13.0  # four excerpts
Signal = NDArray[np.float64]


@dataclass
class Plays:
    """Five plays of one track that its source tells to be techno."""

    kind: SourceKind = SourceKind.LISTENBRAINZ
    broke_off: str | None = None

    def lines(self) -> Iterator[SourceLine]:
        told = TrackDescription(title="Told", artists=("Band",), tags=("Techno",))
        for number in range(1, 6):
            at = NOW - number * 86_400
            yield SourceLine(number, Outcome.KEPT, played_at=at, track=told)


def play_techno(tempo_bpm: float = 128) -> Signal:
    """Play a bass line of saw teeth over a kick on every beat and a hat between them."""
    rng, beat_s = np.random.default_rng(1), 60 / tempo_bpm
    signal = np.zeros(int(LENGTH_S * RATE))
    for number in range(int(LENGTH_S / beat_s * 4)):
        hz = 55 * 2 ** ((0, 0, 12, 0, 3, 0, 10, 12)[number % 8] / 12)
        times = np.arange(int(beat_s / 4 * 0.8 * RATE)) / RATE
        parts = range(1, int(2_500 / hz))
        saw = sum(
            np.sin(2 * np.pi * part * hz * times + rng.uniform(0, 6)) / part for part in parts
        )
        _add(signal, number * beat_s / 4, 0.3 * saw)
    times = np.arange(int(0.3 * RATE)) / RATE
    kick = np.sin(2 * np.pi * (50 * times + 4 * (1 - np.exp(-30 * times)))) * np.exp(-10 * times)
    hat = np.diff(rng.normal(0, 1, len(times) + 1)) * np.exp(-30 * times)
    for number in range(int(LENGTH_S / beat_s)):
        _add(signal, number * beat_s, 1.5 * kick)
        _add(signal, (number + 0.5) * beat_s, 0.4 * hat)
    return signal


def play_piano() -> Signal:
    """Play broken chords of struck strings: stretched partials that die the sooner the higher."""
    rng = np.random.default_rng(1)
    signal = np.zeros(int(LENGTH_S * RATE))
    times = np.arange(int(2.5 * RATE)) / RATE
    for number in range(int(LENGTH_S / 0.33)):
        note = (48, 55, 60, 64, 67, 72, 67, 64)[number % 8] + (0, -3, 5, -5)[number // 8 % 4]
        hz = 440 * 2 ** ((note - 69) / 12)
        parts = range(1, int(9_000 / hz) + 1)
        string = sum(
            np.exp(-0.55 * part - times * (1.2 + 0.5 * part))
            * np.sin(2 * np.pi * hz * part * np.sqrt(1 + 0.0004 * part**2) * times)
            for part in parts
        )
        _add(signal, number * 0.33, string * rng.uniform(0.6, 1))
    return signal


def _add(signal: Signal, at_s: float, sound: Signal) -> None:
    start = int(at_s * RATE)
    end = min(start + len(sound), len(signal))
    signal[start:end] += sound[: end - start]


@pytest.fixture
async def heard(house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a house with the real networks where Anna played told techno, and two files came in."""
    arrays = read_weights(Path(__file__).parents[2] / ".venv")
    if arrays is None:
        pytest.skip("no weights: HARMONYHUB_DATA_DIR=$PWD/.venv ./hub tags install")
    write_weights(house.settings.data_dir, TagWeights(arrays, "As installed beside the packages"))
    monkeypatch.setattr(training, "load_library", list)  # two thousand tracks that nobody plays
    ledger = await open_ledger(house, user_id=ANNA, file_name="history")
    await import_history(house, ledger=ledger, history=Plays(), on_progress=lambda _: None)
    for title, play in (("Strings", play_piano), ("Machines", play_techno)):
        await analyse(house, tmp_path / f"Nobody - {title}.flac", play())
    return house


async def analyse(house: House, path: Path, signal: Signal) -> TrackId:
    """Write a file and analyse it, as an upload is."""
    loud = signal / np.abs(signal).max() * 0.9
    encode_audio(path, loud, sample_rate=RATE)
    track_id, _ = await run_analysis(
        house, path=path, file_name=path.name, on_progress=lambda _: None
    )
    return track_id


async def ask(house: House, knobs: Knobs | None = None, *, words: str = "") -> Answer:
    """Ask for tracks that Anna has not heard."""
    wish = Wish(knobs=knobs or Knobs(), words=words)
    return await recommend(house, user_id=ANNA, list_name=ListName.DISCOVER, n=10, wish=wish)


def titles(answer: Answer) -> list[str]:
    """Name the tracks of a list."""
    return [one.track.title for one in answer.items]


@pytest.mark.slow
async def test_an_unheard_file_is_found_by_the_taste_it_sounds_like(heard: House) -> None:
    """Techno that nobody played comes first, piano does not; the reason, knobs and words say it."""
    await run_training(heard, on_progress=lambda _: None)
    answer = await ask(heard)
    assert ["Machines"] == titles(answer)[:1]
    assert "Strings" not in titles(answer)[:1]
    (reason,) = (one for one in answer.items[0].reasons if one.evidence.tag == "techno")
    assert EvidenceKind.HEARD_TAG is reason.evidence.kind
    assert "The analysis hears “techno” in it, a tag of a track that you played 5 times" in (
        reason.text
    )
    assert ["Machines"] == titles(await ask(heard, Knobs(with_tags=("techno",))))
    assert "Machines" not in titles(await ask(heard, Knobs(without_tags=("techno",))))
    assert ["Machines"] == titles(await ask(heard, words="techno, no piano"))


@pytest.mark.slow
async def test_without_the_extra_an_index_is_what_it_was(house: House, tmp_path: Path) -> None:
    """An analysis in which no network heard anything lays its sound and nothing more."""
    track_id = await analyse(house, tmp_path / "Nobody - Strings.flac", play_piano())
    catalogue = await house.store.tracks.catalogue()
    interactions = await house.store.listens.interactions()
    bare = training.train(interactions, catalogue)
    laid = await lay_sounds(house, bare)
    assert bare.place_of[track_id] in laid.sounds.items
    assert bare.to_bytes() == replace(laid, sounds=bare.sounds).to_bytes()


@pytest.mark.slow
async def test_two_files_are_joined_by_how_they_sound(
    house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of three files that nobody played and no source tags the steps of a way say the sound."""
    monkeypatch.setattr(training, "load_library", list)  # two thousand tracks that nobody plays
    ends = [
        await analyse(house, tmp_path / f"Band {bpm} - Song.flac", play_techno(bpm))
        for bpm in (122, 128, 134)
    ]
    await run_training(house, on_progress=lambda _: None)
    way = await find_way(house, user_id=ANNA, start=ends[0], end=ends[2], n=3, by=WayBy.SOUND)
    assert ends == [step.track.id for step in way.steps]
    told = [step.reason for step in way.steps[1:] if step.reason is not None]
    assert [EvidenceKind.SIMILAR_SOUND] * 2 == [reason.evidence.kind for reason in told]
    assert all("It sounds like “Song” by Band" in reason.text for reason in told)
    assert all("similar timbre" in reason.text for reason in told)
