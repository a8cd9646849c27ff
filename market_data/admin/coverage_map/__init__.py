"""The coverage map: datasets down, days across, and what a cell opens."""
