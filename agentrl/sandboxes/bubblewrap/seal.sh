# Runs a program of root's where there is one user id. For the machine the agent owns root's files
# too, so what root allows to others becomes what the owner may: hidden files are hidden then.
cd -- "$1" || exit 126
shift
"$@"
code=$?
cd / && find . -mindepth 1 \( -path ./testbed -o -path ./home/agent -o -path ./tmp -o -path ./var/tmp \
    -o -path ./usr -o -path ./proc -o -path ./dev \) -prune -o ! -type l -exec chmod u=o {} + 2>/dev/null
exit "$code"
