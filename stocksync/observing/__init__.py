"""What machines ask this installation: whether it lives, whether it works, and its figures."""
