# The shell of a sandbox: reads requests, each a line "NONCE BYTES" and a command of that many
# bytes, and answers each with the command's output between marks. A command runs in this very
# shell, so that it leaves behind what it would in a person's; it does not see the channel. Should
# it end the shell, the process around it answers, and begins the next where this one was; after a
# few that end before they took a command it gives up.
if [ $# = 1 ]; then
    idle=0
    while bash --noprofile --norc -c "$BASH_EXECUTION_STRING" shell "$1" "$1.$$"; code=$? nonce=
        read -r nonce <"$1.$$"; [ "$nonce" != closed ] && [ "$idle" -lt 5 ]; do
        if [ -n "$nonce" ]; then
            idle=0
            printf '\0%s>%d\n' "$nonce" "$code"
        else
            idle=$((idle + 1))
        fi
        printf '%-64s\n' '' 1<>"$1.$$"
    done 2>/dev/null
    exit "$code"
fi
exec 100<&0 101>&1 </dev/null >/dev/null 2>&1
echo 500 >/proc/self/oom_score_adj # what is killed for memory is a command, not the sandbox
shopt -s expand_aliases
[ ! -r /opt/agentrl/profile ] || . /opt/agentrl/profile
__agentrl_state=$1 __agentrl_now=$2
[ ! -r "$__agentrl_state" ] || . "$__agentrl_state"
__agentrl_keep() { { printf 'cd -- %q\n' "$PWD" && declare -px; } >"$__agentrl_state"; }
# Written over in place, so that it can be where a command has left no room.
__agentrl_at() { printf '%-64s\n' "$1" 1<>"$__agentrl_now"; }
__agentrl_at ''
__agentrl_last=0
__agentrl_again() { return "$__agentrl_last"; }
trap __agentrl_keep EXIT
while IFS=' ' read -r __agentrl_nonce __agentrl_size <&100 &&
    IFS='' LC_ALL=C read -r -N "$__agentrl_size" __agentrl_command <&100; do
    __agentrl_at "$__agentrl_nonce"
    printf '\0%s<' "$__agentrl_nonce" >&101
    case $- in *e*) ;; *) __agentrl_again ;; esac # $? is the last command's; set -e would end here
    eval "$__agentrl_command" </dev/null >&101 2>&1 100<&- 101>&-
    __agentrl_last=$?
    printf '\0%s>%d\n' "$__agentrl_nonce" "$__agentrl_last" >&101
    __agentrl_at ''
    __agentrl_keep
done
__agentrl_at closed
