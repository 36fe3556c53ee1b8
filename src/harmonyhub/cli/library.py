"""Commands for audio files: analyse one, or a whole folder."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from harmonyhub.cli.session import ProgressLine, as_json_option, opened_house, print_json
from harmonyhub.domain.audio_files import name_of
from harmonyhub.domain.engines import EngineName
from harmonyhub.domain.jobs import Progress
from harmonyhub.domain.sound_tags import explain_no_tags, name_tags

if TYPE_CHECKING:
    from harmonyhub.analysis.tagger import Tagger
    from harmonyhub.domain.analysis import TrackAnalysis
    from harmonyhub.flows.folder_analysis import FolderResult, MakeMeasurer


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@as_json_option
@click.option(
    "--as",
    "shape",
    type=click.Choice(("audio-features", "audio-analysis", "jams")),
    help="Print a file's analysis in the shape of Spotify's objects, or as JAMS.",
)
@click.option(
    "--jobs",
    "-j",
    "n_processes",
    type=click.IntRange(1, 512),
    help="How many files of a folder are measured at a time; without it one per core.",
)
@click.option(
    "--engine",
    type=click.Choice([EngineName.POOL.value, EngineName.RAY.value]),
    default=EngineName.POOL.value,
    show_default=True,
    help="What measures the files of a folder: processes of this machine, or Ray; the results are "
    "the same bytes.",
)
@click.option(
    "--again",
    "is_anew",
    is_flag=True,
    help="Look at every file of a folder anew, those that were refused before too.",
)
@click.option(
    "--basic",
    "is_basic",
    is_flag=True,
    help="A first look in a third of the time: tempo, key, loudness and what it sounds like, from "
    "ten seconds of every thirty. A full analysis replaces it and is never replaced by it.",
)
@click.option(
    "--svg",
    "pictures_dir",
    type=click.Path(file_okay=False, path_type=Path),
    help="Draw the pictures of a file into this folder too: overview, curves, chroma, likeness.",
)
def analyse(
    path: Path,
    *,
    as_json: bool,
    shape: str | None,
    n_processes: int | None,
    engine: str,
    is_anew: bool,
    is_basic: bool,
    pictures_dir: Path | None,
) -> None:
    """Measure an audio file, or every audio file of a folder.

    A FILE is measured and printed, without touching the store. A FOLDER goes into the library:
    its analyses are stored, files that are known already are not measured again, and a run that
    broke off goes on where it stopped; Ctrl-C loses only the files in work. Processes that measure
    give way to everything else, and a file that ends or blocks one is refused and not tried again.
    """
    import asyncio

    option = f"--as {shape}" if shape else "--svg" if pictures_dir else None
    if is_basic and option:
        raise click.UsageError(f"{option} needs the full analysis, without --basic.")
    if path.is_dir():
        if option:
            raise click.UsageError(f"{option} takes one file, and {path} is a folder.")
        with _opened_measurers(EngineName(engine), n_processes) as measurer:
            result = asyncio.run(
                _analyse_folder(
                    path,
                    n_processes=n_processes,
                    is_anew=is_anew,
                    is_basic=is_basic,
                    measurer=measurer,
                )
            )
        if as_json:
            print_json(asdict(result))
        else:
            _print_folder(result)
        return
    if shape and pictures_dir:
        raise click.UsageError("--svg does not go with --as.")
    from harmonyhub.analysis.track import to_json_object
    from harmonyhub.flows.memory_limits import limit_memory, telling_of_memory

    limit_memory()
    with telling_of_memory(name_of(path)):
        if shape:
            print_json(_measure_as(path, shape))
            return
        analysis = _measure_basics(path) if is_basic else _measure(path)
    if pictures_dir:
        _draw(analysis, pictures_dir)
    if as_json:
        print_json(to_json_object(analysis))
    else:
        _print_analysis(analysis)


def _measure(path: Path) -> "TrackAnalysis":
    from harmonyhub.analysis.track import analyse_file

    line = ProgressLine()
    analysis = analyse_file(path, on_progress=_follow(path, line), tagger=_open_tagger())
    line.close()
    return analysis


def _measure_basics(path: Path) -> "TrackAnalysis":
    from harmonyhub.analysis.basic import analyse_basics

    return analyse_basics(path)


def _open_tagger() -> "Tagger | None":
    """Find the tagging networks; a file is measured without them where settings are wrong too."""
    from harmonyhub.domain.errors import ConfigurationError
    from harmonyhub.flows.tag_weights import open_tagger
    from harmonyhub.settings.load import read_settings

    try:
        return open_tagger(read_settings().data_dir)
    except ConfigurationError:  # `harmonyhub check` says which
        return None


def _draw(analysis: "TrackAnalysis", folder: Path) -> None:
    from harmonyhub.analysis.pictures import draw_pictures

    folder.mkdir(parents=True, exist_ok=True)
    for name, drawn in draw_pictures(analysis).items():
        (folder / f"{name}.svg").write_text(drawn, encoding="utf-8")


def _follow(path: Path, line: ProgressLine) -> Callable[[float, float | None], None]:
    def follow(done_s: float, announced_s: float | None) -> None:
        total = int(announced_s) if announced_s else None
        line(Progress(done=int(done_s), total=total, unit="s", message=name_of(path)))

    return follow


def _measure_as(path: Path, shape: str) -> dict[str, object]:
    """Analyse a file and write it in a shape that other tools read."""
    from harmonyhub.analysis.jams import to_jams
    from harmonyhub.analysis.spotify_shapes import to_audio_analysis, to_audio_features
    from harmonyhub.analysis.track import analyse_in_segments
    from harmonyhub.wiring.house import system_clock

    line = ProgressLine()
    begun = time.monotonic()
    analysis, segments = analyse_in_segments(path, on_progress=_follow(path, line))
    line.close()
    if shape == "jams":
        return to_jams(analysis)
    if shape == "audio-features":
        return to_audio_features(analysis)
    seconds = time.monotonic() - begun
    return to_audio_analysis(analysis, segments, now=system_clock(), seconds=seconds)


@contextmanager
def _opened_measurers(engine: EngineName, n_processes: int | None) -> "Iterator[MakeMeasurer]":
    from harmonyhub.flows.measuring import Measurer
    from harmonyhub.flows.ray_measuring import RayMeasurer
    from harmonyhub.wiring.cores import usable_cores
    from harmonyhub.wiring.ray_engine import RayEngine

    if engine is EngineName.POOL:
        yield Measurer
        return
    with RayEngine(n_processes or usable_cores()) as ray:
        yield partial(RayMeasurer, ray)


async def _analyse_folder(
    folder: Path,
    *,
    n_processes: int | None,
    is_anew: bool,
    is_basic: bool,
    measurer: "MakeMeasurer",
) -> "FolderResult":
    from harmonyhub.flows.folder_analysis import run_folder_analysis

    line = ProgressLine()
    async with opened_house("analyse") as house:
        try:
            return await run_folder_analysis(
                house,
                folder=folder,
                on_progress=line,
                n_processes=n_processes,
                is_anew=is_anew,
                is_basic=is_basic,
                measurer=measurer,
            )
        finally:
            line.close()


def _print_folder(result: "FolderResult") -> None:
    click.echo(f"{result.analysed:,} analysed, {result.already_known:,} known already.")
    if result.put_off:
        click.echo(f"{result.put_off:,} put off: another machine measures them, or they changed.")
    for file_name, reason in result.refused.items():
        click.echo(f"  refused {file_name}: {reason}")


def _print_analysis(analysis: "TrackAnalysis") -> None:
    click.secho(analysis.file_name, bold=True)
    values: dict[str, str | None] = {
        "duration": f"{analysis.duration:.1f} s",
        "tempo": None if analysis.tempo is None else f"{analysis.tempo:.1f} BPM",
        "beats": None if analysis.is_basic else f"{len(analysis.beats)}",
        "key": None if analysis.key is None else analysis.key.name,
        "loudness": None if analysis.loudness is None else f"{analysis.loudness:.1f} LUFS",
        "true_peak": None if analysis.true_peak is None else f"{analysis.true_peak:+.1f} dBTP",
    }
    for name, value in values.items():
        how = analysis.measurements.get(name)
        sure = f", confidence {how.confidence:.2f}" if how and how.confidence is not None else ""
        method = f"  ({how.method}{sure})" if how else ""
        click.echo(f"  {name.replace('_', ' '):<10} {value or '-':<14}{method}")
    for note in analysis.notes:
        click.echo(f"  note: {note}")
    if analysis.is_basic:
        return
    heard = ", ".join(f"{tag.name} {tag.score:.2f}" for tag in name_tags(analysis.heard_tags))
    why_none = " ".join(explain_no_tags(analysis.heard_tags)) or "no tag is likely enough"
    click.echo(f"  {'heard':<10} {heard or '-'}  ({'estimated' if heard else why_none})")
