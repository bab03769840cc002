"""Full-text search: in step with its table, and no text that anybody types is an error."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemaroot import new
from schemaroot.errors import InvalidArgumentsError, InvalidValueError, MissingFilterError
from schemaroot.repository.search import MAX_TEXT, MAX_WORDS, words_of
from schemaroot.testing import statements

from .library import Book, Library, Undo, undone

AWKWARD = [
    '"',
    '""',
    '"x',
    'a"b',
    "AND",
    "OR",
    "NOT",
    "NEAR",
    "NEAR(",
    "NEAR(a b, 2)",
    "a AND",
    "OR b",
    "C++",
    "C#",
    ".NET",
    "%",
    "100%",
    "_",
    "snake_case",
    "*",
    "a*",
    "*a",
    "-x",
    "--",
    "x -y",
    "(",
    ")",
    "()",
    "(a",
    ":",
    "title:x",
    "books:x",
    "{title body}: x",
    "^a",
    "^",
    "+",
    "a + b",
    "''",
    "'",
    "' OR 1=1 --",
    ";",
    "\\",
    "a\\b",
    "\\\\host\\share",
    "/",
    "a/b",
    "~",
    "!",
    "?",
    "@",
    "user@example.org",
    "$",
    "&",
    "|",
    "<b>",
    "[1]",
    "{}",
    "`",
    ",",
    "a,b",
    ".",
    "...",
    "\x01",
    "\x7f",
    "\u200b",
    "\u200f",
    "\ufeff",
    "é",
    "e\u0301",
    "\u0301",
    "ﬁ",
    "ß",
    "İ",
    "漢字",
    "日本語",
    "ひらがな",
    "ไทย",
    "안녕",
    "שלום",
    "مرحبا",
    "\u202eabc",
    "😀",
    "👩\u200d👩\u200d👧",
    "🥑",
    "a😀b",
    "½",
    "²",
    "Ⅷ",
    "\U000e0041",
    "\ue000",
    "\uffff",
    "\U0010ffff",
    "ᦰ",
    "0",
    "-1",
    "1.5",
    "0x10",
    "NULL",
    "x" * 999,
    "x" * 5000,
    "word " * 2000,
    "(" * 5000,
    '"' * 5000,
    "a.b." * 250,
]
NOTHING = ["", " ", "\t\n\r\x0b\x0c\x1f", "\u3000\u2003\xa0", "\0", "\0\0 \0", "\ud800", "\udfff \ud800"]
NOT_STORABLE = ["a\0b", "\ud800x", "x\udfff", "\0a"]


@pytest.mark.parametrize("text", AWKWARD, ids=lambda text: ascii(text[:20]))
def test_an_awkward_text_finds_the_row_that_holds_it_and_no_error(clean: Library, text: str) -> None:
    holder = clean.book(text)
    clean.books.create(shelf_id=holder.shelf_id, title="something else", body="entirely")

    found = clean.books.search(text)
    prefixed = clean.books.search(text, prefix=True)

    assert holder in found
    assert holder in prefixed


@pytest.mark.parametrize("text", AWKWARD, ids=lambda text: ascii(text[:20]))
def test_an_awkward_text_is_literal_in_a_json_column_too(clean: Library, text: str) -> None:
    holder = clean.books.create(shelf_id=clean.shelf().id, title="x1x", tags=["other", text])
    clean.books.create(shelf_id=holder.shelf_id, title="y1y", tags=[])

    if not any(ord(character) < 32 for character in text):  # which JSON writes with letters
        assert holder in clean.books.search(text)


@pytest.mark.parametrize("text", NOTHING, ids=ascii)
def test_a_text_without_words_finds_nothing(clean: Library, text: str) -> None:
    clean.book("anything")

    assert clean.books.search(text) == []
    assert clean.books.search(text, prefix=True, limit=0) == []


@pytest.mark.parametrize("text", NOT_STORABLE, ids=ascii)
def test_what_no_database_can_hold_is_left_out_of_a_text(clean: Library, text: str) -> None:
    book = clean.book("a b x")

    assert clean.books.search(text) == [book]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("C++", ["C++ for all"]),
        ("c++", ["C++ for all"]),
        ("C", ["C for all", "C++ for all", "C# for all"]),
        ("C#", ["C# for all"]),
        ("for all", ["C for all", "C++ for all", "C# for all"]),
        ("all for", ["C for all", "C++ for all", "C# for all"]),
        ("100%", ["100% wool"]),
        ("100", ["100 ways", "100% wool"]),
        ("snake_case", ["snake_case"]),
        ("snake case", ["snake case", "snake_case"]),
        ("_", ["snake_case"]),
        ("wool AND", ["wool AND silk"]),
        ("and", ["wool AND silk"]),
        ("title:C", []),
        ("C -for", []),
        ("fo", []),
        ("*", []),
        ("for*", []),
    ],
)
def test_words_match_whole_and_signs_match_literally(clean: Library, text: str, found: list[str]) -> None:
    titles = [
        "C for all",
        "C++ for all",
        "C# for all",
        "100 ways",
        "100% wool",
        "snake_case",
        "snake case",
        "wool AND silk",
    ]
    shelf = clean.shelf()
    clean.books.create_many([new(Book, shelf_id=shelf.id, title=title) for title in titles])

    assert sorted(row.title for row in clean.books.search(text)) == sorted(found)


@pytest.mark.parametrize(
    ("stored", "text"),
    [
        ("Café", "cafe"),
        ("Cafe\u0301", "Café"),
        ("CAFÉ!", "café!"),
        ("Ärger, viel", "ärger,"),
        ("ЁЛКА", "ёлка"),
        ("naïve+é", "NAI\u0308VE+E\u0301"),
        ("ÀÉ+ÎÕ", "àé+îõ"),
        ("iPhone手机", "IPHONE手机"),
        ("東京都に住む", "東京"),
        ("東京都に住む", "住む"),
        ("ภาษาไทย", "ไทย"),
        ("안녕 하세요", "안녕"),
    ],
)
def test_case_and_accents_do_not_matter_and_scripts_without_spaces_are_found_inside(
    clean: Library, stored: str, text: str
) -> None:
    book = clean.book(stored)
    clean.book("else")

    assert clean.books.search(text) == [book]


def test_all_words_are_required_in_any_of_the_columns(library: Library) -> None:
    shelf = library.shelf()
    both = library.books.create(shelf_id=shelf.id, title="red apple", body="green", tags=["fruit"])
    library.books.create(shelf_id=shelf.id, title="red", body="pear")

    assert library.books.search("red green fruit") == [both]
    assert library.books.search("red yellow") == []


def test_with_prefix_the_last_word_may_be_the_beginning_of_one(library: Library) -> None:
    book = library.book("Wonderful C++Builder stories")

    for text in ("wond", "stories wonder", "C++B", "c++", "wonderful", "stor"):
        assert library.books.search(text, prefix=True) == [book], text
    for text in ("wond stories", "C++B", "stories wonder"):
        assert library.books.search(text) == [], text
    assert library.books.search("stor -", prefix=True) == []
    assert library.books.search("wond stor", prefix=True) == []


def test_words_in_json_are_found_and_its_signs_are_not(library: Library) -> None:
    shelf = library.shelf()
    book = library.books.create(shelf_id=shelf.id, title="x", tags=['say "hi"', "back\\slash", "naïve"])

    for text in ("slash", '"hi"', "back\\slash", "NAIVE"):
        assert library.books.search(text) == [book], text
    for text in ("[", "]", '","', "\\\\"):
        assert library.books.search(text) == [], text


# --- in step ----------------------------------------------------------------------------------------------------------


def found(library: Library, text: str) -> list[int]:
    return sorted(row.id for row in library.books.search(text, with_deleted=True))


def test_the_index_follows_every_write(library: Library) -> None:
    shelf = library.shelf()
    books = library.books
    first = books.create(shelf_id=shelf.id, title="alpha")
    many = books.create_many([new(Book, shelf_id=shelf.id, title=f"beta {number}") for number in range(300)])
    ids = [row.id for row in many]

    assert found(library, "alpha") == [first.id]
    assert len(books.search("beta", limit=1000)) == 300
    books.update(first.id, Book.title.to("gamma"))
    assert (found(library, "alpha"), found(library, "gamma")) == ([], [first.id])
    books.update_many(ids[:100], Book.body.to("delta"))
    assert len(books.search("delta", limit=1000)) == 100
    books.update_each({first.id: [Book.tags.to(["epsilon"])]})
    assert found(library, "epsilon") == [first.id]
    books.purge(first.id)
    assert found(library, "gamma") == found(library, "epsilon") == []
    library.db.delete(Book).where(Book.id.in_(ids[:250])).run()
    assert len(books.search("beta", limit=1000)) == 50
    library.shelves.purge(shelf.id)  # the database's own cascade
    assert found(library, "beta") == []
    integrity_of(library)


def integrity_of(library: Library) -> None:
    """FTS5's own check that the index holds what the table holds."""
    with library.db.transaction():
        connection = library.db.held.connection
        assert connection is not None
        connection.execute("INSERT INTO books_search(books_search, rank) VALUES ('integrity-check', 1)").fetchall()


