"""Commands of the developer: test, check the code, bench, generate files."""

import subprocess
import sys
from pathlib import Path

import click

from harmonyhub.domain.errors import ConflictError, NotFoundError

REPOSITORY = Path(__file__).parents[3]
# The slow tests wait much, for processes and for what must not come: three keep two cores busy.
WORKERS, WORKERS_OF_SLOW = "2", "3"


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--all", "is_all", is_flag=True, help="The slow suites too.")
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def test(arguments: tuple[str, ...], *, is_all: bool) -> None:
    """Run the tests on two cores; ARGUMENTS go to pytest, which then runs them one by one."""
    pytest = [sys.executable, "-m", "pytest"]
    if arguments:
        _run([*pytest, *([] if is_all else ["-m", "not (slow or alone)"]), *arguments])
        return
    # By file: tests of one file share a running service. In our order: the slow ones first.
    workers = WORKERS_OF_SLOW if is_all else WORKERS
    spread = [*pytest, "-n", workers, "--dist", "loadfile", "--no-loadscope-reorder", "-m"]
    if not is_all:
        _run([*spread, "not (slow or alone)"])
        return
    # What takes the whole machine, or times it, waits until nothing else runs.
    together = _run([*spread, "not alone", "--durations=25"], is_final=False)
    sys.exit(_run([*pytest, "-m", "alone"], is_final=False) or together)


@click.command("check-code")
def check_code() -> None:
    """Check format, lint, types, import contracts and generated files."""
    places = ["src", "tests", "benchmarks", "training"]
    tools = Path(sys.executable).parent
    steps = [
        [str(tools / "ruff"), "format", "--check", *places],
        [str(tools / "ruff"), "check", *places],
        [str(tools / "mypy")],
        [str(tools / "lint-imports")],
    ]
    failed = [step for step in steps if _run(step, is_final=False)]
    stale = [name for name, text in _generated().items() if _read(name) != text]
    for name in stale:
        click.secho(f"{name} is not what `harmonyhub generate` writes.", fg="red", err=True)
    if failed or stale:
        sys.exit(1)
    click.secho("Code is clean.", fg="green")


# What stands behind NAME is its own, --help too.
@click.command(context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
@click.argument("name", required=False)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED)
def bench(name: str | None, arguments: tuple[str, ...]) -> None:
    """Run the benchmarks, or the one named NAME with its own ARGUMENTS."""
    folder = _repository() / "benchmarks"
    known = sorted(path.stem for path in folder.glob("[a-z]*.py"))
    if name is not None and name not in known:
        raise NotFoundError(f"There is no benchmark {name}.", hint="There are: " + ", ".join(known))
    for each in [name] if name else known:
        click.secho(f"== {each}", bold=True)
        _run([sys.executable, "-m", f"benchmarks.{each}", *arguments], is_final=name is not None)


@click.command()
def generate() -> None:
    """Write the files that come from the code: .env.example, references in docs/, the schema."""
    for name, text in _generated().items():
        (_repository() / name).write_text(text, encoding="utf-8")
        click.echo(f"wrote {name}")


def _generated() -> dict[str, str]:
    from harmonyhub.checks import reference as checks_reference
    from harmonyhub.settings import chart, reference
    from harmonyhub.telemetry import dashboard, metrics, rule_files

    return {
        ".env.example": reference.render_env_example(),
        "docs/settings.md": reference.render_reference(),
        "deploy/helm/harmonyhub/values.schema.json": chart.render_values_schema(),
        "docs/checks.md": checks_reference.render_reference(),
        "docs/runbooks/README.md": checks_reference.render_runbook_index(),
        "docs/metrics.md": metrics.render_reference(),
        "deploy/prometheus/harmonyhub.rules.yml": rule_files.render_rules(),
        "deploy/prometheus/harmonyhub.rules.test.yml": rule_files.render_rule_tests(),
        "deploy/prometheus/month.test.yml": rule_files.render_replay(),
        "deploy/prometheus/prometheus.yml": rule_files.render_prometheus(),
        "deploy/alertmanager/alertmanager.yml": rule_files.render_alertmanager(),
        "deploy/grafana/harmonyhub.json": dashboard.render_dashboard(),
    }


def _read(name: str) -> str | None:
    path = _repository() / name
    return path.read_text(encoding="utf-8") if path.exists() else None


def _repository() -> Path:
    if not (REPOSITORY / "pyproject.toml").exists():
        raise ConflictError(
            "This command needs the repository.", hint="Clone it and run ./hub there."
        )
    return REPOSITORY


def _run(command: list[str], *, is_final: bool = True) -> int:
    status = subprocess.run(command, cwd=_repository(), check=False).returncode  # noqa: S603 - our own tools
    if is_final and status:
        sys.exit(status)
    return status
