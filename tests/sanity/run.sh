#!/usr/bin/env bash
# Runs ansible-test sanity and units. ansible-test insists on a folder named ansible_collections/NAMESPACE/NAME that is no
# link, so it gets a copy of what git tracks; the sandbox is a package of its own and not part of the collection.
set -eu -o pipefail

build=$1
collection=$build/ansible_collections/mailops/modern_auth
python=$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])')

mkdir -p "$collection"
find "$collection" -mindepth 1 -delete
{
    git ls-files -z --cached --others --exclude-standard -- . ':!molecule' ':!sandbox' ':!tests'
    git ls-files -z --cached --others --exclude-standard -- tests/config.yml tests/sanity tests/unit
} | grep -zvxF -f <(git ls-files --deleted) | xargs -0 cp --parents -t "$collection"
cd "$collection"
git init --quiet .
git add --all

# ansible-test fetches its own get-pip.py; where it cannot, it names the path at which it looks for one.
ansible_test() {
    local log=$build/ansible-test.log bootstrap
    if ansible-test "$@" --python "$python" >"$log" 2>&1; then
        tail -n 5 "$log"
        return
    fi
    bootstrap=$(sed -n 's/^The bootstrap script can be manually downloaded and saved to: //p' "$log" | head -n 1)
    if [ -z "$bootstrap" ] || [ -e "$bootstrap" ]; then
        cat "$log"
        return 1
    fi
    printf 'import ensurepip\nensurepip.bootstrap()\n' >"$bootstrap"
    ansible_test "$@"
}

ansible_test sanity --color no
ansible_test units --color no
