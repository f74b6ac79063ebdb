"""Builds the plugin package that Dify installs, and checks what Dify's own tools would refuse."""
