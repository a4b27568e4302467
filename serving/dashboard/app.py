"""The routes of the pages, all below /dashboard."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast
from urllib.parse import quote, urlencode

import anyio.to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Scope

from serving.answers import NO_RELEASE, Answers
from serving.dashboard.addresses import account_address, account_of
from serving.dashboard.blocks import Page
from serving.dashboard.board import Board
from serving.dashboard.files import file_named
from serving.dashboard.frame import entries, footer
from serving.dashboard.kept_pages import KeptPages
from serving.dashboard.pages.account import account
from serving.dashboard.pages.accounts import account_columns, account_rows
from serving.dashboard.shell import Shell, as_document
from serving.dashboard.signing_in import SIGN_IN, form_token_of, sign_in_page, signed_in, signed_out
from serving.dashboard.site import BY_NAME, FIRST, Asked, Entry
from serving.dashboard.table import csv_lines, in_parts
from serving.dashboard.words import as_sentence
from serving.errors import Refusal
from serving.keyring import Keyring
from serving.query import query_values
from serving.routes import PAGES

POLICY = "; ".join(
    [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self' 'unsafe-inline'",  # Plotly styles what it draws
        "img-src 'self' data: blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    ]
)
"""Nothing comes from elsewhere, nothing is sent elsewhere."""
HEADERS = {"Content-Security-Policy": POLICY}
FOR_GOOD = "public, max-age=31536000, immutable"
MOST_KEPT = 200
SMALLEST_PACKED, QUICKLY = 1_000, 5
"""Replies of so many bytes and more go out packed, to browsers that can unpack them."""
LIST = "accounts"
CSV = "text/csv; charset=utf-8"

Keys = Callable[[], Keyring | None]


def dashboard(answers: Callable[[], Answers], keys: Keys) -> Starlette:
    """Return the application that is mounted at /dashboard."""
    pages = Pages(answers, keys)
    return Starlette(
        routes=[
            Route("/files/{name}", file, methods=["GET"]),
            Route("/sign-in", pages.sign_in, methods=["GET", "POST"]),
            Route("/sign-out", pages.sign_out, methods=["POST"]),
            Route("/", pages.page, methods=["GET"]),
            Route("/accounts/accounts.csv", pages.all_accounts, methods=["GET"]),
            Route("/accounts/{account_id:path}", pages.account, methods=["GET"]),
            Route("/{page}", pages.page, methods=["GET"]),
            Route("/{page}/{table}.csv", pages.download, methods=["GET"]),
        ],
        middleware=[Middleware(GZipMiddleware, minimum_size=SMALLEST_PACKED, compresslevel=QUICKLY)],
        exception_handlers={Refusal: _refused},
    )


class Pages:
    """The endpoints; what they are given is asked for at each request, since it changes while they serve."""

    def __init__(self, answers: Callable[[], Answers], keys: Keys) -> None:
        self.answers = answers
        self.keys = keys
        self.kept = KeptPages(MOST_KEPT)

    async def page(self, request: Request) -> Response:
        """Answer with a page of the navigation."""
        entry = _entry(request)
        token = form_token_of(request, self.keys())
        shown = await anyio.to_thread.run_sync(self._page, entry, _asked(request, entry), token)
        return HTMLResponse(shown, headers=HEADERS)

    async def download(self, request: Request) -> Response:
        """Answer with a table of a page."""
        entry = _entry(request)
        made = await anyio.to_thread.run_sync(self.kept.of, entry, board_of(self.answers()), _asked(request, entry))
        return _table(made, request.path_params["table"], entry.name)

    async def account(self, request: Request) -> Response:
        """Answer with the page of an account, or with a table of it."""
        account_id = account_of(request.path_params["account_id"])
        asked = query_values(request.query_params.multi_items(), ("table",))
        if "table" in asked:
            made = await anyio.to_thread.run_sync(account, board_of(self.answers()), account_id)
            return _table(made, asked["table"], "account")
        token = form_token_of(request, self.keys())
        return HTMLResponse(await anyio.to_thread.run_sync(self._account, account_id, token), headers=HEADERS)

    async def all_accounts(self, request: Request) -> Response:
        """Stream every account that a filter lets through."""
        rows = account_rows(board_of(self.answers()), _asked(request, BY_NAME[LIST]))
        parts = in_parts(csv_lines(account_columns(), rows))
        return StreamingResponse(parts, media_type=CSV, headers=_named("perennial-accounts"))

    async def sign_in(self, request: Request) -> Response:
        """Show the way in, or let in."""
        keyring = self.keys()
        if keyring is None:
            return RedirectResponse(PAGES, 303)
        wanted = request.query_params.get("next", "")
        reply = await signed_in(request, keyring) if request.method == "POST" else sign_in_page(request, wanted)
        reply.headers.update(HEADERS)
        return reply

    async def sign_out(self, request: Request) -> Response:
        """End the session."""
        keyring = self.keys()
        return RedirectResponse(PAGES, 303) if keyring is None else await signed_out(request, keyring)

    def _page(self, entry: Entry, asked: Asked, form_token: str) -> str:
        board = board_of(self.answers())
        query = f"?{urlencode(asked)}" if asked else ""
        base = f"{PAGES}/{entry.name}"
        made = self.kept.of(entry, board, asked)
        return _document(made, entry.name, board, form_token, lambda name: f"{base}/{quote(name)}.csv{query}")

    def _account(self, account_id: str, form_token: str) -> str:
        board = board_of(self.answers())
        made = account(board, account_id)
        return _document(made, LIST, board, form_token, lambda name: account_address(account_id, table=name))


async def file(request: Request) -> Response:
    """Return a script or a style, packed where the browser can unpack it."""
    found = await anyio.to_thread.run_sync(file_named, request.path_params["name"])
    headers = {"Cache-Control": FOR_GOOD, "ETag": f'"{found.tag}"', "Vary": "Accept-Encoding"}
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(found.packed, media_type=found.kind, headers=headers | {"Content-Encoding": "gzip"})
    return Response(found.body, media_type=found.kind, headers=headers)


def as_page(scope: Scope, refusal: Refusal) -> Response:
    """Return a refusal as people read it: a page; or the way in, to whoever has not signed in."""
    if refusal.status == 401 and scope["method"] == "GET":
        query = scope["query_string"].decode("latin-1")
        wanted = scope["path"] + (f"?{query}" if query else "")
        return RedirectResponse(f"{SIGN_IN}?{urlencode({'next': wanted})}", 303)
    shell = Shell("That did not work" if refusal.status != 503 else "Not ready yet", entries=entries())
    document = as_document("message.html", shell, message=as_sentence(str(refusal)), back=PAGES)
    return HTMLResponse(document, refusal.status, headers={**refusal.headers, **HEADERS})


async def _refused(request: Request, refusal: Exception) -> Response:
    return as_page(request.scope, cast(Refusal, refusal))


def board_of(answers: Answers) -> Board:
    """Return what pages are made from now.

    Raises
    ------
    Refusal
        When no release serves.
    """
    predictor = answers.champion.predictor
    if predictor is None:
        raise Refusal("no_release", answers.not_ready() or NO_RELEASE)
    return Board(predictor.release, answers.published.store, answers.champion.releases, predictor, answers.suggested)


def _entry(request: Request) -> Entry:
    name = request.path_params.get("page", FIRST)
    if name not in BY_NAME:
        raise Refusal("not_found", f"got the page {name[:60]!r}; expected one of those in the navigation")
    return BY_NAME[name]


def _asked(request: Request, entry: Entry) -> Asked:
    # Without scripts a form sends what is left open too.
    said = [(name, value) for name, value in request.query_params.multi_items() if value]
    return query_values(said, entry.asks)


def _document(page: Page, current: str, board: Board, form_token: str, downloads: Callable[[str], str]) -> str:
    shell = Shell(page.title, current, entries(), footer(board), form_token)
    return as_document("page.html", shell, page=page, downloads=downloads)


def _table(page: Page, name: str, of: str) -> Response:
    """A table of a page, to be kept."""
    table = page.tables().get(name)
    if table is None:
        raise Refusal("not_found", f"got the table {name[:60]!r}; expected one of the page")
    return Response(table.csv(), media_type=CSV, headers=_named(f"perennial-{of}-{name}"))


def _named(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="{name}.csv"'}
