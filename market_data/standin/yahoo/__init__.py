"""A stand-in for Yahoo."""
