"""What a listener says of a track: stored, and in force for the very next list."""

from harmonyhub.domain.errors import RefusedInputError
from harmonyhub.domain.ids import TrackId, UserId
from harmonyhub.domain.recommendations import Feedback, FeedbackKind
from harmonyhub.flows.leave import check_stays
from harmonyhub.flows.tracks import load_track
from harmonyhub.wiring.house import House

DAY_S = 86_400
SNOOZE_DAYS = 30
SNOOZE_DAYS_MAX = 3_650


async def give_feedback(
    house: House,
    *,
    user_id: UserId,
    track_id: TrackId,
    kind: FeedbackKind,
    days: int | None = None,
) -> list[Feedback]:
    """Store one piece of feedback and return all that is in force after it.

    Raises
    ------
    NotFoundError
        If there is no such track.
    RefusedInputError
        If `days` is given for anything but a snooze, or is out of range.
    """
    now = house.clock()
    if days is not None and (kind is not FeedbackKind.SNOOZE or not 1 <= days <= SNOOZE_DAYS_MAX):
        raise RefusedInputError(
            f"days={days} does not fit {kind.value}.",
            hint=f"Give 1 to {SNOOZE_DAYS_MAX} days with snooze, and none with anything else.",
        )
    track = await load_track(house, track_id)

    await house.store.users.ensure(user_id, now=now)
    if kind is FeedbackKind.UNDO:
        await house.store.feedback.undo(user_id=user_id, track_id=track.id, now=now)
    else:
        until = now + (days or SNOOZE_DAYS) * DAY_S if kind is FeedbackKind.SNOOZE else None
        await house.store.feedback.add(
            Feedback(user_id=user_id, track_id=track.id, kind=kind, at=now, until=until)
        )
    await check_stays(house, user_id)
    await house.store.users.touch(user_id)
    return await house.store.feedback.current(user_id)
