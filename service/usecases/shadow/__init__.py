"""A candidate policy judges beside the one in force, without effect."""
