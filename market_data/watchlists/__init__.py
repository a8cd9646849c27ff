"""Bars of any market for the symbols that people name."""
