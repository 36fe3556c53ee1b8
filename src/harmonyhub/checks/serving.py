"""Checks of what this machine computes itself: the serving index, the decoder, room to write."""

import asyncio
import shutil
import tempfile
import wave
from dataclasses import replace
from pathlib import Path

import numpy as np

from harmonyhub.checks.subject import Scene
from harmonyhub.checks.verdicts import Results, failed, passed, skipped, unverified
from harmonyhub.domain.errors import HarmonyHubError, NotFoundError, StoreUnavailableError
from harmonyhub.domain.findings import Check, Owner, Severity
from harmonyhub.domain.history import History
from harmonyhub.domain.ids import CHECK_USER
from harmonyhub.domain.recommendations import ListName, RecommendationRequest

INDEX = Check(
    "HH301", Severity.ERROR, "The serving index does not load or score.", needs=("HH204",)
)
DECODER = Check("HH401", Severity.ERROR, "The audio decoder does not give back a tone.")
DISK = Check("HH505", Severity.ERROR, "The disk of the data folder is nearly full.")

TONE_S, TONE_HZ, TONE_RATE = 0.5, 440, 44_100
MB = 1_000_000
DISK_ERROR, DISK_WARNING = 200 * MB, 1_000 * MB


async def check_index(scene: Scene) -> Results:
    """Load the live index and let it score a listener who played its first track."""
    store = await scene.store()
    try:
        record = await store.models.current()
        if record is None:
            return skipped(INDEX, "nothing has been trained yet")
        data = await store.models.load(record.version)
        n_items, n_tracks = await asyncio.to_thread(_score, data, now=scene.subject.clock())
    except NotFoundError:
        return skipped(INDEX, "a newer index took its place during the check")
    except StoreUnavailableError as error:
        return unverified(INDEX.found(error.message, fix=error.hint, owner=Owner.NETWORK))
    except HarmonyHubError as error:
        return failed(INDEX.found(error.message, fix=error.hint))
    if n_tracks > 1 and n_items == 0:
        return failed(
            INDEX.found(
                f"The serving index of {n_tracks} tracks recommends none.",
                fix="Train again: harmonyhub train.",
            )
        )
    return passed(INDEX, f"the serving index of {n_tracks} tracks scores")


def _score(data: bytes, *, now: int) -> tuple[int, int]:
    # Here: scipy takes 0.3 s and 15 MB, which a check of settings alone does not need.
    from harmonyhub.recommender.index import ServingIndex  # noqa: PLC0415
    from harmonyhub.recommender.pipeline import recommend  # noqa: PLC0415
    from harmonyhub.recommender.profile import build_profile  # noqa: PLC0415

    index = ServingIndex.from_bytes(data)
    n_played = min(1, index.n_tracks)
    history = History(
        track_ids=index.track_ids[:n_played],
        plays=np.ones(n_played, np.int32),
        first_played_at=np.zeros(n_played, np.int64),
        last_played_at=np.zeros(n_played, np.int64),
    )
    request = RecommendationRequest(CHECK_USER, ListName.FOR_YOU, n=1, now=now)
    found = recommend(request, profile=build_profile(history, index), index=index)
    return len(found.items), index.n_tracks


async def check_decoder(_: Scene) -> Results:
    """Decode half a second of a tone and compare it with what was written."""
    loudness, duration_s = await asyncio.to_thread(_decode_tone)
    # A full-scale sine has 1 / sqrt(2) of full scale; a resampler's edges take a little of it.
    if abs(loudness - np.sqrt(0.5)) < 0.05 and abs(duration_s - TONE_S) < 0.05:
        return passed(DECODER, "the decoder works")
    finding = DECODER.found(
        "The audio decoder gives back something else than was written.",
        fix="Install HarmonyHub again: ./hub brings the decoder that it was tested with.",
        evidence=f"{duration_s:.2f} s at {loudness:.2f} of full scale instead of"
        f" {TONE_S} s at {np.sqrt(0.5):.2f}",
    )
    return failed(finding)


def _decode_tone() -> tuple[float, float]:
    from harmonyhub.analysis.decode import ANALYSIS_RATE, AudioFile  # noqa: PLC0415 - FFmpeg

    with tempfile.TemporaryDirectory(prefix="harmonyhub-") as folder:
        path = Path(folder) / "tone.wav"
        _write_tone(path)
        with AudioFile(path) as audio:
            signal = np.concatenate([block.signal for block in audio.blocks()])
    return float(np.sqrt(np.mean(signal**2))), len(signal) / ANALYSIS_RATE


def _write_tone(path: Path) -> None:
    times = np.arange(round(TONE_S * TONE_RATE)) / TONE_RATE
    samples = np.round(32767 * np.sin(2 * np.pi * TONE_HZ * times)).astype("<i2")
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(TONE_RATE)
        file.writeframes(samples.tobytes())


async def check_disk(scene: Scene) -> Results:
    """Look how much room the data folder's disk has."""
    data_dir = scene.settings.data_dir
    folder = next(each for each in (data_dir, *data_dir.parents) if each.exists())
    n_free = shutil.disk_usage(folder).free
    if n_free >= DISK_WARNING:
        return passed(DISK, f"the disk has {n_free / 1e9:.0f} GB free")
    finding = DISK.found(
        f"The disk of the data folder has {n_free // MB} MB free.",
        fix="Free disk space, or move the data folder with HARMONYHUB_DATA_DIR.",
        variable="HARMONYHUB_DATA_DIR",
        provenance=scene.settings.provenance("data_dir"),
        evidence=f"{n_free // MB} MB free",
    )
    if n_free >= DISK_ERROR:
        finding = replace(finding, severity=Severity.WARNING)
    return failed(finding)
