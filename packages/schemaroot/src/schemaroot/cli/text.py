"""How are values shown to a person? Short, on one line, and harmless to a terminal."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, timedelta

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
# Control characters (C0 but tab and line feed, DEL, C1), separators that break lines, and marks that turn the direction
# of writing: a stored text must not move the cursor, colour the screen or hide what it says.
_HARMFUL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
# In a JSON string an escape says the same, so that marks which only texts from right to left need are escaped as well.
_HARMFUL_IN_JSON = re.compile(r"[\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def harmless(text: str) -> str:
    """The text with a replacement sign for what would steer a terminal; line feeds and tabs stay."""
    return _HARMFUL.sub("\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n"))


def harmless_json(document: str) -> str:
    """The same JSON document with such characters escaped; outside of its strings there are none."""
    return _HARMFUL_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", document)


def one_line(text: str) -> str:
    """The text on one line, runs of white space made one blank."""
    return harmless(" ".join(text.split()))


def count(number: int, noun: str) -> str:
    """`1 ticket`, `2,000 tickets`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def moment(value: datetime | None, now: datetime) -> str:
    """A moment as a list shows it, in local time: `today 14:02`, `yesterday 09:10`, `12 Mar 14:02`, `12 Mar 2024`."""
    if value is None:
        return ""
    local, today = value.astimezone(), now.astimezone()
    days = (today.date() - local.date()).days
    if days == 0:
        return f"today {local:%H:%M}"
    if days == 1:
        return f"yesterday {local:%H:%M}"
    day = f"{local.day} {_MONTHS[local.month - 1]}"
    return f"{day} {local:%H:%M}" if local.year == today.year else f"{day} {local.year}"


def full_moment(value: datetime | None, now: datetime) -> str:
    """A moment as a page shows it: `12 Mar 2024 14:02 (5 months ago)`."""
    if value is None:
        return ""
    local = value.astimezone()
    return f"{local.day} {_MONTHS[local.month - 1]} {local.year} {local:%H:%M} ({ago(now - value)})"


def ago(age: timedelta) -> str:
    """How long ago in the largest fitting unit: `5 months ago`; `in the future` for what is not past."""
    seconds = int(age.total_seconds())
    if seconds < -60:
        return "in the future"
    if seconds < 60:
        return "just now"
    for size, name in ((31_557_600, "year"), (2_629_800, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            return f"{count(seconds // size, name)} ago"
    raise AssertionError("a minute at least was left")


def duration(milliseconds: int | None) -> str:
    """`850 ms`, `12 s`, `3 min`, `1.5 h`."""
    if milliseconds is None:
        return ""
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    seconds = milliseconds / 1000
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def hours(number: float | None, unit: str = "") -> str:
    """`0.5`, `3`; empty for none."""
    return "" if number is None else f"{number:g}{unit}"


def size(number: int) -> str:
    """Bytes as `512 B`, `3.4 KB`, `12 MB`."""
    amount = float(number)
    for unit in ("B", "KB", "MB", "GB"):
        if amount < 1000 or unit == "GB":
            return f"{amount:.0f} {unit}" if unit == "B" or amount >= 10 else f"{amount:.1f} {unit}"
        amount /= 1000
    raise AssertionError("GB is the last unit")


def excerpt(text: str, wanted: Sequence[str], before: int = 30) -> str:
    """The part of a text where the first of the wanted words stands, on one line."""
    flat = one_line(text)
    places = [place for word in " ".join(wanted).split() if (place := flat.lower().find(word.lower())) >= 0]
    start = min(places, default=0) - before
    return flat if start <= 0 else f"…{flat[start:]}"


def words(value: str) -> str:
    """A value of an enumeration in words: `in_progress` becomes `in progress`."""
    return value.replace("_", " ")