def test_a_rollback_takes_the_index_back(library: Library) -> None:
    book = library.book("alpha")

    with pytest.raises(Undo), library.db.transaction():
        library.books.update(book.id, Book.title.to("beta"))
        library.books.create_many([new(Book, shelf_id=book.shelf_id, title="gamma") for _ in range(10)])
        library.books.delete(book.id)
        assert library.books.search("beta") == []
        assert len(library.books.search("gamma")) == 10
        raise Undo
    with pytest.raises(InvalidValueError):
        library.books.create_many(
            [new(Book, shelf_id=book.shelf_id, title="gamma"), new(Book, shelf_id=book.shelf_id, title="\0")]
        )

    assert library.books.search("alpha") == [book]
    assert found(library, "beta") == found(library, "gamma") == []
    integrity_of(library)


def test_deleted_rows_are_not_found_until_they_are_restored(library: Library) -> None:
    book, worse = library.book("alpha"), library.book("one alpha among more words")
    deleted = library.books.delete(book.id)

    assert library.books.search("alpha", limit=1) == [worse]
    library.books.purge(worse.id)
    assert library.books.search("alpha") == []
    assert library.books.search("alpha", with_deleted=True) == [deleted]
    assert [row.id for row in [library.books.restore(book.id)]] == [row.id for row in library.books.search("alpha")]


