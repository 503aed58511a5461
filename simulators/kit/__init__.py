"""Building blocks of simulators: points, state, drives, valves, loops, instruments, malfunctions."""
