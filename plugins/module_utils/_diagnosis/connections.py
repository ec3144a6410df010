# Copyright: mailops contributors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a product's log says where the product does not come as far as the service: no service has words for that. Pure.

The words are those of OpenSSL, Python, Node.js and nodemailer, Java, and .NET on Windows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

_TRY = (
    "Try it from the server: openssl s_client -starttls smtp -connect HOST:587, or Test-NetConnection HOST -Port 587 "
    "on Windows"
)


@dataclass(frozen=True)
class Failure:
    """One row.

    :param said: as one client says it.
    :param pattern: a regular expression, searched without regard to case.
    :param cause, checks, remedy: as a Symptom's.
    """

    said: str
    pattern: str
    cause: str
    checks: tuple[str, ...]
    remedy: str


FAILURES: Sequence[Failure] = (
    Failure(
        "Connection refused", r"ECONNREFUSED|connection refused|actively refused it",
        "nothing listens at that host and port, or a firewall refuses", ("settings",),
        f"Compare host and port with the service's. {_TRY}.",
    ),
    Failure(
        "Name or service not known",
        r"ENOTFOUND|EAI_AGAIN|EAI_NONAME|UnknownHostException|(name or service|nodename nor servname|no such host is|"
        r"hostname).{0,20}known|failure in name resolution|could not be resolved",
        "the host's name is wrong, or the server resolves no such names", ("settings",),
        "Compare the host with the service's; from the server: nslookup HOST. Where names are resolved by a proxy "
        "alone, have the product use it, or the server's DNS know the name.",
    ),
    Failure(
        "certificate verify failed: Hostname mismatch",
        r"hostname mismatch|IP address mismatch|ERR_TLS_CERT_ALTNAME_INVALID|certificate's altnames|"
        r"no (subject alternative|name match)\w*.{0,40}(match|found)|no name matching|RemoteCertificateNameMismatch",
        "the certificate is for another name than the host that the product has", ("settings",),
        "Name the host as its certificate does; an address, or an alias of one's own in the DNS, does not stand there.",
    ),
    Failure(
        "certificate verify failed: unable to get local issuer certificate",
        r"CERTIFICATE_VERIFY_FAILED|certificate verify failed|unable to (get local issuer|verify the first) cert|"
        r"UNABLE_TO_(GET_ISSUER|VERIFY_LEAF)|self[- _]signed[ _]cert|PKIX path|unable to find valid certification path|"
        r"remote certificate is invalid|authority that is not trusted|RemoteCertificateChainErrors|UntrustedRoot",
        "the product does not trust who issued the certificate; often that is a proxy which opens TLS", (),
        "Have the proxy leave the service's hosts alone, or give the issuer's certificate to what the product trusts: "
        "Java's cacerts, NODE_EXTRA_CA_CERTS, the Trusted Root store of Windows, /usr/local/share/ca-certificates.",
    ),
    Failure(
        "wrong version number",
        r"wrong[_ ]version[_ ]number|EPROTO|unrecognized SSL message|plaintext connection|"
        r"handshake failed due to an unexpected packet|packet length too long|frame size or .{0,20}corrupt",
        "the product speaks TLS from the first byte, and that port does not", ("settings",),
        "Use tls starttls on port 587 (or 143, 110), and implicit on port 465, 993 and 995 alone; docs/tls.md has what "
        "comes of each.",
    ),
    Failure(
        "Connection timed out",
        r"ETIMEDOUT|ESOCKETTIMEDOUT|(connect|connection|read|operation)( has)? timed[ -]?out|\btimed out|TimeoutError|"
        r"SocketTimeoutException|greeting never received|did not properly respond|timeout (was )?(reached|expired)",
        "a firewall or a proxy drops the connection, or the product waits for a greeting where TLS comes first",
        ("settings",),
        "Have the firewall let the server out to the service: 587 for SMTP, 993 for IMAP, 995 for POP3, 443 for Graph "
        f"and the sign-in; port 25 is often closed. {_TRY}.",
    ),
)
