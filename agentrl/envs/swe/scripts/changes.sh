# Arguments: WORKDIR SCRATCH SUBMITTED [TREE]. Prints the tree that the repository is now and whether
# the agent has submitted; with TREE, a patch from that tree to the one of now instead. Neither the
# repository's .git nor any setting but our own has a say.
workdir=$1 scratch=$2 submitted=$3 before=${4-}
base=/opt/agentrl/base.git
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/miniconda3/bin:/opt/conda/bin
export PATH HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent GIT_CONFIG_NOSYSTEM=1 GIT_ATTR_NOSYSTEM=1
export GIT_DIR=$base GIT_WORK_TREE=$workdir GIT_INDEX_FILE=$scratch/index
export GIT_OBJECT_DIRECTORY=$scratch/objects GIT_ALTERNATE_OBJECT_DIRECTORIES=$base/objects

tree() {
    mkdir -p "$scratch/objects" || return
    rm -f "$scratch/index.lock"
    [ -f "$scratch/index" ] || cp "$base/index" "$scratch/index" || return
    # A file that cannot be read is left as it was.
    git add -A --ignore-errors . >/dev/null 2>&1
    git write-tree
}

cd "$workdir" || exit
now=$(tree) || {
    rm -rf "$scratch"
    now=$(tree) || exit
}
if [ -n "$before" ]; then
    exec git diff-tree -r -p --binary --full-index --no-renames --ignore-submodules=all \
        --no-ext-diff --no-textconv --no-color "$before" "$now"
fi
echo "$now"
[ ! -e "$submitted" ] || echo submitted
