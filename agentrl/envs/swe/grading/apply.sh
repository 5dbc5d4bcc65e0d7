# Arguments: WORKDIR; standard input: a patch. Tries one way after the other; standard output names
# the one that took the patch whole, standard error tells about the others, whose traces are removed.
cd "$1" || exit 3
scratch=$(mktemp -d) || exit 3
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/patch" || exit 3
export HOME=$scratch GIT_CONFIG_NOSYSTEM=1
printf '[safe]\n\tdirectory = *\n[gc]\n\tauto = 0\n' >"$scratch/.gitconfig" || exit 3

try() {
    name=$1
    shift
    if "$@" >"$scratch/log" 2>&1; then
        echo "$name"
        exit 0
    fi
    echo "$name:" >&2
    head -c 2000 "$scratch/log" >&2
    git reset -q --hard
    git clean -fdq
}

try 'git apply' git apply --verbose --whitespace=nowarn "$scratch/patch"
try 'git apply --3way' git apply --verbose --whitespace=nowarn --3way "$scratch/patch"
try 'git apply --reject' git apply --verbose --whitespace=nowarn --reject "$scratch/patch"
try 'patch --fuzz=5' patch --batch --forward --fuzz=5 --no-backup-if-mismatch -p1 \
    -i "$scratch/patch"
if git apply --check --reverse "$scratch/patch" 2>/dev/null; then
    echo 'already applied'
    exit 0
fi
exit 1
