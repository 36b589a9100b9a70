"""What keeps the data when a disk fails or a computer changes: salvage, backup, restore and the way
from SQLite to PostgreSQL and back."""
