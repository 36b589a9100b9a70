"""The keys of the app, as data: one table of verbs, and every action with its verb."""
