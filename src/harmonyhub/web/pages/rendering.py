"""Templates to bytes: one Jinja environment, filters that write numbers and times for people."""

from datetime import UTC, datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

import harmonyhub
from harmonyhub.web.assets import asset_url
from harmonyhub.web.pages.pictures import draw_tile

MINUTE_S = 60
HOUR_S = 3600
SOURCE_NAMES = {
    "spotify-extended": "Spotify, extended history",
    "spotify-account": "Spotify, account data",
    "listenbrainz": "ListenBrainz",
    "lastfm": "Last.fm",
    "exportify": "Exportify",
    "spotify-sync": "Spotify, read by this service",
    "demo": "Demo, generated",
}


def render(template: str, **context: object) -> bytes:
    """Render a template; every value is escaped unless it is Markup."""
    return _environment().get_template(template).render(context).encode()


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("harmonyhub.web"),
        autoescape=True,
        auto_reload=False,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        asset_url=asset_url,
        draw_tile=draw_tile,
        version=harmonyhub.__version__,
        visitor=None,
        is_demo=False,
    )
    environment.filters.update(
        count=count,
        duration=duration,
        moment=moment,
        day=day,
        source_name=source_name,
        code_words=code_words,
        sentence=sentence,
    )
    return environment


def count(number: int) -> str:
    """Write a count with thin spaces between thousands."""
    return f"{number:,}".replace(",", "\u202f")


def duration(seconds: float) -> str:
    """Write a duration as 3:07 or 1:02:45."""
    whole = round(seconds)
    hours, rest = divmod(whole, HOUR_S)
    minutes, left = divmod(rest, MINUTE_S)
    return f"{hours}:{minutes:02}:{left:02}" if hours else f"{minutes}:{left:02}"


def moment(at: int) -> Markup:
    """Write a time; the page's script turns it into local time, without it it says UTC."""
    when = datetime.fromtimestamp(at, tz=UTC)
    return _time_tag(when, f"{when.day} {when:%b %Y, %H:%M} UTC", kind="moment")


def day(at: int) -> Markup:
    """Write a date."""
    when = datetime.fromtimestamp(at, tz=UTC)
    return _time_tag(when, f"{when.day} {when:%b %Y}", kind="day")


def source_name(value: str) -> str:
    """Name a source for people."""
    return SOURCE_NAMES.get(value, value)


def code_words(text: str) -> Markup:
    """Write a text with what stands between backticks as code."""
    parts = text.split("`")
    tags = (Markup("<code>{}</code>") if n % 2 else Markup("{}") for n in range(len(parts)))
    return Markup("").join(tag.format(part) for tag, part in zip(tags, parts, strict=True))


def sentence(text: str) -> str:
    """Let a text begin with a capital, and leave the rest as it is."""
    return text[:1].upper() + text[1:]


def _time_tag(when: datetime, text: str, *, kind: str) -> Markup:
    return Markup('<time datetime="{}" data-kind="{}">{}</time>').format(
        when.strftime("%Y-%m-%dT%H:%M:%SZ"), kind, text
    )
