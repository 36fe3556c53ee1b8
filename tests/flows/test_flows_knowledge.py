"""Knowledge packs over the store: built, installed, learned with, and never half there."""

import csv
from pathlib import Path

import pytest

from harmonyhub.domain.errors import DamagedInputError, NotFoundError, RefusedInputError
from harmonyhub.domain.ids import LedgerId, UserId
from harmonyhub.domain.listens import SourceKind
from harmonyhub.domain.music import TrackDescription
from harmonyhub.domain.recommendations import EvidenceKind, ListName
from harmonyhub.flows import train as training
from harmonyhub.flows.build_pack import build_pack
from harmonyhub.flows.knowledge import PackLabel, install_pack
from harmonyhub.flows.recommend import Answer, recommend
from harmonyhub.flows.train import run_training
from harmonyhub.recommender.packs import Pack
from harmonyhub.storage.listens import NewListen
from harmonyhub.wiring import serving
from harmonyhub.wiring.house import House
from tests.conftest import NOW

ANNA = UserId("anna")
LABEL = PackLabel(name="friends", version="1", licence="CC0-1.0", source="friends of ours")
MBID = "a3a5fd0e-6b5a-4b7f-8f27-5b7d6d2f2d11"


def write_listens(path: Path) -> Path:
    """Write what twelve people play: songs 0 to 9 together, and 10 to 19, one song alone."""
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(("user", "artist", "track", "mbid"))
        for user in range(12):
            for song in range(10):
                place = song + 10 * (user % 2)
                if (song + user) % 5:
                    rows.writerow(
                        (
                            f"u{user}",
                            f"The Band {place}",
                            f"Song {place}",
                            MBID if not place else "",
                        )
                    )
        rows.writerow(("u0", "Nobody Else", "Secret", ""))
        rows.writerow(("u0", "", "", ""))
    return path


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """Give a pack of two tastes."""
    return build_pack([write_listens(tmp_path / "listens.csv")], LABEL, now=NOW)[0]


@pytest.fixture
async def lonely(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """Give a house where Anna is alone and has played two songs, written another way."""
    monkeypatch.setattr(training, "load_library", list)
    monkeypatch.setattr(serving, "POINTER_CHECK_S", 0.0)
    songs = await house.store.tracks.resolve(
        [
            TrackDescription(title="SONG 0 (2011 Remaster)", artists=("Band 0",)),
            TrackDescription(title="song 2", artists=("the band 2",)),
        ]
    )
    await house.store.users.ensure(ANNA, now=NOW)
    await house.store.listens.add(
        user_id=ANNA,
        ledger_id=LedgerId("l"),
        source=SourceKind.LASTFM,
        listens=[
            NewListen(number=place + 1, track_id=song, played_at=NOW - place)
            for place, song in enumerate(songs)
        ],
    )
    return house


async def learn_and_ask(house: House) -> Answer:
    """Train, and ask for what is new."""
    await run_training(house, on_progress=lambda _: None)
    return await recommend(house, user_id=ANNA, list_name=ListName.DISCOVER, n=20)


async def install(house: House, data: bytes) -> str:
    """Install a pack and give its checksum."""
    return (await install_pack(house, data, on_progress=lambda _: None)).sha256


def test_a_pack_says_what_it_was_made_of_and_tells_on_nobody(pack: Pack) -> None:
    """Lines balance, labels are inside, and what fewer than three people play is not."""
    facts = pack.facts
    assert ("friends", "1", "CC0-1.0", "friends of ours") == (
        facts.name,
        facts.version,
        facts.licence,
        facts.source,
    )
    assert (12, 20) == (facts.n_listeners, facts.n_tracks)
    assert "Secret" not in {track.title for track in pack.tracks}
    assert MBID in {track.recording_mbid for track in pack.tracks}


def test_lines_balance(tmp_path: Path) -> None:
    """Lines read are lines used plus lines left out."""
    path = write_listens(tmp_path / "listens.csv")
    _, tally = build_pack([path, path], LABEL, now=NOW)
    assert (196, 194, 2) == (tally.lines, tally.used, tally.left_out)


@pytest.mark.parametrize(
    "label",
    [
        PackLabel("No Name", "1", "CC0", "x"),
        PackLabel("name", "1", " ", "x"),
        PackLabel("name", "1", "CC0", ""),
        PackLabel("name", "", "CC0", "x"),
    ],
)
def test_a_pack_without_origin_or_licence_is_not_made(label: PackLabel, tmp_path: Path) -> None:
    """Nobody should have to guess whether a pack may be used."""
    with pytest.raises(RefusedInputError):
        build_pack([write_listens(tmp_path / "a.csv")], label, now=NOW)


def test_one_person_teaches_nothing(tmp_path: Path) -> None:
    """Listens without anybody in common are refused with the numbers."""
    path = tmp_path / "a.csv"
    path.write_text("user,artist,track\n" + "".join(f"u,B {n},S {n}\n" for n in range(9)))
    with pytest.raises(RefusedInputError, match="0 tracks have 3 listeners"):
        build_pack([path], LABEL, now=NOW)


async def test_one_listener_alone_gets_the_taste_of_others(lonely: House, pack: Pack) -> None:
    """With a pack, unheard songs of the right taste come first, and the reason says why."""
    assert not (await learn_and_ask(lonely)).items
    await install(lonely, pack.to_bytes())
    answer = await learn_and_ask(lonely)
    titles = [item.track.title for item in answer.items]
    assert {f"Song {song}" for song in (1, *range(3, 10))} == set(titles[:8])
    assert {"SONG 0 (2011 Remaster)", "song 2"}.isdisjoint(titles)
    evidence = answer.items[0].reasons[0].evidence
    assert (EvidenceKind.ELSEWHERE, "friends") == (evidence.kind, evidence.pack)
    assert evidence.title in {"SONG 0 (2011 Remaster)", "song 2"}

    await lonely.store.packs.remove("friends")
    kinds = {
        reason.evidence.kind
        for item in (await learn_and_ask(lonely)).items
        for reason in item.reasons
    }
    assert EvidenceKind.ELSEWHERE not in kinds
    with pytest.raises(NotFoundError):
        await lonely.store.packs.remove("friends")


async def test_a_damaged_pack_leaves_everything_as_it_was(house: House, pack: Pack) -> None:
    """Neither a pack nor a track of it is there, and the one before it stays."""
    data = bytearray(pack.to_bytes())
    before = await install(house, bytes(data))
    n_tracks = len(await house.store.tracks.catalogue())
    data[-9] ^= 1
    with pytest.raises(DamagedInputError):
        await install(house, bytes(data))
    assert [before] == [one.sha256 for one in await house.store.packs.list_all()]
    assert n_tracks == len(await house.store.tracks.catalogue())


async def test_a_newer_pack_takes_the_place_of_its_elder(
    house: House, pack: Pack, tmp_path: Path
) -> None:
    """One of a name, whole; another name stands beside it."""
    await install(house, pack.to_bytes())
    path = write_listens(tmp_path / "again.csv")
    for name, version in (("friends", "2"), ("strangers", "1")):
        newer, _ = build_pack([path], PackLabel(name, version, "CC0", "x"), now=NOW + 1)
        await install(house, newer.to_bytes())
    packs = await house.store.packs.list_all()
    assert [("friends", "2"), ("strangers", "1")] == [
        (one.facts.name, one.facts.version) for one in packs
    ]
    assert "2" == Pack.from_bytes(await house.store.packs.load("friends")).facts.version
