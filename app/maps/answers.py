"""What the map's JSON addresses answer."""

from pydantic import BaseModel, Field

from app.contracts.results import MapCard


class MapAnswer(BaseModel):
    """One map of a run: its card, what is stored, and where."""

    card: MapCard
    levels: tuple[int, ...]
    languages: tuple[str, ...] = Field(description="Pivot first; `language` of a point counts in this order.")
    counts: tuple[int, ...] = Field(description="Points of each language.")
    units: str = "x = x0 + (i + 32767) / 65534 * (x1 - x0) for the Int16 values of the .i16 files"
    points: dict[int, str] = Field(description="Address of the Int16 file of each level: x, y of each point in turn.")
    language: str = Field(description="Address of one byte a point: its language.")
    group: str = Field(description="Address of one Int32 a point: equal numbers are translations, -1 has none.")


class MapsAnswer(BaseModel):
    """Every map of a run, by method."""

    maps: dict[str, MapAnswer]


class Coordinates(BaseModel):
    """The points of one level, in the map's random order."""

    method: str
    level: int
    bounds: tuple[float, float, float, float]
    sentence: tuple[int, ...] = Field(description="Ids of the sentences.")
    language: tuple[str, ...]
    group: tuple[int, ...]
    x: tuple[float, ...]
    y: tuple[float, ...]


class SentenceAnswer(BaseModel):
    """A point and its sentence."""

    point: int
    language: str
    text: str
    source: str
    distance: float | None = None


class PointAnswer(BaseModel):
    """A point at one level, with its translations and its nearest neighbours in the hidden states."""

    method: str
    level: int
    sentence: SentenceAnswer
    translations: tuple[SentenceAnswer, ...]
    neighbours: tuple[SentenceAnswer, ...] = Field(
        description="By Euclidean distance between the principal components of the hidden states, not on the map."
    )


class SelectionAnswer(BaseModel):
    """The points a lasso holds."""

    points: int
    total: int
    languages: dict[str, int]
    rows: tuple[SentenceAnswer, ...]
