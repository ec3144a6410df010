#!/usr/bin/env bash
# The main job, a rotation, the report, and what becomes of the others if one application is broken, with each release of
# ansible-core that a Python can run, from the oldest that meta/runtime.yml allows. Each has an environment and a sandbox of its own.
# Usage: run.sh FOLDER PYTHON [RELEASE …]
set -eu -o pipefail

build=$1
python=$2
shift 2

released() {
    local oldest
    oldest=$(sed -n 's/^requires_ansible: ">=\([0-9]*\.[0-9]*\).*/\1/p' meta/runtime.yml)
    "$python" -m pip index versions ansible-core --disable-pip-version-check 2>/dev/null |
        sed -n 's/^Available versions: //p' | tr -s ', ' '\n' | cut -d. -f1,2 | sort -uV | sed -n "/^$oldest\$/,\$p"
}

play() {
    local code=0
    ansible-playbook "$@" -i playbooks/inventories/sandbox 2>&1 | tee "$venv/output" || code=$?
    if grep -q 'WARNING]' "$venv/output"; then
        echo "There should be no warning." >&2
        exit 1
    fi
    return "$code"
}

main_job() {
    local some=(--limit 'ici_prod,tas-test-1')
    m365-sandbox start
    trap 'm365-sandbox stop' EXIT
    play sandbox/servers/prepare.yml
    play mailops.modern_auth.setup_mail
    if play mailops.modern_auth.rotate_secrets "${some[@]}" \
        -e '{"mail_rotation_force": true, "mail_restart_command": ["false"]}'; then
        echo "A product that does not start again should have failed the rotation." >&2
        exit 1
    fi
    grep -q 'taken back' "$venv/output"
    play mailops.modern_auth.rotate_secrets "${some[@]}"
    grep -q 'rotated' "$venv/output"
    play mailops.modern_auth.report_credentials -e "mail_credentials_folder=$venv/reports"
    play mailops.modern_auth.setup_mail
    if grep -q 'changed=[1-9]' "$venv/output"; then
        echo "The last run should have changed nothing." >&2
        exit 1
    fi
}

for release in ${*:-$(released)}; do
    (
        venv=$build/ansible-core-$release
        "$python" -m venv --clear "$venv"
        "$venv/bin/pip" install -qq --disable-pip-version-check --no-compile \
            "ansible-core==$release.*" -r meta/requirements.txt -e ./sandbox pytest hypothesis
        collections=$("$venv/bin/python" -c 'import site; print(site.getsitepackages()[0])')
        mkdir -p "$collections/ansible_collections/mailops"
        ln -sfn "$PWD" "$collections/ansible_collections/mailops/modern_auth"
        export PATH=$venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$collections M365_SANDBOX_DIRECTORY=$venv/sandbox
        ansible --version | sed -n 1p
        main_job
        pytest -q tests/acceptance/test_one_of_several_broken.py
    )
done
