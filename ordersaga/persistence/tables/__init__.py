"""All tables of the database, by noun; importing this package fills `metadata`."""
