"""Texts made from the registry: `.env.example` and `docs/settings.md`."""

from harmonyhub.settings.catalogue import SETTING_CHECKS
from harmonyhub.settings.registry import VARIABLES, Group, Variable

EXAMPLE_HEAD = """\
# Settings of HarmonyHub: copy this file to .env and take the # off the lines that you need.
# Nothing has to be set for a first start. docs/settings.md says more of each.
# Every NAME can be given as NAME_FILE instead: the path of a file that holds the value.
"""

REFERENCE_HEAD = """\
# Settings

This page is generated from the registry of settings by `harmonyhub generate`.
Nothing has to be set for a first start.

## Where values come from

1. The environment of the process, directly (`NAME`) or through a file (`NAME_FILE` holds the
   path of a file with the value; its one last line end is dropped). Both at once is an error.
2. A file `.env` in the current folder, in the same two ways. It is read as it stands: `${...}` is
   not replaced; ` #` begins a comment unless the value is quoted. Where environment and `.env`
   disagree the environment counts, and a warning says so. `--env-file` of a command names another
   file in its place. A process of a release reads neither: the ledger holds its configuration.
3. The default.

All problems are reported at once, each with the variable's name, where the value came from and what
to do; a secret's value is never shown. An error refuses the start (exit status 78); a warning does
not. `harmonyhub check` shows them without starting anything; each has a page in
[runbooks/](runbooks/README.md).
"""


def render_env_example() -> str:
    """Render `.env.example`: every variable, commented out, with what it is for."""
    blocks = [EXAMPLE_HEAD]
    for group in Group:
        variables = [each for each in VARIABLES if each.group is group and each.is_for_people]
        if variables:
            blocks += [f"\n# --- {group.value} ---\n", *map(_example_block, variables)]
    return "".join(blocks)


def _example_block(variable: Variable) -> str:
    secret = " Secret." if variable.is_secret else ""
    lines = [
        f"# {variable.summary}{secret}",
        f"# Without it: {variable.without}",
        f"#{variable.name}={_example_value(variable)}",
    ]
    return "\n".join(lines) + "\n\n"


def _example_value(variable: Variable) -> str:
    return "" if variable.is_secret else variable.example


def render_reference() -> str:
    """Render `docs/settings.md`: every variable, and every check of settings with its id."""
    parts = [REFERENCE_HEAD]
    for group in Group:
        parts.append(f"\n## {group.value}\n")
        parts += [_reference_block(each) for each in VARIABLES if each.group is group]
    parts.append(_render_checks())
    return "".join(parts)


def _reference_block(variable: Variable) -> str:
    rows = [
        ("Default", _default_note(variable)),
        ("Must be", variable.shape.description),
        ("Secret", "yes" if variable.is_secret else "no"),
        ("Without it", variable.without),
        ("How to get it", variable.obtain),
        ("Example", f"`{variable.example}`"),
    ]
    table = "\n".join(f"| {title} | {text} |" for title, text in rows)
    return f"\n### `{variable.name}`\n\n{variable.summary}\n\n| | |\n|---|---|\n{table}\n"


def _default_note(variable: Variable) -> str:
    if variable.default_note:
        return variable.default_note
    return "none" if variable.default is None else f"`{variable.default}`"


def _render_checks() -> str:
    rows = "\n".join(
        f"| [{check.id}](runbooks/{check.id}.md) | {check.severity.value} | {check.meaning} |"
        for check in SETTING_CHECKS
    )
    return f"\n## Checks\n\n| Id | Severity | Meaning |\n|---|---|---|\n{rows}\n"
