"""How do secrets of a legacy database stay secret? Sealed with a key that lies in a file of its own, mode 0600.

AES-256-GCM (RFC 5116); a sealed cell is bound to its place, so that it cannot be moved to another row unnoticed.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path
from typing import TYPE_CHECKING, cast

import msgspec

from promptliano.legacy.cells import Cell, Row, from_json, to_json
from promptliano.legacy.errors import KeyFileError
from schemaroot import JsonValue

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SECRETS: dict[str, frozenset[str]] = {
    "provider_keys": frozenset({"key", "iv", "tag", "salt", "custom_headers"}),
    "encryption_keys": frozenset({"key"}),
    "mcp_server_configs": frozenset({"data", "env", "args"}),
}
"""The columns of legacy tables whose cells are sealed wherever they are kept."""

_SEALED = "$sealed"
_NONCE_BYTES, _KEY_BYTES = 12, 32


def key_path(database: Path) -> Path:
    """Where the key of a database lies: beside it."""
    return database.with_name(f"{database.name}.key")


class Sealer:
    """Seals and opens cells with the key in a file, which is made when the first secret is sealed."""

    def __init__(self, path: Path) -> None:
        self.path: Path = path
        self._cipher: AESGCM | None = None

    def archived(self, table: str, key: str, cells: Row) -> dict[str, JsonValue]:
        """Cells as JSON for the archive, secret ones sealed; a cell that is NULL holds no secret."""
        secret = SECRETS.get(table, frozenset())
        return {
            name: self._seal(f"{table}/{key}/{name}", cell) if name in secret and cell is not None else to_json(cell)
            for name, cell in cells.items()
        }

    def opened(self, table: str, key: str, payload: dict[str, JsonValue]) -> Row:
        """The cells that `archived` was given; raises `KeyFileError` when the key is missing or another one."""
        return {name: self._open(f"{table}/{key}/{name}", value) for name, value in payload.items()}

    def _seal(self, place: str, cell: Cell) -> JsonValue:
        nonce = os.urandom(_NONCE_BYTES)
        sealed = self._key(create=True).encrypt(nonce, msgspec.json.encode(to_json(cell)), place.encode())
        return {_SEALED: base64.b64encode(nonce + sealed).decode()}

    def _open(self, place: str, value: JsonValue) -> Cell:
        if not isinstance(value, dict) or _SEALED not in value:
            return from_json(value)
        from cryptography.exceptions import InvalidTag

        token = base64.b64decode(cast(str, value[_SEALED]))
        try:
            plain = self._key(create=False).decrypt(token[:_NONCE_BYTES], token[_NONCE_BYTES:], place.encode())
        except InvalidTag:
            raise KeyFileError(self.path, f"this key does not open {place}") from None
        return from_json(cast("JsonValue", msgspec.json.decode(plain)))

    def _key(self, *, create: bool) -> AESGCM:
        if self._cipher is None:
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM

            self._cipher = AESGCM(_read_key(self.path, create=create))
        return self._cipher


def _read_key(path: Path, *, create: bool) -> bytes:
    try:
        key = base64.urlsafe_b64decode(path.read_bytes())
    except FileNotFoundError:
        if not create:
            raise KeyFileError(path, "the key file is not there, so that sealed values cannot be opened") from None
        return _create_key(path)
    except OSError as error:
        raise KeyFileError(path, f"the key file cannot be read ({error.strerror})") from None
    except ValueError as error:
        raise KeyFileError(path, f"the key file holds no key ({error})") from None
    if len(key) != _KEY_BYTES:
        raise KeyFileError(path, f"the key file holds {len(key)} bytes where {_KEY_BYTES} belong")
    return key


def _create_key(path: Path) -> bytes:
    key = os.urandom(_KEY_BYTES)
    try:
        number = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except OSError as error:
        raise KeyFileError(path, f"the key file cannot be created ({error.strerror})") from None
    with open(number, "wb") as file:
        file.write(base64.urlsafe_b64encode(key) + b"\n")
        file.flush()
        os.fsync(file.fileno())
    return key
