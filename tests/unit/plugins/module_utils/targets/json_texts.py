# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""JSON as other programs may write it: any white space, any escapes, names that repeat."""

from __future__ import annotations

import json

from hypothesis import strategies as st

space = st.text(alphabet=" \t\r\n", max_size=3)
characters = st.characters(exclude_categories=["Cs"])
plain = st.sampled_from(["true", "false", "null", "0", "-1.50", "1e5", "12E-3", "100000000000000000000000"])
strings = st.builds(
    lambda value, ascii_only: json.dumps(value, ensure_ascii=ascii_only), st.text(characters, max_size=8), st.booleans()
)


@st.composite
def arrays(draw: st.DrawFn, items: st.SearchStrategy[str]) -> str:
    between = [f"{draw(space)}{item}{draw(space)}" for item in draw(st.lists(items, max_size=3))]
    return f"[{','.join(between) or draw(space)}]"


@st.composite
def objects(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    # Lists, not dictionaries: a name may come twice.
    members = [
        f"{draw(space)}{name}{draw(space)}:{draw(space)}{value}{draw(space)}"
        for name, value in draw(st.lists(st.tuples(strings, values), max_size=3))
    ]
    return f"{{{','.join(members) or draw(space)}}}"


foreign = st.recursive(plain | strings, lambda values: arrays(values) | objects(values), max_leaves=6)
