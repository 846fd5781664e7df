"""Feeds of the kinds that the extension knows, written for the tests: each page mimics how a site builds its own.

The pages are ours, the addresses are the sites': so the table in `extension/shared/sites.js` is put to the test too.
"""

import base64
from dataclasses import dataclass
from pathlib import Path

import pictures
from site_server import Reply

_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Feed:
    """`id` is the site's in the extension's table and the page's name here; `images` are the hosts of its pictures.
    `background` is set where one picture stands there twice: a site's trick that must not earn two badges."""

    id: str
    url: str
    images: tuple[str, ...]
    background: bool = False

    @property
    def host(self) -> str:
        return self.url.split("/")[2]

    @property
    def policy(self) -> str:
        """As strict a Content-Security-Policy as such sites have: no style attributes, no strings made code."""
        hosts = " ".join(f"https://{host}" for host in self.images)
        return (
            f"default-src 'none'; script-src 'self'; style-src 'nonce-fixture'; img-src 'self' data: {hosts};"
            " base-uri 'none'; frame-src 'none'; require-trusted-types-for 'script'"
        )


FEEDS = (
    Feed("x", "https://x.com/home", ("pbs.twimg.com",), background=True),
    Feed("instagram", "https://www.instagram.com/", ("scontent-fra3-1.cdninstagram.com",)),
    Feed("facebook", "https://www.facebook.com/", ("scontent.xx.fbcdn.net",), background=True),
    Feed("threads", "https://www.threads.com/", ("scontent-fra5-2.cdninstagram.com",)),
    Feed("reddit", "https://www.reddit.com/r/pics/", ("preview.redd.it", "styles.redditmedia.com"), background=True),
    Feed("pinterest", "https://www.pinterest.com/", ("i.pinimg.com",)),
    Feed("linkedin", "https://www.linkedin.com/feed/", ("media.licdn.com",), background=True),
    Feed("bluesky", "https://bsky.app/", ("cdn.bsky.app",)),
    Feed("mastodon", "https://mastodon.social/home", ("files.mastodon.social",)),
    Feed("tiktok", "https://www.tiktok.com/explore", ("p16-sign-va.tiktokcdn.com",)),
    Feed("tumblr", "https://www.tumblr.com/dashboard", ("64.media.tumblr.com",)),
    Feed("deviantart", "https://www.deviantart.com/", ("images-wixmp-ed30a86b8c4ca887773594c2.wixmp.com",)),
    Feed("google-images", "https://www.google.com/search?udm=2&q=lighthouse", ("encrypted-tbn0.gstatic.com",)),
    Feed("bing-images", "https://www.bing.com/images/search?q=lighthouse", ("tse1.mm.bing.net",)),
)


# Mastodon is run by thousands, each under a name of its own.
INSTANCE = Feed("mastodon", "https://social.example/home", ("files.social.example",))


class FeedPages:
    """Answers for the hosts of all feeds. Every picture is the same file, which says that it was generated: the
    companion looks at it once, so what is tested here is the extension."""

    def __init__(self) -> None:
        self._made = pictures.declared_png(pictures.photograph("coffee", (320, 240)))
        self._avatar = pictures.jpeg(pictures.photograph("chelsea", (80, 80)))
        self._pages = {feed.host: feed for feed in (*FEEDS, INSTANCE)}
        self._images = {host for feed in (*FEEDS, INSTANCE) for host in feed.images}

    def __call__(self, host: str, path: str) -> Reply | None:
        if host in self._images:
            data, kind = (self._avatar, "image/jpeg") if "avatar" in path else (self._made, "image/png")
            # Some hosts let every page read their pictures; others only who is permitted.
            headers = {} if host in INSTANCE.images else {"Access-Control-Allow-Origin": "*"}
            return Reply(data, kind, headers=headers)
        feed = self._pages.get(host)
        if feed is None:
            return None
        if path == "/feed.js":
            return Reply((_HERE / "feed.js").read_bytes(), "text/javascript; charset=utf-8")
        page = (_HERE / f"{feed.id}.html").read_text(encoding="utf-8")
        page = page.replace("{inline}", f"data:image/png;base64,{base64.b64encode(self._made).decode()}")
        page = page.replace("files.mastodon.social", feed.images[0]) if feed is INSTANCE else page
        headers = {"Content-Security-Policy": feed.policy}
        return Reply(page.encode(), "text/html; charset=utf-8", headers=headers)
