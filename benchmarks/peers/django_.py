"""Django: its ORM on one held connection, `prefetch_related`, `bulk_create`, `select`s evaluated at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import django
from django.conf import settings

from benchmarks.columns import Values
from benchmarks.contestant import BUSY_MS, Contestant, pragma_statements, read_pragmas

settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": "",
            "CONN_MAX_AGE": None,
            "OPTIONS": {
                "timeout": BUSY_MS / 1000,
                "transaction_mode": "IMMEDIATE",
                "init_command": ";".join(pragma_statements()),
            },
        }
    },
    INSTALLED_APPS=[],
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
)
django.setup()

from django.db import connection, models, transaction  # noqa: E402  # only after the settings
from django.db.models import Count, Prefetch, Q  # noqa: E402  # the settings come first
from django.db.models.lookups import Exact  # noqa: E402  # the settings come first

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class TimestampMs(models.BigIntegerField):
    """Integer milliseconds as aware moments, by the methods that the documentation names for own fields."""

    def from_db_value(self, value: int | None, expression: Any, connection: Any) -> datetime | None:
        return None if value is None else datetime.fromtimestamp(value / 1000, UTC)

    def get_prep_value(self, value: Any) -> int | None:
        return None if value is None else (value - EPOCH) // timedelta(milliseconds=1)


def now() -> datetime:
    """This moment."""
    return datetime.now(UTC)


class Ticket(models.Model):
    project_id = models.IntegerField()
    title = models.TextField()
    overview = models.TextField(default="")
    status = models.TextField(default="open")
    priority = models.TextField(default="normal")
    tags = models.JSONField(default=list)
    metadata = models.JSONField(default=dict)
    suggested_file_ids = models.JSONField(default=list)
    suggested_prompt_ids = models.JSONField(default=list)
    suggested_agents = models.JSONField(default=list)
    created = TimestampMs(default=now)
    updated = TimestampMs(default=now)
    deleted = TimestampMs(null=True)

    class Meta:
        app_label = "benchmarks"
        db_table = "tickets"
        managed = False


class Task(models.Model):
    ticket = models.ForeignKey(Ticket, models.CASCADE, db_column="ticket_id", related_name="tasks")
    content = models.TextField()
    description = models.TextField()
    status = models.TextField()
    done = models.GeneratedField(
        expression=models.Case(models.When(Exact(models.F("status"), "completed"), then=True), default=False),
        output_field=models.BooleanField(),
        db_persist=False,
    )
    order_index = models.IntegerField()
    estimated_hours = models.FloatField(null=True)
    dependencies = models.JSONField()
    tags = models.JSONField()
    agent = models.TextField(null=True)
    suggested_file_ids = models.JSONField()
    suggested_prompt_ids = models.JSONField()
    suggested_agents = models.JSONField()
    created = TimestampMs()
    updated = TimestampMs()
    deleted = TimestampMs(null=True)

    class Meta:
        app_label = "benchmarks"
        db_table = "tasks"
        managed = False


IN_ORDER = Task.objects.filter(deleted=None).order_by("order_index")
LIVE = Q(deleted=None)


class Django(Contestant):
    name = "django"
    title = "Django"
    packages = ("django",)
    declares = "import benchmarks.peers.django_"

    def open(self, path: Path) -> None:
        connection.close()
        connection.settings_dict["NAME"] = str(path)
        connection.ensure_connection()

    def close(self) -> None:
        connection.close()

    def pragmas(self) -> dict[str, Any]:
        def ask(statement: str) -> Any:
            with connection.cursor() as cursor:
                return cursor.execute(statement).fetchone()[0]

        return read_pragmas(ask)

    def get_by_id(self, id: int, /) -> Any:
        return Ticket.objects.get(LIVE, pk=id)

    def list_100(self, project_id: int, /) -> Any:
        return list(Ticket.objects.filter(LIVE, project_id=project_id).order_by("-created")[:100])

    def ticket_with_tasks(self, id: int, /) -> Any:
        ticket = Ticket.objects.get(LIVE, pk=id)
        tasks = list(ticket.tasks.filter(LIVE).order_by("order_index"))
        return ticket, tasks, len(tasks)

    def page_50_with_tasks(self, project_id: int, /) -> Any:
        page = Ticket.objects.filter(LIVE, project_id=project_id).order_by("-created")[:50]
        return [(ticket, ticket.tasks.all()) for ticket in page.prefetch_related(Prefetch("tasks", IN_ORDER))]

    def count_by_status(self) -> Any:
        return list(Ticket.objects.values_list("status").annotate(number=Count("*")))

    def read_20000(self) -> Any:
        return list(Task.objects.filter(LIVE).order_by("id"))

    def update_1(self, id: int, title: str, /) -> Any:
        ticket = Ticket.objects.get(LIVE, pk=id)
        ticket.title, ticket.updated = title, now()
        ticket.save(update_fields=["title", "updated"])
        return ticket

    def insert_1(self, row: Values, /) -> Any:
        return Ticket.objects.create(**row)

    def insert_100(self, rows: list[Values], /) -> Any:
        with transaction.atomic():
            return Ticket.objects.bulk_create([Ticket(**row) for row in rows])

    def all_tickets(self) -> Any:
        return list(Ticket.objects.filter(LIVE).order_by("id"))
