"""Security events, alarms and the audit trail to a collector of logs (RFC 5424)."""