# --- which, how many, in what order -----------------------------------------------------------------------------------


def test_conditions_limit_and_offset(library: Library) -> None:
    shelf = library.shelf()
    made = library.books.create_many([new(Book, shelf_id=shelf.id, title="same", pages=number) for number in range(10)])

    assert library.books.search("same") == made
    assert library.books.search("same", limit=3) == made[:3]
    assert library.books.search("same", limit=3, offset=8) == made[8:]
    assert library.books.search("same", Book.pages > 4, Book.pages < 7) == made[5:7]
    assert library.books.search("same", limit=0) == []
    for arguments in ({"limit": -1}, {"offset": -1}, {"limit": 1.5}):
        with pytest.raises(InvalidArgumentsError):
            library.books.search("same", **arguments)
    with pytest.raises(MissingFilterError):
        library.books.search("same", None)  # type: ignore[arg-type]  # what is missing is the point


def test_the_best_comes_first_and_equals_come_by_key(library: Library) -> None:
    shelf = library.shelf()
    far = library.books.create(shelf_id=shelf.id, title="long " * 40 + "whale")
    near = library.books.create(shelf_id=shelf.id, title="whale whale")
    again = library.books.create(shelf_id=shelf.id, title="whale whale")
    library.books.create_many([new(Book, shelf_id=shelf.id, title=f"other {number}") for number in range(20)])

    assert library.books.search("whale") == [near, again, far]
    assert [library.books.search("whale", limit=1, offset=place)[0] for place in range(3)] == [near, again, far]


def test_a_table_without_search_says_so_whatever_the_text(library: Library) -> None:
    for text in ("x", ""):
        with pytest.raises(InvalidArgumentsError, match="rooms has no full-text search"):
            library.rooms.search(text)


