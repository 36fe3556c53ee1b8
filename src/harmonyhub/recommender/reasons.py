"""Reasons: the strongest terms of a score, said in one sentence each."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import NamedTuple

import numpy as np

from harmonyhub.domain.favourites import Favour
from harmonyhub.domain.recommendations import Evidence, EvidenceKind, Reason
from harmonyhub.recommender.favours import (
    EVIDENCE,
    KINDS,
    count_tracks,
    say_of_artist,
    say_of_track,
    say_of_tracks,
    say_of_tracks_by,
)
from harmonyhub.recommender.heard_tags import find_source, say_tag
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import IntArray
from harmonyhub.recommender.likeness import Heard, compare, say_likeness
from harmonyhub.recommender.people import OFTEN_PLAYS, find_players, say_names
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.taking_back import places_behind
from harmonyhub.recommender.terms import Term, TermKind

N_REASONS = 3
WHY = {
    TermKind.TRACK: "the same listeners play both",
    TermKind.LEANING: "listeners of that taste play it",
    TermKind.NEXT: "people play this soon after it",
}
KIND = {
    TermKind.ELSEWHERE: EvidenceKind.ELSEWHERE,
    TermKind.SOUND: EvidenceKind.SIMILAR_SOUND,
    TermKind.NEXT: EvidenceKind.PLAYED_NEXT,
}
MIN_SHARE = 0.02  # a second reason that makes less than this of the score explains nothing


Said = tuple[str, partial[Evidence]]  # what a term says of any track; only the share is the track's


class Lead(NamedTuple):
    """The track that led to another: its place in the profile, why, and the pack that says so."""

    place: int
    why: str
    pack: str | None


@dataclass(frozen=True, slots=True)
class _Plays:
    """Plays of some known tracks together, and how tracks of theirs are favourites."""

    n_tracks: int
    n_plays: int
    last_played_at: int | None
    favours: Counter[Favour] = field(default_factory=Counter)

    def __str__(self) -> str:
        times = "once" if self.n_plays == 1 else f"{self.n_plays:,} times"
        return (
            times if self.last_played_at is None else f"{times}, last on {day(self.last_played_at)}"
        )


@dataclass(frozen=True, eq=False)
class Reasoner:
    """Says why, for one listener; `is_seeded` if the profile is the track that was asked about."""

    profile: Profile
    index: ServingIndex
    is_seeded: bool
    _said: dict[tuple[TermKind, int], Said] = field(default_factory=dict)

    def give_reasons(self, terms: Sequence[Term], score: float) -> tuple[Reason, ...]:
        """Turn the terms of one track, strongest first, into 1 to 3 reasons.

        Shares are of `score`, the sum of all its terms. Without the plays and favourites behind a
        track, artist or tag reason the score is lower by at least its share: other terms that they
        feed fall too.
        """
        reasons: list[Reason] = []
        for term in terms[:N_REASONS]:
            share = term.value / score
            if not reasons or share >= MIN_SHARE:
                reasons.append(self._reason(term, min(share, 1.0)))
        return tuple(reasons)

    def _reason(self, term: Term, share: float) -> Reason:
        # One track, artist or tag leads to many: of the reasons of a list a quarter differ.
        key = term.kind, term.place
        said = self._said.get(key)
        if said is None:
            said = self._said[key] = self._say(term)
        text, evidence = said
        return Reason(text, evidence(share=share))

    def _say(self, term: Term) -> Said:
        match term.kind:
            case (
                TermKind.TRACK
                | TermKind.LEANING
                | TermKind.ELSEWHERE
                | TermKind.SOUND
                | TermKind.NEXT
            ):
                return self._because_of_track(term)
            case TermKind.ARTIST:
                return self._because_of_artist(term.place)
            case TermKind.TAG | TermKind.HEARD_TAG:
                return self._because_of_tag(term)
            case TermKind.OWN:
                return self._because_of_own_plays(term.place)
            case TermKind.POPULAR:
                return self._because_it_is_popular(term.place)
            case TermKind.FRIENDS:
                return self._because_of_friends(term.place)

    def _because_of_track(self, term: Term) -> Said:
        place, why, pack = find_lead(term, self.profile, self.index)
        item = int(self.profile.items[place])
        title, artist = self.index.titles[item], self.index.artists[item]
        name = f"“{title}” by {artist}"
        plays = self._plays_at(place)
        favour = KINDS[self.profile.favours[place]]
        if self.is_seeded:
            kind, text = EvidenceKind.SEED, f"More like {name}: {why}."
        elif self.profile.is_liked[place]:
            kind = EvidenceKind.LIKED
            text = f"You asked for more like {name}; {why}."
        elif favour is not None:
            played = f", and you played it {plays}" if plays.n_plays else ""
            kind = EVIDENCE[favour]
            text = f"{say_of_track(favour, name)}{played}; {why}."
        else:
            kind = KIND.get(term.kind, EvidenceKind.SIMILAR_TRACK)
            text = f"You played {name} {plays}; {why}."
        evidence = partial(
            Evidence,
            kind=kind,
            n_plays=plays.n_plays,
            last_played_at=plays.last_played_at,
            track_id=self.index.track_ids[item],
            title=title,
            artist=artist,
            n_favourites=plays.favours.total(),
            pack=pack,
        )
        return text, evidence

    def _because_of_artist(self, artist: int) -> Said:
        name = self.index.artist_names[artist]
        places, plays = self._plays_behind(TermKind.ARTIST, artist)
        liked = places[self.profile.is_liked[places]]
        kind = EvidenceKind.SAME_ARTIST
        if self.is_seeded:
            text = f"Also by {name}."
        elif len(liked):
            kind = EvidenceKind.LIKED
            title = self.index.titles[self.profile.items[liked[0]]]
            text = f"You asked for more like “{title}”; this is by {name} too."
        else:
            favour = self.profile.beyond.artists.get(artist)
            kind = kind if favour is None else EvidenceKind.FOLLOWED
            text = _say_of_artist(name, plays, favour)
        evidence = partial(
            Evidence,
            kind=kind,
            n_plays=plays.n_plays,
            last_played_at=plays.last_played_at,
            artist=name,
            artist_id=self.index.artist_ids[artist],
            n_favourites=plays.favours.total(),
        )
        return text, evidence

    def _because_of_tag(self, term: Term) -> Said:
        name = self.index.tags[term.place]
        places, plays = self._plays_behind(term.kind, term.place)
        is_heard = term.kind is TermKind.HEARD_TAG
        source = find_source(
            term.place,
            self.profile.items[places],
            index=self.index,
            elsewhere=self.profile.beyond.of_tag,
            kinds=is_heard,
        )
        if self.is_seeded and not is_heard and not source.heard:
            text = f"Also tagged “{name}”."
        else:
            of = "what you asked for more of"
            if self.is_seeded:
                of = "what this list starts from"
            elif plays.n_tracks or plays.favours:
                of = _say_of_tracks(plays)
            text = say_tag(name, is_heard=is_heard, of=of, source=source)
        evidence = partial(
            Evidence,
            kind=EvidenceKind.HEARD_TAG if is_heard else EvidenceKind.SHARED_TAG,
            n_plays=plays.n_plays,
            last_played_at=plays.last_played_at,
            tag=name,
            n_favourites=plays.favours.total(),
        )
        return text, evidence

    def _because_of_own_plays(self, place: int) -> Said:
        item = int(self.profile.items[place])
        plays = self._plays_at(place)
        favour = KINDS[self.profile.favours[place]]
        text = f"You played this {plays}."
        if favour is not None:
            played = f", and you played it {plays}" if plays.n_plays else ""
            text = f"{say_of_track(favour, 'this')}{played}."
        evidence = partial(
            Evidence,
            kind=EvidenceKind.OWN_PLAYS if favour is None else EVIDENCE[favour],
            n_plays=plays.n_plays,
            last_played_at=plays.last_played_at,
            track_id=self.index.track_ids[item],
            title=self.index.titles[item],
            artist=self.index.artists[item],
            n_favourites=plays.favours.total(),
        )
        return text, evidence

    def _because_it_is_popular(self, item: int) -> Said:
        listeners = int(self.index.listeners[item])
        evidence = partial(Evidence, kind=EvidenceKind.POPULAR, n_plays=listeners)
        text = f"Played by {listeners:,} of the {self.index.n_users:,} listeners known here."
        return text, evidence

    def _because_of_friends(self, item: int) -> Said:
        found = find_players(self.profile.friends, item)
        people = tuple(one.name for one in found)
        often = " often" if all(one.n_plays >= OFTEN_PLAYS for one in found) else ""
        verb = "play" if len(people) > 1 else "plays"
        evidence = partial(Evidence, kind=EvidenceKind.FRIENDS, people=people)
        return f"{say_names(people)} {verb} this{often}.", evidence

    def _plays_at(self, place: int) -> _Plays:
        n_plays = int(self.profile.plays[place])
        last = int(self.profile.last_played_at[place])
        return _Plays(
            n_tracks=int(n_plays > 0),
            n_plays=n_plays,
            last_played_at=last or None,
            favours=self._favours_at([place]),
        )

    def _plays_behind(self, kind: TermKind, place: int) -> tuple[IntArray, _Plays]:
        """Add the plays of one artist or tag up, and say of which positions."""
        places = places_behind(kind, place, profile=self.profile, index=self.index)
        places = places[self.profile.weights[places] > 0]
        beyond = self.profile.beyond
        named = beyond.of_artist if kind is TermKind.ARTIST else beyond.of_tag
        kinds = self.index.kinds.get(place, ()) if kind is TermKind.HEARD_TAG else ()
        # A track may be of several kinds: of the commonest are as many as can be said.
        unknown = max((named.get(one, Counter()) for one in (place, *kinds)), key=Counter.total)
        return places, self._plays_of(places, unknown)

    def _plays_of(self, places: IntArray, unknown: Counter[Favour]) -> _Plays:
        plays = self.profile.plays[places]
        last = int(self.profile.last_played_at[places].max(initial=0))
        return _Plays(
            n_tracks=int((plays > 0).sum()),
            n_plays=int(plays.sum()),
            last_played_at=last or None,
            favours=self._favours_at(places.tolist()) + unknown,
        )

    def _favours_at(self, places: Sequence[int]) -> Counter[Favour]:
        codes = self.profile.favours[list(places)]
        if not codes.any():
            return Counter()  # whoever connected nothing has none, and is asked for every card
        kinds = (KINDS[code] for code in codes)
        return Counter(favour for favour in kinds if favour is not None)


def find_lead(term: Term, profile: Profile, index: ServingIndex) -> Lead:
    """Read a term of the kinds TRACK, LEANING, NEXT, ELSEWHERE and SOUND."""
    if term.kind is TermKind.ELSEWHERE:
        number, place = divmod(term.place, len(profile.items))
        pack = index.knowledge[number].name
        return Lead(place, f"people elsewhere play both, says the knowledge pack {pack}", pack)
    if term.kind is TermKind.SOUND:
        other, place = divmod(term.place, len(profile.items))
        rows = index.sounds.rows(np.array([profile.items[place], other], dtype=np.int32)).tolist()
        one, two = (Heard.at(index.sounds, row) for row in rows)
        return Lead(place, f"it sounds alike: {say_likeness(compare(one, two).words)}", None)
    return Lead(term.place, WHY[term.kind], None)


def _say_of_artist(name: str, plays: _Plays, favour: Favour | None) -> str:
    """Say all that makes an artist one of the listener's."""
    clauses = [] if favour is None else [say_of_artist(favour, name)]
    if plays.favours:
        clauses.append(say_of_tracks_by(plays.favours, None if clauses else name))
    if plays.n_tracks:
        clauses.append(f"played {count_tracks(plays.n_tracks, None if clauses else name)} {plays}")
    *first, last = clauses
    return f"You {', '.join(first)} and {last}." if first else f"You {last}."


def _say_of_tracks(plays: _Plays) -> str:
    """Say which tracks of the listener's share a tag."""
    parts = [say_of_tracks(plays.favours)] if plays.favours else []
    if plays.n_tracks:
        tracks = "a track" if plays.n_tracks == 1 else f"{plays.n_tracks:,} tracks"
        parts.append(f"{tracks} that you played {plays}")
    return " and ".join(parts)


def day(at: int) -> str:
    """Write unix seconds as a date, UTC."""
    return datetime.fromtimestamp(at, tz=UTC).date().isoformat()
