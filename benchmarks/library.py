"""A folder of music measured by one process and by one per core, with the store and everything.

Run: python -m benchmarks.library [FOLDER]; without a folder of yours it writes sixteen pieces of
three minutes. Then what looking through the same folder again costs.
"""

import argparse
import asyncio
import resource
import tempfile
import time
from pathlib import Path

import av
import numpy as np

from harmonyhub.flows.folder_analysis import run_folder_analysis
from harmonyhub.settings.load import load_settings
from harmonyhub.sources.demo.pieces import synthesize_pieces
from harmonyhub.sources.music_folder import list_audio
from harmonyhub.storage.embedded import EmbeddedServer
from harmonyhub.storage.store import Store
from harmonyhub.wiring.cores import usable_cores
from harmonyhub.wiring.house import furnish
from tests.analysis.conftest import encode_audio

PIECE_S = 180
GAINS = (0.9, 0.7, 0.5, 0.3)  # other samples, so that none is known from another
ROUNDS = 2
WANTED = 0.9


def write_pieces(folder: Path) -> None:
    """Write each piece of the demo once per gain, repeated up to three minutes."""
    scratch = folder.parent / "sketches"
    for piece in synthesize_pieces(scratch):
        with av.open(str(piece.path)) as container:
            rate = container.streams.audio[0].rate
            frames = [frame.to_ndarray() for frame in container.decode(audio=0)]
        once = np.concatenate(frames, axis=1).reshape(-1, 2).T / 32768
        whole = np.tile(once, -(-PIECE_S * rate // once.shape[1]))[:, : PIECE_S * rate]
        for gain in GAINS:
            encode_audio(folder / f"{piece.title} {gain}.flac", whole * gain, sample_rate=rate)


def read_duration_s(folder: Path) -> float:
    """Add up what the files announce."""
    total_s = 0.0
    for file in list_audio(folder):
        with av.open(str(file.path)) as container:
            total_s += (container.duration or 0) / 1e6
    return total_s


async def run_round(uri: str, folder: Path, data: Path, *, n: int, name: str) -> list[float]:
    """Measure all with `n` processes and look again: seconds, CPU seconds of both processes, s."""
    settings, _ = load_settings({"HARMONYHUB_DATA_DIR": str(data)}, folder=data)
    assert settings is not None
    async with await Store.connect(uri, database=name) as store:
        await store.migrate()
        house = furnish(settings, store)
        began, used = time.perf_counter(), cpu_s()
        done = await run_folder_analysis(
            house, folder=folder, on_progress=lambda _: None, n_processes=n
        )
        wall_s, used_s = time.perf_counter() - began, cpu_s() - used
        assert done.analysed == len(list_audio(folder)), done
        began = time.perf_counter()
        again = await run_folder_analysis(house, folder=folder, on_progress=lambda _: None)
        again_s = time.perf_counter() - began
        assert again.already_known == done.analysed
    return [wall_s, used_s, again_s]


def cpu_s() -> float:
    """Count the processor time of this process and of its children that have ended."""
    usages = [resource.getrusage(of) for of in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


async def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path, nargs="?")
    folder = parser.parse_args().folder
    n_cores = usable_cores()
    with tempfile.TemporaryDirectory() as scratch:
        data = Path(scratch) / "data"
        if folder is None:
            folder = Path(scratch) / "music"
            folder.mkdir()
            write_pieces(folder)
        audio_s = read_duration_s(folder)
        print(f"{len(list_audio(folder))} files, {audio_s / 60:.0f} minutes")
        figures: dict[int, list[list[float]]] = {1: [], n_cores: []}
        async with await EmbeddedServer.start(data, owner="benchmark") as server:
            for number in range(ROUNDS):
                for n, rounds in figures.items():
                    name = f"round-{number}-{n}"
                    rounds.append(await run_round(server.uri, folder, data, n=n, name=name))
    best = {n: np.min(rounds, axis=0) for n, rounds in figures.items()}
    for n, (wall_s, used_s, again_s) in best.items():
        print(
            f"{n} at a time: {wall_s:.1f} s, x{audio_s / wall_s:.0f} real time,"
            f" {used_s:.1f} CPU s; again {again_s * 1000:.0f} ms"
        )
    share = best[1][0] / (n_cores * best[n_cores][0])
    print(f"scaling on {n_cores} cores: {share:.0%} (wanted {WANTED:.0%})")


if __name__ == "__main__":
    asyncio.run(main())
