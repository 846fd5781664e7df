"""What a user's machine may lack, CI may not."""

import importlib
import os
import shutil
from typing import NoReturn

import pytest


def needs(module: str, extra: str) -> None:
    """Skip the calling test (or test module) when `module` is not installed; in CI that is a failure."""
    try:
        importlib.import_module(module)
    except ModuleNotFoundError:
        lacking(f"{module} is not installed (extra `{extra}`)")


def needs_program(name: str) -> str:
    """The program's path; without it the calling test is skipped, and in CI fails."""
    return shutil.which(name) or lacking(f"{name} is not installed")


def lacking(reason: str) -> NoReturn:
    """Skip the calling test for this reason; in CI, fail."""
    if os.environ.get("NATURALTRACE_CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason, allow_module_level=True)
