"""Which parts of a track are the same: letters by what returns, a name only on evidence."""

from collections.abc import Sequence
from dataclasses import dataclass
from string import ascii_uppercase

import numpy as np

from harmonyhub.analysis import FloatArray, IndexArray

CHORDS_SHARE = 0.6  # of the likeness of two parts; the rest is that of their colour
ALIKE = 0.6  # likeness from which two parts carry one label; on 37 pieces 0.55 and 0.65 do worse
# Chords from which a part of another colour is a variant. By ear: in Wesnoth's "Loyalists" five
# rounds over one bass line, each with more instruments, lie at 0.79 to 0.96, all others below 0.7.
VARIANT = 0.65
KEY_GAP = 0.2  # equal notes in another order are less of a proof than equal chords in order
SLACK_BARS = 1  # how far the borders of two parts may be off each other
HEARD_DB = 2.0  # root of the mean over the bands from which a colour is another
BRIEF = 0.75  # of the middle length: a first or last part that is shorter leads in or out
QUIET_DB, QUIET_LENGTH = 4.0, 1.25  # or is this much quieter, and about of that length
Part = tuple[int, int]


def name_parts(
    parts: Sequence[Part], starts_s: FloatArray, *, timbre: FloatArray, harmony: FloatArray
) -> list[tuple[int, int, str]]:
    """Give each part a label; neighbours that go on alike without a repetition become one.

    Parameters
    ----------
    parts : sequence of (first bar, last bar + 1)
    starts_s : array, shape (bars + 1,)
        Seconds.
    timbre, harmony : array, shape (bars, bands) and (bars, 24)
        As in `BarTable`.

    Returns
    -------
    list of (first bar, last bar + 1, label)
        Equal letters are equal music, in the order in which they come: A, B, A. A' has the chords
        of A in other colours. "intro" and "outro" are a first and last part that do not return
        and are short or quiet against the others. There is no "verse" and no "chorus":
        whether words are sung is not measured.

    References
    ----------
    Smith et al. 2011, "Design and creation of a large-scale database of structural annotations",
    ISMIR (letters and primes).
    """
    likeness = _liken(parts, timbre=timbre, harmony=harmony)
    groups = _group(likeness.overall, ALIKE)
    joined = _join(parts, groups, likeness)
    if len(joined) < len(parts):
        parts = joined
        likeness = _liken(parts, timbre=timbre, harmony=harmony)
        groups = _group(likeness.overall, ALIKE)
    families = _find_families(groups, likeness)
    ends = _name_ends(parts, starts_s, levels_db=timbre.mean(axis=1), groups=groups)
    labels = _letter(groups.tolist(), families, ends)
    return [(start, end, label) for (start, end), label in zip(parts, labels, strict=True)]


@dataclass(frozen=True, slots=True)
class _Likeness:
    """How alike all parts are; arrays of shape (parts, parts), in [-1, 1].

    `chords` is bar by bar, `notes` of the mean over each part, `colour` of the mean timbre.
    """

    chords: FloatArray
    notes: FloatArray
    colour: FloatArray

    @property
    def overall(self) -> FloatArray:
        return CHORDS_SHARE * self.chords + (1 - CHORDS_SHARE) * self.colour


def _liken(parts: Sequence[Part], *, timbre: FloatArray, harmony: FloatArray) -> _Likeness:
    """Compare all parts by what they have beyond the mean of the track."""
    chords_of = harmony - harmony.mean(axis=0)
    colour_of = timbre - timbre.mean(axis=0)
    halves = chords_of.reshape(len(harmony), 2, -1).sum(axis=1)
    chords = np.ones((len(parts), len(parts)))
    for i, one in enumerate(parts):
        for j, other in enumerate(parts[:i]):
            chords[i, j] = chords[j, i] = _align(chords_of, one, other)
    colour = np.maximum(_correlate_means(colour_of, parts), _compare_levels(timbre, parts))
    return _Likeness(chords, _correlate_means(halves, parts), colour)


def _align(table: FloatArray, one: Part, other: Part) -> float:
    """Correlate two parts where the shorter fits best into the longer."""
    short, long = sorted((one, other), key=lambda part: part[1] - part[0])
    pattern = table[slice(*short)].ravel()
    around = table[max(0, long[0] - SLACK_BARS) : long[1] + SLACK_BARS].ravel()
    step = table.shape[1]
    windows = np.lib.stride_tricks.sliding_window_view(around, len(pattern))[::step]
    norms = np.linalg.norm(windows, axis=1) * np.linalg.norm(pattern)
    alike = np.divide(windows @ pattern, norms, out=np.ones(len(windows)), where=norms > 0)
    return float(alike.max())


