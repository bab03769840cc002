"""By which rules is old data changed, merged or set aside? Each has a name, which reports and the archive use."""

from __future__ import annotations

from typing import Final

RULES: Final = {
    # What changes the meaning of a row: it counts as repaired.
    "duplicate_path": "a second project with the same path is imported as deleted, with all that belongs to it",
    "duplicate_queue_name": "a second queue of that name in its project gets a number behind its name",
    "queue_status_missing": "in a queue without a status: it waits",
    "dangling_queue": "its queue is gone, so that it is in none",
    "dangling_project": "its project is gone, so that it belongs to none",
    "done_over_status": "done and status disagreed: done is kept",
    "queue_state_united": "queue item and ticket or task disagreed: an end won, else the newer one; this one lost",
    # What is only told.
    "closed_is_completed": "the status closed is called completed",
    "queue_item_derived": "a ticket or task in a queue got a queue item",
    "queue_status_without_queue": "a queue status without a queue is kept in the archive",
    "queue_times_without_queue": "queue times, agent, error or durations without a queue are kept in the archive",
    "queued_at_unknown": "when it entered the queue is unknown: the moment of its creation is taken",
    "link_from_prompt": "a prompt named a project that no link named: it got a link",
    "file_id_mapped": "the text id of a file became a number; lists of ids follow",
    "suggested_file_unknown": "a suggested file that is not there is left out; the list is kept in the archive",
    "checksum_completed": "a shortened checksum was completed from the content, which it fits",
    "checksum_shortened": "a shortened checksum that cannot be completed is kept in the archive",
    "selected_path_without_file": "a selected path has no file; the selection is kept in the archive",
    "inactive_selection": "a selected file that is not active is imported as deleted",
    "agent_from_file": "an agent was read from its file",
    "agent_missing": "an agent is named but has no file: it is inactive and marked as missing",
    "agent_without_project": "an agent's file belongs to no imported project: it is an agent of all projects",
    # What sends a row into another one, or into the archive.
    "duplicate_queue_item": "another queue item of the same ticket or task is the one to keep",
    "duplicate_selection": "the same file was selected again later",
    "duplicate_link": "the same link is there already",
    "duplicate_file": "the same path of the project is there already",
    "older_tab": "a newer tab of the same project and client is the one to keep",
    "no_table": "there is no table for it here",
    "unsupported_queue_item": "only tickets and tasks can be in a queue here",
    "queue_item_without_target": "its ticket or task is gone",
    "missing_parent": "the row that it belongs to is gone or was set aside",
}
"""What each rule says, by its name. Checks of single values add the column: `not_a_time:created_at`."""

REPAIRS: Final = frozenset(list(RULES)[:7])
"""The rules after which a row counts as repaired."""
