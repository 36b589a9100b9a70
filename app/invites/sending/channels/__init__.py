"""The ways out for invites: one module for each, and a registry that knows all of them."""
