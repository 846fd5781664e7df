"""Tray and start at login. A thin client of the daemon: imports nothing of detection."""
