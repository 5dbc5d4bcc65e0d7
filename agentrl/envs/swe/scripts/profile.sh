# Sourced by the agent's shell when it starts: the Python that answers is the repository's own.
if [ -d /opt/venv/bin ]; then
    export VIRTUAL_ENV=/opt/venv PATH="/opt/agentrl/bin:/opt/venv/bin:$PATH"
elif [ -f /opt/miniconda3/bin/activate ]; then
    . /opt/miniconda3/bin/activate && conda activate testbed 2>/dev/null
    export PATH="/opt/agentrl/bin:$PATH"
fi
