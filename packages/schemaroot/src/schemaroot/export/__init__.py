"""From declarations to other tongues: reference pages, diagrams."""
