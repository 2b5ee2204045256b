"""Who may call what: scopes, keys, sessions, limits, the audit log, and the guard before the application."""
