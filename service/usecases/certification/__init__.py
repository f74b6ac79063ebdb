"""From labels to certificates, and the watch over what they promise."""
