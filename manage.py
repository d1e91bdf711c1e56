#!/usr/bin/env python
"""Django's command-line entry point."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "netflixlite.settings")
    if sys.argv[1:2] in (["evacuate"], ["drain"]):
        # Whoever types these has no time: the running site does it, and Django need not start here.
        from cdn import lever

        if (status := lever.main(sys.argv[1:])) is not None:
            sys.exit(status)
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
