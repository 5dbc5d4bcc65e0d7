# Arguments: WORKDIR VENV WHEELS IMPORT_PATH... -- REQUIREMENT...
# Makes a virtual environment in which the repository can be imported from where it lies.
workdir=$1 venv=$2 wheels=$3
shift 3
python3 -m venv --without-pip "$venv"
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
while [ "$1" != -- ]; do
    echo "$1" >>"$site/repository.pth"
    shift
done
shift
if [ $# -gt 0 ]; then
    pip=$(echo "$wheels"/pip-*.whl)
    "$venv/bin/python" "$pip/pip" install --quiet --no-index --no-cache-dir \
        --disable-pip-version-check --root-user-action ignore --find-links "$wheels" "$@"
fi
rm -rf "$wheels"

# A package asks importlib.metadata for its own version: tell it what its sdist says.
cd "$workdir"
if [ -f PKG-INFO ]; then
    name=$(sed -n 's/^Name: *//p' PKG-INFO | head -n 1 | tr '.-' '__')
    version=$(sed -n 's/^Version: *//p' PKG-INFO | head -n 1)
    info="$site/$name-$version.dist-info"
    mkdir -p "$info"
    cp PKG-INFO "$info/METADATA"
    find . -path '*.egg-info/entry_points.txt' -exec cp {} "$info/" \; -quit
fi
