"""The two networks while they learn; `harmonyhub.analysis.network` runs what is exported."""

from collections.abc import Iterable, Iterator, Mapping

import numpy as np
import torch
from torch import Tensor, nn

N_MELS = 48
PULSE_WIDTH = 96
PULSE_DILATIONS = (1, 2, 4, 8, 16, 32, 64, 128)
HARMONY_WIDTH = 64
HARMONY_BLOCKS = ("time1", "mix", "time2", "mix", "time4", "mix", "time8")
MIX_WIDTH = 32
N_TONES = 84
QUALITIES = ("maj", "min", "7", "maj7", "min7", "hdim7", "dim", "sus4", "5")
KEY_FRAMES = 75  # 14 s


class TimeBlock(nn.Module):
    """Residual: a dilated convolution over time, then a mix of channels."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.spread = nn.Conv2d(
            width, width, (1, 5), padding=(0, 2 * dilation), dilation=(1, dilation), bias=False
        )
        self.norm = nn.BatchNorm2d(width)
        self.mix = nn.Conv2d(width, width, 1)
        self.drop = nn.Dropout(0.1)

    def forward(self, signal: Tensor) -> Tensor:
        """Shape (batch, width, rows, frames) in and out."""
        mixed: Tensor = self.mix(self.drop(torch.relu(self.norm(self.spread(signal)))))
        return signal + mixed


class RootMix(nn.Module):
    """Residual: each root hears the eleven others, by interval."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.narrow = nn.Conv2d(width, MIX_WIDTH, 1)
        self.circle = nn.Conv2d(MIX_WIDTH, MIX_WIDTH, (12, 1), bias=False)
        self.norm = nn.BatchNorm2d(MIX_WIDTH)
        self.widen = nn.Conv2d(MIX_WIDTH, width, 1)

    def forward(self, signal: Tensor) -> Tensor:
        """Shape (batch, width, 12, frames) in and out."""
        narrow = torch.relu(self.narrow(signal))
        around = torch.cat([narrow, narrow[:, :, :11]], dim=2)
        widened: Tensor = self.widen(torch.relu(self.norm(self.circle(around))))
        return signal + widened


