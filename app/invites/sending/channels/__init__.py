"""The channels for invites: one module for each, and a registry of all."""
