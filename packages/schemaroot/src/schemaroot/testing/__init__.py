"""For users' own tests: databases, assertions, strategies."""
