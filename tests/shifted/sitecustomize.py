"""In whatever Python process has this folder on its path the clock is ahead by so many seconds."""

import os
import time

import time_machine

time_machine.travel(time.time() + float(os.environ["STOCKSYNC_CLOCK_AHEAD"])).start()
