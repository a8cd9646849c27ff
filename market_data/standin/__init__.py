"""Stand-ins for the sources, from local data. Import no Django."""
