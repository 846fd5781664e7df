"""Tests of where, who, why."""
