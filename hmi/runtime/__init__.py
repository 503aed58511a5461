"""Starts and stops the services in order, hands values on, and serves the API."""

from hmi.runtime._api import Api
from hmi.runtime._data import DataFolder
from hmi.runtime._export_watch import export_watch
from hmi.runtime._fanout import EventLane, EveryLane, LatestLane
from hmi.runtime._heartbeat import Heartbeats
from hmi.runtime._history_folder import HISTORY_FOLDER, HistoryFolder, newest_archive
from hmi.runtime._live import LiveHub
from hmi.runtime._past_plants import plant_of_revision
from hmi.runtime._people import local_principal
from hmi.runtime._plant_info import plant_info
from hmi.runtime._reload_api import revision_as_json
from hmi.runtime._remote import Remote
from hmi.runtime._revisions import Kept, files_of, keep_revision, kept_revision, kept_revisions, short_name
from hmi.runtime._rollback import RollbackRefused, RolledBack, roll_back
from hmi.runtime._runtime import Runtime, Services
from hmi.runtime._server import api_server, check_listen
from hmi.runtime._simulator import EndpointsFile, SimulatorLink
from hmi.runtime._verbs import Verb, openapi, route, verbs_table

__all__ = [
    "HISTORY_FOLDER",
    "Api",
    "DataFolder",
    "EndpointsFile",
    "EventLane",
    "EveryLane",
    "Heartbeats",
    "HistoryFolder",
    "Kept",
    "LatestLane",
    "LiveHub",
    "Remote",
    "RollbackRefused",
    "RolledBack",
    "Runtime",
    "Services",
    "SimulatorLink",
    "Verb",
    "api_server",
    "check_listen",
    "export_watch",
    "files_of",
    "keep_revision",
    "kept_revision",
    "kept_revisions",
    "local_principal",
    "newest_archive",
    "openapi",
    "plant_info",
    "plant_of_revision",
    "revision_as_json",
    "roll_back",
    "route",
    "short_name",
    "verbs_table",
]
