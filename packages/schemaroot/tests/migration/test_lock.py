"""Only one runner works on a database, and a runner that dies leaves no lock behind."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from schemaroot.migration.errors import MigrationLockedError
from schemaroot.migration.lock import lock_path, migration_lock

HOLD = """
import sys, time
from pathlib import Path
from schemaroot.migration.lock import migration_lock
with migration_lock(Path(sys.argv[1]), timeout_s=5, say=print):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_runner_waits_says_so_once_and_gives_up_with_the_process_named(tmp_path: Path) -> None:
    database = tmp_path / "a.db"
    said: list[str] = []
    with subprocess.Popen([sys.executable, "-c", HOLD, str(database)], stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == b"held\n"
        try:
            with (
                pytest.raises(MigrationLockedError, match=f"process {holder.pid}"),
                migration_lock(database, timeout_s=0.3, say=said.append),
            ):
                pass
            assert len(said) == 1 and str(holder.pid) in said[0]
        finally:
            holder.send_signal(signal.SIGKILL)
    with migration_lock(database, timeout_s=5, say=said.append):
        pass
    assert len(said) == 1
    assert lock_path(database).stat().st_mode & 0o777 == 0o600
