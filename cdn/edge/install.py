"""A node that stays: a service of systemd when asked for, and a newer program when the site has signed one."""

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path
from typing import Any

from cdn.ed25519 import Ed25519PublicKey
from cdn.edge import files
from cdn.edge.config import Config
from cdn.signing import program_message, verified

PROGRAM = Path("/usr/local/lib/netflixlite/node.pyz")
SETTINGS = Path("/etc/netflixlite")
UNITS = Path("/etc/systemd/system")
STATES = Path("/var/lib/netflixlite")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")
_PROGRAM_MAX = 16 << 20
_SECONDS = 30.0
_UNIT = """\
# Written by `node.pyz --install`. The node's settings are in {settings}.
[Unit]
Description=netflixlite edge node {name}
Wants=network-online.target
After=network-online.target

[Service]
EnvironmentFile={settings}
ExecStart={python} -I {program}
# The shell's own kill: a bare Debian has no other.
ExecReload=/bin/sh -c 'kill -HUP $$MAINPID'
Restart=always
RestartSec=2
# The site said no for good: trying again will not change that.
RestartPreventExitStatus=2
TimeoutStopSec=30
LimitNOFILE=65536
DynamicUser=yes
StateDirectory=netflixlite/{name}
StateDirectoryMode=0700
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=yes
PrivateTmp=yes
PrivateDevices=yes
ProtectKernelTunables=yes
ProtectControlGroups=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
{more}
[Install]
WantedBy=multi-user.target
"""


class CannotDo(Exception):
    """Words for whoever typed the command."""


def say(words: str) -> None:
    """A line for whoever typed the command."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def running_program() -> Path:
    """The file that this program is. Raises CannotDo when it runs from sources."""
    path = Path(sys.argv[0]).resolve()
    if not zipfile.is_zipfile(path):
        raise CannotDo(f"{path} is not the one-file program: take the command that manage.py addnode prints")
    return path


def service(name: str) -> str:
    """The name of a node's service."""
    return f"netflixlite-node-{name}.service"


# Installing -----------------------------------------------------------------------------------------------


def install(config: Config, *, root: Path = Path("/")) -> int:
    """Make this node a service; → the exit code. Each step is said before it is done. `root` is for tests."""
    try:
        program = running_program()
        if os.geteuid() != 0:
            raise CannotDo(f"--install writes to {UNITS} and needs root: type the command again behind sudo")
        if not _NAME.match(config.name):
            raise CannotDo(
                f"'{config.name}' is no name for a node: use letters, digits, dot, dash, underscore"
            )
        _write(config, program, root)
        _start(config, root)
    except (CannotDo, OSError) as error:
        say(f"not installed: {error}")
        return 2
    return 0


def _write(config: Config, program: Path, root: Path) -> None:
    target, settings = _at(root, PROGRAM), _at(root, SETTINGS) / f"{config.name}.env"
    unit = _at(root, UNITS) / service(config.name)
    if target != program:
        say(f"copying the program to {target}")
        target.parent.mkdir(parents=True, exist_ok=True)
        files.replace(target, program.read_bytes())
        target.chmod(0o755)
    say(f"writing the node's settings to {settings}")
    settings.parent.mkdir(parents=True, exist_ok=True, mode=0o755)
    files.replace(settings, environment(config).encode())
    say(f"writing the service to {unit}")
    unit.parent.mkdir(parents=True, exist_ok=True)
    ports = [config.port, *([config.acme_port] if config.acme else [])]
    low = "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" if min(ports) < 1024 else ""
    files.replace(
        unit,
        _UNIT.format(
            settings=SETTINGS / f"{config.name}.env",
            name=config.name,
            python=_python(),
            program=PROGRAM,
            more=low,
        ).encode(),
    )
    unit.chmod(0o644)
    state = config.cache / "state.json"
    kept = _at(root, STATES) / config.name
    if state.exists() and not (kept / "state.json").exists():
        say(f"taking over who this node is from {config.cache}; its bytes will be fetched again")
        kept.mkdir(parents=True, exist_ok=True, mode=0o700)
        files.replace(kept / "state.json", state.read_bytes())


