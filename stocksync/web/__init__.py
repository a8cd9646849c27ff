"""What every web request passes: its bounds, its errors, who it comes from."""