def _compare_levels(levels_db: FloatArray, parts: Sequence[Part]) -> FloatArray:
    """Say how near the mean levels of parts are: 1 if the same, 0 at `HEARD_DB`, then less.

    Where nothing changes, what is left of the mean of the track is noise and correlates by chance.
    """
    means = np.array([levels_db[start:end].mean(axis=0) for start, end in parts])
    off_db = np.sqrt(np.square(means[:, None] - means).mean(axis=2))
    near: FloatArray = 1 - off_db / HEARD_DB
    return near


def _correlate_means(table: FloatArray, parts: Sequence[Part]) -> FloatArray:
    means = np.array([table[start:end].mean(axis=0) for start, end in parts])
    norms = np.linalg.norm(means, axis=1)
    product = np.outer(norms, norms)
    alike: FloatArray = np.divide(
        means @ means.T, product, out=np.ones_like(product), where=product > 0
    )
    return alike


def _group(likeness: FloatArray, least: float) -> IndexArray:
    """Give like parts the same number: average linkage, the likest first."""
    groups = np.arange(len(likeness))
    pairs = sorted(
        ((likeness[i, j], i, j) for i in range(len(likeness)) for j in range(i)), reverse=True
    )
    for alike, later, earlier in pairs:
        if alike < least:
            break
        if groups[later] == groups[earlier]:
            continue
        one, other = (
            np.flatnonzero(groups == groups[later]),
            np.flatnonzero(groups == groups[earlier]),
        )
        if likeness[np.ix_(one, other)].mean() >= least:
            groups[groups == groups[later]] = groups[earlier]
    return groups


def _join(parts: Sequence[Part], groups: IndexArray, likeness: _Likeness) -> list[Part]:
    """Make one of neighbours that sound alike where the second does not repeat the first."""
    joined = [parts[0]]
    for index in range(1, len(parts)):
        goes_on = groups[index] == groups[index - 1]
        if goes_on and likeness.chords[index, index - 1] < ALIKE:
            joined[-1] = (joined[-1][0], parts[index][1])
        else:
            joined.append(parts[index])
    return joined


def _find_families(groups: IndexArray, likeness: _Likeness) -> dict[int, int]:
    """Say of each group to which family of variants it belongs."""
    numbers = list(dict.fromkeys(groups.tolist()))
    same = np.maximum(likeness.chords, likeness.notes - KEY_GAP)
    between = [
        [same[np.ix_(groups == one, groups == other)].mean() for other in numbers]
        for one in numbers
    ]
    families = _group(np.array(between), VARIANT).tolist()
    return dict(zip(numbers, families, strict=True))


def _name_ends(
    parts: Sequence[Part], starts_s: FloatArray, *, levels_db: FloatArray, groups: IndexArray
) -> dict[int, str]:
    """Name the first and the last part by their place if they do no more than lead in and out."""
    if len(parts) < 3:
        return {}
    lengths_s = np.array([starts_s[end] - starts_s[start] for start, end in parts])
    lengths = lengths_s / float(np.median(lengths_s))
    names = {}
    for index, name in ((0, "intro"), (len(parts) - 1, "outro")):
        start, end = parts[index]
        is_quiet = levels_db[start:end].mean() <= float(np.median(levels_db)) - QUIET_DB
        leads = lengths[index] <= BRIEF or (is_quiet and lengths[index] <= QUIET_LENGTH)
        if leads and (groups == groups[index]).sum() == 1:
            names[index] = name
    return names


def _letter(groups: list[int], families: dict[int, int], ends: dict[int, str]) -> list[str]:
    """Write groups as letters in the order of time, further members of a family with primes."""
    inner = dict.fromkeys(group for index, group in enumerate(groups) if index not in ends)
    letters: dict[int, str] = {}
    members: dict[int, int] = {}
    labels: dict[int, str] = {}
    for group in inner:
        family = families[group]
        letter = letters.setdefault(family, _count_in_letters(len(letters)))
        members[family] = members.get(family, -1) + 1
        labels[group] = letter + "'" * members[family]
    return [ends.get(index) or labels[group] for index, group in enumerate(groups)]


def _count_in_letters(number: int) -> str:
    """Count A to Z, then AA, AB, ..."""
    more, last = divmod(number, len(ascii_uppercase))
    return (_count_in_letters(more - 1) if more else "") + ascii_uppercase[last]
