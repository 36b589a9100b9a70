"""The longer steps of :mod:`app.db.migrations`, and what they need of earlier versions."""
