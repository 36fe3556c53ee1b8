"""Imports: a history file in, its ledger and the five groups of lines out."""

import csv
import io
from collections.abc import AsyncIterator
from typing import Any

from litestar import Controller, Request, Response, get, post
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import FromPath
from litestar.response import Stream

from harmonyhub.domain.errors import NotFoundError
from harmonyhub.domain.ids import LedgerId
from harmonyhub.domain.listens import Outcome
from harmonyhub.flows.imports import ledger_group, load_ledger, submit_import
from harmonyhub.storage.ledgers import LedgerRow
from harmonyhub.web.requests import HouseHere, parse_user
from harmonyhub.web.schemas import ImportAccepted, JobView, LedgerView
from harmonyhub.web.uploads import BODY_BYTES_MAX, received_upload
from harmonyhub.web.views import iso_time

CSV = "text/csv"
LINES_AT_ONCE = 500
HEAD = ("line", "played_at", "artist", "title", "played_ms", "reason")
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


class ImportRoutes(Controller):
    """Listening histories in."""

    tags = ("imports",)

    @post(
        "/users/{user:str}/imports",
        summary="Import a listening history",
        request_max_body_size=BODY_BYTES_MAX,
        status_code=202,
        responses={202: ResponseSpec(ImportAccepted, description="Queued")},
    )
    async def add_import(
        self, *, house: HouseHere, request: Request[Any, Any, Any], user: FromPath[str]
    ) -> Response[ImportAccepted]:
        """Take a file (multipart field `file`, up to 4 GB) and queue its import.

        Spotify's extended history (the ZIP as downloaded, or single JSON files) and account
        data, ListenBrainz exports, Last.fm CSV or JSON, Exportify CSV.
        """
        user_id = parse_user(user)
        async with received_upload(request, spool_dir=house.spool_dir) as upload:
            job, ledger = await submit_import(
                house, user_id=user_id, path=upload.path, file_name=upload.file_name
            )
        return Response(
            ImportAccepted(job=JobView.of(job), ledger=LedgerView.of(ledger)),
            status_code=202,
            headers={"Location": f"/api/v1/jobs/{job.id}"},
        )

    @get("/imports/{ledger:str}", summary="The ledger of an import")
    async def show_ledger(self, *, house: HouseHere, ledger: FromPath[str]) -> LedgerView:
        """Show the account as it stands; it balances at every moment."""
        return LedgerView.of(await load_ledger(house, LedgerId(ledger)))

    @get("/imports/{ledger:str}/{group_csv:str}", summary="One group of lines, as CSV")
    async def show_group(
        self, *, house: HouseHere, ledger: FromPath[str], group_csv: FromPath[str]
    ) -> Stream:
        """Stream kept.csv, duplicate.csv, too_short.csv, not_music.csv or unreadable.csv."""
        outcome = _parse_group(group_csv)
        await load_ledger(house, LedgerId(ledger))  # a stream that has begun cannot say 404
        rows = ledger_group(house, LedgerId(ledger), outcome)
        return Stream(
            write_csv(rows),
            media_type=CSV,
            headers={"Content-Disposition": f'attachment; filename="{outcome.value}.csv"'},
        )


async def write_csv(rows: AsyncIterator[LedgerRow]) -> AsyncIterator[bytes]:
    """Write ledger lines as CSV, some hundred lines at a time."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    writer.writerow(HEAD)
    n_lines = 0
    async for row in rows:
        played_at = iso_time(row.played_at) if row.played_at else ""
        cells = (row.artist or "", row.title or "", row.played_ms, row.reason)
        writer.writerow([row.number, played_at, *(disarm(cell) for cell in cells)])
        n_lines += 1
        if n_lines % LINES_AT_ONCE == 0:
            yield _drain(buffer)
    yield _drain(buffer)


def disarm(cell: object) -> object:
    """Keep a spreadsheet from running a title as a formula (OWASP, CSV injection)."""
    if isinstance(cell, str) and cell.startswith(FORMULA_STARTS):
        return f"'{cell}"
    return cell


def _parse_group(group_csv: str) -> Outcome:
    name = group_csv.removesuffix(".csv")
    if name in set(Outcome) and name != group_csv:
        return Outcome(name)
    raise NotFoundError(
        f"An import has no group {group_csv}.",
        hint="The groups are " + ", ".join(f"{outcome.value}.csv" for outcome in Outcome) + ".",
    )


def _drain(buffer: io.StringIO) -> bytes:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text.encode()
