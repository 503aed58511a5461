"""Tells people outside of the control room of alarms: mail and webhooks, from the journal, at least once."""

from hmi.notify._channels import DeliveryError, Sent, deliver
from hmi.notify._message import Message, alarm_message, test_message
from hmi.notify._rules import may_send
from hmi.notify._service import Notifier
from hmi.security.secrets import Secrets

__all__ = [
    "DeliveryError",
    "Message",
    "Notifier",
    "Secrets",
    "Sent",
    "alarm_message",
    "deliver",
    "may_send",
    "test_message",
]
