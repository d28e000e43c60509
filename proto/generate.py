"""Generate the contract's Python modules next to its proto files; with `--check`, tell whether they are up to date."""

import sys
import tempfile
from pathlib import Path

import grpc_tools
from grpc_tools import protoc

PROTO = Path(__file__).resolve().parent
PACKAGE = Path("belofte", "v1")
GENERATED = ("*_pb2.py", "*_pb2.pyi", "*_pb2_grpc.py")


def main(arguments: list[str]) -> int:
    """Exit status: 0 done or up to date, 1 stale or refused by protoc, 2 misused."""
    if arguments not in ([], ["--check"]):
        print("usage: python proto/generate.py [--check]", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory() as folder:
        fresh = Path(folder)
        if generate(fresh) != 0:
            return 1
        stale = stale_files(fresh)
        if arguments:
            return report(stale)
        write(fresh, stale)
    return 0


def generate(folder: Path) -> int:
    """Generate every module into `folder`; protoc's exit status."""
    # protoc is called from its own package, so google/protobuf/*.proto are the ones that this protoc was built with.
    includes = [f"--proto_path={PROTO}", f"--proto_path={Path(grpc_tools.__file__).parent / '_proto'}"]
    outputs = [f"--{plugin}_out={folder}" for plugin in ("python", "pyi", "grpc_python")]
    sources = sorted(str(path.relative_to(PROTO)) for path in (PROTO / PACKAGE).glob("*.proto"))
    return int(protoc.main(["protoc", *includes, *outputs, *sources]))


def stale_files(fresh: Path) -> list[Path]:
    """Generated files, relative to this folder, that differ from `fresh`, are missing here, or have no source any more."""
    names = {
        path.relative_to(root) for root in (PROTO, fresh) for pattern in GENERATED for path in (root / PACKAGE).glob(pattern)
    }
    return sorted(name for name in names if content(PROTO / name) != content(fresh / name))


def content(path: Path) -> bytes | None:
    """What a file holds; None where there is none."""
    return path.read_bytes() if path.exists() else None


def report(stale: list[Path]) -> int:
    """Name the stale files; 1 if there are any."""
    for name in stale:
        print(f"proto/{name} is stale", file=sys.stderr)
    if stale:
        print("run make proto", file=sys.stderr)
    return int(bool(stale))


def write(fresh: Path, stale: list[Path]) -> None:
    """Bring the stale files up to date; only they are touched, so that nothing else is rebuilt for it."""
    for name in stale:
        new = content(fresh / name)
        if new is None:
            (PROTO / name).unlink()
        else:
            (PROTO / name).write_bytes(new)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
