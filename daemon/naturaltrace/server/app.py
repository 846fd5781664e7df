"""The application: one concern per file, put together here. Order matters only for the middlewares."""

from dataclasses import dataclass, field

from aiohttp import web

from naturaltrace.server.about import setup_about
from naturaltrace.server.access import setup_access
from naturaltrace.server.body import BodyLimits, setup_bodies
from naturaltrace.server.check import setup_check
from naturaltrace.server.contract import setup_contract
from naturaltrace.server.control import setup_control
from naturaltrace.server.engine import Engine, setup_engine
from naturaltrace.server.forgetting import setup_forgetting
from naturaltrace.server.guard import Gate, setup_guard
from naturaltrace.server.health import setup_health
from naturaltrace.server.heatmaps import setup_heatmaps
from naturaltrace.server.memory import Archive, FindingsCache, setup_memory
from naturaltrace.server.pairing import Pairing, setup_pairing
from naturaltrace.server.past import setup_past
from naturaltrace.server.preferences import Preferences, setup_preferences
from naturaltrace.server.problems import setup_problems
from naturaltrace.server.sessions import Sessions, setup_sessions
from naturaltrace.server.site import setup_site
from naturaltrace.server.stats import setup_stats
from naturaltrace.server.taught import setup_taught
from naturaltrace.server.trust_list import setup_trust_list
from naturaltrace.storage.paths import DataFolder


@dataclass(slots=True)
class Parts:
    """What the application is built around; tests hand in their own."""

    folder: DataFolder
    gate: Gate
    engine: Engine
    archive: Archive
    preferences: Preferences
    pairing: Pairing = field(default_factory=Pairing)
    sessions: Sessions = field(default_factory=Sessions)
    cache: FindingsCache = field(default_factory=FindingsCache)
    bodies: BodyLimits = field(default_factory=BodyLimits)


def make_app(parts: Parts) -> web.Application:
    parts.gate.is_session = parts.sessions.match
    app = web.Application()
    setup_problems(app)
    setup_guard(app, parts.gate)
    setup_access(app)
    setup_bodies(app, parts.bodies)
    setup_memory(app, parts.cache, parts.archive)
    setup_engine(app, parts.engine)
    setup_preferences(app, parts.preferences)
    setup_stats(app)
    setup_health(app)
    setup_pairing(app, parts.pairing)
    setup_check(app)
    setup_heatmaps(app)
    setup_taught(app)
    setup_past(app)
    setup_contract(app)
    setup_sessions(app, parts.sessions)
    setup_site(app)
    setup_control(app)
    setup_about(app, parts.folder)
    setup_forgetting(app)
    setup_trust_list(app, parts.folder.root)
    return app
