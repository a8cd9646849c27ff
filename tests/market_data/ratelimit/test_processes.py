"""Processes that share an account, in every store, as the server sees them.

The margin is wider than in production: with windows this short, a busy machine delays calls by more.
"""

import pytest

from tests.market_data.ratelimit.counting import CountingServer, Sender, busiest, send_from


@pytest.mark.parametrize(("processes", "calls"), [(2, 45), (4, 20)])
def test_processes_together_never_exceed_the_limit(environment, processes, calls):
    arrivals = send_from(environment, processes, calls, limit=30, window=0.6, margin=0.15)

    assert len(arrivals) == processes * calls
    assert busiest(arrivals, 0.6) <= 30


def test_calls_of_a_killed_process_still_count(environment):
    with CountingServer() as server:
        arguments = ["send", server.port, 10, 10, 1.0, 0.15]
        with Sender(environment, *arguments) as first, Sender(environment, *arguments) as second:
            first.hear("ready")
            second.hear("ready")
            first.go()
            first.hear("done")
            first.process.kill()
            second.go()
            second.hear("done")

    assert len(server.arrivals) == 20
    assert busiest(server.arrivals, 1.0) == 10


def test_a_process_killed_while_it_holds_the_state_blocks_nobody(environment):
    with CountingServer() as server, Sender(environment, "stall") as stalled:
        stalled.hear("inside")
        stalled.process.kill()
        stalled.process.wait()
        with Sender(environment, "send", server.port, 3, 10, 1.0, 0.15) as sender:
            sender.hear("ready")
            sender.go()
            sender.hear("done")

    assert len(server.arrivals) == 3
