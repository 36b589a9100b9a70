"""When invites may leave: a start time that a person gives, and quiet hours."""
