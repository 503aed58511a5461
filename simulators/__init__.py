"""Simulated plants on real sockets; started as a subprocess, imports nothing of the product."""
