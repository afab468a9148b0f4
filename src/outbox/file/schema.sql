-- The outbox, version 2. One file holds one or more streams; a stream is one unbroken count of readings.
--
-- A row's key is its stream's number and its sequence in one integer (row-key.ts): appending to the end of a table
-- is the cheapest write SQLite has, and an index on (stream, sequence) would double it. The two lanes are two tables
-- for the same reason: each is read in order from its own end, without an index and without skipping the other's rows.
--
-- A stream's next sequence is one more than the highest in its rows and its floor. The rows are the counter; only
-- who deletes rows has to raise the floor in the same transaction. New readings go to the stream with the highest number.
--
-- SQLite checks its WAL and not its file: a bit that a worn card flips would go out as another value. So what
-- identities, values and settlements hang on carries a CRC-32 of the rest of its row (checksum.ts).

CREATE TABLE stream (
  number      INTEGER PRIMARY KEY,
  source      TEXT    NOT NULL UNIQUE,
  site        TEXT    NOT NULL,
  gateway     TEXT    NOT NULL,
  fingerprint TEXT    NOT NULL,
  created_ms  INTEGER NOT NULL,
  floor       INTEGER NOT NULL DEFAULT 0,
  -- Why it was begun: new, renamed, other-hardware, damaged, incomplete, copied.
  reason      TEXT    NOT NULL DEFAULT 'new',
  crc         INTEGER NOT NULL
) STRICT;

CREATE TABLE scan_lane (
  key          INTEGER PRIMARY KEY,
  kind         TEXT    NOT NULL,
  subject      TEXT    NOT NULL,
  taken_ms     INTEGER NOT NULL,
  recorded_ms  INTEGER NOT NULL,
  historical   INTEGER NOT NULL,
  -- 0 synced, 1 holdover, 2 unsynced and not sealed: taken_ms may be corrected once, before the first publish;
  -- 3 unsynced and sealed: it has been, or may have been, published as it is.
  clock        INTEGER NOT NULL,
  -- To what boot and monotonic moment a time belongs that was taken with an unsynced clock.
  boot         INTEGER,
  monotonic_ms INTEGER,
  -- The members of the event's data that come from the reading itself, as JSON without the outer braces.
  content      TEXT    NOT NULL,
  crc          INTEGER NOT NULL
) STRICT;

CREATE TABLE meter_lane (
  key          INTEGER PRIMARY KEY,
  kind         TEXT    NOT NULL,
  subject      TEXT    NOT NULL,
  taken_ms     INTEGER NOT NULL,
  recorded_ms  INTEGER NOT NULL,
  historical   INTEGER NOT NULL,
  clock        INTEGER NOT NULL,
  boot         INTEGER,
  monotonic_ms INTEGER,
  content      TEXT    NOT NULL,
  crc          INTEGER NOT NULL
) STRICT;

-- Which rows the other side has, as ranges of sequences per stream and lane (0 scan, 1 meter). A range never covers a
-- row of its lane that is not settled; it may cover numbers that stand in the other lane.
CREATE TABLE settled (
  stream INTEGER NOT NULL REFERENCES stream (number),
  lane   INTEGER NOT NULL,
  first  INTEGER NOT NULL,
  last   INTEGER NOT NULL,
  crc    INTEGER NOT NULL,
  PRIMARY KEY (stream, lane, first)
) STRICT, WITHOUT ROWID;

-- Up to where rows may have been sent: what was sent is not given up for want of room.
CREATE TABLE sent (
  stream INTEGER NOT NULL REFERENCES stream (number),
  lane   INTEGER NOT NULL,
  upto   INTEGER NOT NULL,
  PRIMARY KEY (stream, lane)
) STRICT, WITHOUT ROWID;

-- Rows that the other side refused for good. They count as settled, stay until a person has decided, and keep the
-- reason in words.
CREATE TABLE quarantine (
  key     INTEGER PRIMARY KEY,
  lane    INTEGER NOT NULL,
  code    TEXT    NOT NULL,
  message TEXT    NOT NULL,
  at_ms   INTEGER NOT NULL
) STRICT;

-- Small keyed facts that must not part from the readings they were committed with.
CREATE TABLE note (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  crc   INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE boot (
  number INTEGER PRIMARY KEY,
  id     TEXT NOT NULL UNIQUE
) STRICT;

-- What the wall time was at monotonic 0 of a boot, as the clock told it once it was set.
CREATE TABLE correction (
  boot    INTEGER PRIMARY KEY REFERENCES boot (number),
  zero_ms INTEGER NOT NULL
) STRICT;
