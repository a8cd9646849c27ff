#!/usr/bin/env python
"""Run stocksync's commands: `python manage.py help` lists them."""

from stocksync.command import main

if __name__ == "__main__":
    main()
