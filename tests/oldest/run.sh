#!/usr/bin/env bash
# The main job, a rotation and the report with the oldest ansible-core that meta/runtime.yml allows, on a sandbox of its own.
set -eu -o pipefail

build=$1
venv=$build/oldest
release=$(sed -n 's/^requires_ansible: ">=\([0-9]*\.[0-9]*\).*/\1/p' meta/runtime.yml)

python -m venv --clear "$venv"
"$venv/bin/pip" install -qq --disable-pip-version-check --no-compile "ansible-core==$release.*" -r meta/requirements.txt -e ./sandbox
mkdir -p "$venv/collections/ansible_collections/mailops"
ln -sfn "$PWD" "$venv/collections/ansible_collections/mailops/modern_auth"
export PATH=$venv/bin:$PATH ANSIBLE_COLLECTIONS_PATH=$venv/collections M365_SANDBOX_DIRECTORY=$venv/sandbox
ansible --version | sed -n 1p

play() {
    ansible-playbook "$@" -i playbooks/inventories/sandbox --limit ici_prod,tas-test-1 | tee "$venv/output"
}

m365-sandbox start
trap 'm365-sandbox stop' EXIT
play sandbox/servers/prepare.yml
play mailops.modern_auth.setup_mail
if play mailops.modern_auth.rotate_secrets -e '{"mail_rotation_force": true, "mail_restart_command": ["false"]}'; then
    echo "A product that does not start again should have failed the rotation." >&2
    exit 1
fi
grep -q 'taken back' "$venv/output"
play mailops.modern_auth.rotate_secrets
grep -q 'rotated' "$venv/output"
play mailops.modern_auth.report_credentials -e "mail_credentials_folder=$venv/reports"
play mailops.modern_auth.setup_mail
if grep -q 'changed=[1-9]' "$venv/output"; then
    echo "The last run should have changed nothing." >&2
    exit 1
fi
