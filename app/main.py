"""The web app: every router, handler and shared object on one screen."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.middleware.gzip import DEFAULT_EXCLUDED_CONTENT_TYPES, GZipMiddleware

from app import __version__
from app.comparisons import api as comparisons_api
from app.comparisons import files as comparisons_files
from app.comparisons import pages as comparisons_pages
from app.comparisons import sharing as comparisons_sharing
from app.comparisons.stream import Watchers
from app.corpora import api as corpora_api
from app.corpora import pages as corpora_pages
from app.db.session import make_engine, make_sessions
from app.experiments import api as experiments_api
from app.experiments import files as experiments_files
from app.experiments import pages as experiments_pages
from app.experiments import sharing as experiments_sharing
from app.experiments.kinds import get_kinds
from app.home import api as home_api
from app.home import pages as home_pages
from app.jobs.queue import JobQueue
from app.maps import api as maps_api
from app.maps import pages as maps_pages
from app.maps import sharing as maps_sharing
from app.models import api as models_api
from app.models import pages as models_pages
from app.neurons import api as neurons_api
from app.neurons import pages as neurons_pages
from app.neurons import sharing as neurons_sharing
from app.neurons.orders import OrderCache
from app.overview import api as overview_api
from app.overview import pages as overview_pages
from app.overview import sharing as overview_sharing
from app.questions import api as questions_api
from app.questions import pages as questions_pages
from app.queue import api as queue_api
from app.queue import pages as queue_pages
from app.reports import pages as reports_pages
from app.reports import sharing as reports_sharing
from app.runs import api as runs_api
from app.runs import pages as runs_pages
from app.sets import api as sets_api
from app.sets import pages as sets_pages
from app.sets import sharing as sets_sharing
from app.settings import Settings
from app.shares import api as shares_api
from app.shares import pages as shares_pages
from app.shares import reading as shares_reading
from app.web import errors
from app.web.assets import FOLDER, Assets, HashedFiles
from app.web.cache import ArrayCache
from app.web.render import make_environment
from app.web.security import Guard
from app.web.sharing import Sharers

PAGES: tuple[APIRouter, ...] = (
    home_pages.router,
    models_pages.router,
    corpora_pages.router,
    questions_pages.router,
    runs_pages.router,
    overview_pages.router,
    maps_pages.router,
    neurons_pages.router,
    comparisons_files.router,
    comparisons_pages.router,
    sets_pages.router,
    experiments_files.router,
    experiments_pages.router,
    reports_pages.router,
    shares_reading.router,
    shares_pages.router,
    queue_pages.router,
    runs_api.document_router,
)
API: tuple[APIRouter, ...] = (
    home_api.router,
    models_api.router,
    corpora_api.router,
    questions_api.router,
    runs_api.router,
    overview_api.router,
    maps_api.router,
    neurons_api.router,
    comparisons_api.router,
    sets_api.router,
    experiments_api.router,
    shares_api.router,
    queue_api.router,
)
CACHE_BYTES = 512_000_000
ORDER_BYTES = 128_000_000  # sorted neuron tables; 3.7 MB for 32 layers of 14,336 neurons
SHARED_BYTES = 64_000_000  # finished pages behind share links
UPLOADS = frozenset(
    {
        *("/corpora", "/api/corpora", "/sets/import", "/api/sets/import", "/questions", "/api/questions"),
        *(f"/experiments/{kind.name}" for kind in get_kinds().values() if kind.file_fields),
    }
)
NOT_COMPRESSED = (*DEFAULT_EXCLUDED_CONTENT_TYPES, "application/octet-stream", "application/vnd.apache.parquet")


def create_app(settings: Settings) -> FastAPI:
    """The whole app on a migrated database; raises what the database raises if that is away."""
    engine = make_engine(settings.url)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        yield
        engine.dispose()

    app = FastAPI(
        title="Babelscope",
        version=__version__,
        openapi_url="/api/openapi.json",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    assets = Assets(FOLDER)
    app.state.settings = settings
    app.state.engine = engine
    app.state.sessions = make_sessions(engine)
    app.state.queue = JobQueue(engine)
    app.state.cache = ArrayCache(CACHE_BYTES)
    app.state.orders = OrderCache(ORDER_BYTES)
    app.state.answers = shares_reading.Answers(SHARED_BYTES)
    app.state.sharers = Sharers(
        (
            *overview_sharing.SHARERS,
            *maps_sharing.SHARERS,
            *neurons_sharing.sharers(app.state.orders),
            *sets_sharing.SHARERS,
            *comparisons_sharing.SHARERS,
            *experiments_sharing.SHARERS,
            *reports_sharing.SHARERS,
        )
    )
    app.state.watchers = Watchers()
    app.state.templates = make_environment(assets, __version__)
    for router in PAGES:
        app.include_router(router, include_in_schema=False)
    for router in API:
        app.include_router(router, prefix="/api")
    app.mount("/static", HashedFiles(assets))
    errors.install(app)
    app.add_middleware(GZipMiddleware, minimum_size=1000, exclude_content_types=NOT_COMPRESSED)
    app.add_middleware(
        Guard, refuse=errors.refuse, upload_paths=UPLOADS, upload_bytes=settings.max_upload_mb * 1_000_000
    )
    return app
