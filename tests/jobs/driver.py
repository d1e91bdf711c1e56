"""`python -m tests.jobs.driver`: obeys JSON lines on stdin, answers JSON lines. The tests' hand in the jobs' world.

{"do": "enqueue", "kind": …, "number": 1, …arguments of enqueue}, {"do": "migrate"}, {"do": "cancel", "id": …}.
"""

import json
import os
import sys
from uuid import UUID

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.jobs.settings"
django.setup()

from django.core.management import call_command  # noqa: E402 (needs the setup above)

from netflixlite.jobs import services  # noqa: E402


def obey(order: dict) -> object:
    do = order.pop("do")
    if do == "migrate":
        call_command("migrate", run_syncdb=True, verbosity=0)
        return True
    if do == "cancel":
        return services.cancel(UUID(order["id"]))
    number, kind = order.pop("number", 1), order.pop("kind")
    return [str(services.enqueue(kind, **{"payload": {}, **order}).id) for _ in range(number)]


for line in sys.stdin:
    print(json.dumps(obey(json.loads(line))), flush=True)
