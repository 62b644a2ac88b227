-- Times are milliseconds since 1970, UTC. "blind" columns are HMACs, "sealed" columns AES-256-GCM (src/secrets.rs).

CREATE TABLE kiosk (
    id              TEXT PRIMARY KEY,
    number          TEXT NOT NULL UNIQUE,
    lane            TEXT NOT NULL,
    added_at        INTEGER NOT NULL,
    revoked_at      INTEGER,
    quarantined_at  INTEGER,
    last_seen       INTEGER,
    heartbeat       TEXT                -- the last one as JSON: device health, journal head, version
) STRICT;

CREATE TABLE kiosk_key (
    kiosk       TEXT NOT NULL REFERENCES kiosk (id),
    spki        BLOB NOT NULL,          -- SHA-256 of the SubjectPublicKeyInfo: the pin
    public_key  BLOB NOT NULL,          -- the uncompressed point, kept for old signatures
    serial      BLOB NOT NULL,
    not_before  INTEGER NOT NULL,
    not_after   INTEGER NOT NULL,
    ended_at    INTEGER,
    PRIMARY KEY (kiosk, spki)
) STRICT;

CREATE TABLE account (
    id             TEXT PRIMARY KEY,
    name           BLOB NOT NULL,       -- sealed
    birth_date     BLOB NOT NULL,       -- sealed
    record_status  TEXT NOT NULL CHECK (record_status IN ('clear', 'refer')),
    made_at        INTEGER NOT NULL
) STRICT;

CREATE TABLE identifier (
    blind    BLOB PRIMARY KEY,
    account  TEXT NOT NULL REFERENCES account (id),
    type     TEXT NOT NULL,
    sealed   BLOB NOT NULL
) STRICT;

CREATE TABLE document (
    blind        BLOB PRIMARY KEY,      -- of issuer, type, number
    account      TEXT NOT NULL REFERENCES account (id),
    type         TEXT NOT NULL,
    sealed       BLOB NOT NULL,         -- JSON: number, expiry, card number
    status       TEXT NOT NULL          -- JSON: as recorded; it may have expired since
) STRICT;
CREATE INDEX document_account ON document (account);

CREATE TABLE code (
    id          TEXT PRIMARY KEY,
    account     TEXT NOT NULL REFERENCES account (id),
    identifier  BLOB NOT NULL REFERENCES identifier (blind),
    alg         TEXT NOT NULL,
    kid         INTEGER NOT NULL,
    salt        BLOB NOT NULL,
    nonce       BLOB NOT NULL,
    tag         BLOB NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('active', 'used', 'replaced', 'revoked', 'disabled')),
    version     INTEGER NOT NULL,
    made_at     INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    ended_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX code_one_active ON code (identifier) WHERE state = 'active';
CREATE INDEX code_newest ON code (identifier, made_at);

CREATE TABLE throttle (
    identifier    BLOB PRIMARY KEY,     -- blind, also of identifiers that do not exist
    n             INTEGER NOT NULL,
    locked_until  INTEGER NOT NULL,
    last_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE pin_throttle (
    subject       BLOB PRIMARY KEY,     -- blind of a badge or of a kiosk
    n             INTEGER NOT NULL,
    locked_until  INTEGER NOT NULL,
    last_at       INTEGER NOT NULL
) STRICT;

CREATE TABLE rate (
    subject  TEXT PRIMARY KEY,
    arrival  INTEGER NOT NULL           -- microseconds since 1970
) STRICT;

CREATE TABLE failing_identifier (
    kiosk    TEXT NOT NULL,
    subject  BLOB NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (kiosk, subject)
) STRICT;

CREATE TABLE put (
    kiosk     TEXT NOT NULL,
    scope     TEXT NOT NULL,            -- 'request', 'referral', 'closed': one id may be used once in each
    id        TEXT NOT NULL,
    kind      TEXT NOT NULL,
    body_mac  BLOB NOT NULL,
    owner     BLOB NOT NULL,
    begun_at  INTEGER NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('pending', 'done', 'purged')),
    charge    TEXT,                     -- JSON: how the first commit found code and throttle
    status    INTEGER,
    reply     BLOB,                     -- sealed
    PRIMARY KEY (kiosk, scope, id)
) STRICT;
CREATE INDEX put_age ON put (state, begun_at);

