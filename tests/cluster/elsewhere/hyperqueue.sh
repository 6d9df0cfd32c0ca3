#!/usr/bin/env bash
# HyperQueue: an array of tasks, each on four cores of whichever worker is free.
#   hyperqueue.sh FILE TASKS        a server and workers are running (hq server start; hq worker start)
set -euo pipefail
exec hq submit --array="1-$2" --cpus=4 --crash-limit=20 --stdout=none -- metascope run "$1" --join --jobs 4
