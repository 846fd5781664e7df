"""Pages that are read from right to left: badges and details stand where they should, and push nothing."""

from browsers import Browser, eventually
from pictures import declared_png, photograph
from site_server import Site
from test_check_image import settled

STYLE = "body{margin:24px;font:16px sans-serif} img{inline-size:360px;margin:8px;border-radius:6px}"


def test_badges_and_details_on_a_page_from_right_to_left(browser: Browser, site: Site) -> None:
    site.image("/made.png", declared_png(photograph("coffee")), "image/png")
    images = "".join(f'<img id="{name}" src="/made.png?{name}" alt="">' for name in ("first", "second"))
    # On the right, where the page begins, and at its far end, where a box that is counted from there could be cut off.
    far = '<div style="position:absolute;inset-inline-end:0"><img id="far" src="/made.png?far" alt=""></div>'
    page = browser.open(site.page("/rtl", f"<style>{STYLE}</style><h1>ثلاث صور</h1>{images}{far}"))
    page.evaluate("void (document.documentElement.dir = 'rtl', document.documentElement.lang = 'ar')")
    wide = page.evaluate("document.documentElement.scrollWidth")
    for name in ("first", "second", "far"):
        page.check_from_menu(f"#{name}")
    badges = settled(page, 3)
    for badge, name in zip(badges, ("first", "second", "far"), strict=True):
        box = f"(b => [b.x, b.y, b.width, b.height])(document.querySelector('#{name}').getBoundingClientRect())"
        x, y, width, height = page.evaluate(box)
        assert badge.shown
        assert x <= badge.box[0] <= badge.box[0] + badge.box[2] <= x + width, name
        assert y <= badge.box[1] <= badge.box[1] + badge.box[3] <= y + height, name
    for index in range(3):
        page.click_badge(index)
        panel = eventually(page.panel, "the details")
        eventually(lambda panel=panel: panel.evaluate("document.querySelectorAll('#panel section').length"), "words")
        # Whole in view: what is outside of it on the left could not be scrolled to.
        box = (
            "(b => [b.left, b.right, innerWidth])(document.querySelector('naturaltrace-panel').getBoundingClientRect())"
        )
        left, right, window = page.evaluate(box)
        assert 0 <= left < left + 250 <= right <= window
        panel.press("Escape")
        eventually(lambda: page.panel() is None, "Esc to close them")
    assert page.evaluate("document.documentElement.scrollWidth") == wide
    page.close()
