-- As sqlite/0003_log.sql.

CREATE TABLE log_tile (
    level   BIGINT NOT NULL,
    number  BIGINT NOT NULL,            -- its index in the level
    hashes  BYTEA NOT NULL,             -- 1 to 256 of 32 bytes
    PRIMARY KEY (level, number)
);

CREATE TABLE log_head (
    one         BIGINT PRIMARY KEY CHECK (one = 1),
    size        BIGINT NOT NULL,        -- leaves
    checkpoint  TEXT NOT NULL           -- signed note
)
