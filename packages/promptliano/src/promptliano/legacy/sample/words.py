"""What do the sample's projects speak of? Word lists only; `content` makes texts from them. All of it is invented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Theme:
    """What one project is about: where it lies and the words that its texts are made of."""

    name: str
    description: str
    path: str
    areas: tuple[str, ...]
    things: tuple[str, ...]

    @property
    def folder(self) -> str:
        """Give the last part of the project's path, whichever way its slashes lean."""
        return self.path.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]


THEMES: Final = (
    Theme(
        "harbour-timetable",
        "Ferry timetable, fares and live departures for the harbour's website",
        "/srv/code/harbour-timetable",
        ("departure board", "fare table", "route map", "delay banner", "crossing search", "tide warning"),
        (
            "cancelled sailings",
            "the winter schedule",
            "bicycle fares",
            "night crossings",
            "quay changes",
            "group tickets",
        ),
    ),
    Theme(
        "tide-gauge",
        "",
        "C:\\work\\tide-gauge",
        ("sensor reader", "alarm rule", "export job", "station list", "chart view", "calibration wizard"),
        (
            "missing samples",
            "clock drift",
            "negative readings",
            "daylight saving",
            "battery levels",
            "duplicate frames",
        ),
    ),
    Theme(
        "seed-catalogue",
        "Catalogue and order desk of a small seed nursery",
        "/opt/projects/seed-catalogue",
        ("variety page", "order form", "stock sync", "label printer", "sowing calendar", "price import"),
        ("sold-out varieties", "Latin names", "half packets", "postage to islands", "old batch numbers", "frost dates"),
    ),
    Theme(
        "Wiesenkarte",
        "Karte der Blühwiesen für Schulklassen – Fotos, Funde, Führungen 🌼",
        "/srv/code/Wiesenkarte",
        ("Fundliste", "map layer", "photo upload", "species quiz", "PDF handout", "translation table"),
        (
            "Umlaute in names",
            "blurred photos",
            "places without a name",
            "protected species",
            "offline tiles",
            "big classes",
        ),
    ),
    Theme(
        "loaf-scale",
        "Scales bakery recipes and prints the night shift's list",
        "/opt/projects/loaf-scale",
        ("recipe editor", "dough calculator", "allergen sheet", "shift printout", "flour stock", "price card"),
        ("odd loaf counts", "sourdough feeds", "rounding of grams", "seasonal recipes", "oven slots", "leftover dough"),
    ),
    Theme(
        "夜行バス-notes",
        "Notes and small tools around the night bus network",
        "/srv/code/night-bus-notes",
        ("stop finder", "seat plan", "ticket check", "route diff", "notice feed", "connection graph"),
        ("stops with two names", "sold-out seats", "holiday traffic", "停留所 labels", "late arrivals", "empty legs"),
    ),
)

SENTENCES: Final = (
    "The {area} shows {thing} twice after a reload.",
    "Keep {thing} when the {area} is switched off and on again.",
    "We leave {thing} alone until the {area} has tests.",
    "Measured on a quiet morning, the {area} needs {n} ms for {thing}.",
    "Names such as “Café Łódź”, “Øresund” and “ß-Straße” must come through unharmed.",
    "Nobody remembers why the {area} skips {thing}, so the old rule stays behind a switch.",
    "The numbers differ by {n} once {thing} are involved.",
    "An empty list is a valid answer here; the {area} must say so in plain words.",
    "On small screens the {area} hides {thing} behind a menu.",
    "Support asked for {thing} in the weekly summary.",
    "画面のラベルも確認する、特に {thing}。",
    "The {area} and the nightly job disagree about {thing}.",
    "A second click on the {area} must not repeat the request.",
    "Right-to-left labels (שלום) should not push {thing} out of view.",
    "It only happens between 23:00 and 00:00, when {thing} change their day.",
    "Please keep the change small: one rule, one test, one line in the notes.",
    "For {n} rows the {area} is fine; for ten times as many it is not.",
    "The wording 'nothing found' confuses people who look for {thing}.",
)

TITLES: Final = (
    "{area}: {thing} appear twice",
    "Show {thing} in the {area}",
    "Move {thing} out of the {area}",
    "Speed up the {area}",
    "Wrong order of {thing} in the {area}",
    "Explain {thing} on the help page",
    "Retry the {area} after a lost connection",
    "Retire the old {area}",
    "Let people filter {thing} – {area}",
    "Sort out 100 % rounding of {thing}",
    "Test the {area} with {n} entries 🧪",
)

TASKS: Final = (
    "Write a failing test for {thing}",
    "Read how the {area} handles {thing} today",
    "Change the {area} so that {thing} come last",
    "Add {thing} to the sample data",
    "Remove the switch around the {area}",
    "Check the {area} with a screen reader",
    "Measure the {area} before and after",
    "Describe {thing} in docs/notes.md",
    "Rename the setting for {thing}",
    "Fix the Übersetzung of the {area}",
    "Ask for a second look at {thing} ✅",
)

CHAT_TITLES: Final = (
    "Why does the {area} skip {thing}?",
    "Plan for {thing}",
    "質問: {thing}",
    "{area}, second try",
    "Quick look at {thing} 💡",
    "Übersetzung – {area}",
    "Idea:  {thing} on one page",
)

PROMPT_TITLES: Final = (
    "Review the {area}",
    "Explain {thing} to a newcomer",
    "Plan work on the {area}",
    "Write release notes",
    "Übersetze die Texte: {area}",
    "Find gaps in the tests of the {area}",
)

QUESTIONS: Final = (
    "Can you look at the {area}? {sentence}",
    "What would break if we changed {thing} first?",
    "{sentence} Where should I start?",
    "Please list the places that touch {thing}.",
    "Is this a fault or a wish? {sentence}",
)

ANSWERS: Final = (
    "The {area} reads {thing} in one place, so the change is small.\n\n1. {task}.\n2. {other}.\n",
    "Short answer: yes. {sentence}\n\n```ts\nconst limit = {n}\nreturn rows.slice(0, limit)\n```\n",
    "I would not touch {thing} yet. {sentence}",
    "| step | effort |\n|---|---|\n| {task} | small |\n| {other} | {n} min |\n",
    "Two things stand out.\n\n- {sentence}\n- {sentence2}\n\nShall I write the tests first?",
)

TAGS: Final = (
    "frontend",
    "backend",
    "docs",
    "testing",
    "bugfix",
    "größe",
    "quick win",
    "🔥hot",
    "needs-review",
    "データ",
)

ERRORS: Final = (
    "Build failed:\n3 tests did not pass in {area}",
    "The model's answer was not JSON: unexpected '<' at position {n}",
    "Time ran out after {n} s while working on {thing}",
    "Agent stopped: “{thing}” could not be found…",
)

SUMMARIES: Final = (
    "Draws the {area} and keeps {thing} apart from the rest.",
    "Helpers for {thing}; used by the {area}.",
    "Tests of the {area}, with special care for {thing}.",
)

QUEUE_NAMES: Final = ("Default", "Urgent", "Docs & Prüfung", "Night shift", "Später")

TOOLS: Final = ("ticket_manager", "project_manager", "queue_processor", "file_reader", "prompt_manager")
