"""The windows of one station: several on several monitors, full screen, kiosk, one look for all."""
