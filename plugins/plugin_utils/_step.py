# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the steps share: actions on the controller that work for one host or for all of the play at once.

A step that works for all never fails for one object: it returns verdicts, and a task of each host turns them into that
host's outcome. What it fails with altogether becomes the verdict of every object as well, since a failed task that runs
once would take hosts out of a play without a word: https://github.com/ansible/ansible/issues/87308.
"""

from __future__ import annotations

import os
from abc import abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any, ClassVar

from ansible.errors import AnsibleError
from ansible.plugins.action import ActionBase
from ansible.utils.display import Display
from ansible_collections.mailops.modern_auth.plugins.module_utils._entries import plain
from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError, ModernAuthError
from ansible_collections.mailops.modern_auth.plugins.module_utils._retry import watched_by
from ansible_collections.mailops.modern_auth.plugins.module_utils._texts import require_texts
from ansible_collections.mailops.modern_auth.plugins.module_utils._verdicts import Verdict, defect, failure
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._orphan import end_with_ansible
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._progress import Progress
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._stores import Store, open_store
from ansible_collections.mailops.modern_auth.plugins.plugin_utils._variables import PlayVariables


class Step(ActionBase):
    """An action with options, whose errors become a failed result."""

    _requires_connection = False
    #: The options, as an argument spec.
    OPTIONS: ClassVar[Mapping[str, Mapping[str, Any]]]
    #: Further rules, as ``validate_argument_spec`` takes them.
    RULES: ClassVar[Mapping[str, Any]] = {}

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        end_with_ansible()
        super().run(tmp, task_vars)
        self._task_vars = task_vars or {}
        _result, args = self.validate_argument_spec(dict(self.OPTIONS), **self.RULES)
        try:
            require_texts(self.OPTIONS, self._task.args)
            # Up to ansible-core 2.18 texts of results are of a type of Ansible's own, which YAML cannot write.
            with watched_by(self.say):
                return self.act(plain(args))
        except ModernAuthError as error:
            return self.failed(args, error)

    @abstractmethod
    def act(self, args: dict[str, Any]) -> dict[str, Any]:
        """Do the step's work.

        :returns: the task's result.
        :raises ModernAuthError: nothing could be tried.
        """

    def failed(self, args: Mapping[str, Any], error: ModernAuthError) -> dict[str, Any]:
        """The result if nothing could be tried."""
        return dict(failure(error))

    def say(self, text: str) -> None:
        """Tell whoever watches, at once."""
        Display().display(text)

    @cached_property
    def variables(self) -> PlayVariables:
        """The variables of all hosts."""
        return PlayVariables(self._task, self._task_vars, self._loader)

    @property
    def check_mode(self) -> bool:
        """Whether nothing must be changed."""
        return bool(self._task.check_mode)

    @cached_property
    def environment(self) -> Mapping[str, str]:
        """The environment of Ansible, with what the play or the task says of it."""
        said = [self._templar.template(one) for one in self._task.environment or [] if one]
        return {**os.environ, **{str(name): str(value) for one in said for name, value in one.items()}}

    @property
    def loader(self) -> Any:
        """Ansible's loader, which knows where paths start and the vaults' passwords."""
        return self._loader

    def open_store(self, options: Mapping[str, Any]) -> Store:
        """The store that the options describe.

        :raises InputError: they make no sense.
        """
        return open_store(options, self)

    def resolved(self, value: Any) -> Any:
        """A copy in which each ``{"variable": PATH, "host": HOST}`` is the value of that host's variable."""
        if isinstance(value, Mapping):
            if set(value) == {"variable", "host"}:
                name, *path = str(value["variable"]).split(".")
                found = self.variables.of(value["host"])[name]
                for part in path:
                    found = found[part]
                return found
            return {name: self.resolved(item) for name, item in value.items()}
        if isinstance(value, list):
            return [self.resolved(item) for item in value]
        return value


class StepForAll(Step):
    """A step that works for all objects of the play, in one task."""

    #: The step's name in messages, and what it works on.
    STEP: ClassVar[str]
    NOUN: ClassVar[str]

    @abstractmethod
    def names(self, args: Mapping[str, Any]) -> Iterable[str]:
        """The names of the objects that the task is about."""

    @abstractmethod
    def result(self, args: Mapping[str, Any], verdicts: Mapping[str, Verdict]) -> dict[str, Any]:
        """The task's result.

        :param verdicts: by the objects' names.
        """

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        try:
            return super().run(tmp, task_vars)
        except AnsibleError:
            raise
        except Exception as error:
            # The reporting boundary.
            return self.failed(self._task.args, defect(error))

    def failed(self, args: Mapping[str, Any], error: ModernAuthError) -> dict[str, Any]:
        try:
            names = self.names(args)
        except InputError as wrong:
            # It cannot be told what the task is about, so that no object of it can be answered for.
            return dict(failure(wrong))
        return self.result(args, {name: failure(error) for name in names})

    def say(self, text: str) -> None:
        """See Step."""
        super().say(f"{self.STEP}: {text}")

    def progress(self, total: int) -> Progress:
        """Tells how far the step is."""
        return Progress(self.STEP, self.NOUN, total)
