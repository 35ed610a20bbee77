//! Which SET options and which statements the sandbox knows, and which it refuses.

/// Options that may be on or off without an effect on what the sandbox does.
pub(super) const SWITCHES_IGNORED: &[&str] = &[
    "ANSI_DEFAULTS",
    "ANSI_NULLS",
    "ANSI_NULL_DFLT_OFF",
    "ANSI_NULL_DFLT_ON",
    "ANSI_PADDING",
    "ANSI_WARNINGS",
    "ARITHABORT",
    "ARITHIGNORE",
    "CONCAT_NULL_YIELDS_NULL",
    "CURSOR_CLOSE_ON_COMMIT",
    "FORCEPLAN",
    "NUMERIC_ROUNDABORT",
    "QUOTED_IDENTIFIER",
    "XACT_ABORT",
];

/// Options that the sandbox obeys.
pub(super) const SWITCHES_OBEYED: &[&str] = &["NOCOUNT", "FMTONLY"];

/// Options that would change what statements do: they can be switched off only.
pub(super) const SWITCHES_OFF_ONLY: &[&str] = &[
    "IMPLICIT_TRANSACTIONS",
    "NOEXEC",
    "PARSEONLY",
    "REMOTE_PROC_TRANSACTIONS",
    "SHOWPLAN_ALL",
    "SHOWPLAN_TEXT",
    "SHOWPLAN_XML",
];

/// Options with a value that changes nothing here.
pub(super) const VALUES_IGNORED: &[&str] =
    &["CONTEXT_INFO", "DATEFIRST", "DATEFORMAT", "DEADLOCK_PRIORITY", "LANGUAGE", "LOCK_TIMEOUT", "TEXTSIZE"];

/// Statements of T-SQL that write, define or administer.
pub(super) const REFUSED: &[&str] = &[
    "INSERT",
    "UPDATE",
    "DELETE",
    "MERGE",
    "TRUNCATE",
    "CREATE",
    "ALTER",
    "DROP",
    "GRANT",
    "REVOKE",
    "DENY",
    "BULK",
    "BACKUP",
    "RESTORE",
    "DBCC",
    "KILL",
    "SHUTDOWN",
    "RECONFIGURE",
    "CHECKPOINT",
    "WRITETEXT",
    "UPDATETEXT",
];

/// Statements of T-SQL that only a program needs.
pub(super) const UNSUPPORTED: &[&str] = &[
    "WHILE",
    "GOTO",
    "WAITFOR",
    "RAISERROR",
    "THROW",
    "OPEN",
    "FETCH",
    "CLOSE",
    "DEALLOCATE",
    "READTEXT",
    "BREAK",
    "CONTINUE",
    "REVERT",
    "ENABLE",
    "DISABLE",
    "GO",
];
