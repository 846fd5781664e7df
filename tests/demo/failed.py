"""The one error that the demo itself raises."""


class DemoFailed(Exception):  # noqa: N818 (it reads as what it says)
    """A step did not work; str(error) says why, in words for the person at the terminal."""
