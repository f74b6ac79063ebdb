"""What a gate does and would do: reports, charts, replays of recorded decisions."""
