"""What of each dataset is there, what is expected, and what is missing."""
