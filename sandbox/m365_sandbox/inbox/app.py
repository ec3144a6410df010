"""The inbox's pages. Nothing is changed here, not even whether a message was read."""

from __future__ import annotations

from urllib.parse import quote

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from m365_sandbox.graph.mail_reading import Shape, attachments, parse, show_message, text_of
from m365_sandbox.inbox import PAGES
from m365_sandbox.inbox.mailboxes import OUTBOUND, folders, message, newest
from m365_sandbox.mail.mailbox import INBOX, Item, NoSuchItem, StoreError
from m365_sandbox.mail.message import split
from m365_sandbox.mail.store import MailStore
from m365_sandbox.state.sandbox import Sandbox

# A mail's own markup: shown in a frame that the browser keeps apart, without scripts, forms and addresses to fetch.
_MARKUP_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
_NO_SNIFFING = {"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}


def inbox_app(sandbox: Sandbox, store: MailStore) -> Starlette:
    """The pages, without their guard."""
    pages = _Pages(sandbox, store)
    return Starlette(
        routes=[
            Route("/", pages.mailboxes, methods=["GET"]),
            Route("/{mailbox}", pages.messages, methods=["GET"]),
            Route("/{mailbox}/message", pages.message, methods=["GET"]),
            Route("/{mailbox}/raw", pages.raw, methods=["GET"]),
            Route("/{mailbox}/markup", pages.markup, methods=["GET"]),
            Route("/{mailbox}/attachment", pages.attachment, methods=["GET"]),
        ],
        exception_handlers={NoSuchItem: _nothing_here, ValueError: _nothing_here, 404: _nothing_here,
                            StoreError: _no_store},
    )


class _Pages:
    def __init__(self, sandbox: Sandbox, store: MailStore) -> None:
        self.sandbox = sandbox
        self.store = store

    async def mailboxes(self, request: Request) -> Response:
        names = sorted(mailbox["address"] for mailbox in self.sandbox.tenant["mailboxes"].values())
        rows = [
            {"name": name, "folders": await folders(self.store, self.sandbox.tenant, name)}
            for name in (*names, OUTBOUND)
        ]
        return PAGES.show("mailboxes.html", {"mailboxes": rows, "outbound": OUTBOUND})

    async def messages(self, request: Request) -> Response:
        mailbox, tenant = request.path_params["mailbox"], self.sandbox.tenant
        found = await folders(self.store, tenant, mailbox)
        folder = request.query_params.get("folder", OUTBOUND if mailbox == OUTBOUND else INBOX)
        items = await newest(self.store, tenant, mailbox, folder)
        return PAGES.show("messages.html", {
            "mailbox": mailbox, "folders": found, "folder": folder,
            "messages": [{"uid": item.uid, **show_message(item, Shape(), {})} for item in items],
        })

    async def message(self, request: Request) -> Response:
        item = await self._item(request)
        shown = show_message(item, Shape(), {})
        is_markup = shown["body"]["contentType"] == "html"
        content = shown["body"]["content"]
        return PAGES.show("mail.html", {
            "mailbox": request.path_params["mailbox"], "folder": item.folder.name, "query": request.url.query,
            "message": shown, "text": text_of(content) if is_markup else content, "is_markup": is_markup,
            "headers": [_header(field) for field in split(item.content)[0]],
            "attachments": attachments(parse(item.content)),
        })

    async def raw(self, request: Request) -> Response:
        item = await self._item(request)
        return Response(item.content, 200, _NO_SNIFFING, "text/plain; charset=utf-8")

    async def markup(self, request: Request) -> Response:
        shown = show_message(await self._item(request), Shape("html"), {})
        headers = {**_NO_SNIFFING, "Content-Security-Policy": _MARKUP_POLICY}
        return Response(shown["body"]["content"], 200, headers, "text/html; charset=utf-8")

    async def attachment(self, request: Request) -> Response:
        found = attachments(parse((await self._item(request)).content))
        number = int(request.query_params.get("number", ""))
        if number not in range(len(found)):
            raise NoSuchItem(number)
        name = quote(found[number].name, safe="")
        return Response(found[number].content, 200, {
            **_NO_SNIFFING, "Content-Disposition": f"attachment; filename*=UTF-8''{name}",
        }, "application/octet-stream")

    async def _item(self, request: Request) -> Item:
        """The message that the query names by ``folder`` and ``uid``."""
        query = request.query_params
        return await message(
            self.store, self.sandbox.tenant, request.path_params["mailbox"], query.get("folder", INBOX),
            int(query.get("uid", "")),
        )


def _header(field: bytes) -> tuple[str, str]:
    name, _, value = field.decode("utf-8", "replace").partition(":")
    return name, value.strip()


async def _nothing_here(request: Request, error: Exception) -> Response:
    return PAGES.show("message.html", {
        "heading": "Nothing here", "text": "There is no such mailbox, folder or message (any more).",
    }, status=404)


async def _no_store(request: Request, error: Exception) -> Response:
    return PAGES.show("message.html", {"heading": "The mailbox store does not answer", "text": str(error)}, status=503)
