-- A merchant in a region, with totals, so that no query counts rows.
CREATE TABLE accounts (
    id INTEGER PRIMARY KEY, merchant TEXT NOT NULL, region TEXT NOT NULL, endpoint TEXT NOT NULL,
    files_uploaded INTEGER NOT NULL DEFAULT 0, files_refused INTEGER NOT NULL DEFAULT 0,
    files_failed INTEGER NOT NULL DEFAULT 0,
    pictures INTEGER NOT NULL DEFAULT 0, last INTEGER, -- uploaded contents, and the time of the last
    UNIQUE (merchant, region)
) STRICT;
-- The outcomes of bytes. Times are seconds since 1970, UTC.
CREATE TABLE contents (
    account INTEGER NOT NULL REFERENCES accounts, md5 BLOB NOT NULL, bytes INTEGER NOT NULL,
    outcome INTEGER NOT NULL,              -- 1 uploaded, 2 refused
    at INTEGER NOT NULL, media_id TEXT, attempts INTEGER, endpoint TEXT, -- NULL: the account's
    kind TEXT, code TEXT, message TEXT, advice TEXT,
    PRIMARY KEY (account, md5, bytes)
) STRICT, WITHOUT ROWID;
-- The bytes of a file, as long as its size, time and inode stay the same.
CREATE TABLE paths (
    account INTEGER NOT NULL REFERENCES accounts,
    path ANY NOT NULL,                     -- absolute; a blob where it is not UTF-8
    bytes INTEGER, mtime INTEGER,          -- milliseconds; NULL if the file was too new
    inode INTEGER, md5 BLOB,               -- with `bytes` the content
    outcome INTEGER NOT NULL,              -- 1 uploaded, 2 refused, 3 failed: to be tried again
    at INTEGER, kind TEXT, code TEXT, message TEXT, advice TEXT, -- NULL: the content's
    PRIMARY KEY (account, path)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER path_added AFTER INSERT ON paths BEGIN
    UPDATE accounts SET files_uploaded = files_uploaded + (NEW.outcome = 1),
        files_refused = files_refused + (NEW.outcome = 2), files_failed = files_failed + (NEW.outcome = 3)
    WHERE id = NEW.account;
END;
CREATE TRIGGER path_removed AFTER DELETE ON paths BEGIN
    UPDATE accounts SET files_uploaded = files_uploaded - (OLD.outcome = 1),
        files_refused = files_refused - (OLD.outcome = 2), files_failed = files_failed - (OLD.outcome = 3)
    WHERE id = OLD.account;
END;
CREATE TRIGGER path_changed AFTER UPDATE ON paths WHEN OLD.outcome <> NEW.outcome BEGIN
    UPDATE accounts SET files_uploaded = files_uploaded + (NEW.outcome = 1) - (OLD.outcome = 1),
        files_refused = files_refused + (NEW.outcome = 2) - (OLD.outcome = 2),
        files_failed = files_failed + (NEW.outcome = 3) - (OLD.outcome = 3)
    WHERE id = NEW.account;
END;
CREATE TRIGGER content_added AFTER INSERT ON contents WHEN NEW.outcome = 1 BEGIN
    UPDATE accounts SET pictures = pictures + 1, last = NEW.at WHERE id = NEW.account;
END;
CREATE TRIGGER content_removed AFTER DELETE ON contents WHEN OLD.outcome = 1 BEGIN
    UPDATE accounts SET pictures = pictures - 1 WHERE id = OLD.account;
END;
-- A refusal can become an upload, but not the other way round.
CREATE TRIGGER content_changed AFTER UPDATE ON contents WHEN NEW.outcome = 1 BEGIN
    UPDATE accounts SET pictures = pictures + (OLD.outcome = 2), last = NEW.at WHERE id = NEW.account;
    UPDATE paths SET outcome = 1 WHERE OLD.outcome = 2 AND account = NEW.account
        AND md5 = NEW.md5 AND bytes = NEW.bytes AND kind IS NULL;
END;
-- Every file with its outcome, for people and for the export.
CREATE VIEW files AS SELECT path, merchant, region,
    CASE paths.outcome WHEN 1 THEN 'uploaded' WHEN 2 THEN 'refused' ELSE 'failed' END AS outcome,
    media_id, nullif(lower(hex(paths.md5)), '') AS media_hash, paths.bytes,
    strftime('%Y-%m-%dT%H:%M:%SZ', iif(paths.outcome = 1, contents.at, NULL), 'unixepoch') AS uploaded_at,
    attempts, coalesce(contents.endpoint, accounts.endpoint) AS endpoint,
    coalesce(paths.kind, contents.kind) AS error_kind,
    iif(paths.kind IS NULL, contents.code, paths.code) AS error_code,
    coalesce(paths.message, contents.message) AS error_message,
    coalesce(paths.advice, contents.advice) AS error_advice,
    paths.account, mtime, inode, coalesce(paths.at, contents.at) AS at
FROM paths JOIN accounts ON accounts.id = paths.account
LEFT JOIN contents ON paths.kind IS NULL AND contents.account = paths.account
    AND contents.md5 = paths.md5 AND contents.bytes = paths.bytes
-- Bytes are forgotten before their files; files without bytes are not shown.
WHERE paths.kind IS NOT NULL OR contents.outcome IS NOT NULL;
