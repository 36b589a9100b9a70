"""Pictures of every screen: a test compares them, and the documentation shows some of them."""
