"""Sends what the web server logs through VOV's own handler, which leaves exceptions' words out."""

import logging

from streamlit import logger
from uvicorn.config import LOGGING_CONFIG


def join_log() -> None:
    """Takes the console handlers of Streamlit and uvicorn away: the root's handler gets all.

    Theirs print uncaught errors of fragments, callbacks and requests word by word. Streamlit makes
    its handlers anew whenever it reads its configuration, and uvicorn when the server starts.
    """
    logger.setup_formatter = _pass_on
    logger.update_formatter()
    LOGGING_CONFIG.update(handlers={}, loggers={})


def _pass_on(passed: logging.Logger) -> None:
    for own in tuple(passed.handlers):
        passed.removeHandler(own)
    passed.propagate = True
