"""The edge: HTTP API, reviewers' pages, probes. Validates what comes in; holds no rules."""
