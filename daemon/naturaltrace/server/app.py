"""The application: one concern per file, put together here. Order matters only for the middlewares."""

from dataclasses import dataclass, field

from aiohttp import web

from naturaltrace.server.access import setup_access
from naturaltrace.server.body import BodyLimits, setup_bodies
from naturaltrace.server.check import setup_check
from naturaltrace.server.control import setup_control
from naturaltrace.server.engine import Engine, setup_engine
from naturaltrace.server.guard import Gate, setup_guard
from naturaltrace.server.health import setup_health
from naturaltrace.server.pairing import Pairing, setup_pairing
from naturaltrace.server.problems import setup_problems


@dataclass(slots=True)
class Parts:
    """What the application is built around; tests hand in their own."""

    gate: Gate
    engine: Engine
    pairing: Pairing = field(default_factory=Pairing)
    bodies: BodyLimits = field(default_factory=BodyLimits)


def make_app(parts: Parts) -> web.Application:
    app = web.Application()
    setup_problems(app)
    setup_guard(app, parts.gate)
    setup_access(app)
    setup_bodies(app, parts.bodies)
    setup_engine(app, parts.engine)
    setup_health(app)
    setup_pairing(app, parts.pairing)
    setup_check(app)
    setup_control(app)
    return app
