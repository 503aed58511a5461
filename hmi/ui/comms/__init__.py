"""The page of connections: state, figures, errors, messages on the wire, a test of one point."""
