#!/usr/bin/env bash
# Machines that see one folder and can be reached by ssh: one process on each, all working on one study.
#   ssh.sh FOLDER FILE HOST...      FOLDER is the same on every host, and metascope on its PATH
set -euo pipefail
folder=$1 file=$2
shift 2
for host in "$@"; do
    # Without a terminal; when this script is ended, so is what it has started.
    ssh -n "$host" "cd '$folder' && exec metascope run '$file' --join" >"join.$host.log" 2>&1 &
done
trap 'kill $(jobs -p) 2>/dev/null' EXIT
wait
