-- As sqlite/0005_clients.sql.

ALTER TABLE kiosk ADD COLUMN role TEXT NOT NULL DEFAULT 'kiosk'
    CHECK (role IN ('kiosk', 'online_filing', 'representative_access'));

CREATE TABLE kiosk_certificate (
    serial      BYTEA PRIMARY KEY,
    kiosk       TEXT NOT NULL REFERENCES kiosk (id),
    spki        BYTEA NOT NULL,
    not_before  BIGINT NOT NULL,
    not_after   BIGINT NOT NULL
);
INSERT INTO kiosk_certificate (serial, kiosk, spki, not_before, not_after)
    SELECT serial, kiosk, spki, not_before, not_after FROM kiosk_key;

CREATE TABLE kiosk_invitation (
    hash        BYTEA PRIMARY KEY,       -- SHA-256 of the code
    number      TEXT NOT NULL,
    lane        TEXT NOT NULL,
    made_at     BIGINT NOT NULL,
    expires_at  BIGINT NOT NULL,
    kiosk       TEXT REFERENCES kiosk (id) -- who used it
)
