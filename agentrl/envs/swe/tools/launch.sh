#!/bin/sh
# Starts the tool that this file is called after. -I -S: neither the repository's modules nor
# PYTHONPATH nor site-packages are seen, whichever Python this is.
for python in /usr/bin/python3 /usr/local/bin/python3 python3 /opt/miniconda3/bin/python3 \
    /opt/conda/bin/python3; do
    command -v "$python" >/dev/null 2>&1 || continue
    "$python" -I -S -B -W ignore -c 'import sys
if sys.version_info < (3, 6): sys.exit(97)
sys.path.insert(0, sys.argv.pop(1))
from agentrl.envs.swe.tools.main import main
main()' "${0%/*}/../lib" "${0##*/}" "$@"
    code=$?
    [ "$code" = 97 ] || exit "$code"
done
echo "${0##*/}: this image has no Python 3.6 or newer, which the tool needs" >&2
exit 127
