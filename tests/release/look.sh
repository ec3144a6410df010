#!/usr/bin/env bash
# Looks at a release's tarball as Galaxy does when it takes it in: look.sh ENVIRONMENT TARBALL. Fails with the importer's errors and warnings.
set -eu -o pipefail

importer=$1
tarball=$(realpath "$2")
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

cat >"$scratch/importer.cfg" <<'END'
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
RUN_ANSIBLE_TEST = False
END
# The importer leaves its result where it is run.
cd "$scratch"
# What this checkout sets up for itself must not reach it, since Galaxy has none of it.
env --unset ANSIBLE_CONFIG --unset ANSIBLE_COLLECTIONS_PATH PATH="$importer/bin:$PATH" HOME="$scratch" \
    GALAXY_IMPORTER_CONFIG="$scratch/importer.cfg" python -m galaxy_importer.main "$tarball" 2>&1 | tee "$scratch/said"
! grep -E '^(ERROR|WARNING)' "$scratch/said"
