"""`python -m naturaltrace` is `naturaltrace`; and what a daemon starts to read files in is this program too."""

import sys


def main() -> int:
    if sys.argv[1:2] == ["read-files"]:
        from naturaltrace.sandbox.child import main as read_files  # loads as little as it can

        return read_files(sys.argv[2:])
    from naturaltrace.cli import main as command_line

    return command_line()


if __name__ == "__main__":
    sys.exit(main())
