"""A port of this machine for a server of a test: chosen as a simulator chooses its own."""

from simulators._ports import free_port as quiet_port

__all__ = ["quiet_port"]
