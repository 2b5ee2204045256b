"""The tables of a library in PostgreSQL, and how those of an older vidkit are migrated.

All are in the schema `vidkit` of the database:

- `videos` has the columns for sorting, bounds and counts, `moved` the earlier sort values of replaced and removed
  videos, `records` the complete records as they were saved, `forms` all words by their stems (`forms.py`),
  `numbers` the numbers of readings.
- `facts` has the facts (`facts.py`) of each video, each as 64 bits of its hash: rows are small enough to be stored
  inline, and an index of numbers is much smaller than an index of texts.
- `words` has one row for each piece of a video that has a text (`moments.py`), numbered as in `sqlite/file.py`.
Texts
  are already split into words (`text.py`), so that `lexemes` has the same words as the other backends: words of the
  piece itself as they are, and words of the whole video with a `~`. Phrases are searched in `own` and `shared`,
  because positions in a `tsvector` end at 16,383.
- `vectors`, `models` and one table for each model have the vectors of moments (`vectors.py`).
- `films` is a view for other programs: the videos with their records as JSON.
"""

from __future__ import annotations

import logging

from vidkit.core import printable
from vidkit.errors import LibraryError
from vidkit.library.postgresql.server import SCHEMA_NAME, Connection, Connections
from vidkit.library.sql import PLACE_BITS
from vidkit.library.text import BETWEEN

log = logging.getLogger(__name__)

SHARED, PAIR = "~", "="  # prefixes of a word of the whole video, and of a pair; no word begins with them
_LEXEMES = (
    f"array_to_tsvector(array_remove(string_to_array(own, ' '), '{BETWEEN}') || CASE shared WHEN '' THEN '{{}}' "
    f"ELSE array_remove(string_to_array('{SHARED}' || replace(shared, ' ', ' {SHARED}'), ' '), "
    f"'{SHARED}{BETWEEN}') END)"
)
_FIRST = (
    f"CREATE SCHEMA IF NOT EXISTS {SCHEMA_NAME}",
    "CREATE TABLE meta (schema integer NOT NULL)",
    "INSERT INTO meta VALUES (0)",
    "CREATE SEQUENCE video_ids",
    """CREATE TABLE videos (
    id bigint PRIMARY KEY, key text COLLATE "C" NOT NULL UNIQUE, url text NOT NULL,
    content text COLLATE "C" NOT NULL, filename text NOT NULL, name text COLLATE "C" NOT NULL, folder text NOT NULL,
    classification text NOT NULL, resolution text NOT NULL, codec text NOT NULL, tags text NOT NULL,
    described boolean NOT NULL, long_side bigint NOT NULL, short_side bigint NOT NULL, pixels bigint NOT NULL,
    duration double precision NOT NULL, size bigint NOT NULL, finished double precision NOT NULL,
    pieces text NOT NULL, readers text NOT NULL, columns jsonb NOT NULL
)""",
    *(f"CREATE INDEX ON videos ({column}, id)" for column in ("finished", "duration", "size", "name")),
    "CREATE INDEX ON videos (content)",
    "CREATE INDEX ON videos USING hash (filename)",  # a B-tree limits the length of names
    # `plain` is set if `record` is not valid JSON for PostgreSQL: it has the character NUL, half a character, NaN.
    "CREATE TABLE records (video bigint PRIMARY KEY, record text NOT NULL, plain text)",
    "CREATE TABLE facts (video bigint PRIMARY KEY, facts bigint[] NOT NULL)",
    "ALTER TABLE facts ALTER facts SET STORAGE MAIN",
    "CREATE INDEX ON facts USING gin (facts)",
    f"""CREATE TABLE words (
    rowid bigint PRIMARY KEY, video bigint GENERATED ALWAYS AS (rowid >> {PLACE_BITS}) STORED, own text NOT NULL,
    shared text NOT NULL, lexemes tsvector GENERATED ALWAYS AS ({_LEXEMES}) STORED
)""",
    "CREATE INDEX ON words (video)",
    "CREATE INDEX words_lexemes ON words USING gin (lexemes)",
    # The planner knows this many frequent words, and treats the others as rare.
    "ALTER TABLE words ALTER lexemes SET STATISTICS 300",
    """CREATE TABLE numbers (
    key text COLLATE "C" NOT NULL, value double precision NOT NULL, video bigint NOT NULL,
    PRIMARY KEY (key, value, video)
)""",
    "CREATE INDEX ON numbers (video)",
    'CREATE TABLE forms (stem text COLLATE "C" NOT NULL, word text COLLATE "C" NOT NULL, PRIMARY KEY (stem, word))',
    """CREATE TABLE moved (
    seq bigint PRIMARY KEY, video bigint NOT NULL, finished double precision NOT NULL,
    duration double precision NOT NULL, size bigint NOT NULL, name text COLLATE "C" NOT NULL
)""",
    """CREATE VIEW films AS SELECT v.id, v.key, v.url, v.folder, coalesce(r.plain, r.record)::jsonb AS record
    FROM videos v JOIN records r ON r.video = v.id""",
)


