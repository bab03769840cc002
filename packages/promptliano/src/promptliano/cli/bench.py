"""`promptliano bench`: how fast is it here, beside hand-written code and other libraries?"""

from __future__ import annotations

import typer


def bench(context: typer.Context) -> None:
    """Measure our operations beside hand-written code and other libraries; needs a checkout of the project.

    All options go to the benchmarks, such as --json for one document and --quick for a first look.
    """
    import importlib
    import sys

    from promptliano.cli.opening import working_folder
    from promptliano.config import checkout
    from schemaroot.cli.errors import CommandError

    root = checkout(working_folder())
    if root is None or not (root / "benchmarks" / "run.py").is_file():
        raise CommandError(
            "NOT_IN_CHECKOUT",
            "The benchmarks are part of the project's source, and this folder is not inside a checkout of it.",
            "Run it there, as make bench does.",
        )
    sys.path.insert(0, str(root))
    raise typer.Exit(importlib.import_module("benchmarks.run").main(list(context.args)))
