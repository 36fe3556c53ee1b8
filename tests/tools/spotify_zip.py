"""Writes a listener's extended streaming history as Spotify ships it, with a known ledger.

Every play comes with all fields that Spotify writes, IP address and country among them, so that
a test can see that they go nowhere. A generated listener is reproducible by its seed.
"""

import json
import random
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harmonyhub.domain.listens import Tally

SONGS = Path(__file__).parents[3] / "shared/data/spotify-songs-32k/spotify_songs.parquet"
FOLDER = "Spotify Extended Streaming History"
PLAYS_PER_FILE = 16_000  # about the 12 MB at which Spotify starts the next file
IP_ADDRESS = "203.0.113.77"
COUNTRY = "ZZ"
USER_AGENT = "Test%20Agent/1.0"


@dataclass(frozen=True)
class Song:
    """What a play needs to know of a track."""

    title: str
    artist: str
    release: str
    spotify_id: str
    duration_ms: int = 200_000


@dataclass(frozen=True)
class Mix:
    """How many plays of each kind a history holds."""

    kept: int
    too_short: int = 0
    podcasts: int = 0
    private: int = 0
    videos: int = 0
    nameless: int = 0

    @property
    def tally(self) -> Tally:
        """What a ledger must say after the first import."""
        return Tally(
            kept=self.kept,
            too_short=self.too_short,
            not_music=self.podcasts + self.private + self.videos,
            unreadable=self.nameless,
        )


