"""Listening: the web server of the runtime and of exports that answer, and how much whoever asks may ask."""

from __future__ import annotations

from hmi.serving._patient import PatientServer, bound_socket
from hmi.serving._rates import Bucket, Buckets, Rate
from hmi.serving._server import ApiServer, server_options

__all__ = ["ApiServer", "Bucket", "Buckets", "PatientServer", "Rate", "bound_socket", "server_options"]
