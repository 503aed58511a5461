"""OPC UA: values that the server sends."""
