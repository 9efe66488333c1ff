"""What the map's endpoints ask for."""

from typing import Annotated

from fastapi import Depends, Query

from app.figures.style import Theme
from app.maps.view import MapQuery, Maps
from app.web.deps import Cache, Db


class PictureQuery(MapQuery):
    """The state of the map and the paper it is drawn on."""

    theme: Theme = "light"


def get_maps(session: Db, cache: Cache) -> Maps:
    """The maps, read in this request's session."""
    return Maps(session, cache)


OpenMaps = Annotated[Maps, Depends(get_maps)]
Asked = Annotated[MapQuery, Query()]
AskedPicture = Annotated[PictureQuery, Query()]
