"""Full garbage collections by the clock, not by how much was made since the last.

A full collection keeps every thread waiting: 0.1 s with ten thousand nodes in memory. Left to itself it comes whenever
what lives long has grown by a quarter, and the fleet's heartbeats alone, which live for two seconds each, make that so
every few seconds. By the clock it is a matter of one answer in five hundred, and what waits for it is bounded by
what a minute can leave behind. The two younger generations, which catch nearly all, go on by themselves.
"""

import gc
import threading

#: How often everything is looked through, in seconds.
EVERY = 60.0
#: So many younger collections would be needed for a full one to come by itself: a bound, not the rule.
_NEVER = 5000


def start() -> None:
    """Freeze what is there by now, and collect in a thread for as long as this process lives.

    What is loaded when a process starts lives as long as it does: frozen, it is not looked through again.
    """
    gc.collect()
    gc.freeze()
    young, middle, _ = gc.get_threshold()
    gc.set_threshold(young, middle, _NEVER)
    threading.Thread(target=_keep, args=(threading.Event(),), name="garbage", daemon=True).start()


def _keep(until: threading.Event) -> None:
    while not until.wait(EVERY):
        gc.collect()
