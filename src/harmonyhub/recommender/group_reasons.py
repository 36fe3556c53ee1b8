"""Reasons on a card for several: the same terms, told with names and as far as friends agreed."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from harmonyhub.domain.ids import UserId
from harmonyhub.domain.recommendations import Evidence, EvidenceKind, Feedback, Reason
from harmonyhub.recommender.blend import ListBlend, explain_list
from harmonyhub.recommender.heard_tags import find_source, say_tag
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.people import OFTEN_PLAYS, TOLD_PLAYS, say_names
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.reasons import KIND, MIN_SHARE, N_REASONS, find_lead
from harmonyhub.recommender.taking_back import tracks_of
from harmonyhub.recommender.terms import Term, TermKind


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """One of a group, with all that stands of what was said."""

    name: UserId
    profile: Profile
    feedback: Sequence[Feedback] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Seat:
    """A member beside one list.

    Attributes
    ----------
    taste : Profile
        After what the member said.
    sums : float32 array, shape (tracks,)
        The sum of the terms of each track.
    own : float32 array, shape (tracks,)
        What each track is to the member, from 0 to 1.
    """

    member: Member
    taste: Profile
    heard: NDArray[np.bool_]
    sums: FloatArray
    own: FloatArray


class _Thing(NamedTuple):
    """What a reason is about, the same for whoever plays it: words around the names."""

    before: str
    verb: str
    after: str
    why: str
    evidence: Evidence


@dataclass(slots=True)
class _Strand:
    """A reason that grows with each member who shares it."""

    thing: _Thing
    share: float = 0.0
    people: list[UserId] = field(default_factory=list)
    fewest_plays: int = OFTEN_PLAYS

    def add(self, name: UserId, *, share: float, n_plays: int) -> None:
        self.share += share
        self.fewest_plays = min(self.fewest_plays, n_plays)
        if name not in self.people:
            self.people.append(name)


CLOSE = _Thing("Close to what", "like", "", "", Evidence(EvidenceKind.FRIENDS, 0.0))


def explain_group(
    seats: Sequence[Seat],
    items: IntArray,
    *,
    asker: UserId,
    blend: ListBlend,
    index: ServingIndex,
) -> list[tuple[Reason, ...]]:
    """Give each track 1 to 3 reasons, the strongest first; `asker` reads them.

    A share is the part of the mean of what the track is to the members. Without the plays of
    `people` behind a reason, what it is to them falls by at least that.
    """
    terms = [
        explain_list(blend, items, heard=seat.heard, profile=seat.taste, index=index)
        for seat in seats
    ]
    return [
        tuple(
            _say(one, asker)
            for one in _gather(seats, item, [row[place] for row in terms], asker=asker, index=index)
        )
        for place, item in enumerate(items.tolist())
    ]


def _gather(
    seats: Sequence[Seat],
    item: int,
    terms: Sequence[Sequence[Term]],
    *,
    asker: UserId,
    index: ServingIndex,
) -> list[_Strand]:
    """Put the terms of all members together by what they are about, and keep the strongest."""
    total = sum(float(seat.own[item]) for seat in seats)
    strands: dict[_Thing, _Strand] = {}
    for seat, of_seat in zip(seats, terms, strict=True):
        worth = float(seat.own[item]) / total
        for term in of_seat[: 2 * N_REASONS] if worth > 0 else ():
            share = worth * term.value / float(seat.sums[item])
            thing, n_plays = _tell(term, seat, is_asker=seat.member.name == asker, index=index)
            strands.setdefault(thing, _Strand(thing)).add(
                seat.member.name, share=share, n_plays=n_plays
            )
    ranked = sorted(strands.values(), key=lambda one: -one.share)[:N_REASONS]
    return [one for n, one in enumerate(ranked) if n == 0 or one.share >= MIN_SHARE]


def _tell(term: Term, seat: Seat, *, is_asker: bool, index: ServingIndex) -> tuple[_Thing, int]:
    """Say what a term is about, as far as it may be told, and how often that was played."""
    if term.kind is TermKind.POPULAR:
        return _popular(term.place, index), 0
    thing, plays = _name(term, seat.taste, index)
    n_plays = int(plays.sum())
    return (thing, n_plays) if n_plays >= (1 if is_asker else TOLD_PLAYS) else (CLOSE, 0)


def _name(term: Term, taste: Profile, index: ServingIndex) -> tuple[_Thing, NDArray[np.int32]]:
    """Name the track, artist or tag of a term, and find the plays behind it."""
    if term.kind is TermKind.ARTIST:
        name = index.artist_names[term.place]
        evidence = Evidence(
            EvidenceKind.SAME_ARTIST, 0.0, artist=name, artist_id=index.artist_ids[term.place]
        )
        thing = _Thing("", "play", f" {name}", "", evidence)
        return thing, _plays_of(index.tracks_by([term.place]), taste)
    if term.kind in {TermKind.TAG, TermKind.HEARD_TAG}:
        return _name_tag(term, index), _plays_of(tracks_of(term.kind, term.place, index), taste)
    if term.kind is TermKind.OWN:
        item = int(taste.items[term.place])
        evidence = _of_track(EvidenceKind.OWN_PLAYS, item, index)
        return _Thing("", "play", " this", "", evidence), taste.plays[[term.place]]
    lead = find_lead(term, taste, index)
    item = int(taste.items[lead.place])
    kind = KIND.get(term.kind, EvidenceKind.SIMILAR_TRACK)
    evidence = replace(_of_track(kind, item, index), pack=lead.pack)
    name = f" “{index.titles[item]}” by {index.artists[item]}"
    return _Thing("", "play", name, f"; {lead.why}", evidence), taste.plays[[lead.place]]


def _name_tag(term: Term, index: ServingIndex) -> _Thing:
    """Name a tag in the same words for all members, from wherever their tracks have it."""
    name, is_heard = index.tags[term.place], term.kind is TermKind.HEARD_TAG
    tracks = tracks_of(term.kind, term.place, index)
    source = find_source(term.place, tracks, index=index, kinds=is_heard)
    before = say_tag(name, is_heard=is_heard, of="what", source=source).removesuffix(".")
    kind = EvidenceKind.HEARD_TAG if is_heard else EvidenceKind.SHARED_TAG
    return _Thing(before, "play", "", "", Evidence(kind, 0.0, tag=name))


def _of_track(kind: EvidenceKind, item: int, index: ServingIndex) -> Evidence:
    return Evidence(
        kind,
        0.0,
        track_id=index.track_ids[item],
        title=index.titles[item],
        artist=index.artists[item],
    )


def _popular(item: int, index: ServingIndex) -> _Thing:
    n_listeners = int(index.listeners[item])
    text = f"Played by {n_listeners:,} of the {index.n_users:,} listeners known here"
    return _Thing(text, "", "", "", Evidence(EvidenceKind.POPULAR, 0.0, n_plays=n_listeners))


def _plays_of(items: IntArray, taste: Profile) -> NDArray[np.int32]:
    return np.asarray(taste.plays[np.isin(taste.items, items)], dtype=np.int32)


def _say(strand: _Strand, asker: UserId) -> Reason:
    before, verb, after, why, evidence = strand.thing
    share = min(strand.share, 1.0)
    if evidence.kind is EvidenceKind.POPULAR:
        return Reason(f"{before}.", replace(evidence, share=share))
    who = say_names(strand.people, asker)
    if len(strand.people) == 1 and strand.people != [asker]:
        verb += "s"
    start = (
        f"{before} {who}"
        if before
        else who[:1].upper() + who[1:]
        if asker in strand.people
        else who
    )
    is_often = strand.fewest_plays >= OFTEN_PLAYS and not before
    text = f"{start} {verb}{after}{' often' if is_often else ''}{why}."
    return Reason(text, replace(evidence, share=share, people=tuple(strand.people)))


def say_people(members: Sequence[Member], asker: UserId) -> str:
    """Name members as a sentence does, who asks as "you"."""
    return say_names([one.name for one in members], asker)
