"""What every feature needs: audit events, idempotency, redaction."""
