"""Logs: structlog and the libraries' own logging in one stream of lines, for a person or as JSON."""

import logging
import sys
from typing import Literal, TextIO

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger


def configure_logs(
    level: str, log_format: Literal["console", "json"], process_name: str, stream: TextIO | None = None
) -> None:  # fmt: skip
    """Send every log line of this process to `stream` (standard error), from `level` up, marked with `process_name`.

    Called once, before the first line is logged: loggers keep what they were made with.
    """

    def add_process(logger: WrappedLogger, method: str, event: EventDict) -> EventDict:
        # Not a context variable: those do not reach the threads of fronts and desks.
        event["process"] = process_name
        return event

    common: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        add_process,
    ]
    structlog.configure(
        processors=[*common, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=common,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(log_format, handler.stream)],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())


def _renderers(log_format: Literal["console", "json"], stream: TextIO) -> list[Processor]:
    if log_format == "console":
        return [structlog.dev.ConsoleRenderer(colors=stream.isatty())]
    # Without the variables of each frame: they hold what customers sent, and can be megabytes.
    frames = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
    return [structlog.processors.ExceptionRenderer(frames), structlog.processors.JSONRenderer(serializer=_json)]


def _json(event: EventDict, **options: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
