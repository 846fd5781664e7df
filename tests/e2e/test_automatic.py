"""Automatic badges: a feed that grows, in both browsers."""

import threading
from collections.abc import Generator

import pytest
from automatic import API, levels, on_its_corner, open_popup, put_feed, turn_all_off, turn_on
from browsers import Browser, Page, eventually
from site_server import Reply, Site


@pytest.fixture
def open_feed(browser: Browser, site: Site) -> Generator[Page]:
    page = browser.open(put_feed(site))
    page.evaluate("add(4, n => n % 2 ? '/made.png' : '/photo.jpg')")
    turn_on(browser, page)
    yield page
    page.close()
    turn_all_off(browser)


def test_images_in_view_get_badges_and_avatars_do_not(site: Site, open_feed: Page) -> None:
    eventually(lambda: levels(open_feed).count("ai") >= 1 and len(levels(open_feed)) >= 2, "badges in view")
    assert "checking" not in levels(open_feed)
    assert "problem" not in levels(open_feed)
    # The page itself asked for the avatar, once for all posts; nobody asked for it again.
    assert len([a for a in site.requests_for("/avatar.jpg") if not is_page_request(a.headers)]) == 0


def is_page_request(headers: dict[str, str]) -> bool:
    return headers.get("sec-fetch-dest") == "image"


def test_a_picture_that_stands_there_twice_is_fetched_once(site: Site, open_feed: Page) -> None:
    open_feed.evaluate("add(6, () => '/made.png?same')")
    open_feed.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    eventually(lambda: levels(open_feed).count("ai") >= 3, "badges on the new posts")
    ours = [a for a in site.requests_for("/made.png") if not is_page_request(a.headers)]
    assert len(ours) <= 2, ours


def test_what_is_added_is_found_and_what_is_removed_is_forgotten(open_feed: Page) -> None:
    eventually(lambda: levels(open_feed), "the first badges")
    open_feed.evaluate("(main.replaceChildren(), add(1, () => '/made.png?later'))")
    eventually(lambda: levels(open_feed) == ["ai"], "one badge, on the new post")
    open_feed.evaluate("void main.replaceChildren()")
    eventually(lambda: open_feed.evaluate("document.querySelectorAll('naturaltrace-badge').length") == 0, "no badge")


def test_a_page_that_only_pretends_to_be_another_is_followed(open_feed: Page) -> None:
    """Single-page navigation: the address changes and the content with it, but nothing is loaded."""
    eventually(lambda: levels(open_feed), "the first badges")
    open_feed.evaluate(
        "(history.pushState({}, '', '/photo/1'), main.replaceChildren(), add(1, () => '/made.png?lone'))"
    )
    eventually(lambda: levels(open_feed) == ["ai"], "the new view's badge")
    open_feed.evaluate("(history.back(), main.replaceChildren(), add(2, n => '/made.png?again' + n))")
    eventually(lambda: "ai" in levels(open_feed), "the old view's badges")
    assert len(levels(open_feed)) <= 2


def test_other_kinds_of_images_are_found(open_feed: Page) -> None:
    open_feed.evaluate(
        """(() => {
        main.innerHTML = `
          <article><div id="inline" class="back" style="background-image: url(/made.png?inline)"></div></article>
          <article><picture><source srcset="/made.png?picture"><img id="picture" src="/photo.jpg"></picture></article>
          <article><video id="poster" poster="/made.png?poster" width="400" height="300"></video></article>
          <article><svg width="400" height="300"><image href="/made.png?svg" width="400" height="300"/></svg></article>
          <article><div id="root" style="width:400px"></div></article>`;
        const root = document.querySelector('#root').attachShadow({mode: 'open'});
        root.innerHTML = '<img src="/made.png?shadow" width="400" height="300">';
        const sheet = new CSSStyleSheet();
        sheet.replaceSync('.sheet { background: linear-gradient(#0000, #0000), url("/made.png?sheet") }');
        document.adoptedStyleSheets = [sheet];
        main.insertAdjacentHTML('beforeend', '<article><div class="back sheet"></div></article>');
        document.querySelectorAll('article').forEach(a => { a.style.height = '320px' });
        })()"""
    )
    for index in range(6):
        open_feed.evaluate(f"main.children[{index}].scrollIntoView({{block: 'center'}})")
        eventually(lambda at=index: levels(open_feed).count("ai") > at, f"a badge on image {index + 1} of 6")
    assert levels(open_feed) == ["ai"] * 6


def test_a_badge_hides_under_a_bar_that_stays(open_feed: Page) -> None:
    eventually(lambda: open_feed.badges(), "a badge")
    top = "document.querySelector('.picture').getBoundingClientRect().top + scrollY"
    open_feed.evaluate(f"window.scrollTo(0, {top} - 30)")
    eventually(lambda: not min(open_feed.badges(), key=lambda b: b.box[1]).shown, "the first badge to hide")
    open_feed.evaluate("window.scrollTo(0, 0)")
    eventually(lambda: min(open_feed.badges(), key=lambda b: b.box[1]).shown, "the first badge to come back")


