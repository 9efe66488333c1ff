"""The outermost layer: request ids, security headers, refusal of other sites' forms and of bodies too large."""

import secrets
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import Forbidden, ProductError, TooLarge

CONTENT_SECURITY_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
FORM_BYTES = 2_000_000  # of anything that is not an upload

Refusal = Callable[[Request, ProductError], Awaitable[Response]]


def check_origin(method: str, headers: Headers) -> None:
    """Refuse what another site's page sends. Programs that send neither header are no browsers and may pass."""
    if method in SAFE_METHODS:
        return
    site = headers.get("sec-fetch-site")
    origin = headers.get("origin")
    foreign = site not in (None, "same-origin", "none")
    if origin is not None and not foreign and site is None:
        foreign = urlsplit(origin).netloc != headers.get("host")
    if foreign:
        raise Forbidden("This request came from another site's page and was refused. Send it from Babelscope itself.")


def body_limit(scope: Scope, upload_paths: frozenset[str], upload_bytes: int) -> int:
    """How many bytes this request's body may have."""
    return upload_bytes if scope["path"] in upload_paths else FORM_BYTES


class Guard:
    """ASGI middleware around everything else."""

    def __init__(self, app: ASGIApp, refuse: Refusal, upload_paths: frozenset[str], upload_bytes: int) -> None:
        self.app = app
        self._refuse = refuse
        self._upload_paths = upload_paths
        self._upload_bytes = upload_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request_id = secrets.token_hex(6)
        scope.setdefault("state", {})["request_id"] = request_id

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                headers["X-Request-Id"] = request_id
                if headers.get("content-type", "").startswith("text/html"):
                    headers.add_vary_header("HX-Request-Type")
            await send(message)

        limit = body_limit(scope, self._upload_paths, self._upload_bytes)
        try:
            check_origin(scope["method"], Headers(scope=scope))
            _check_length(Headers(scope=scope), limit)
        except ProductError as error:
            response = await self._refuse(Request(scope, receive), error)
            await response(scope, receive, send_secured)
            return
        await self.app(scope, _counted(receive, limit), send_secured)


def _too_large(limit: int) -> TooLarge:
    return TooLarge(f"The request is larger than the {limit // 1_000_000} MB allowed here (MAX_UPLOAD_MB for uploads).")


def _check_length(headers: Headers, limit: int) -> None:
    length = headers.get("content-length", "")
    if length.isdigit() and int(length) > limit:
        raise _too_large(limit)


def _counted(receive: Receive, limit: int) -> Receive:
    """`receive`, until more than `limit` bytes have come: a body sent without its length is stopped as it comes."""
    seen = 0

    async def receive_counted() -> Message:
        nonlocal seen
        message = await receive()
        if message["type"] == "http.request":
            seen += len(message.get("body", b""))
            if seen > limit:
                raise _too_large(limit)
        return message

    return receive_counted
