"""What a list is based on, in one true sentence, also when it is short or empty."""

from harmonyhub.domain.favourites import SERVICE
from harmonyhub.domain.knobs import Knobs
from harmonyhub.domain.recommendations import ListName, RecommendationRequest
from harmonyhub.recommender.eligibility import quiet_before
from harmonyhub.recommender.heard_tags import say_having
from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.reasons import day

# What a knob says, turned down and up.
LEANINGS = {
    "new": ("more that you know", "more that is new to you"),
    "rare": ("more popular", "rarer"),
    "varied": ("less varied", "more varied"),
    "balanced": ("", "tags as in what you play"),
    "energy": ("calmer", "more energetic"),
    "mood": ("darker", "brighter"),
}


def state_basis(
    request: RecommendationRequest, *, profile: Profile, index: ServingIndex, n_items: int
) -> str:
    """Say which plays and which listeners a list came from, and why it is shorter than asked."""
    parts = [
        _own_plays(profile, index),
        *_favourites(profile),
        *_friends(profile),
        say_others(index),
    ]
    if profile.n_unknown_tracks:
        parts.append(
            f"{profile.n_unknown_tracks:,} of your tracks came after the last training and are not "
            "used yet"
        )
    if request.knobs.is_set:
        parts.append("as you asked: " + ", ".join(say_knobs(request.knobs, index)))
    if n_items < request.n:
        parts.append(_why_short(request, profile=profile, index=index, n_items=n_items))
    return "; ".join(parts) + "."


def say_knobs(knobs: Knobs, index: ServingIndex, *, with_coverage: bool = True) -> list[str]:
    """Say in words how a list is steered, one clause a knob.

    `with_coverage` adds how many tracks of the catalogue are analysed, where that matters.
    """
    said = [
        f"{words[getattr(knobs, name) > 0]} ({getattr(knobs, name):+g})"
        for name, words in LEANINGS.items()
        if getattr(knobs, name)
    ]
    if knobs.tempo_bpm:
        low, high = knobs.tempo_bpm
        said.append(f"{low:.0f} to {high:.0f} beats per minute")
    if with_coverage and (knobs.energy or knobs.mood or knobs.tempo_bpm):
        n_analysed = len(index.sounds.items)
        said.append(f"heard in {n_analysed:,} of {_count(index.n_tracks, 'track', 'tracks')}")
    said += [f"“{tag}” by tag or as heard" for tag in knobs.mood_tags]
    said += [say_having(tag, index) for tag in knobs.with_tags]
    said += [f"nothing {say_having(tag, index)}" for tag in knobs.without_tags]
    said += [
        f"nothing by {index.artist_names[index.artist_place_of[one]]}"
        for one in knobs.without_artists
        if one in index.artist_place_of
    ]
    if knobs.without_tracks:
        said.append(_count(len(knobs.without_tracks), "track", "tracks") + " left out")
    return said


def _left(request: RecommendationRequest) -> str:
    if request.given:
        return ", not given before"
    return ", within what you asked for" if request.knobs.is_set else ""


def _own_plays(profile: Profile, index: ServingIndex) -> str:
    if profile.n_tracks == 0 and _favourites(profile):
        return "No plays of your own yet"
    if profile.n_tracks == 0:
        return (
            "No plays of your own yet, so what others play most"
            if index.n_users
            else "No plays of your own yet"
        )
    until = f" up to {day(profile.last_at)}" if profile.last_at else ""
    plays = _count(profile.n_listens, "play", "plays")
    return f"{plays} of {_count(profile.n_tracks, 'track', 'tracks')}{until}"


def _favourites(profile: Profile) -> list[str]:
    """Say how much a service told, what the index does not know left out."""
    n_tracks = int((profile.favours > 0).sum())
    parts = [_count(n_tracks, "favourite track", "favourite tracks")] if n_tracks else []
    if profile.beyond.artists:
        parts.append(_count(len(profile.beyond.artists), "favourite artist", "favourite artists"))
    return [f"{' and '.join(parts)} at {SERVICE}"] if parts else []


def _friends(profile: Profile) -> list[str]:
    n_told = sum(len(friend.items) > 0 for friend in profile.friends)
    return [f"what {_count(n_told, 'friend plays', 'friends play')}"] if n_told else []


def say_others(index: ServingIndex) -> str:
    """Say whose plays told what goes together."""
    packs = " and ".join(
        f"the knowledge pack {known.name} ({_count(known.n_listeners, 'listener', 'listeners')})"
        for known in index.knowledge
    )
    if index.neighbours.nnz == 0 and not packs:
        return f"nothing learned yet about which tracks go together ({_listeners(index)})"
    return f"similar tracks learned from {_listeners(index)}{' and ' if packs else ''}{packs}"


def _why_short(
    request: RecommendationRequest, *, profile: Profile, index: ServingIndex, n_items: int
) -> str:
    found = "nothing" if n_items == 0 else f"only {n_items}"
    if index.n_tracks == 0:
        return "the catalogue is empty: import a listening history, then train"
    if request.list_name is ListName.REDISCOVER:
        return _why_nothing_rested(profile, found, request.now)
    if request.list_name is ListName.MORE_LIKE_THIS:
        return _why_nothing_alike(request, index, found)
    if request.knobs.is_set:
        fits = "fits" if n_items < 2 else "fit"
        return f"{found} {fits} what you asked for: turn a knob back for more"
    all_heard = len(profile.heard) == index.n_tracks
    if all_heard:
        return f"{found} left: you have heard all {index.n_tracks:,} tracks known here; import more"
    return (
        f"{found} else has a listener, an artist or a tag that leads to it; histories of others or "
        "tags would help"
    )


def _why_nothing_alike(request: RecommendationRequest, index: ServingIndex, found: str) -> str:
    seeds = request.seeds
    if any(one in index.place_of for one in seeds.track_ids) or any(
        one in index.artist_place_of for one in seeds.artist_ids
    ):
        seed = "this track" if len(seeds.track_ids) == 1 and not seeds.artist_ids else "these"
        return f"{found} found with listeners, an artist or a tag of {seed}{_left(request)}"
    return f"{found} found: the track asked about is not in the last training"


def _why_nothing_rested(profile: Profile, found: str, now: int) -> str:
    if profile.last_at == 0:
        return f"{found} to rediscover: no dated plays"
    since = day(quiet_before(profile, now))
    return f"{found} that you played three times or more rested since {since}"


def _listeners(index: ServingIndex) -> str:
    return _count(index.n_users, "listener", "listeners")


def _count(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"
