"""`python -m tests.jobs.driver`: obeys JSON lines on stdin, answers JSON lines. The tests' hand in the jobs' world.

{"do": "enqueue", "kind": …, "number": 1, …arguments of enqueue}, {"do": "migrate"}, {"do": "cancel", "id": …},
{"do": "work", "arguments": [...]} and {"do": "ended", "worker": …}.

Workers are forked from here: a fork is at work at once, a new process imports for a second of a processor.
"""

import json
import os
import sys
import traceback
from uuid import UUID

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.jobs.settings"
django.setup()

from django.conf import settings  # noqa: E402 (needs the setup above)
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402

from netflixlite.jobs import services  # noqa: E402


def work(arguments: list[str]) -> int:
    """Fork a worker; what it says goes to `workers.log`. Returns its process id."""
    connections.close_all()
    worker = os.fork()
    if worker:
        return worker
    code = 1
    try:
        nothing = os.open(os.devnull, os.O_RDONLY)
        log = os.open(settings.HOME / "workers.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        for number, file in enumerate((nothing, log, log)):
            os.dup2(file, number)
        call_command("worker", *arguments)
        code = 0
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(code)


def ended(worker: int) -> int | None:
    """The exit code of a worker, as `Popen` has it; None while it runs. Asked for once it is told and forgotten."""
    found, status = os.waitpid(worker, os.WNOHANG)
    return os.waitstatus_to_exitcode(status) if found else None


def obey(order: dict) -> object:
    do = order.pop("do")
    if do == "work":
        return work(order["arguments"])
    if do == "ended":
        return ended(order["worker"])
    if do == "migrate":
        call_command("migrate", run_syncdb=True, verbosity=0)
        return True
    if do == "cancel":
        return services.cancel(UUID(order["id"]))
    number, kind = order.pop("number", 1), order.pop("kind")
    return [str(services.enqueue(kind, **{"payload": {}, **order}).id) for _ in range(number)]


for line in sys.stdin:
    print(json.dumps(obey(json.loads(line))), flush=True)
