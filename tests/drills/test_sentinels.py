"""The search for secrets: every form is found, at any place, and nothing else is."""

import base64
import random
from urllib.parse import quote_plus

import pytest

from harmonyhub.drills.sentinels import Find, Search, forms_of

SECRET = "S3ntinel/äöü+&=5f%41-pW"
OTHERS = {f"other {number}": f"{number:032x}" for number in range(0xABC0000, 0xABC0100)}


def planted(written: bytes, *, before: int) -> bytes:
    """Plant something in bytes of which none is a secret."""
    rng = random.Random(7)  # noqa: S311 - noise
    return rng.randbytes(before) + written + rng.randbytes(5_000)


def test_each_form_is_found_at_any_place() -> None:
    """A secret is found in every form that it is sought in, wherever in the data it stands."""
    search = Search({"password": SECRET, **OTHERS})
    for before, (form, written) in enumerate(forms_of(SECRET)):
        assert Find("password", form) in search.find(planted(written, before=1_000 + before))
    raw = SECRET.encode()
    assert {Find("password", "raw")} == search.find(raw)


@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("after", range(4))
def test_base64_is_found_at_any_alignment(before: int, after: int) -> None:
    """A secret is found in the base64 of a text that holds it anywhere, in both alphabets."""
    search = Search({"password": SECRET})
    text = b"x" * before + SECRET.encode() + b"y" * after
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        assert {Find("password", "base64")} == search.find(encode(text))


def test_other_writings_of_a_url_are_found() -> None:
    """A query with `+` for blanks and escapes in lower case are found too."""
    search = Search({"password": "Sentinel/12+34=5"})
    assert search.find(b"password=" + quote_plus("Sentinel/12+34=5").encode())
    assert search.find(b"https://a:Sentinel%2f12%2b34%3d5@b/")
    assert search.find(b"Sentinel/12+34=5".hex().upper().encode())


def test_nothing_is_found_where_nothing_is() -> None:
    """Noise, a part of a secret and an empty text hold none."""
    search = Search({"password": SECRET, **OTHERS})
    assert frozenset() == search.find(planted(b"", before=2_000_000))
    assert frozenset() == search.find(SECRET.encode()[:-1])
    assert frozenset() == search.find(b"")
    assert frozenset() == search.find(b"abc")


def test_finds_name_no_secret() -> None:
    """What is found is told by name and form."""
    (found,) = Search({"password": SECRET}).find(SECRET.encode())
    assert SECRET not in repr(found)
