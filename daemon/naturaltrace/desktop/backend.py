"""Loading pystray in a way that gets a menu wherever this desktop has one.

pystray needs GObject introspection for menus on Linux. That is a package of the distribution, which a virtual
environment does not see, and pystray gives up at the first back end that raises anything but ImportError.
"""

import importlib
import importlib.util
import os
import sys
import sysconfig
from pathlib import Path
from typing import Any

_SYSTEM_PACKAGES = (Path("/usr/lib/python3/dist-packages"), Path("/usr/lib64/python3/site-packages"))


class NoTray(Exception):  # noqa: N818 (it reads as what it says)
    """This desktop shows no tray icon with a menu; str(error) says why, in words for people."""


def load() -> Any:
    """pystray, if it can show a menu here. Raises NoTray."""
    _lend_gi()
    try:
        pystray = _import()
    except ModuleNotFoundError as error:
        if error.name == "pystray":
            raise NoTray("it is optional, and its package pystray is not installed") from error
        raise NoTray(f"a part of it is missing ({error.name})") from error
    except Exception as error:  # Xlib and gi raise errors of their own
        raise NoTray(_reason(error)) from error
    if not pystray.Icon.HAS_MENU:
        raise NoTray("the tray of this desktop has no menus (on Debian and Ubuntu, install python3-gi gir1.2-gtk-3.0)")
    return pystray


def _import() -> Any:
    try:
        return importlib.import_module("pystray")
    except ValueError:
        # gi is there, the library for app indicators is not.
        if "PYSTRAY_BACKEND" in os.environ:
            raise
        os.environ["PYSTRAY_BACKEND"] = "gtk"
        try:
            return importlib.import_module("pystray")
        finally:
            del os.environ["PYSTRAY_BACKEND"]


def _reason(error: Exception) -> str:
    if type(error).__name__ in ("DisplayNameError", "DisplayConnectionError"):
        return "there is no screen"
    return f"this desktop offers none ({type(error).__name__})"


def _lend_gi() -> None:
    """Let this environment import the distribution's gi, when it was built for this very Python; nothing else."""
    if not sys.platform.startswith("linux") or "gi" in sys.modules or importlib.util.find_spec("gi") is not None:
        return
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    for folder in _SYSTEM_PACKAGES:
        if (folder / "gi" / f"_gi{suffix}").is_file():
            # Only for as long as it takes: other packages of the distribution must not shadow ours.
            sys.path.append(str(folder))
            try:
                importlib.import_module("gi")
            except Exception:
                sys.modules.pop("gi", None)
            finally:
                sys.path.remove(str(folder))
            return