def play(
    song: Song | None,
    *,
    ended_at: int,
    ms_played: int,
    episode: str | None = None,
    is_private: bool = False,
    is_skipped: bool = False,
) -> dict[str, object]:
    """Give one record with every field of Spotify's."""
    return {
        "ts": datetime.fromtimestamp(ended_at, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "platform": "Android OS 13 API 33 (Google, Pixel 6)",
        "ms_played": ms_played,
        "conn_country": COUNTRY,
        "ip_addr": IP_ADDRESS,
        "user_agent_decrypted": USER_AGENT,
        "master_metadata_track_name": song.title if song else None,
        "master_metadata_album_artist_name": song.artist if song else None,
        "master_metadata_album_album_name": song.release if song else None,
        "spotify_track_uri": f"spotify:track:{song.spotify_id}" if song else None,
        "episode_name": episode,
        "episode_show_name": "A Show" if episode else None,
        "spotify_episode_uri": "spotify:episode:4rOoJ6Egrf8K2IrywzwOMk" if episode else None,
        "audiobook_title": None,
        "audiobook_uri": None,
        "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None,
        "reason_start": "trackdone",
        "reason_end": "fwdbtn" if is_skipped else "trackdone",
        "shuffle": False,
        "skipped": is_skipped,
        "offline": False,
        "offline_timestamp": None,
        "incognito_mode": is_private,
    }


def plays(songs: Sequence[Song], mix: Mix, *, seed: int, until: int) -> list[dict[str, object]]:
    """Give the plays of a generated listener, oldest first, no two at one time.

    A listener plays a few songs often and most of them rarely; `until` is the end of the last
    play, unix seconds UTC.
    """
    rng = random.Random(seed)  # noqa: S311 - a fixture, no secret
    kinds = (
        ["kept"] * mix.kept
        + ["too_short"] * mix.too_short
        + ["podcast"] * mix.podcasts
        + ["private"] * mix.private
        + ["nameless"] * mix.nameless
    )
    rng.shuffle(kinds)
    weights = [1 / (rank + 1) ** 0.7 for rank in range(len(songs))]
    favourites = rng.sample(list(songs), len(songs))
    chosen = rng.choices(favourites, weights, k=len(kinds))
    gaps = [rng.choice((200, 230, 260, 3_600)) for _ in kinds]
    ended_at = until - sum(gaps)
    records = []
    for kind, song, gap in zip(kinds, chosen, gaps, strict=True):
        ended_at += gap
        records.append(_record(kind, song, ended_at))
    return records


def _record(kind: str, song: Song, ended_at: int) -> dict[str, object]:
    full = max(30_000, song.duration_ms)
    if kind == "podcast":
        return play(None, ended_at=ended_at, ms_played=1_800_000, episode="An Episode")
    if kind == "nameless":
        return play(None, ended_at=ended_at, ms_played=full)
    if kind == "too_short":
        return play(song, ended_at=ended_at, ms_played=4_000, is_skipped=True)
    return play(song, ended_at=ended_at, ms_played=full, is_private=kind == "private")


def write_listener_zip(
    path: Path,
    *,
    n_listens: int,
    songs: Sequence[Song] = (),
    too_short: int = 0,
    podcasts: int = 0,
    private: int = 0,
    videos: int = 0,
    nameless: int = 0,
    seed: int = 1,
    until: int = 1_735_689_600,
) -> Tally:
    """Write the ZIP of a generated listener; give the tally that a first import must arrive at.

    `n_listens` are to be kept; the other kinds come on top. Without `songs` they are invented.
    """
    mix = Mix(n_listens, too_short, podcasts, private, videos, nameless)
    songs = songs or invented_songs(max(20, n_listens // 10))
    audio = plays(songs, mix, seed=seed, until=until)
    start = until - 86_400
    video = [
        play(songs[0], ended_at=start + 300 * place, ms_played=200_000)
        for place in range(mix.videos)
    ]
    write_history_zip(path, audio, video=video)
    return mix.tally


def write_history_zip(
    path: Path, audio: Sequence[dict[str, object]], *, video: Sequence[dict[str, object]] = ()
) -> None:
    """Write plays into the ZIP as it is downloaded: files by years, a PDF, a file of videos."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{FOLDER}/ReadMeFirst_ExtendedStreamingHistory.pdf", b"%PDF-1.4\n%%EOF\n")
        for number, part in enumerate(_files(audio)):
            years = sorted({str(record["ts"])[:4] for record in (part[0], part[-1])})
            name = f"Streaming_History_Audio_{'-'.join(years)}_{number}.json"
            archive.writestr(f"{FOLDER}/{name}", as_spotify_json(part))
        if video:
            name = f"Streaming_History_Video_{str(video[0]['ts'])[:4]}.json"
            archive.writestr(f"{FOLDER}/{name}", as_spotify_json(video))


def as_spotify_json(records: Iterable[dict[str, object]]) -> bytes:
    """Give records as the bytes of one of Spotify's files: a list, two spaces deep."""
    return json.dumps(list(records), indent=2, ensure_ascii=False).encode()


def _files(records: Sequence[dict[str, object]]) -> Iterator[Sequence[dict[str, object]]]:
    for start in range(0, len(records), PLAYS_PER_FILE):
        yield records[start : start + PLAYS_PER_FILE]


def invented_songs(n_songs: int, *, n_artists: int = 100) -> list[Song]:
    """Invent songs, for histories of any size without any data."""
    return [
        Song(
            title=f"Song {number}",
            artist=f"Artist {number % n_artists}",
            release=f"Album {number // 10}",
            spotify_id=f"{number:022d}",
            duration_ms=180_000 + number % 90 * 1_000,
        )
        for number in range(n_songs)
    ]


def playlist_songs() -> dict[str, list[Song]]:
    """Load the 471 playlists of the research data spotify-songs-32k: songs by playlist id."""
    import pyarrow.parquet as pq

    playlists: dict[str, list[Song]] = {}
    for row in pq.read_table(SONGS).to_pylist():
        if not row["track_name"] or not row["track_artist"]:
            continue
        playlists.setdefault(row["playlist_id"], []).append(
            Song(
                title=row["track_name"],
                artist=row["track_artist"],
                release=row["track_album_name"] or "",
                spotify_id=row["track_id"],
                duration_ms=row["duration_ms"],
            )
        )
    return playlists


def write_playlist_zips(folder: Path, *, plays_per_song: int = 3) -> dict[str, tuple[Path, Tally]]:
    """Write each of the 471 playlists as one listener's history, with all kinds of plays mixed in.

    Returns
    -------
    dict of str to (Path, Tally)
        By playlist id: the ZIP and what its ledger must say.
    """
    written = {}
    for seed, (playlist, songs) in enumerate(sorted(playlist_songs().items())):
        path = folder / f"{playlist}.zip"
        tally = write_listener_zip(
            path,
            n_listens=plays_per_song * len(songs),
            songs=songs,
            too_short=7,
            podcasts=3,
            private=2,
            videos=1,
            nameless=1,
            seed=seed,
        )
        written[playlist] = (path, tally)
    return written
