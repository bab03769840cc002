"""From one schema to the next and back, without losing a row: diff, revisions, lint, runner, backups."""
