"""REST and WebSocket for programs of IT: what is recorded and how the plant is now, read-only."""
