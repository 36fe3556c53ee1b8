"""More by the artists that a listener plays, the artists' better-known tracks first."""

import numpy as np

from harmonyhub.recommender.index import ServingIndex
from harmonyhub.recommender.interactions import FloatArray, IntArray
from harmonyhub.recommender.profile import Profile
from harmonyhub.recommender.terms import Term, TermKind


class OwnArtists:
    """Term: per artist of the track log(1 + the artist's weight), times 0.5 to 1 by popularity."""

    def score(self, profile: Profile, index: ServingIndex) -> FloatArray:
        """Return the term of every track."""
        played = (index.item_artists @ np.log1p(profile.artist_weights)).astype(np.float32)
        return played * index.prominence

    def explain(self, items: IntArray, profile: Profile, index: ServingIndex) -> list[list[Term]]:
        """Give each item one term per artist that the listener plays."""
        values = np.log1p(profile.artist_weights)
        return [
            [
                Term(TermKind.ARTIST, float(values[artist] * index.prominence[item]), artist)
                for artist in index.artists_of(int(item))
                if values[artist] > 0
            ]
            for item in items
        ]
