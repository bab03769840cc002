"""The store behind work on software projects by people and AI assistants."""
