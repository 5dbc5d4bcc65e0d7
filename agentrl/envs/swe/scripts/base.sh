# Argument: WORKDIR. Keeps what the repository holds as the task begins in a place that the agent
# cannot write, to tell later what it changed, whatever became of the repository's own .git. Files
# are taken as they are: no attribute of the repository changes line ends, runs a filter or calls
# text binary.
cd "$1"
base=/opt/agentrl/base.git
tracked=$(mktemp)
git --git-dir=.git ls-files -z >"$tracked"
rm -rf "$base"
export GIT_CONFIG_NOSYSTEM=1 HOME=/nonexistent XDG_CONFIG_HOME=/nonexistent
git init -q --bare "$base"
rm -rf "$base/hooks" "$base/description"
mkdir -p "$base/info"
echo '* -text -filter -ident -working-tree-encoding !diff' >"$base/info/attributes"
printf '%s\n' '__pycache__/' '*.py[co]' .pytest_cache/ .mypy_cache/ >"$base/info/exclude"
export GIT_DIR=$base GIT_WORK_TREE=$PWD
git config core.bare false
git config core.fileMode true
git config core.autocrlf false
git config core.untrackedCache false
# A copied image has other inodes and change times, but the same contents.
git config core.checkStat minimal
git config core.trustctime false
git config gc.auto 0
git update-index --add -z --stdin <"$tracked"
git write-tree >"$base/tree"
rm -f "$tracked"
chmod -R a+rX "$base"
