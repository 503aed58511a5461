"""A server for IT: the plant as it is now, over OPC UA."""
