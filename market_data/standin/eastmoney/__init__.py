"""A stand-in for the hosts that AkShare reads."""
