"""The demonstration: comments go through a Dify workflow, people decide, branches resume."""
