"""Notices: what people want to hear of without watching, such as the end of a batch."""
