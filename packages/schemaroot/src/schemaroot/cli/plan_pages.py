"""What does a plan look like? Each revision with its operations, dangers, rows and SQL, before anything is done."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from schemaroot.cli.documents import members
from schemaroot.cli.errors import FOUND
from schemaroot.cli.output import Sheet, print_json, talk
from schemaroot.cli.text import count, size

if TYPE_CHECKING:
    from schemaroot.cli.place import Place
    from schemaroot.migration.lint import Finding
    from schemaroot.migration.plan import Plan, RevisionPlan

_DURATIONS = {"instant": "less than a second", "seconds": "seconds", "minutes": "minutes", "hours": "hours"}


def show_plan(place: Place, found: Plan, *, as_json: bool) -> None:
    """What a run would do."""
    if as_json:
        print_json({**members(found), "space": {**members(found.space), "total": found.space.total}})
        return
    sheet = Sheet()
    for revision in found.revisions:
        _show_revision(sheet, revision, found.direction)
    if not found.revisions:
        talk(f"Nothing to do: {found.database or 'the recorded schema'} is at {found.current or 'no revision'}.")
        return
    said = f"{count(len(found.revisions), 'revision')} would go {found.direction} in {_DURATIONS[found.duration]}"
    if found.free is not None:
        said += f", with {size(found.space.total)} of room; {size(found.free)} are free"
    talk(f"{said}. Nothing was changed.")
    if any(revision.refused for revision in found.revisions):
        talk(f"It would be refused for the findings above; see: {place.migrate('lint')}")


def _show_revision(sheet: Sheet, revision: RevisionPlan, direction: str) -> None:
    sheet.title(direction, revision.revision, revision.message)
    for operation in revision.operations:
        sheet.line(operation, indent=2)
    for touched in revision.touched:
        rows = "some rows" if touched.rows is None else count(touched.rows, "row")
        sheet.line(f"{rows} of {touched.table} {touched.how}", "cyan", indent=2)
    for finding in revision.findings:
        _show_finding(sheet, finding, revision.allowed.get(finding.code))
    if revision.no_way_back:
        sheet.line(f"no way back: {revision.no_way_back}", "red", indent=2)
    sheet.line(f"its transaction: {_DURATIONS[revision.duration]}", "dim", indent=2)
    ways = {"up": revision.sql_up, "down": revision.sql_down}
    for way in (direction, "down" if direction == "up" else "up"):
        sheet.line(f"SQL {way}", "bold", indent=2)
        for statement in ways[way] or ("nothing",):
            sheet.block(statement, indent=4)
    sheet.line()


def _show_finding(sheet: Sheet, finding: Finding, allowed: str | None) -> None:
    colour = "dim" if allowed is not None else "red" if finding.severity == "error" else "yellow"
    sheet.line(f"{finding.severity} {finding}", colour, indent=2)
    if allowed is not None:
        sheet.line(f"allowed: {allowed}", "dim", indent=4)
    elif finding.safer:
        sheet.block(finding.safer, indent=4)


def show_lint(place: Place, found: Plan, *, as_json: bool) -> None:
    """What is dangerous about the pending revisions on this database."""
    refused = [finding for revision in found.revisions for finding in revision.refused]
    told = [
        (finding, revision.allowed.get(finding.code)) for revision in found.revisions for finding in revision.findings
    ]
    if as_json:
        print_json(
            {
                "database": found.database,
                "clean": not refused,
                "findings": [{**members(finding), "allowed": reason} for finding, reason in told],
            }
        )
    else:
        sheet = Sheet()
        for revision in found.revisions:
            if revision.findings:
                sheet.line(revision.revision, "bold")
                for finding in revision.findings:
                    _show_finding(sheet, finding, revision.allowed.get(finding.code))
        pending = count(len(found.revisions), "pending revision")
        if refused:
            codes = dict.fromkeys(finding.code for finding in refused)
            talk(
                f"{count(len(refused), 'finding')} in {pending}. Take the safer way, or, if it is meant, write into the"
                f" file: {'; '.join(f'# lint: allow {code} - your reason' for code in codes)}"
            )
        else:
            talk(f"Nothing that is not meant in {pending}.")
    if refused:
        raise typer.Exit(FOUND)


def losses(found: Plan) -> Sequence[str]:
    """What goes on the way down and where it stays, in sentences."""
    names = ", ".join(revision.revision for revision in found.revisions)
    said = [f"{found.database}: to be taken back, the newest first: {names}."]
    for revision in found.revisions:
        gone = [one for one in revision.touched if one.how == "dropped"]
        for one in gone:
            rows = "some rows" if one.rows is None else count(one.rows, "row")
            said.append(f"{revision.revision} takes {one.table} away: {rows}.")
    return [*said, "What goes is kept in side tables and comes back with the next up."]
