# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Reports as HTML pages, made of Jinja2 templates that users can replace. Pure but for reading the templates."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ansible_collections.mailops.modern_auth.plugins.module_utils._errors import InputError
from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    TemplateError,
    TemplateNotFound,
    TemplateSyntaxError,
)
from markupsafe import Markup, escape

#: The collection's own templates, which those of users can extend.
TEMPLATES = Path(__file__).parent / "templates"
_DAY = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
# What HTML forbids even when it is escaped: control characters and half characters.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


def page(template: Path, variable: str, values: Mapping[str, Any]) -> str:
    """The page. Whatever a value holds, it stays text.

    :param template: its blocks may be those of one of TEMPLATES, which it extends by name.
    :param variable: that names the template, for messages.
    :param values: what the template may use.
    :raises InputError: there is no such template, or it is wrong.
    """
    environment = Environment(
        # One that extends a template of the collection may have its name.
        loader=FileSystemLoader([TEMPLATES, template.parent]), autoescape=True, undefined=StrictUndefined,
        finalize=_allowed, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
    )
    environment.filters["days"] = _days
    try:
        return environment.from_string(template.read_text(encoding="utf-8")).render(values)
    except TemplateNotFound as error:
        raise InputError(f"{variable}: {template}: there is no template {error.name}.") from error
    except OSError as error:
        raise InputError(f"{variable}: {template} cannot be read ({error.strerror}).") from error
    except (TemplateError, TypeError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, TemplateSyntaxError) else ""
        raise InputError(
            f"{variable}: {template}{line}: {error}",
            remedy=f"Name a template in the language of Jinja2. Those of the collection are in {TEMPLATES}.",
        ) from error


def _days(text: str) -> Markup:
    """A sentence in which no day is broken into two lines."""
    return Markup(_DAY.sub(r"<time>\g<0></time>", str(escape(text))))


def _allowed(value: Any) -> Any:
    """A value as HTML may have it; what is markup by now stays markup."""
    if not isinstance(value, str):
        return value
    allowed = _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", value)
    return type(value)(allowed) if isinstance(value, Markup) else allowed
