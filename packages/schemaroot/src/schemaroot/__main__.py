"""`python -m schemaroot` is the command `schemaroot`."""

from schemaroot.cli.main import main

main()