def test_a_search_is_one_moment_and_few_statements(library: Library) -> None:
    book = library.book("alpha")
    with statements(library.db, transactions=True) as ran:
        assert library.books.search("alpha") == [book]

    assert [sql.split()[0] for sql in ran] == ["BEGIN", "SELECT", "SELECT", "ROLLBACK"]


def test_a_text_is_looked_at_up_to_its_bounds(library: Library) -> None:
    words = [f"w{number}" for number in range(MAX_WORDS + 10)]
    book = library.book(" ".join(words[:MAX_WORDS]))
    long = library.book("y" * (MAX_TEXT + 500))

    assert library.books.search(" ".join(words)) == [book]
    assert library.books.search(" ".join(words), prefix=True) == [book]
    assert library.books.search("y" * (MAX_TEXT + 500)) == [long]
    assert library.books.search("y" * (MAX_TEXT + 1)) == [long]
    assert library.books.search("y" * MAX_TEXT) == []


# --- any text ---------------------------------------------------------------------------------------------------------

ANY = (
    st.text(max_size=60)
    | st.text(st.characters(), max_size=60)
    | st.text(st.sampled_from('ab"*()-:^+\\ \0%_é\u0301漢😀'))
)


@settings(max_examples=200)
@given(text=ANY, prefix=st.booleans(), stored=ANY)
def test_no_text_is_an_error_and_every_row_is_found_by_its_own_text(
    shared: Library, text: str, prefix: bool, stored: str
) -> None:
    with undone(shared.db):
        storable = stored.replace("\0", "").encode("utf-8", "ignore").decode()
        book = shared.book("title")
        shared.books.update(book.id, Book.body.to(storable), Book.tags.to([storable]))

        shared.books.search(text, prefix=prefix)
        if storable.split():
            assert [row.id for row in shared.books.search(storable, prefix=prefix)] == [book.id]
        for word in storable.split():
            assert [row.id for row in shared.books.search(word)] == [book.id]


@settings(max_examples=100)
@given(
    text=st.text(st.sampled_from("ab +-*é\u0301E"), min_size=1, max_size=8),
    stored=st.lists(st.text(st.sampled_from("ab +-*é\u0301E"), max_size=8), max_size=4),
)
def test_what_is_found_holds_every_sign_of_every_word(shared: Library, text: str, stored: list[str]) -> None:
    """Folded as the index folds: case and accents left out."""

    def folded(value: str) -> str:
        return "".join(c for c in unicodedata.normalize("NFD", value) if c != "\u0301").lower()

    with undone(shared.db):
        shelf = shared.shelf()
        shared.books.create_many([new(Book, shelf_id=shelf.id, title=title) for title in stored])

        for row in shared.books.search(text):
            for word in text.split():
                signs = [sign for sign in folded(word) if not sign.isalnum()]
                assert all(sign in row.title for sign in signs)
                for letters in "".join(c if c.isalnum() else " " for c in folded(word)).split():
                    assert letters in folded(row.title)


def test_the_tables_of_letters_agree_with_the_index(shared: Library) -> None:
    """Each character that Python calls a letter or digit is a word to the index, or is searched literally."""
    with undone(shared.db):
        shelf = shared.shelf()
        characters = [
            chr(code)
            for code in [
                *range(0x20, 0x3100),
                *range(0xA000, 0xA200),
                *range(0xFB00, 0x10400),
                *range(0x1D400, 0x1D800),
            ]
            if chr(code).isalnum()
        ]
        for character in characters[:: max(1, len(characters) // 1500)]:
            words = words_of(character, prefix=False)
            assert words is not None
            assert words.match or words.literals
        title = " ".join(characters)
        made = shared.books.create_many(
            [new(Book, shelf_id=shelf.id, title=title[start : start + 4000]) for start in range(0, len(title), 4000)]
        )
        assert made
        missing = [
            character
            for character in characters[::7]
            if not shared.books.exists(Book.title.like(f"%{character}%")) or not shared.books.search(character)
        ]
        assert missing == []
