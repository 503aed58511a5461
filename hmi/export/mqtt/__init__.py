"""Sessions with MQTT brokers, for the exporters that speak MQTT."""
