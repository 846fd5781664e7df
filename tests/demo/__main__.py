"""`python -m tests.demo` (what `make demo` runs): companion, feed, browser, badges, and a table of the verdicts.

With a screen the window stays open until it is closed. Without one the same runs headless and leaves a screenshot.
Without a browser the pictures are judged by `naturaltrace check`. Exit status: 0 when every picture has a verdict.
"""

import argparse
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from PIL import Image

from tests.demo.badges import pair, read_badges, start
from tests.demo.companion import Companion
from tests.demo.failed import DemoFailed
from tests.demo.feed import PAGE, image_names, serve_feed
from tests.demo.table import Row, check_files, show
from tests.demo.windows import has_screen, open_window
from tests.e2e.browsers import BROWSERS, Browser, Page
from tests.e2e.browsers.page import Scheme


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        rows = _run(options)
    except DemoFailed as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    except Exception as error:  # a browser that was closed half-way, a deadline of its driver
        record: Path = options.data_dir / "demo.log"
        record.write_text(traceback.format_exc(), encoding="utf-8")
        first_line = next(iter(str(error).splitlines()), type(error).__name__)
        print(f"\nThe demo gave up: {first_line}\nMore in {record}", file=sys.stderr)
        return 1
    return 0 if all(row.judged for row in rows) else 1


def _run(options: argparse.Namespace) -> list[Row]:
    data_dir: Path = options.data_dir
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DemoFailed(f"The folder {data_dir} cannot be used: {error.strerror}") from error
    if options.browser == "none":
        return _without_browser(data_dir)
    names = BROWSERS if options.browser == "any" else [options.browser]
    try:
        browser, window = open_window(names, headless=options.headless or not has_screen())
    except DemoFailed as missing:
        if options.browser != "any":
            raise
        print(f"No browser to show it in ({missing}).")
        print("Install Chromium or Firefox and run it again. Until then, the same pictures by `naturaltrace check`:\n")
        return _without_browser(data_dir)
    with browser:
        return _in_browser(browser, options, window)


def _in_browser(browser: Browser, options: argparse.Namespace, window: bool) -> list[Row]:
    browser.set_scheme(options.scheme)
    browser.resize(1280, 1000)
    with Companion(options.data_dir) as companion, serve_feed() as address:
        ready = companion.wait_ready()
        print(f"The companion listens on 127.0.0.1:{ready.port}; the feed is at {address}")
        pair(browser, ready)
        print(f"{browser.name.capitalize()} is paired. Checking the pictures …\n", flush=True)
        page = browser.open(address)
        start(browser, address)
        rows = list(read_badges(page, image_names()))
        page.evaluate("scrollTo(0, 0)")
        print(show(rows), flush=True)
        if window:
            print(
                "\nThe window is yours: click a badge to see why. Closing it, or Ctrl+C here, ends the demo.",
                flush=True,
            )
            browser.wait_closed()
        else:
            _keep_screenshot(page, options.screenshot)
            print(f"\nA screenshot of the page with its badges: {options.screenshot}")
    return rows


def _keep_screenshot(page: Page, path: Path) -> None:
    """A PNG, or what another suffix (.webp, .jpg) says: the README's pictures should be small."""
    path.parent.mkdir(parents=True, exist_ok=True)
    original = path.with_suffix(".png")
    page.screenshot(original)
    if path != original:
        with Image.open(original) as image:
            image.convert("RGB").save(path, quality=88)
        original.unlink()


def _without_browser(data_dir: Path) -> list[Row]:
    rows = check_files([PAGE / "images" / name for name in image_names()], data_dir)
    print(show(rows))
    return rows


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description="Shows Natural Trace on a sample feed.")
    parser.add_argument("--browser", choices=["any", *BROWSERS, "none"], default="any")
    parser.add_argument("--headless", action="store_true", help="no window, even where there is a screen")
    parser.add_argument("--scheme", choices=get_args(Scheme), default="light", help="the page's colours when headless")
    parser.add_argument("--screenshot", type=Path, default=Path(".demo/feed.png"), metavar="FILE")
    parser.add_argument("--data-dir", type=Path, default=Path(".demo"), metavar="DIR", help="the demo's own profile")
    return parser


if __name__ == "__main__":
    sys.exit(main())
