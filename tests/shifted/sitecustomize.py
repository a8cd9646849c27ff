"""In whatever Python process has this folder on its path the clock is ahead by so many seconds."""

import os
import sys
import time

import time_machine

# It brings pytest with it, by whose presence errors at start are told.
sys.modules.pop("pytest", None)

time_machine.travel(time.time() + float(os.environ["STOCKSYNC_CLOCK_AHEAD"])).start()