def _pairs(column: str, sign: str) -> str:
    """The `tsvector` of the pairs in a text, as `queries.pair_of` numbers them."""
    pairs = f"SELECT word AS a, lead(word) OVER (ORDER BY at) AS b FROM unnest(string_to_array({column}, ' '))"
    number = f"'{sign}{PAIR}' || left(md5(a || ' ' || b), 4)"
    return (
        f"coalesce((SELECT array_to_tsvector(array_agg(DISTINCT {number})) FROM "
        f"({pairs} WITH ORDINALITY AS w (word, at)) AS pairs WHERE a != '{BETWEEN}' AND b != '{BETWEEN}'), '')"
    )


_PAIRS = (
    "DROP INDEX words_lexemes",
    "ALTER TABLE words ALTER lexemes DROP EXPRESSION",
    "ALTER TABLE words ALTER lexemes SET NOT NULL",
    f"UPDATE words SET lexemes = lexemes || {_pairs('own', '')} || {_pairs('shared', SHARED)}",
    "CREATE INDEX words_lexemes ON words USING gin (lexemes)",
)
_VECTORS = (
    """CREATE TABLE models (
    id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, model text NOT NULL UNIQUE, size integer
)""",
    """CREATE TABLE vectors (
    change bigserial PRIMARY KEY, video bigint NOT NULL, model integer NOT NULL, made_of text NOT NULL,
    keys text NOT NULL, UNIQUE (video, model)
)""",
    "CREATE INDEX ON vectors (model, change)",
)
# The statements that upgrade each schema version to the next.
MIGRATIONS: tuple[tuple[str, ...], ...] = (_FIRST, (*_PAIRS, *_VECTORS))


def prepare(connections: Connections) -> None:
    """Create the tables in a new database, and migrate those of an older vidkit.

    Raises:
        LibraryError: the tables are from a newer vidkit or another program, or the user may not create them.
    """
    with connections.connection() as connection:
        if _version(connection, connections.name) == len(MIGRATIONS):
            return
    with connections.writing() as connection:
        version = _version(connection, connections.name)
        if version == len(MIGRATIONS):  # another process was faster
            return
        if version:
            log.warning("%s is of an older vidkit: it is migrated, once", connections.name)
        for migration in MIGRATIONS[version:]:
            for statement in migration:
                connection.execute(statement.encode())
        connection.execute("UPDATE meta SET schema = %s", (len(MIGRATIONS),))


def _version(connection: Connection, name: str) -> int:
    """The schema's version, 0 for an empty database."""
    sql = (
        "SELECT count(*), count(*) FILTER (WHERE relname = 'meta') FROM pg_class "
        "WHERE relnamespace = to_regnamespace(%s)"
    )
    tables, ours = connection.execute(sql, (SCHEMA_NAME,)).fetchone() or (0, 0)
    if not tables:
        return 0
    if not ours:
        raise LibraryError(
            "{name} has a schema {schema_name} of another program. Name another database in [Library] Path.",
            name=printable(name),
            schema_name=SCHEMA_NAME,
        )
    (version,) = connection.execute(f"SELECT schema FROM {SCHEMA_NAME}.meta".encode()).fetchone() or (0,)
    if version > len(MIGRATIONS):
        raise LibraryError(
            "the library in {name} was made by a newer vidkit (its schema is {version}, this vidkit "
            "knows {count}). Upgrade vidkit, or name another database in [Library] Path.",
            name=printable(name),
            version=version,
            count=len(MIGRATIONS),
        )
    return int(version)
