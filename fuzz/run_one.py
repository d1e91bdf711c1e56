"""One target in this process: python -m fuzz.run_one TARGET RUNS SECONDS ENGINE KEEP (by `fuzz.run`)."""

import logging
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
FOUND = HERE / "found"


def main() -> None:
    """Run it; libFuzzer ends the process itself."""
    name, runs, seconds, engine, keep = sys.argv[1:]
    logging.disable(logging.CRITICAL)
    corpus = HERE / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    if engine == "atheris":
        _atheris(name, corpus, int(runs), float(seconds), keep == "1")
        return
    from fuzz import _engine
    from fuzz.targets import TARGETS

    seeds = [path.read_bytes() for path in sorted(corpus.iterdir())]
    tried = _engine.run(TARGETS[name][0], seeds, runs=int(runs), seconds=float(seconds))
    print(f"Done {tried} runs")


def _atheris(name: str, corpus: Path, runs: int, seconds: float, keep: bool) -> None:
    import atheris

    with atheris.instrument_imports(include=["cdn"]):
        import cdn.edge.connection
        import cdn.edge.http
        import cdn.edge.manifest
        import cdn.edge.responder
        import cdn.edge.verdicts
        import cdn.edge.worker
        import cdn.ranges
        import cdn.signing  # noqa: F401
    from fuzz import _engine
    from fuzz.targets import TARGETS

    FOUND.mkdir(exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="netflixlite-fuzz-"))
    try:
        words = work / "words"
        words.write_text("".join(f'"{_quoted(word)}"\n' for word in _engine.words()))
        grown = corpus if keep else work / "grown"
        grown.mkdir(exist_ok=True)
        target: Any = TARGETS[name][0]
        atheris.Setup(
            [
                name, f"-atheris_runs={runs}", f"-runs={runs}", f"-max_total_time={int(seconds)}", "-max_len=20000",
                "-len_control=20", f"-dict={words}", f"-artifact_prefix={FOUND}/{name}-", "-print_final_stats=1",
                "-rss_limit_mb=2048", str(grown), str(corpus),
            ],
            target,
        )  # fmt: skip
        atheris.Fuzz()
    finally:
        shutil.rmtree(work, ignore_errors=True)


def _quoted(word: bytes) -> str:
    return "".join(f"\\x{byte:02x}" for byte in word)


if __name__ == "__main__":
    main()
