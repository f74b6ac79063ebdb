"""From an item to a recorded decision: assess, apply the policy, commit, explain."""
