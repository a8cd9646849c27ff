"""The made-up market that the stand-ins share, and markets read from folders."""
