#!/usr/bin/env bash
# Pins every dependency with hashes, for every platform; records no download address. Needs uv.
set -euo pipefail
pin() { "${UV:-uv}" pip compile -q pyproject.toml --universal --generate-hashes --no-header --no-annotate "$@"; }
pin --extra build -o requirements/runtime.txt
pin --extra build --extra test --extra lint -c requirements/runtime.txt -o requirements/dev.txt
pin --extra build --extra bench -c requirements/runtime.txt -c requirements/dev.txt -o requirements/bench.txt
