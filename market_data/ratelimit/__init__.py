"""One budget of calls for each account, whatever number of threads, processes and hosts spend it.

`rules` says what an account may do, `budget` works out when a call may go, a store keeps what was promised,
`limiter` is what callers hold, `factory` makes one. Why it is our own: docs/decisions/rate-limiter.md.
"""
