"""What has been labelled, counted and exported."""
