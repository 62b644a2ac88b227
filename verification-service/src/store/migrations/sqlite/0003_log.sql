-- The log over the audit rows: tiles of 256 hashes, and the newest signed checkpoint.

-- A row for each tile; the last of each level grows in place. Tiles are kept when the rows of their leaves are purged.
CREATE TABLE log_tile (
    level   INTEGER NOT NULL,
    number  INTEGER NOT NULL,           -- its index in the level
    hashes  BLOB NOT NULL,              -- 1 to 256 of 32 bytes
    PRIMARY KEY (level, number)
) STRICT;

-- One row, none before the first tree was sealed.
CREATE TABLE log_head (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    size        INTEGER NOT NULL,       -- leaves
    checkpoint  TEXT NOT NULL           -- signed note
) STRICT
