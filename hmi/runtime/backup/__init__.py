"""Copies of a data folder that can be proven and put back (CR 7.3, CR 7.4); works beside a runtime that runs."""

from __future__ import annotations

from hmi.runtime.backup._make import BackupJob, make_backup
from hmi.runtime.backup._manifest import Manifest, read_manifest
from hmi.runtime.backup._restore import BackupRefused, RestoreJob, restore_backup
from hmi.runtime.backup._verify import Proof, verify_backup

__all__ = [
    "BackupJob",
    "BackupRefused",
    "Manifest",
    "Proof",
    "RestoreJob",
    "make_backup",
    "read_manifest",
    "restore_backup",
    "verify_backup",
]
