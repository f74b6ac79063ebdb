"""Tasks for people: queue, answers, verdicts, deadlines, quality of reviewers."""
