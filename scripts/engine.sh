#!/bin/sh
# Usage: scripts/engine.sh
# Makes sure that sandboxes can be had: a Docker engine that answers, and bubblewrap beside it. Where
# this may be done (root on Debian) it installs and starts what is missing; elsewhere it says what to
# do and goes on, and what needs an engine is skipped with a reason.
set -eu
cd "$(dirname "$0")/.."

say() { echo "engine: $*"; }

answers() {
    .venv/bin/python -c 'import docker; docker.from_env(timeout=5).ping()' >/dev/null 2>&1
}

# Debian's packages that are needed and not there.
lacking() {
    answers || command -v dockerd >/dev/null || echo docker.io iptables
    command -v bwrap >/dev/null || echo bubblewrap
    command -v debootstrap >/dev/null || echo debootstrap
}

may_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

start_engine() {
    say "starting the Docker engine (dockerd); its log is $log"
    # An engine that was killed leaves its number behind, which by now may be another's.
    pidof dockerd >/dev/null || rm -f /var/run/docker.pid
    pidof containerd >/dev/null || rm -f /var/run/docker/containerd/containerd.pid
    setsid dockerd >"$log" 2>&1 </dev/null &
    tries=0
    until answers; do
        tries=$((tries + 1))
        if [ "$tries" -gt 60 ]; then
            say "dockerd does not answer after 30 s; its last words:"
            tail -n 5 "$log"
            return 1
        fi
        sleep 0.5
    done
}

log=${TMPDIR:-/tmp}/agentrl-dockerd.log
missing=$(lacking | tr '\n' ' ')
if [ -n "$missing" ] && may_install; then
    say "installing Debian's $missing"
    export DEBIAN_FRONTEND=noninteractive
    # shellcheck disable=SC2086  # a list of packages
    { apt-get update -qq && apt-get install -qq -y --no-install-recommends $missing; } >"$log" 2>&1 ||
        { say "that failed; see $log"; tail -n 5 "$log"; }
fi
if ! answers && [ "$(id -u)" = 0 ] && command -v dockerd >/dev/null; then
    start_engine || true
fi
if answers; then
    # Made here once rather than in the first test that needs it: it can take a minute or two.
    .venv/bin/agentrl sandbox build >/dev/null || say "the sandboxes' base image cannot be made"
    exit 0
fi
say "no Docker engine answers: tests that need one are skipped. To have one, as root:"
say "    apt-get install docker.io bubblewrap debootstrap && dockerd &"
