"""What can go wrong between a viewer and a film: done by real signals, real services or the stage's network."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from bench._stage import Stage

#: A throttled node, as a share of its rate and in bit/s; what the viewer's own slow link gives, in bit/s.
SLOW_SHARE, SLOW_BPS, NARROW_BPS = 0.2, 300_000, 800_000
#: How long the control plane is away, in seconds.
AWAY = 120.0


@dataclass(frozen=True, slots=True)
class Scene:
    """Where the fault happens: the stage, the node in use, and a page that a browser's own fault can be set in."""

    stage: Stage
    node: str
    fail_names: Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Fault:
    """`strike` does it and gives the time; `window` is how long it is watched from then on, in seconds.

    `touches`: 'all' (what is under way, and what is asked for later), 'new' (only what is asked for later), 'marked'
    (only what the shim says it broke), or '' when nobody has to leave the node. `then` goes on with it, called again
    and again with the seconds since.
    """

    name: str
    words: str
    strike: Callable[[Scene], float]
    touches: str = "all"
    window: float = 14.0
    then: Callable[[Scene, float], None] | None = None
    together: bool = False


def _nothing(scene: Scene) -> float:
    return time.time()


def _kill(scene: Scene) -> float:
    return scene.stage.kill(scene.node)


def _freeze(scene: Scene) -> float:
    return scene.stage.freeze(scene.node)


def _status(status: int, **more: bool) -> Callable[[Scene], float]:
    return lambda scene: scene.stage.fault(scene.node, "status", status=status, **more)


def _door(kind: str) -> Callable[[Scene], float]:
    return lambda scene: scene.stage.fault(scene.node, kind)


def _names(scene: Scene) -> float:
    scene.fail_names(scene.stage.nodes[scene.node].base_url)
    return time.time()


def _all_but_one(scene: Scene) -> float:
    others = [one for one in scene.stage.nodes if one != scene.node]
    for one in others[1:]:
        scene.stage.kill(one)
    return scene.stage.kill(scene.node)


def _flap(scene: Scene, passed: float) -> None:
    """Ten seconds each: the node is silent, another one answers 503, the first stalls in bodies, the other says 404."""
    stage, one = scene.stage, scene.node
    other = next(name for name in stage.nodes if name != one)
    script = (
        ((one, "silent", {}),),
        ((one, "", {}), (other, "status", {"status": 503})),
        ((other, "", {}), (one, "stall", {})),
        ((one, "", {}), (other, "status", {"status": 404})),
        ((other, "", {}),),
    )
    step = min(len(script) - 1, int(passed // 10))
    for node, kind, more in script[step]:
        stage.fault(node, kind, **more)


def _away(scene: Scene, passed: float) -> None:
    """The control plane comes back."""
    if passed >= AWAY:
        scene.stage.thaw_site()


FAULTS = {
    fault.name: fault
    for fault in (
        Fault("none", "no fault", _nothing, touches=""),
        Fault("kill", "kill -9", _kill),
        Fault("hang", "SIGSTOP (black hole)", _freeze),
        Fault("503", "503", _status(503), touches="new"),
        Fault("404", "404 of one file", _status(404, one=True), touches="marked"),
        Fault("403", "403", _status(403), touches="new"),
        Fault("slow20", "throttled to 20 %", lambda s: s.stage.rate(s.node, s.stage.rate_bps * SLOW_SHARE)),
        Fault("slow300", "throttled to 300 kbit/s", lambda s: s.stage.rate(s.node, SLOW_BPS)),
        Fault("stall", "stalled mid-body", _door("stall"), touches="marked"),
        Fault("reset", "reset mid-segment", _door("reset"), touches="marked"),
        Fault("flap", "flapping nodes", lambda s: time.time(), then=_flap, window=46.0),
        Fault("wrong", "wrong bytes", _door("wrong"), touches="marked"),
        Fault("link", "viewer's link slow", lambda s: s.stage.link(NARROW_BPS), touches=""),
        Fault("dns", "name not found", _names, touches="new"),
        Fault("drain", "drained", lambda s: s.stage.evacuate("node", s.node), touches="", window=24.0),
        Fault(
            "evacuate",
            "region evacuated",
            lambda s: s.stage.evacuate("region", s.stage.nodes[s.node].region),
            touches="",
            window=24.0,
        ),
        Fault(
            "site",
            "control plane down 2 min",
            lambda s: s.stage.freeze_site(),
            touches="",
            then=_away,
            window=AWAY + 6,
            together=True,
        ),
        Fault("lone", "all nodes but one down", _all_but_one),
    )
}