def environment(config: Config) -> str:
    """The settings as systemd reads them. The code in it has been spent after the first start."""
    lines = {
        "ORIGIN": config.origin,
        "CODE": config.code,
        "NAME": config.name,
        "LISTEN": f"{config.host}:{config.port}",
        "BASE_URL": "" if config.base_url_found else config.base_url,
        "CACHE": str(STATES / config.name),
        "CACHE_GB": f"{config.cache_bytes / (1 << 30):.2f}",
        "SITE": config.site,
        "REGION": config.region,
        "DOMAIN": config.domain,
        "PLACE": ",".join(f"{degrees:g}" for degrees in config.place or ()),
        "WORKERS": str(config.workers),
        "CERT": str(config.cert or ""),
        "KEY": str(config.key or ""),
        "ACME": "1" if config.acme else "",
        "ACME_DIRECTORY": config.acme_directory if config.acme else "",
        "ACME_MAIL": config.acme_mail,
        "ACME_PORT": str(config.acme_port) if config.acme else "",
        "ACME_TRUST": config.acme_trust,
        "CAPACITY_MBPS": f"{config.capacity_bps / 1e6:g}",
    }
    if any(set(value) & set('"\\\n$') for value in lines.values()):
        raise CannotDo("the settings of a service hold no quotes, backslashes, dollars or line ends")
    return "".join(f'NETFLIXLITE_EDGE_{name}="{value}"\n' for name, value in lines.items() if value)


def _start(config: Config, root: Path) -> None:
    name = service(config.name)
    if not _at(root, Path("/run/systemd/system")).is_dir():
        say(
            f"systemd does not run here, so the service was not started. Where it does: systemctl enable --now {name}"
        )
        return
    for command in (["systemctl", "daemon-reload"], ["systemctl", "enable", "--now", name]):
        say(" ".join(command))
        subprocess.run(command, check=False, timeout=60)
    say(f"done: `systemctl status {name}` and `journalctl -fu {name}` show the node")
    files_of_it = f"{UNITS / name} {SETTINGS / config.name}.env /var/lib/private/netflixlite/{config.name}"
    say(f"to remove it: systemctl disable --now {name} && rm -r {files_of_it}")


def _python() -> str:
    return shutil.which("python3", path="/usr/bin:/usr/local/bin:/bin") or sys.executable


def _at(root: Path, path: Path) -> Path:
    return root / path.relative_to("/")


# Upgrading ------------------------------------------------------------------------------------------------


def upgrade(config: Config) -> int:
    """Replace this program by the site's, if the site's token key has signed it; → the exit code."""
    try:
        program = running_program()
        found = json.loads(_get(f"{config.origin}/edge/node.json"))
        if hashlib.sha256(program.read_bytes()).hexdigest() == found["sha256"]:
            say("this is the site's newest program already")
            return 0
        check(found, _known_keys(config))
        data = _get(f"{config.origin}/edge/node.pyz")
        if hashlib.sha256(data).hexdigest() != found["sha256"]:
            raise CannotDo("the program that came is not the one that the site signed: try again")
        mode = program.stat().st_mode & 0o777
        files.replace(program, data)
        program.chmod(mode)
    except (CannotDo, OSError, ValueError, KeyError, TypeError) as error:
        say(f"not upgraded: {error}")
        return 2
    name = config.cache.name if config.cache.parent.name == STATES.name else config.name
    say(f"{program} is now the site's program {found['sha256'][:12]}. Start the node anew: systemctl restart "
        f"{service(name)}, or however you started it.")  # fmt: skip
    return 0


def check(found: dict[str, Any], known: dict[str, str]) -> None:
    """Whether a key that this node knows has signed the announced program. Raises CannotDo."""
    text = known.get(str(found["kid"]))
    if text is None:
        raise CannotDo(
            "the site signs with a key that this node does not know yet: let the node run for a minute first"
        )
    key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(text))
    if not verified(key, str(found["signature"]), program_message(str(found["sha256"]))):
        raise CannotDo("the announced program is not signed by this node's site")


def _known_keys(config: Config) -> dict[str, str]:
    path = config.cache / "state.json"
    try:
        keys = json.loads(path.read_text())["keys"]
    except (OSError, ValueError, KeyError):
        raise CannotDo(f"{path} cannot be read: say with --cache where the node keeps its state") from None
    return {str(kid): str(text) for kid, text in keys.items()}


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=_SECONDS) as answer:  # noqa: S310 (config allows http and https only)
        data: bytes = answer.read(_PROGRAM_MAX + 1)
    if len(data) > _PROGRAM_MAX:
        raise CannotDo(f"{url} is too large to be a node's program")
    return data
