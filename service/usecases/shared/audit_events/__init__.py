"""What each event puts into the audit trail: enough to explain it a year later."""
