"""The documents: what they name exists, and what exists is named."""

import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from harmonyhub.cli.main import cli
from harmonyhub.domain import errors
from harmonyhub.storage.indexes import INDEXES

REPOSITORY = Path(__file__).parents[2]
DOCUMENTS = sorted([*REPOSITORY.glob("*.md"), *(REPOSITORY / "docs").rglob("*.md")])
LINK = re.compile(r"\]\(([^)#\s]+)")
PLACE = re.compile(r"\]\(([^)#\s]*)#([^)\s]+)\)")
FENCED = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(r"(?:\./hub|harmonyhub) ([a-z][a-z-]+)")
SHELL_BLOCK = re.compile(r"```sh\n(.*?)```", re.DOTALL)
CODE = re.compile(r"`((?:\./hub|harmonyhub) [^`]+)`")


def read(name: str) -> str:
    """Read a document of the repository."""
    return (REPOSITORY / name).read_text("utf-8")


def commands_in(text: str) -> Iterator[str]:
    """List commands of ours that stand as code in a text."""
    for code in [*SHELL_BLOCK.findall(text), *CODE.findall(text)]:
        yield from COMMAND.findall(code)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_lead_somewhere(path: Path) -> None:
    """Every link to a file of the repository leads to one."""
    links = [link for link in LINK.findall(path.read_text("utf-8")) if "://" not in link]
    assert [link for link in links if not (path.parent / link).exists()] == []


def places_in(text: str) -> set[str]:
    """List the names by which the headings of a document are linked to."""
    headings = re.findall(r"^#+ +(.+?)\s*$", FENCED.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_links_into_a_document_lead_to_a_heading(path: Path) -> None:
    """Every link to a place of a document has a heading there."""
    lost = [
        f"{file}#{place}"
        for file, place in PLACE.findall(path.read_text("utf-8"))
        if "://" not in file and (path.parent / file if file else path).suffix == ".md"
        if place not in places_in((path.parent / file if file else path).read_text("utf-8"))
    ]
    assert lost == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_commands_exist(path: Path) -> None:
    """Every command that a document shows is one."""
    named = set(commands_in(path.read_text("utf-8")))
    assert named - set(cli.commands) == set()


def test_readme_or_contributing_shows_every_command() -> None:
    """No command is left for people to find out by themselves."""
    shown = {*commands_in(read("README.md")), *commands_in(read("CONTRIBUTING.md"))}
    assert set(cli.commands) - shown == set()


def test_map_has_every_room() -> None:
    """The table of rooms in the architecture has each package, and no other."""
    packages = {path.parent.name for path in REPOSITORY.glob("src/harmonyhub/*/__init__.py")}
    section = read("docs/architecture.md").partition("## Rooms and floors")[2].partition("\n## ")[0]
    assert packages == set(re.findall(r"^\| `([a-z]+)` \| ", section, re.MULTILINE))


def test_map_names_every_collection() -> None:
    """Each collection with an index stands in the architecture's table of data."""
    text = read("docs/architecture.md")
    assert {index.collection for index in INDEXES if f"`{index.collection}`" not in text} == set()


def test_exit_statuses_are_those_of_the_errors() -> None:
    """The exit statuses that the README explains are those that errors carry."""
    line = re.search(r"\*\*Exit statuses\*\*.*?\n- ", read("README.md"), re.DOTALL)
    assert line is not None
    carried = {
        kind.exit_status
        for kind in vars(errors).values()
        if isinstance(kind, type) and issubclass(kind, errors.HarmonyHubError)
    }
    assert carried - {1} == {int(number) for number in re.findall(r"\b\d\d\b", line[0])}


def test_decisions_are_listed() -> None:
    """The list of decisions has every one, and each has its four parts."""
    folder = REPOSITORY / "docs" / "decisions"
    pages = {path.name for path in folder.glob("0*.md")}
    assert pages == set(LINK.findall(read("docs/decisions/README.md")))
    for page in pages:
        text = (folder / page).read_text("utf-8")
        parts = re.findall(r"^\*\*(\w+)\.\*\*", text, re.MULTILINE)
        assert ["Context", "Decision", "Consequences", "Alternatives"] == parts


def test_picture_is_well_formed_and_described() -> None:
    """The picture is XML, says in words what it shows, and loads nothing."""
    text = read("docs/picture.svg")
    picture = ET.fromstring(text)  # noqa: S314 - our own file
    kinds = {element.tag.rpartition("}")[2] for element in picture.iter()}
    assert {"title", "desc"} <= kinds
    assert not {"script", "image", "use", "style"} & kinds
