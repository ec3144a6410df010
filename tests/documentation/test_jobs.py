"""The files for whatever runs the collection at night, each judged by the schema or the linter of what reads it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

REPOSITORY = Path(__file__).parents[2]
JOBS = REPOSITORY / "docs" / "examples" / "automation"
GITHUB = REPOSITORY / ".github"
COMMANDS = Path(sys.executable).parent

WORKFLOWS, FORMS = ["github-workflows"], ["github-issue-forms"]
#: Which of the schemas that check-jsonschema brings along a file has to fit, and further arguments.
SCHEMAS = {
    JOBS / "github.yml": WORKFLOWS,
    JOBS / "gitlab.yml": ["gitlab-ci", "--data-transform", "gitlab-ci"],
    # Its regular expressions are not those of Unicode mode.
    JOBS / "azure-pipelines.yml": [
        "azure-pipelines", "--data-transform", "azure-pipelines", "--regex-variant", "nonunicode",
    ],
    **dict.fromkeys((GITHUB / "workflows").glob("*.yml"), WORKFLOWS),
    GITHUB / "ISSUE_TEMPLATE" / "bug.yml": FORMS,
    GITHUB / "ISSUE_TEMPLATE" / "feature.yml": FORMS,
    GITHUB / "ISSUE_TEMPLATE" / "config.yml": ["github-issue-config"],
    GITHUB / "dependabot.yml": ["dependabot"],
}


ACTIONLINT = REPOSITORY / ".build" / "documentation" / "node_modules" / "@tktco" / "node-actionlint"


def passes(*command: str | Path) -> str:
    done = subprocess.run(
        list(map(str, command)), text=True, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.mark.parametrize("file", SCHEMAS, ids=lambda file: str(file.relative_to(REPOSITORY)))
def test_its_schema(file: Path) -> None:
    schema, *further = SCHEMAS[file]
    passes(COMMANDS / "check-jsonschema", "--builtin-schema", f"vendor.{schema}", *further, file)


def test_actionlint_takes_the_workflows() -> None:
    # Those of the examples run on a runner whose label it cannot know.
    told = passes("node", ACTIONLINT / "bin" / "node-actionlint.js", GITHUB / "workflows" / "*.yml")
    # To find none is no failure to it.
    assert f"Checking {len(list((GITHUB / 'workflows').iterdir()))} workflow file(s)" in told


def test_systemd_takes_the_units() -> None:
    passes("systemd-analyze", "verify", JOBS / "mailops.service", JOBS / "mailops.timer")


def test_each_line_of_cron_runs_a_playbook_as_its_user() -> None:
    lines = [line for line in (JOBS / "mailops.cron").read_text().splitlines() if line and line[0].isdigit()]
    for line in lines:
        minute, hour, *days, user, command = line.split(maxsplit=6)
        assert (int(minute) < 60, int(hour) < 24, days, user) == (True, True, ["*"] * 3, "mailops")
        # To cron it would be the end of the command.
        assert "%" not in command
        passes("bash", "-n", "-c", command)
    assert len(lines) == 3


def test_an_execution_environment_can_be_built(tmp_path: Path) -> None:
    context = tmp_path / "context"
    passes(COMMANDS / "ansible-builder", "create", "--file", JOBS / "execution-environment.yml", "--context", context)
    [ours, *_others] = yaml.safe_load((context / "_build" / "requirements.yml").read_text())["collections"]
    assert ours["name"] == "mailops.modern_auth"
    assert "hvac" in (context / "_build" / "requirements.txt").read_text()
    assert "fedora:42" in (context / "Dockerfile").read_text()


def test_what_the_collection_needs_reaches_an_execution_environment() -> None:
    found = subprocess.run(
        [COMMANDS / "ansible-builder", "introspect", REPOSITORY / ".venv" / "collections"], text=True, check=True,
        stdout=subprocess.PIPE, timeout=300,
    ).stdout
    mark = "  # from collection mailops.modern_auth"
    told = [line.removesuffix(mark) for line in yaml.safe_load(found)["python"] if line.endswith(mark)]
    wanted = [line for line in (REPOSITORY / "meta" / "requirements.txt").read_text().splitlines() if line[0] != "#"]
    assert told == wanted


def test_every_playbook_of_a_job_is_there() -> None:
    files = [file.read_text() for file in JOBS.iterdir()]
    named = {word.split(".")[2] for text in files for word in text.split() if word.startswith("mailops.modern_auth.")}
    assert named == {"rotate_secrets", "verify_mail", "report_credentials"}
    assert all((REPOSITORY / "playbooks" / f"{name}.yml").is_file() for name in named)
