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


class OverlayAnswer(BaseModel):
    """Sentences that a geometry experiment read with a language's own neurons switched off, to draw hollow on a map."""

    overlay: str = Field(description="Its name in addresses: experiment, language and type.")
    experiment: str
    name: str = Field(description="Of the experiment.")
    method: str = Field(description="Of the map its places are on.")
    language: str
    type: int
    neurons: int
    points: dict[int, str] = Field(description="Address of each level's Int16 file: x, y of each hollow point in turn.")
    point: str = Field(description="Address of one Int32 a hollow point: the point of the map it is, ascending.")


class MapsAnswer(BaseModel):
    """Every map of a run by method, and what can be drawn over them."""

    maps: dict[str, MapAnswer]
    overlays: tuple[OverlayAnswer, ...]


class OverlayPlaces(BaseModel):
    """Where the sentences of an overlay lie at one level, in the units of the projection; none is moved to the edge."""

    overlay: str
    level: int
    bounds: tuple[float, float, float, float]
    outside: int = Field(description="How many lie outside the bounds; the .i16 files have these at the edge.")
    read: int = Field(description="Sentences of the experiment; more than points where the map holds a sample.")
    point: tuple[int, ...] = Field(description="Their points of the map.")
    sentence: tuple[int, ...] = Field(description="Ids of the sentences.")
    x: tuple[float, ...] = Field(description="As the sentences are.")
    y: tuple[float, ...]
    x_zeroed: tuple[float, ...] = Field(description="With the neurons switched off.")
    y_zeroed: tuple[float, ...]


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
    moved: float | None = Field(
        None, description="With `overlay`: how far its hollow point is, over the longer side of the map's box."
    )
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
