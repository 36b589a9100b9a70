"""Tests of app.invites.mail."""
