"""Windows: a value in this user's Run key. A scheduled task would ask for an administrator."""

import subprocess
import sys

_KEY = r"Software\Microsoft\Windows\CurrentVersion\Run"
_NAME = "NaturalTrace"

if sys.platform == "win32":
    import winreg

    class RunKey:
        def enabled(self) -> bool:
            try:
                with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _KEY) as key:
                    winreg.QueryValueEx(key, _NAME)
            except OSError:
                return False
            return True

        def enable(self, command: list[str]) -> None:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _KEY) as key:
                winreg.SetValueEx(key, _NAME, 0, winreg.REG_SZ, subprocess.list2cmdline(command))

        def disable(self) -> None:
            with winreg.CreateKey(winreg.HKEY_CURRENT_USER, _KEY) as key:
                try:
                    winreg.DeleteValue(key, _NAME)
                except FileNotFoundError:
                    return
