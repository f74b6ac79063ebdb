"""The decision science of confidence: from signals to a raw score, from raw to calibrated."""
