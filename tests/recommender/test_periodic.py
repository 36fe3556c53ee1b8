"""The lists of a day and a week: what they hold, what rests, and that they can be made again."""

from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.kept_lists import KeptListName, period_at
from harmonyhub.domain.recommendations import Feedback, FeedbackKind
from harmonyhub.recommender.periodic import make_list, part_of_day

DAY_S = 86_400
USER = UserId("u1")


def make(world, name, *, now=None, given=(), feedback=()):
    """Make a list of the period that a time lies in."""
    return make_list(
        name,
        period_at(name, now or world.now),
        user_id=USER,
        profile=world.profile(1),
        feedback=feedback,
        index=world.index,
        given=given,
    )


def ids(listed):
    """List the tracks of a list."""
    return [item.track.id for item in listed.items]


def test_periods_are_days_and_iso_weeks():
    """A week begins on Monday and the first of January may lie in the last week before."""
    new_year = 1_609_459_200  # 2021-01-01, a Friday
    week = period_at(KeptListName.WEEKLY, new_year)
    assert ("2020-W53", new_year - 4 * DAY_S) == (week.id, week.starts_at)
    day = period_at(KeptListName.DAILY, new_year + DAY_S - 1)
    assert ("2021-01-01", new_year, new_year + DAY_S) == (day.id, day.starts_at, day.ends_at)


def test_a_week_has_only_news_and_not_that_of_before(world):
    """Weekly holds no heard track, and none that was given in the weeks before."""
    first = make(world, KeptListName.WEEKLY)
    heard = set(world.history(1).track_ids)
    assert first.items
    assert heard.isdisjoint(ids(first))
    second = make(world, KeptListName.WEEKLY, now=world.now + 7 * DAY_S, given=ids(first))
    assert second.items
    assert set(ids(first)).isdisjoint(ids(second))


def test_a_day_is_the_same_again_and_others_differ(world):
    """One user and day give one list, whatever the hour; seven days are not all about one part."""
    week = [ids(make(world, KeptListName.DAILY, now=world.now + d * DAY_S)) for d in range(7)]
    assert week[0] == ids(make(world, KeptListName.DAILY, now=world.now + 60))
    assert len({tuple(day) for day in week}) > 2
    assert all(set(day) & set(world.history(1).track_ids) for day in week)
    assert all(set(day) - set(world.history(1).track_ids) for day in week)


def test_a_day_is_about_a_part_of_the_taste(world):
    """What is known in a list of a day is of that day's part; a never holds."""
    profile = world.profile(1)
    period = period_at(KeptListName.DAILY, world.now)
    part = part_of_day(profile, world.index, key=f"{USER}/{period.id}")
    assert 0 < part.sum() < len(part)
    of_part = {world.index.track_ids[item] for item in profile.items[part].tolist()}
    day = ids(make(world, KeptListName.DAILY))
    assert set(day) & set(world.history(1).track_ids) <= of_part
    never = [Feedback(USER, TrackId(day[0]), FeedbackKind.NEVER, 0)]
    assert day[0] not in ids(make(world, KeptListName.DAILY, feedback=never))


def test_reasons_of_a_day_are_terms_of_its_score(world):
    """Shares are of the score as it was ranked: over 0, together at most 1, each plays as told."""
    history = world.history(1)
    plays = dict(zip(history.track_ids, history.plays.tolist(), strict=True))
    for item in make(world, KeptListName.DAILY).items:
        shares = [reason.evidence.share for reason in item.reasons]
        assert shares
        assert min(shares) > 0
        assert sum(shares) <= 1 + 1e-5
        for reason in item.reasons:
            if reason.evidence.track_id in plays:
                assert plays[reason.evidence.track_id] == reason.evidence.n_plays
