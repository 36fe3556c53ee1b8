"""Who lives in the fake from the start, and what an app may ask of them, in words."""

from harmonyhub.drills.fake_spotify.library import Sizes

# Five may use a new app; the other three pass the consent page and are refused by the Web API.
CAST = ("anna", "ben", "carla", "deniz", "emil", "fatou", "goran", "hana")
ALLOWED_AT_MOST = 5
SIZES = {
    "ben": Sizes(n_saved_tracks=60, n_saved_albums=4, n_followed=7, n_playlists=3),
    "deniz": Sizes(n_saved_tracks=0, n_saved_albums=0, n_followed=0, n_playlists=0),
    "emil": Sizes(n_saved_tracks=1900, n_saved_albums=120, n_followed=150, n_playlists=70),
}
SCOPES = {
    "playlist-read-private": "see your private playlists",
    "playlist-read-collaborative": "see your collaborative playlists",
    "playlist-modify-public": "create, edit and follow playlists",
    "playlist-modify-private": "create, edit and follow private playlists",
    "user-library-read": "see what you saved in Your Library",
    "user-library-modify": "add and remove items in Your Library",
    "user-read-private": "see your type of subscription and your country",
    "user-read-email": "see your e-mail address",
    "user-follow-read": "see whom you follow",
    "user-follow-modify": "change whom you follow",
    "user-top-read": "see your top artists and tracks",
    "user-read-playback-position": "see how far you listened",
    "user-read-playback-state": "see what plays, and on which device",
    "user-read-recently-played": "see what you played recently",
    "user-read-currently-playing": "see what you are playing",
    "user-modify-playback-state": "control playback",
    "app-remote-control": "talk to the app on your device",
    "ugc-image-upload": "upload pictures",
    "streaming": "play music",
}
ALL_SCOPES = frozenset(SCOPES)
