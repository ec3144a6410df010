"""The page with the figures of a run, and its chart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 720, 400, 64, 150, 40, 48
COLOURS = ("#0969da", "#1a7f37", "#9a6700", "#8250df")
PAGE = """\
# Performance

`make benchmark` measured this, on {machine}, in one run, and wrote this page. Only the ratios mean something elsewhere.

{lines}

![Processor time by number of hosts, for each kind of run](performance.svg)

{table}

What is measured:

- Every host is a server of ICI with an application of its own, which sends by Microsoft Graph and whose mail is read
  back by Graph. The tenant is a sandbox. Ansible runs with its own number of forks, over local connections.
- **Seconds** are processor time as the operating system counts it, of `ansible-playbook` and all its children; not of
  the sandbox.
- The **floor** is a playbook of three tasks on the same hosts: `stat`, `slurp` and `copy` of the product's file.
- **Identity** makes applications: with `mail_applications` in one task, and with azure.azcollection's
  `azure_rm_adapplication`, `azure_rm_adserviceprincipal` and `azure_rm_adpassword`. The former also grants consent and
  keeps the secret in a store. Most of the libraries that azure.azcollection imports are left empty, since they are half
  a gigabyte; with them it takes longer.
- **Requests** are those to Microsoft Graph and Exchange without the mails of the proofs. A `$batch` is one.
- **Latency** is that of each answer of Entra ID, Graph and Exchange in a first run. The wall is the time in which at
  least one request is on its way. The bound is the greater of two: what that time is without latency, when only
  processors are waited for, and what latency alone needs: the longest chain of requests that wait for one another, plus
  all further requests, divided by how many are on their way at a time: {directory} that make the applications, {proofs}
  that prove delivery. The chain is counted as all requests of a run with one application. One request after the other
  would take several times the bound.
- **Memory** is the largest resident set of one process.
"""


def page(machine: str, lines: Sequence[str], table: str, *, directory: int, proofs: int) -> str:
    """The page in Markdown."""
    told = "\n".join(["```text", *lines, "```"])
    return PAGE.format(machine=machine, lines=told, table=table, directory=directory, proofs=proofs)


def chart(series: Mapping[str, Mapping[int, float]]) -> str:
    """The chart as SVG.

    :param series: seconds by number of hosts, by the name of what was run.
    """
    most = max(max(one) for one in series.values())
    top = max(max(one.values()) for one in series.values())

    def x(hosts: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * hosts / most

    def y(seconds: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * seconds / top

    drawn = [
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y(part):.1f}" y2="{y(part):.1f}"/>'
        f'<text class="soft" x="{LEFT - 8}" y="{y(part) + 4:.1f}" text-anchor="end">{part:.0f}</text>'
        for part in (top * quarter / 4 for quarter in range(5))
    ]
    drawn += [
        f'<text class="soft" x="{x(hosts):.1f}" y="{HEIGHT - BOTTOM + 20}" text-anchor="middle">{hosts}</text>'
        for hosts in next(iter(series.values()))
    ]
    ends: list[float] = []
    for (name, one), colour in zip(series.items(), COLOURS, strict=False):
        points = " ".join(f"{x(hosts):.1f},{y(seconds):.1f}" for hosts, seconds in one.items())
        # Names stand beside the lines' ends, one below the other where those meet.
        place = y(list(one.values())[-1]) + 4
        while any(abs(place - other) < 16 for other in ends):
            place += 4
        ends.append(place)
        drawn.append(
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2"/>'
            f'<text x="{WIDTH - RIGHT + 8}" y="{place:.1f}" fill="{colour}">{name}</text>'
        )
    return "\n".join([
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-labelledby="t" '
        'font-family="system-ui, sans-serif" font-size="13">',
        '<title id="t">Processor time by number of hosts, for each kind of run</title>',
        "<style>.soft { fill: #57606a } .grid { stroke: #d0d7de }"
        " @media (prefers-color-scheme: dark) { .soft { fill: #9aa4af } .grid { stroke: #30363d } }</style>",
        f'<text class="soft" x="{LEFT}" y="22">seconds of processor time</text>',
        f'<text class="soft" x="{WIDTH - RIGHT}" y="{HEIGHT - 8}" text-anchor="end">hosts</text>',
        *drawn, "</svg>", "",
    ])
