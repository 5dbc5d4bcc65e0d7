# The shell of a sandbox: reads one request a line, "NONCE $'command'", and answers each with the
# command's output, a NUL byte, the nonce and the exit code. A command runs in this very shell, so
# that it leaves behind what it would in a person's; the descriptors of the channel are closed
# for it. The state file lets the next shell begin where this one was ended.
exec 3<&0 4>&1 0</dev/null 2>&1
__agentrl_state=$1
__agentrl_keep() { { printf 'cd -- %q\n' "$PWD"; declare -px; declare -f; } 2>/dev/null >"$__agentrl_state"; } 2>/dev/null
if [ -r "$__agentrl_state" ]; then . "$__agentrl_state" >/dev/null 2>&1; fi
trap __agentrl_keep EXIT
while IFS=' ' read -r __agentrl_nonce __agentrl_command <&3; do
    eval "__agentrl_command=$__agentrl_command"
    eval "$__agentrl_command" </dev/null >&4 2>&1 3<&- 4>&-
    printf '\0%s %d\n' "$__agentrl_nonce" $? >&4
    __agentrl_keep
done
