"""What the product raises on purpose, drawn as a tree; each class knows its HTTP status.

Every message is a sentence for the user: it names the thing and says what to do.
"""


class ProductError(Exception):
    """Base of everything raised on purpose."""

    status = 500
    title = "Something went wrong"


class BadInput(ProductError):
    """The request or the data in it cannot be used as it is."""

    status = 422
    title = "This input cannot be used"


class CorpusError(BadInput):
    """A corpus file breaks its format; the message names file and line."""

    title = "The corpus could not be read"


class TooLong(BadInput):
    """A text has more tokens than a model can read."""

    title = "The text is too long"


class NeuronListError(BadInput):
    """A list of neurons breaks its format; the message names file and line."""

    title = "The neurons could not be read"


class UnsupportedArchitecture(BadInput):
    """The model is of a family, or has a layout, that the worker cannot prove it reads correctly."""

    title = "This model cannot be read correctly"


class ModelUnavailable(BadInput):
    """The model's files are missing, gated, broken or not safetensors."""

    title = "The model could not be loaded"


class NotFound(ProductError):
    """Nothing is stored under that address."""

    status = 404
    title = "Not found"


class Gone(ProductError):
    """It was here, and was taken back or ran out."""

    status = 410
    title = "No longer here"


class Conflict(ProductError):
    """The thing exists already, or is in a state that does not allow this."""

    status = 409
    title = "This conflicts with what is stored"


class TooLarge(ProductError):
    """An upload or request exceeds a stated limit."""

    status = 413
    title = "Too large"


class Forbidden(ProductError):
    """The request came from another site, or may not do this."""

    status = 403
    title = "Not allowed"


class OutOfSpace(ProductError):
    """The disk that holds the database or the data folder is full."""

    status = 507
    title = "The disk is full"


class Unavailable(ProductError):
    """A part the request needs (database, worker) is away for now."""

    status = 503
    title = "Not available right now"


class Cancelled(ProductError):
    """The job was cancelled, or handed to another worker, while this process was running it."""

    status = 409
    title = "Cancelled"


class Ended(Conflict):
    """The job has ended already: there is nothing left to stop or cancel."""

    title = "This has ended already"


class AlreadyStored(Conflict):
    """The same thing is stored already; `link` is its address."""

    title = "This is stored already"

    def __init__(self, message: str, link: str) -> None:
        super().__init__(message)
        self.link = link
