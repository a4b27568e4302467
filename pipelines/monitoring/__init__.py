"""Watching a release after it was made: whether those leave whom it expects to, and whether accounts have changed."""
