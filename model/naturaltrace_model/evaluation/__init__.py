"""Measuring: conditions, metrics, protocols, reports."""
