-- Clients that are not kiosks; certificates apart from keys, because one key may be certified again; invitations.

ALTER TABLE kiosk ADD COLUMN role TEXT NOT NULL DEFAULT 'kiosk'
    CHECK (role IN ('kiosk', 'online_filing', 'representative_access'));

CREATE TABLE kiosk_certificate (
    serial      BLOB PRIMARY KEY,
    kiosk       TEXT NOT NULL REFERENCES kiosk (id),
    spki        BLOB NOT NULL,
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL
) STRICT;
INSERT INTO kiosk_certificate (serial, kiosk, spki, not_before, not_after)
    SELECT serial, kiosk, spki, not_before, not_after FROM kiosk_key;

CREATE TABLE kiosk_invitation (
    hash        BLOB PRIMARY KEY,       -- SHA-256 of the code
    number      TEXT NOT NULL,
    lane        TEXT NOT NULL,
    made_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    kiosk       TEXT REFERENCES kiosk (id) -- who used it
) STRICT
