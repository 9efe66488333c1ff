"""The app as uvicorn starts it: from the environment's settings."""

from fastapi import FastAPI

from app.main import create_app
from app.settings import Settings


def create() -> FastAPI:
    """The factory named to uvicorn."""
    return create_app(Settings())
