# The keeper of a sandbox: the process that a container is. As root it serves one request at a time
# from the container's own input: a line with a length, then shell words of that many bytes, then
# what these announce. Each answer stands between marks with the request's nonce on both outputs.
# When the input ends, because whoever started the container is gone, or when its time is over, it
# ends, and the container with it.
exec 100<&0 101>&1 102>&2 </dev/null >/dev/null 2>&1
set -m # each program leads a process group of its own, and minds SIGINT as usual
mapfile -t names < <(compgen -e)
unset "${names[@]}" # a program's environment is told with it
LC_ALL=C PATH=/usr/bin:/bin:/usr/sbin:/sbin
lifetime=$1
env=$(type -P env) head=$(type -P head) cat=$(type -P cat)
timeout=$(type -P timeout) setpriv=$(type -P setpriv)

# prepare: see that there is the user agent, a home and the usual folder of a repository.
prepare() {
    local folder
    users
    for folder in /home/agent /testbed; do
        [ -d "$folder" ] || { mkdir -p "$folder" && chown 1000:1000 "$folder"; }
    done
}

users() {
    local lines=() line
    mapfile -t lines </etc/passwd
    for line in "${lines[@]}"; do [[ $line == agent:* ]] && return; done
    printf '%s\n' agent:x:1000:1000::/home/agent:/bin/bash "${lines[@]}" >/etc/passwd
    echo agent:x:1000: >>/etc/group
}

# finish GROUP: kill all processes of a group, or all there are (-1), and see them gone.
finish() {
    local last=$((SECONDS + 2))
    kill -KILL -- "$1"
    while kill -0 -- "$1" && ((SECONDS < last)); do :; done
}

# crowded: whether next to no process more may be started, as after a fork bomb.
crowded() {
    local folder now most
    for folder in /sys/fs/cgroup /sys/fs/cgroup/pids; do
        read -r now <"$folder/pids.current" && read -r most <"$folder/pids.max" && break
    done
    [ "${most:-max}" != max ] && ((now + 8 > most))
}

# relay NUMBER: let a program write to an output through a pipe that ends with it.
relay() {
    local from=$(($1 + 3)) # 101 gets 104, 102 gets 105
    eval "exec $from> >(\"$cat\" >&$1)"
    relays+=("$!")
}

# unrelay: close the pipes; what a process left behind would still write there is not wanted.
unrelay() {
    local last=$((SECONDS + 2)) pid
    exec 104>&- 105>&-
    for pid in "${relays[@]}"; do
        while kill -0 "$pid" && ((SECONDS < last)); do :; done
        kill -KILL "$pid"
    done
}

# run USER FOLDER SECONDS ALONE INPUT-BYTES COUNT NAME=VALUE... [NAME=VALUE...] PROGRAM...
# The first COUNT variables are named as the shell's own may be. They stand in no command line,
# which everybody inside could read; the others do.
run() {
    local user=$1 folder=$2 seconds=$3 alone=$4 size=$5 relays=() agentrl_exports=("${@:7:$6}")
    local left=$((lifetime - SECONDS))
    ! crowded || finish -1 # who took all processes loses them, or nothing could run any more
    [ "${seconds%.*}" -lt "$left" ] || seconds=$left
    shift $((6 + $6))
    [[ $1 != *=* ]] || set -- "$env" "$@"
    [ "$user" = root ] || set -- "$setpriv" --reuid=1000 --regid=1000 --clear-groups -- "$@"
    exec 103</dev/null 104>&101 105>&102
    [ "$size" = 0 ] || exec 103< <("$head" -c "$size" <&100)
    [ "$user$alone" != agent0 ] || { relay 101 && relay 102; }
    (
        exec <&103 >&104 2>&105 100<&- 101>&- 102>&- 103<&- 104>&- 105>&-
        cd -- "$folder" || exit 126
        set -- "$timeout" -s KILL "$seconds" "$@"
        export -- "${agentrl_exports[@]}" 2>/dev/null
        exec "$@"
    ) &
    wait $!
    code=$?
    finish -$!
    [ "$size" = 0 ] || "$cat" <&103
    exec 103<&-
    unrelay
    [ "$alone" = 0 ] || finish -1
}

# ready: the code is how many of the needed programs are missing.
ready() {
    local program
    for program in "$env" "$head" "$cat" "$timeout" "$setpriv"; do
        [ -n "$program" ] || ((code++))
    done
}

# end: kill all that runs beside the keeper, without a process of its own.
end() { finish -1; }

# starved: the code is how many processes were killed for memory so far.
starved() {
    local lines=() line
    mapfile -t lines </sys/fs/cgroup/memory.events ||
        mapfile -t lines </sys/fs/cgroup/memory/memory.oom_control
    for line in "${lines[@]}"; do [[ $line == "oom_kill "* ]] && code=${line#* }; done
}

prepare
while ((SECONDS < lifetime)); do
    IFS= read -r -t $((lifetime - SECONDS)) size <&100 || exit
    IFS= read -r -t 60 -N "$size" words <&100 || exit
    eval "words=($words)"
    printf '\0%s<' "${words[0]}" >&101
    printf '\0%s<' "${words[0]}" >&102
    code=0
    "${words[@]:1}"
    ((SECONDS < lifetime)) || exit # what its end has cut short must not look like a result
    printf '\0%s>%d\n' "${words[0]}" "$code" >&101
    printf '\0%s>%d\n' "${words[0]}" "$code" >&102
done
