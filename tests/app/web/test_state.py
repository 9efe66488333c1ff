from pydantic import BaseModel, Field

from app.web.state import query_string


class Query(BaseModel):
    page: int = 1
    q: str = ""
    show: list[str] = Field(default_factory=list)
    exact: bool = False


def test_defaults_are_left_out() -> None:
    assert query_string(Query()) == ""
    assert query_string(Query(page=2), page=1) == ""


def test_changes_and_lists_and_flags() -> None:
    state = Query(q="日 本", show=["ja", "ar"], exact=True)
    assert query_string(state, page=3) == "?page=3&q=%E6%97%A5+%E6%9C%AC&show=ja&show=ar&exact=1"


def test_none_takes_a_key_out() -> None:
    assert query_string(Query(q="x"), q=None) == ""
    assert query_string({"a": 1}, b=2) == "?a=1&b=2"
