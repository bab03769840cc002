"""`python -m promptliano` is `promptliano`."""

from promptliano.main import main

main()