CREATE TABLE verification (
    kiosk       TEXT NOT NULL,
    id          TEXT NOT NULL,
    visit       TEXT NOT NULL,
    identifier  BLOB NOT NULL,
    code        TEXT,                   -- the code that was used up, if any
    result      TEXT NOT NULL CHECK (result IN ('verified', 'not_verified')),
    purpose     TEXT NOT NULL,
    at          INTEGER NOT NULL,
    audit_seq   INTEGER NOT NULL,
    PRIMARY KEY (kiosk, id)
) STRICT;
CREATE UNIQUE INDEX verification_once ON verification (code) WHERE code IS NOT NULL;

CREATE TABLE inspection (
    kiosk            TEXT NOT NULL,
    id               TEXT NOT NULL,
    visit            TEXT NOT NULL,
    record           TEXT NOT NULL,
    document_status  TEXT NOT NULL,
    mismatch         TEXT NOT NULL,     -- JSON
    at               INTEGER NOT NULL,
    audit_seq        INTEGER NOT NULL,
    PRIMARY KEY (kiosk, id)
) STRICT;
CREATE INDEX inspection_visit ON inspection (visit, at);

CREATE TABLE referral (
    visit      TEXT PRIMARY KEY,
    kiosk      TEXT NOT NULL,
    reference  TEXT NOT NULL UNIQUE,
    sealed     BLOB NOT NULL,           -- the request as JSON
    stored_at  INTEGER NOT NULL
) STRICT;

CREATE TABLE referral_opening (
    visit    TEXT NOT NULL,
    session  BLOB NOT NULL,
    kiosk    TEXT NOT NULL,
    at       INTEGER NOT NULL,
    PRIMARY KEY (visit, session)
) STRICT;

CREATE TABLE officer (
    id           TEXT PRIMARY KEY,      -- the pseudonym
    badge        BLOB NOT NULL UNIQUE,  -- blind
    kid          INTEGER NOT NULL,
    salt         BLOB NOT NULL,
    nonce        BLOB NOT NULL,
    tag          BLOB NOT NULL,
    added_at     INTEGER NOT NULL,
    disabled_at  INTEGER
) STRICT;

CREATE TABLE officer_session (
    hash       BLOB PRIMARY KEY,        -- SHA-256 of the session
    officer    TEXT NOT NULL REFERENCES officer (id),
    kiosk      TEXT NOT NULL,
    begun_at   INTEGER NOT NULL,
    last_used  INTEGER NOT NULL,
    ended_at   INTEGER
) STRICT;
CREATE INDEX officer_session_at ON officer_session (officer, kiosk, begun_at);

CREATE TABLE override (
    kiosk        TEXT NOT NULL,
    id           TEXT NOT NULL,
    visit        TEXT NOT NULL,
    officer      TEXT,
    reason       TEXT NOT NULL,
    decided_at   INTEGER NOT NULL,
    received_at  INTEGER NOT NULL,
    flags        TEXT NOT NULL,         -- JSON: why a person must look at it
    sealed       BLOB NOT NULL,         -- the body as signed
    signature    TEXT NOT NULL,         -- the header
    audit_seq    INTEGER NOT NULL,
    PRIMARY KEY (kiosk, id)
) STRICT;

CREATE TABLE assistance (
    kiosk  TEXT NOT NULL,
    at     INTEGER NOT NULL,
    lane   TEXT NOT NULL,
    visit  TEXT
) STRICT;

CREATE TABLE technician (
    id          TEXT PRIMARY KEY,
    name        BLOB NOT NULL,          -- sealed
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    revoked_at  INTEGER
) STRICT;

CREATE TABLE audit (
    seq      INTEGER PRIMARY KEY,
    at       INTEGER NOT NULL,
    actor    TEXT NOT NULL,
    event    TEXT NOT NULL,
    subject  TEXT NOT NULL,
    detail   TEXT NOT NULL,             -- JSON
    hash     BLOB NOT NULL              -- HMAC over the previous hash and this row
) STRICT;

-- One row: where the audit log ends and where it was last purged, so that cutting it is seen.
CREATE TABLE audit_head (
    one         INTEGER PRIMARY KEY CHECK (one = 1),
    seq         INTEGER NOT NULL,
    hash        BLOB NOT NULL,
    first_seq   INTEGER NOT NULL,       -- of the oldest row kept
    first_prev  BLOB NOT NULL           -- the hash before it
) STRICT;
INSERT INTO audit_head VALUES (1, 0, zeroblob(32), 1, zeroblob(32));
