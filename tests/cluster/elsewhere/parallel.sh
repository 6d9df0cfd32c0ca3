#!/usr/bin/env bash
# GNU parallel: so many processes of one thread each, here or (with --sshlogin) on other machines.
#   parallel.sh FILE PROCESSES [OPTIONS OF PARALLEL]
set -euo pipefail
file=$1 processes=$2
shift 2
seq "$processes" | parallel -N0 --jobs "$processes" --line-buffer --tag "$@" metascope run "$file" --join --jobs 1 --json
