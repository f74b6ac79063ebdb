"""Who may do what: sign-in, API keys, and reading the audit trail."""
