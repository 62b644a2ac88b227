-- Calls for an officer are seen: each has a number by which it is closed. Those from before were shown to nobody; they are over.

CREATE TABLE assistance_call (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    kiosk      TEXT NOT NULL,
    at         INTEGER NOT NULL,
    lane       TEXT NOT NULL,
    visit      TEXT,
    closed_at  INTEGER                  -- an officer came, or an operator closed it
) STRICT;
INSERT INTO assistance_call (kiosk, at, lane, visit, closed_at) SELECT kiosk, at, lane, visit, at FROM assistance ORDER BY at;
DROP TABLE assistance;
ALTER TABLE assistance_call RENAME TO assistance;
CREATE INDEX assistance_open ON assistance (kiosk) WHERE closed_at IS NULL
