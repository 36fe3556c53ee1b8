"""Trains one network on rendered pieces and writes its weights.

    python -m training.train pulse|harmony FOLDER WEIGHTS.npz --minutes 25

Runs on one thread; the folder is looked at again before each round, so that rendering may go on.
"""

import argparse
import time
from collections.abc import Callable, Collection
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.dataset import UNKNOWN, Piece, draw_harmony_batch, draw_pulse_batch, load_piece
from training.networks import HarmonyNetwork, PulseNetwork, export, restore

SEED = 20_261
BATCH = 8
ROUND = 60  # batches between two looks at the held-out pieces
PULSE_FRAMES, HARMONY_FRAMES = 1290, 320  # 30 s of each
PEAK_RATE = 3e-3
# Of all draws, by the first letter of the pieces: what comes late must not push out what is known.
SHARES = {
    "pulse": {"m": 0.27, "o": 0.28, "r": 0.27, "e": 0.07, "f": 0.08, "n": 0.03},
    "harmony": {"m": 0.28, "o": 0.21, "r": 0.21, "e": 0.12, "f": 0.14, "n": 0.04},
}
CALIBRATION = 12  # batches that set the scales of normalizations of weights that are put back
Draw = Callable[[np.random.Generator, list[Piece]], tuple[Tensor, Tensor | tuple[Tensor, ...]]]


def pulse_loss(network: nn.Module, batch: tuple[Tensor, Tensor]) -> Tensor:
    """Weigh downbeats twice: they are four times rarer."""
    levels, targets = batch
    weight = torch.tensor([1.0, 2.0, 1.0, 2.0])[None, :, None]
    return nn.functional.binary_cross_entropy_with_logits(
        network(levels).float(), targets, weight=weight.expand_as(targets)
    )


def harmony_loss(network: nn.Module, batch: tuple[Tensor, tuple[Tensor, ...]]) -> Tensor:
    """Chords count most, bass and key teach beside them."""
    tones, (chords, bass, keys) = batch
    said = network(tones)
    shares = (1.0, 0.3, 0.3)
    losses = [
        nn.functional.cross_entropy(logits.float(), target, ignore_index=UNKNOWN)
        for logits, target in zip(said, (chords, bass, keys), strict=True)
    ]
    return sum(share * loss for share, loss in zip(shares, losses, strict=True))


def main() -> None:
    """Train until the minutes are over; the learning rate falls to nothing by then."""
    parser = argparse.ArgumentParser()
    parser.add_argument("network", choices=("pulse", "harmony"))
    parser.add_argument("folder", type=Path)
    parser.add_argument("weights", type=Path)
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--resume", type=Path)
    parser.add_argument("--rate", type=float, default=PEAK_RATE)
    arguments = parser.parse_args()
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    rng = np.random.default_rng(SEED)
    is_pulse = arguments.network == "pulse"
    network: nn.Module = PulseNetwork() if is_pulse else HarmonyNetwork()
    network = network.to(memory_format=torch.channels_last)  # another third faster
    loss_of = pulse_loss if is_pulse else harmony_loss
    draw: Draw = (
        (lambda r, p: draw_pulse_batch(r, p, n_frames=PULSE_FRAMES))
        if is_pulse
        else (lambda r, p: draw_harmony_batch(r, p, n_frames=HARMONY_FRAMES))
    )
    optimizer = torch.optim.AdamW(network.parameters(), lr=PEAK_RATE, weight_decay=1e-2)
    pieces: dict[str, Piece] = {}
    shares = SHARES[arguments.network]
    _load_new(pieces, arguments.folder, kinds=shares)
    if arguments.resume:
        drawn = partial(_draw, draw, rng=rng, pieces=_list_learning(pieces), shares=shares)
        _resume(network, arguments.resume, drawn)
    begun = time.monotonic()
    while (done := (time.monotonic() - begun) / 60 / arguments.minutes) < 1:
        _load_new(pieces, arguments.folder, kinds=shares)
        learning = _list_learning(pieces)
        rate = arguments.rate * min(1.0, 20 * done + 0.1) * 0.5 * (1 + np.cos(np.pi * done))
        for group in optimizer.param_groups:
            group["lr"] = max(rate, 1e-5)
        drawn = partial(_draw, draw, rng=rng, pieces=learning, shares=shares)
        learnt = _round(network, optimizer, loss_of, draw=drawn)
        held = [piece for name, piece in pieces.items() if is_held_out(name)]
        judged = _judge(network, loss_of, draw=draw, held=held)
        progress = f"{done:.2f} {len(learning)} pieces"
        print(f"{progress}, learnt {learnt:.4f}, held out {judged:.4f}", flush=True)
        np.savez_compressed(arguments.weights, **export(network))
        torch.save(network.state_dict(), arguments.weights.with_suffix(".pt"))


def is_held_out(name: str) -> bool:
    """One piece in 15 is never learnt from."""
    return int(name[1:]) % 15 == 7


def _load_new(pieces: dict[str, Piece], folder: Path, *, kinds: Collection[str]) -> None:
    for path in sorted(folder.glob("*.npz")):
        is_written = time.time() - path.stat().st_mtime > 3
        if path.stem not in pieces and path.stem[0] in kinds and is_written:
            pieces[path.stem] = load_piece(path)


def _list_learning(pieces: dict[str, Piece]) -> list[Piece]:
    return [piece for name, piece in pieces.items() if not is_held_out(name)]


def _resume(network: nn.Module, path: Path, drawn: Callable[[], tuple]) -> None:
    """Go on from a run that was stopped (.pt), or from weights of the product (.npz)."""
    if path.suffix == ".pt":
        network.load_state_dict(torch.load(path))
        return
    with np.load(path) as arrays:
        restore(network, arrays, (drawn()[0] for _ in range(CALIBRATION)))


def _draw(draw: Draw, *, rng: np.random.Generator, pieces: list[Piece], shares: dict[str, float]):
    """Draw a batch: first the kinds, then a piece of each."""
    kinds = {kind: [p for p in pieces if p.name[0] == kind] for kind in shares}
    there = [kind for kind, group in kinds.items() if group]
    chances = np.array([shares[kind] for kind in there])
    drawn = rng.choice(there, BATCH, p=chances / chances.sum())
    return draw(rng, [kinds[kind][rng.integers(len(kinds[kind]))] for kind in drawn])


def _round(network: nn.Module, optimizer: torch.optim.Optimizer, loss_of, *, draw) -> float:
    network.train()
    total = 0.0
    for _ in range(ROUND):
        optimizer.zero_grad()
        batch = draw()
        with torch.autocast("cpu", dtype=torch.bfloat16):  # half the time
            loss = loss_of(network, batch)
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimizer.step()
        total += float(loss.detach())
    return total / ROUND


def _judge(network: nn.Module, loss_of, *, draw: Draw, held: list[Piece]) -> float:
    if not held:
        return float("nan")
    network.eval()
    rng = np.random.default_rng(SEED)
    with torch.no_grad():
        groups = [held[start : start + BATCH] for start in range(0, len(held), BATCH)]
        return float(np.mean([float(loss_of(network, draw(rng, group))) for group in groups]))


if __name__ == "__main__":
    main()
