"""The decision science of thresholds: what they prove, how they move, when to distrust them."""
