"""What the database holds beside tables: triggers that note changes, views for people."""