class PulseNetwork(nn.Module):
    """Beats and downbeats from mel bands."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(2 * N_MELS, PULSE_WIDTH, (1, 3), padding=(0, 1), bias=False)
        self.norm = nn.BatchNorm2d(PULSE_WIDTH)
        self.blocks = nn.ModuleList(TimeBlock(PULSE_WIDTH, d) for d in PULSE_DILATIONS)
        self.leave = nn.BatchNorm2d(PULSE_WIDTH)
        self.head = nn.Conv2d(PULSE_WIDTH, 4, 1)

    def forward(self, levels: Tensor) -> Tensor:
        """From (batch, 96, 1, frames) to logits (batch, 4, frames).

        Rows are beat and downbeat in the first half of a frame, then both in the second.
        """
        signal = torch.relu(self.norm(self.enter(levels)))
        for block in self.blocks:
            signal = block(signal)
        logits: Tensor = self.head(torch.relu(self.leave(signal)))
        return logits[:, :, 0]


class HarmonyNetwork(nn.Module):
    """Chords, bass and key from the keyboard; the same weights look at every root."""

    def __init__(self) -> None:
        super().__init__()
        self.enter = nn.Conv2d(
            1, HARMONY_WIDTH, (N_TONES, 4), stride=(1, 2), padding=(0, 1), bias=False
        )
        self.norm = nn.BatchNorm2d(HARMONY_WIDTH)
        self.blocks = nn.ModuleList(
            RootMix(HARMONY_WIDTH) if name == "mix" else TimeBlock(HARMONY_WIDTH, int(name[4:]))
            for name in HARMONY_BLOCKS
        )
        self.leave = nn.BatchNorm2d(HARMONY_WIDTH)
        self.head = nn.Conv2d(HARMONY_WIDTH, len(QUALITIES) + 4, 1)

    def forward(self, tones: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """From (batch, 1, 84 + 11, frames) to logits of chords, bass and keys, per two frames.

        Shapes (batch, 12 * qualities + 1, pairs), (batch, 13, pairs), (batch, 24, pairs); the last
        of the first two is "no chord".
        """
        signal = torch.relu(self.norm(self.enter(tones)))
        for block in self.blocks:
            signal = block(signal)
        out = self.head(torch.relu(self.leave(signal)))
        n = len(QUALITIES)
        none = out[:, n].mean(dim=1, keepdim=True)
        chords = torch.cat([out[:, :n].flatten(1, 2), none], dim=1)
        bass = torch.cat([out[:, n + 1], none], dim=1)
        keys = out[:, n + 2 :].flatten(1, 2)
        pooled = nn.functional.avg_pool1d(
            keys, KEY_FRAMES, stride=1, padding=KEY_FRAMES // 2, count_include_pad=False
        )
        return chords, bass, pooled


def export(network: nn.Module) -> dict[str, np.ndarray]:
    """Fold normalization into the weights and name arrays as the product reads them."""
    out = {}
    for name, conv, norm in _list_layers(network):
        weight, bias = _plain(conv) if norm is None else _fold(conv, norm)
        out[f"{name}.weight"] = weight.astype(np.float16)
        out[f"{name}.bias"] = bias.astype(np.float32)
    scale, shift = _affine(network.leave)
    return out | {"leave.scale": scale.astype(np.float32), "leave.shift": shift.astype(np.float32)}


def restore(
    network: nn.Module, arrays: Mapping[str, np.ndarray], batches: Iterable[Tensor]
) -> None:
    """Put exported weights back, so that training can go on from them.

    The scale of each normalization is folded into the weights. A new one is taken from what the
    network makes of `batches`: its answers stay the same, and learning starts from even layers.
    A wider network than the one that was exported answers the same too: what it has more of starts
    at random, and nothing that was there before listens to it yet (Chen, Goodfellow and Shlens
    2016, "Net2Net: accelerating learning via knowledge transfer", ICLR).
    """
    affine = {network.leave: (arrays["leave.scale"], arrays["leave.shift"])}
    with torch.no_grad():
        for name, conv, norm in _list_layers(network):
            _put_in_corner(conv.weight, arrays[f"{name}.weight"])
            if norm is None:
                _put_in_corner(conv.bias, arrays[f"{name}.bias"])
            else:
                affine[norm] = (np.ones(norm.num_features), arrays[f"{name}.bias"])
        tensors = {}
        for norm, parts in affine.items():
            tensors[norm] = (torch.ones(norm.num_features), torch.zeros(norm.num_features))
            for tensor, part in zip(tensors[norm], parts, strict=True):
                _put_in_corner(tensor, part)
        for norm, (scale, shift) in tensors.items():
            _set_norm(
                norm, scale, shift, mean=torch.zeros_like(scale), spread=torch.ones_like(scale)
            )
        for norm, (mean, spread) in _measure_norms(network, list(tensors), batches).items():
            _set_norm(norm, *tensors[norm], mean=mean, spread=spread)


def _put_in_corner(tensor: Tensor, array: np.ndarray) -> None:
    """Overwrite the first outputs; they get nothing from inputs that `array` does not have."""
    tensor[: len(array)] = 0.0
    tensor[tuple(slice(length) for length in array.shape)] = torch.tensor(array.astype(np.float32))


def _list_layers(
    network: nn.Module,
) -> Iterator[tuple[str, nn.Conv2d, nn.BatchNorm2d | None]]:
    """Give name, convolution and the normalization after it."""
    yield "enter", network.enter, network.norm
    for number, block in enumerate(network.blocks):
        if isinstance(block, TimeBlock):
            yield f"{number}.spread", block.spread, block.norm
            yield f"{number}.mix", block.mix, None
        else:
            yield f"{number}.narrow", block.narrow, None
            yield f"{number}.circle", block.circle, block.norm
            yield f"{number}.widen", block.widen, None
    yield "head", network.head, None


def _measure_norms(
    network: nn.Module, norms: list[nn.BatchNorm2d], batches: Iterable[Tensor]
) -> dict[nn.BatchNorm2d, tuple[Tensor, Tensor]]:
    """Mean and variance per channel of what enters each normalization."""
    sums = {norm: torch.zeros(3, norm.num_features) for norm in norms}

    def note(norm: nn.BatchNorm2d, inputs: tuple[Tensor]) -> None:
        values = inputs[0].transpose(0, 1).flatten(1)
        ones = torch.full((len(values),), float(values.shape[1]))
        sums[norm] += torch.stack([ones, values.sum(dim=1), (values**2).sum(dim=1)])

    hooks = [norm.register_forward_pre_hook(note) for norm in norms]
    network.eval()
    for batch in batches:
        network(batch)
    for hook in hooks:
        hook.remove()
    means = {norm: (total[1] / total[0], total[2] / total[0]) for norm, total in sums.items()}
    return {norm: (mean, square - mean**2) for norm, (mean, square) in means.items()}


def _set_norm(
    norm: nn.BatchNorm2d, scale: Tensor, shift: Tensor, *, mean: Tensor, spread: Tensor
) -> None:
    """Make `norm` scale and shift like this where its inputs have this mean and variance."""
    norm.running_mean.copy_(mean)
    norm.running_var.copy_(spread)
    norm.weight.copy_(scale * torch.sqrt(spread + norm.eps))
    norm.bias.copy_(shift + scale * mean)


def _affine(norm: nn.BatchNorm2d) -> tuple[np.ndarray, np.ndarray]:
    scale = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    shift = norm.bias - norm.running_mean * scale
    return scale.detach().numpy(), shift.detach().numpy()


def _fold(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[np.ndarray, np.ndarray]:
    scale, shift = _affine(norm)
    return conv.weight.detach().numpy() * scale[:, None, None, None], shift


def _plain(conv: nn.Conv2d) -> tuple[np.ndarray, np.ndarray]:
    return conv.weight.detach().numpy(), conv.bias.detach().numpy()
