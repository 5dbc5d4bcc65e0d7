# Arguments: WORKDIR ASIDE HIDDEN-FILE...; standard input: a patch to be applied first, or nothing.
# Makes the repository a single commit that knows nothing of its past and future, owned by the agent.
# Hidden files go to the folder ASIDE, which only root can look into.
workdir=$1 aside=$2
shift 2
cd "$workdir"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
cat >"$scratch/patch"
export HOME=$scratch GIT_CONFIG_NOSYSTEM=1
git config --global --add safe.directory '*'
git config --global init.defaultBranch main

if [ -s "$scratch/patch" ]; then
    git apply --whitespace=nowarn "$scratch/patch" ||
        patch --batch --forward --fuzz=5 --no-backup-if-mismatch -p1 -i "$scratch/patch"
fi

mkdir -p "$aside"
chmod 700 "$aside"
for path; do
    [ -e "$path" ] || continue
    mkdir -p "$aside/$(dirname "$path")"
    mv "$path" "$aside/$path"
done

# Files that are tracked although .gitignore names them must stay so. A submodule becomes files.
: >"$scratch/tracked"
if [ -e .git ]; then
    git ls-files -z | while IFS= read -r -d '' path; do
        [ -d "$path" ] && [ ! -L "$path" ] || printf '%s\0' "$path"
    done >"$scratch/tracked"
fi
find . -name .git -prune -exec rm -rf {} +
git init -q .
git config core.logAllRefUpdates false
git config gc.auto 0
if [ -s "$scratch/tracked" ]; then
    git add -A .
    git update-index --add --remove -z --stdin <"$scratch/tracked"
else
    git add -A -f .
fi
GIT_AUTHOR_DATE='2000-01-01T00:00:00Z' GIT_COMMITTER_DATE='2000-01-01T00:00:00Z' \
    git -c user.name=agentrl -c user.email=agentrl@localhost -c commit.gpgSign=false \
    commit -q --no-verify --allow-empty -m 'The repository as the task begins'
rm -rf .git/logs .git/hooks .git/COMMIT_EDITMSG .git/ORIG_HEAD

# Where images of some families keep the tests that decide.
for hidden in /r2e_tests /root/r2e_tests /tests /solution; do
    [ ! -e "$hidden" ] || chmod -R go-rwx "$hidden"
done
chown -R 1000:1000 .
