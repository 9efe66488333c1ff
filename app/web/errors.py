"""Errors as answers: a page for people, a small fragment for htmx, JSON under /api; each with the request's id."""

import logging

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.contracts.complaints import words
from app.db.session import translation
from app.errors import BadInput, NotFound, ProductError
from app.web.render import html
from app.web.security import HEADERS

log = logging.getLogger("babelscope.web")

DATA_SUFFIXES = (".json", ".csv", ".parquet")


class ErrorAnswer(BaseModel):
    """What every refused or failed request under /api answers."""

    title: str
    error: str
    request_id: str


REFUSED: dict[int | str, dict[str, object]] = {
    code: {"model": ErrorAnswer} for code in (403, 404, 409, 413, 422, 500, 503, 507)
}


def error_response(request: Request, error: ProductError) -> Response:
    """The error in the form that the asker can read."""
    request_id = getattr(request.state, "request_id", "")
    retry = {"Retry-After": "5"} if error.status == 503 else {}
    path = request.url.path
    if path.startswith("/api/") or path.endswith(DATA_SUFFIXES):
        answer = ErrorAnswer(title=error.title, error=str(error), request_id=request_id)
        return JSONResponse(answer.model_dump(), error.status, headers=retry)
    if request.headers.get("HX-Request") and request.headers.get("HX-Request-Type") != "full":
        response: Response = html(request, "_error.html", error.status, error=error, request_id=request_id)
        response.headers.update({"HX-Retarget": "#toast", "HX-Reswap": "innerHTML", "HX-Push-Url": "false", **retry})
        return response
    response = html(request, "error.html", error.status, error=error, request_id=request_id, status=None)
    response.headers.update(retry)
    return response


async def refuse(request: Request, error: ProductError) -> Response:
    """The answer to an error raised on purpose."""
    return error_response(request, error)


def _from_http(error: HTTPException, path: str) -> ProductError:
    """Starlette's own errors in our words; FastAPI wraps whatever goes wrong while a body is read."""
    if isinstance(error.__cause__, ProductError):
        return error.__cause__
    if error.status_code == 404:
        return NotFound(f"There is no page at {path[:200]}. Start again from the home page.")
    found = BadInput(str(error.detail))
    if error.status_code == 405:
        found = BadInput(f"The address {path[:200]} does not take this kind of request.")
    found.status = error.status_code
    return found


def validation_sentence(error: RequestValidationError) -> str:
    """Every complaint of a validation in one sentence each."""
    parts: list[str] = []
    for refused in error.errors()[:5]:
        place = " ".join(str(part) for part in refused["loc"] if part not in ("body", "query", "path"))
        parts.append(f"{place or 'The request'}: {words(refused)}.")
    return " ".join(parts)


def install(app: FastAPI) -> None:
    """Hang every handler on the app."""

    @app.exception_handler(ProductError)
    async def product(request: Request, error: ProductError) -> Response:
        return error_response(request, error)

    @app.exception_handler(HTTPException)
    async def http(request: Request, error: HTTPException) -> Response:
        return error_response(request, _from_http(error, request.url.path))

    @app.exception_handler(RequestValidationError)
    async def validation(request: Request, error: RequestValidationError) -> Response:
        return error_response(request, BadInput(validation_sentence(error)))

    @app.exception_handler(DBAPIError)
    @app.exception_handler(PoolTimeout)
    @app.exception_handler(OSError)
    async def storage(request: Request, error: Exception) -> Response:
        translated = translation(error)
        if translated is None:
            return _unforeseen(request, error)
        return error_response(request, translated)

    @app.exception_handler(Exception)
    async def other(request: Request, error: Exception) -> Response:
        return _unforeseen(request, error)


def _unforeseen(request: Request, error: Exception) -> Response:
    request_id = getattr(request.state, "request_id", "")
    log.error("Request %s failed", request_id, exc_info=error)
    sentence = "Babelscope met an error it did not expect. The log of the server tells more under this request's id."
    response = error_response(request, ProductError(sentence))
    response.headers.update({**HEADERS, "X-Request-Id": request_id})
    return response
