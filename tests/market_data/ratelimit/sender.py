"""A process that calls a server through the limiter of this installation.

`send PORT CALLS LIMIT WINDOW MARGIN` waits for a line, sends its calls, says done and waits for another line.
`stall` takes the account's state and never gives it back.
"""

import os
import socket
import sys
import time

import django


def main(mode: str, *arguments: str) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "stocksync.settings")
    django.setup()
    from market_data.ratelimit.factory import limiter_for

    limiter = limiter_for(os.environ["TEST_ACCOUNT"])
    if mode == "stall":
        limiter.store.update(limiter.account, lambda state, now: say("inside") or time.sleep(60))
        return
    port, calls, limit = (int(text) for text in arguments[:3])
    window, limiter.margin = (float(text) for text in arguments[3:])
    say("ready")
    sys.stdin.readline()
    send(limiter, port, calls, limit, window)
    say("done")
    sys.stdin.readline()


def send(limiter, port, calls, limit, window) -> None:
    from market_data.ratelimit.budget import Rule

    rules = [Rule("account", limit, window), Rule("api:daily", limit, window)]
    within = window / 4
    while calls:
        grant = limiter.reserve(rules, min(calls, 16), within)
        for send_at in grant.send_at:
            wait(limiter, rules, send_at)
            socket.create_connection(("127.0.0.1", port)).close()
        calls -= len(grant.send_at)
        if not grant.send_at:
            sleep_until(grant.retry_at - within)


def wait(limiter, rules, send_at) -> None:
    sleep_until(send_at)
    while time.monotonic() > send_at + limiter.tolerance(rules):
        send_at = limiter.moved(rules, send_at)
        sleep_until(send_at)


def sleep_until(at) -> None:
    time.sleep(max(0.0, at - time.monotonic()))


def say(word) -> None:
    sys.stdout.write(word + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
