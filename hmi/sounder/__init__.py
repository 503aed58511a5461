"""The process that plays the alarm tones: no Qt, beside the station, so that a hung window silences nothing."""

from hmi.sounder._run import SounderOptions, run_sounder
from hmi.sounder._tones import generate, stale

__all__ = ["SounderOptions", "generate", "run_sounder", "stale"]