def test_what_is_moved_by_transforms_has_its_badge_to_itself(feed: Page) -> None:
    """As on X. Firefox anchors to where an image would be without its transform: where the first one is."""
    feed.evaluate(
        """(() => {
        main.style.position = 'relative';
        add(2, n => "/made.png?moved" + n);
        for (const [n, post] of [...main.children].entries())
            post.style.cssText = `position: absolute; top: 0; transform: translateY(${n * (innerHeight - 60)}px)`;
        })()"""
    )
    # Two, though only one is in view: the other is near.
    eventually(lambda: levels(feed) == ["ai"] * 2, "a badge on each")
    boxes = """[...document.querySelectorAll('.picture')].map(image => {
        const {x, y, width, height} = image.getBoundingClientRect();
        return [x, y, width, height];
    })"""

    def by_image() -> list[int]:
        feed.bring_to_front()
        shown = [badge for badge in feed.badges() if badge.shown]
        at = [sum(on_its_corner(badge, box) for badge in shown) for box in feed.evaluate(boxes)]
        return [*at, len(shown) - sum(at)]

    for post in range(2):
        feed.evaluate(f"main.children[{post}].scrollIntoView({{block: 'center'}})")

        def alone(post: int = post) -> bool:
            *at, elsewhere = by_image()
            return at[post] == 1 and max(at) == 1 and elsewhere == 0

        eventually(alone, f"one badge on image {post + 1}, and none anywhere else")


def test_the_popup_counts_by_level(browser: Browser, open_feed: Page) -> None:
    eventually(lambda: levels(open_feed), "the first badges")
    popup = open_popup(browser, open_feed)
    eventually(lambda: popup.evaluate("document.querySelectorAll('#counts li').length") >= 1, "the counts")
    popup.close()


def test_everything_here_is_checked_without_turning_the_site_on(browser: Browser, gallery: str) -> None:
    page = browser.open(gallery)
    popup = open_popup(browser, page)
    assert not popup.evaluate("document.querySelector('#site-switch').checked")
    popup.click("#check-page")
    page.bring_to_front()
    eventually(lambda: len(set(levels(page)) - {"checking"}) and len(levels(page)) == 3, "a badge on each image")
    popup.bring_to_front()
    eventually(lambda: "3 images checked" in popup.evaluate("document.body.innerText"), "the popup to count them")
    assert popup.evaluate(f"{API}.scripting.getRegisteredContentScripts()") == []
    popup.close()
    page.close()


class Holding(Site):
    """Gives the page its pictures at once, and the extension none until it may."""

    def __init__(self) -> None:
        super().__init__()
        self.may = threading.Event()

    def reply(self, host: str, path: str) -> Reply | None:
        if path == "/made.png" and not is_page_request(self.asked[-1].headers):
            self.may.wait(120)
        return super().reply(host, path)


def test_what_has_scrolled_away_is_waited_for_no_more(browser: Browser) -> None:
    with Holding() as site:
        page = browser.open(put_feed(site))
        try:
            page.evaluate("(add(1, () => '/made.png?held'), document.body.style.minHeight = '6000px')")
            turn_on(browser, page)
            popup = open_popup(browser, page)
            note = "document.querySelector('#page-note').textContent"
            eventually(lambda: "1 image being checked" in popup.evaluate(note), "the check to be under way")
            page.bring_to_front()
            page.evaluate("scrollTo(0, 5000)")
            popup.bring_to_front()
            eventually(lambda: popup.evaluate(note) == "", "nothing to be waited for")
            site.may.set()
            page.bring_to_front()
            page.evaluate("scrollTo(0, 0)")
            eventually(lambda: levels(page) == ["ai"], "the badge, once it is back in view")
            popup.close()
        finally:
            site.may.set()
            page.close()
            turn_all_off(browser)


def test_turning_the_site_off_takes_the_badges_away(browser: Browser, open_feed: Page) -> None:
    eventually(lambda: levels(open_feed), "the first badges")
    popup = open_popup(browser, open_feed)
    popup.click("#site-switch")
    eventually(lambda: not open_feed.badges(), "the badges to go")
    popup.close()
    open_feed.bring_to_front()
    open_feed.goto(open_feed.evaluate("location.href"))
    open_feed.evaluate("add(2, () => '/made.png?off')")
    eventually(lambda: open_feed.evaluate("[...document.images].every(i => i.complete)"), "the images")
    assert not open_feed.badges()


def test_a_feed_of_two_thousand_posts_leaves_nothing_behind(open_feed: Page) -> None:
    """A virtualised feed: posts leave as others come. What we keep must stay as small as what is on the page."""
    most = 0
    for step in range(50):
        open_feed.evaluate(
            f"(add(40, n => '/made.png?' + (n % 25)), [...main.children].slice(0, -12).forEach(p => p.remove()),"
            f" window.scrollTo(0, {step % 2} * 400), new Promise(done => requestAnimationFrame(() => done(1))))"
        )
        most = max(most, open_feed.evaluate("document.querySelectorAll('naturaltrace-badge').length"))
    assert open_feed.evaluate("posts") >= 2000
    assert most <= 60
    eventually(
        lambda: open_feed.evaluate("document.querySelectorAll('naturaltrace-badge').length") <= 12,
        "badges of posts that are gone to be gone",
    )
    # Nothing of ours is left on elements that are not on the page any more, nor any host without its image.
    open_feed.evaluate("void main.replaceChildren()")
    eventually(lambda: open_feed.evaluate("document.querySelectorAll('naturaltrace-badge').length") == 0, "no badge")
