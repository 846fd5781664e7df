"""What a user's machine may lack, CI may not."""

import importlib
import os

import pytest


def needs(module: str, extra: str) -> None:
    """Skip the calling test module when `module` is not installed; in CI that is a failure."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        reason = f"{module} is not installed (extra `{extra}`)"
        if os.environ.get("NATURALTRACE_CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason, allow_module_level=True)
